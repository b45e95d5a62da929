//! How a person is: three levels, read from lists of phrases in every language there are lists for. It diagnoses nothing.

use std::ops::Range;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::lang::{self, Search};
use crate::text::{fold, parted, starts};

/// How a person is, as far as code should act on it.
///
/// It is the highest of three: phrase lists in English, Spanish, Portuguese and Japanese, whatever language is set; the host's own
/// [`SafetyClassifier`](crate::SafetyClassifier); and the model's signal. Lists of phrases miss things: what is put in other words, in other
/// languages, or between the lines. A host that needs more brings its classifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SafetyLevel {
    /// Nothing to act on.
    #[default]
    None,
    /// The person is in distress: it is acknowledged, stopping is offered, and nothing is made of those sentences for their profile.
    Distress,
    /// The person may harm themselves, or somebody is in danger: code ends the questions, proposes nothing, and tells the host to hand over.
    Danger,
}

/// The phrases of all languages, searched for at once: there are thousands, and every message is looked at.
struct Phrases {
    search: Search,
    /// Of each phrase, the level it stands for, and whether it is an exception from that.
    means: Vec<(SafetyLevel, bool)>,
}

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    let lists = [
        ("danger", SafetyLevel::Danger, false),
        ("not_danger", SafetyLevel::Danger, true),
        ("distress", SafetyLevel::Distress, false),
        ("not_distress", SafetyLevel::Distress, true),
    ];
    let all = || {
        lists.into_iter().flat_map(|(list, level, except)| {
            lang::all().iter().flat_map(move |words| words.list(list)).copied().map(move |phrase| (phrase, (level, except)))
        })
    };
    let phrases = all().map(|(phrase, _)| phrase).filter(|phrase| !phrase.is_empty());
    let search = Search::new(phrases).expect("there are phrases of danger");
    Phrases { search, means: all().filter(|(phrase, _)| !phrase.is_empty()).map(|(_, means)| means).collect() }
});

/// What the phrase lists say of a text. People mix languages, so that an exception of one holds for a phrase of another.
pub(crate) fn level(text: &str) -> SafetyLevel {
    let folded = fold(text);
    let found = PHRASES.search.places(&folded, starts(&folded)).map(|(phrase, place)| (place, PHRASES.means[phrase]));
    let found: Vec<_> = found.filter(|(place, _)| parted(&folded, place.end)).collect();
    let excused = |place: &Range<usize>, level: SafetyLevel| {
        let mut exceptions = found.iter().filter(|(_, means)| *means == (level, true));
        exceptions.any(|(exception, _)| exception.start < place.end && place.start < exception.end)
    };
    let meant = found.iter().filter(|(place, (level, except))| !except && !excused(place, *level));
    meant.map(|(_, (level, _))| *level).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{SafetyLevel, level};

    #[test]
    fn danger_is_seen_in_the_ways_in_which_people_write_it() {
        for text in [
            "honestly i want to die",
            "I’ve been thinking about ending my life",
            "Some days I DON'T WANT TO LIVE",
            "i keep hurting myself",
            "it failed and id be better off dead",
            "my partner said it's fine, but he hits me",
        ] {
            assert_eq!(level(text), SafetyLevel::Danger, "{text}");
        }
    }

    #[test]
    fn distress_is_seen_and_is_not_danger() {
        for text in ["I feel worthless about my career", "i can’t cope anymore", "had a panic attack before the talk", "im a failure"] {
            assert_eq!(level(text), SafetyLevel::Distress, "{text}");
        }
    }

    #[test]
    fn work_on_it_and_ways_of_speaking_are_neither() {
        for text in [
            "I volunteered at a suicide prevention line",
            "We built classifiers for self-harm detection",
            "I was dying to try it and the deadline nearly killed me",
            "the server was overwhelmed by the traffic",
            "My paper about burnout was accepted",
            "It failed, the results didn't replicate",
            "",
        ] {
            assert_eq!(level(text), SafetyLevel::None, "{text}");
        }
    }
}
