//! What a model gets to know about a person: one function for the debrief, the general chat and the extraction.

use serde::{Deserialize, Serialize};

use crate::profile::{CustomField, FieldValue, Profile, ProfileField, Term, Work};

use super::lines::{Line, fit};

/// What a profile is told for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContextPurpose {
    /// A debrief of one action.
    Debrief,
    /// The general chat about the profile.
    General,
    /// Proposals of changes to the profile.
    Extraction,
}

/// How much of a profile is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContextOptions {
    /// What for, which decides the fields.
    pub purpose: ContextPurpose,
    /// The most characters of the whole (default 3,000).
    pub max_chars: usize,
}

impl ContextOptions {
    /// What this purpose needs, in at most 3,000 characters.
    pub const fn new(purpose: ContextPurpose) -> Self {
        Self { purpose, max_chars: 3_000 }
    }

    /// In at most this many characters.
    #[must_use]
    pub const fn max_chars(mut self, max_chars: usize) -> Self {
        self.max_chars = max_chars;
        self
    }
}

/// The profile as a model is told it: one line per field, `Skills: Rust; SQL`, in at most [`max_chars`](ContextOptions::max_chars) characters.
///
/// The debrief, the general chat and the extraction all use this function, and a host that talks to a model of its own can too. A purpose
/// gets the fields that it needs and no other:
///
/// | field | debrief | general chat | extraction |
/// |---|---|---|---|
/// | name, pronouns | yes | yes | no: never proposed |
/// | headline, skills, interests, career goals, seeking | yes | yes | yes |
/// | work history | current jobs | all, with dates and descriptions | all |
/// | location, education, insights | no | yes | yes |
/// | match preferences | no | no | yes |
/// | summary | no | yes | no: never proposed |
/// | link, language | no | no | no |
/// | fields of the host's own, as `custom:NAME` | yes | yes | yes, also empty ones |
///
/// Every value is one line, with `&`, `<` and `>` as XML entities, so that it can stand between tags. What is too long is cut between
/// items or words and marked, `… (3 more)` or `[…]`; short fields stay whole first. A profile that holds nothing for the purpose gives an
/// empty string.
///
/// ```
/// use completion_coach::{ContextOptions, ContextPurpose, Profile, build_profile_context};
///
/// let profile = Profile { name: Some("Ada".into()), skills: vec!["Rust".into(), "R&D".into()], ..Profile::default() };
/// let context = build_profile_context(&profile, &ContextOptions::new(ContextPurpose::Debrief));
/// assert_eq!(context, "Name: Ada\nSkills: Rust; R&amp;D");
/// ```
pub fn build_profile_context(profile: &Profile, options: &ContextOptions) -> String {
    let purpose = options.purpose;
    let mut lines: Vec<_> = ORDER.iter().filter_map(|(field, label)| known(profile, field, label, purpose)).collect();
    for (name, field) in &profile.custom {
        let label = format!("custom:{name}");
        let line = match field {
            CustomField::Text(text) => Line::new(&label, [text]),
            CustomField::List(list) => Line::new(&label, list),
        };
        // Extraction can fill an empty field only if it is told of it.
        lines.extend(line.or_else(|| (purpose == ContextPurpose::Extraction).then(|| Line::empty(&label))));
    }
    fit(&lines, options.max_chars)
}

/// The host's words as the extraction is told them, one line per field.
pub(super) fn vocabulary(terms: &[Term], max_chars: usize) -> String {
    let mut names = std::collections::BTreeMap::<&ProfileField, Vec<&str>>::new();
    for term in terms {
        names.entry(&term.field).or_default().push(&term.name);
    }
    let label = |field: &ProfileField| String::from(field.clone());
    let lines: Vec<_> = names.into_iter().filter_map(|(field, names)| Line::new(&label(field), names)).collect();
    fit(&lines, max_chars)
}

/// The fields that are ever told, the most useful ones first: those are the last to be left out.
const ORDER: [(ProfileField, &str); 13] = [
    (ProfileField::Name, "Name"),
    (ProfileField::Pronouns, "Pronouns"),
    (ProfileField::Headline, "Headline"),
    (ProfileField::WorkHistory, "Work"),
    (ProfileField::Skills, "Skills"),
    (ProfileField::Interests, "Interests"),
    (ProfileField::CareerGoals, "Career goals"),
    (ProfileField::Seeking, "Seeking"),
    (ProfileField::Insights, "Insights"),
    (ProfileField::Education, "Education"),
    (ProfileField::Location, "Location"),
    (ProfileField::MatchPreferences, "Match preferences"),
    (ProfileField::Summary, "Summary"),
];

fn known(profile: &Profile, field: &ProfileField, label: &str, purpose: ContextPurpose) -> Option<Line> {
    use ContextPurpose::{Debrief, Extraction, General};
    let told = match field {
        ProfileField::Name | ProfileField::Pronouns => purpose != Extraction,
        ProfileField::Location | ProfileField::Education | ProfileField::Insights => purpose != Debrief,
        ProfileField::MatchPreferences => purpose == Extraction,
        ProfileField::Summary => purpose == General,
        _ => true,
    };
    if !told {
        return None;
    }
    match (field, purpose) {
        (ProfileField::WorkHistory, Debrief) => {
            let current = profile.work_history.iter().filter(|work| work.current);
            Line::new("Current work", current.map(|work| FieldValue::Work(work.clone()).to_string()))
        }
        (ProfileField::WorkHistory, General) => Line::new(label, profile.work_history.iter().map(at_length)),
        _ => match profile.scalar(field) {
            Some(text) => Line::new(label, [text]),
            None => Line::new(label, profile.list(field).iter().map(ToString::to_string)),
        },
    }
}

fn at_length(work: &Work) -> String {
    let mut text = FieldValue::Work(work.clone()).to_string();
    let until = work.end.as_deref().or(work.current.then_some("now"));
    let dates: Vec<_> = work.start.as_deref().into_iter().chain(until).collect();
    if !dates.is_empty() {
        text += &format!(" ({})", dates.join(" to "));
    }
    if let Some(description) = &work.description {
        text += &format!(": {description}");
    }
    text
}
