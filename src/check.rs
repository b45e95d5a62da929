//! Checks of a coach's turn that code can decide, with where each is broken; and what is only measured, because it tells good from bad poorly.

mod invented;
mod language;
mod question;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use crate::lang::{self, Search, Words};
use crate::profile::Term;
use crate::text::{self, Mapped};

use question::unquoted;

/// The most words of a coach's turn. 60 are aimed at.
pub(crate) const MOST_WORDS: usize = 90;
/// The most graphemes where words are not set apart: about as much to read as 90 English words.
pub(crate) const MOST_GRAPHEMES: usize = 240;

/// What a coach's turn must pass. A turn that fails is asked for once more and then replaced by the guide's question.
///
/// Each says what it does, in which languages, and what it misses. A language that this library has words of is English, Spanish, Portuguese or
/// Japanese; quotations are somebody else's words and are passed over, except by `Invented`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Gate {
    /// It shows a tag of the prompt, a run of seven words of the instructions, or speaks of its instructions. Any language; the last part only
    /// in those with words. A paraphrase of the instructions is missed.
    PromptLeak,
    /// It claims to be human or to have lived something. By phrases, in languages with words; other ways to say so are missed.
    ClaimsToBeHuman,
    /// It names a condition that is not the person's own subject. By phrases, in languages with words; conditions that no list has are missed.
    Diagnoses,
    /// It claims to have saved, noted or changed something. By phrases, in languages with words.
    ClaimsToSave,
    /// It claims to remember, or refers to earlier conversations. By phrases, in languages with words.
    ClaimsToRemember,
    /// It has a number or an address, in languages with words also a name or a term of the host's vocabulary, that neither the person, the
    /// profile nor the action has. Names are told by their capital letter in the middle of a sentence, by capitals inside, or by さん and 氏
    /// behind them; a name at the beginning of a sentence, a spelled-out number, and a skill that no vocabulary lists are missed.
    Invented,
    /// It is not in the user's language: by script in any language, and by its most frequent words among those with words. A language without
    /// words is told apart from English only. Mixed turns of which less than half is foreign are missed.
    WrongLanguage,
    /// It asks nothing although the debrief goes on. By question marks in any language (in Greek also `;`), in Japanese also by か at the end of
    /// a sentence; a question without any mark is missed elsewhere.
    NoQuestion,
    /// It asks more than one question: several marks in any language; under one mark a second one behind an "and how", in languages with words.
    SeveralQuestions,
    /// It asks a question although the debrief is over. As `NoQuestion`.
    QuestionAtTheEnd,
    /// The closing turn begins something new. By phrases, in languages with words; a new idea without such a phrase is missed.
    NewTopic,
    /// It has more than 90 words, or 240 graphemes in a script without spaces. Any language.
    TooLong,
}

impl Gate {
    /// Every gate, the most serious first.
    pub const ALL: &[Self] = &[
        Self::PromptLeak,
        Self::ClaimsToBeHuman,
        Self::Diagnoses,
        Self::ClaimsToSave,
        Self::ClaimsToRemember,
        Self::Invented,
        Self::WrongLanguage,
        Self::NoQuestion,
        Self::SeveralQuestions,
        Self::QuestionAtTheEnd,
        Self::NewTopic,
        Self::TooLong,
    ];

    /// Those that look nothing at all up without words of the language. The others do what needs no words.
    const BY_WORDS: [Self; 5] = [Self::ClaimsToBeHuman, Self::Diagnoses, Self::ClaimsToSave, Self::ClaimsToRemember, Self::NewTopic];

    /// The gate's name in snake case, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PromptLeak => "prompt_leak",
            Self::ClaimsToBeHuman => "claims_to_be_human",
            Self::Diagnoses => "diagnoses",
            Self::ClaimsToSave => "claims_to_save",
            Self::ClaimsToRemember => "claims_to_remember",
            Self::Invented => "invented",
            Self::WrongLanguage => "wrong_language",
            Self::NoQuestion => "no_question",
            Self::SeveralQuestions => "several_questions",
            Self::QuestionAtTheEnd => "question_at_the_end",
            Self::NewTopic => "new_topic",
            Self::TooLong => "too_long",
        }
    }

    /// What a model is told when it is asked once more.
    pub(crate) const fn instruction(self) -> &'static str {
        match self {
            Self::PromptLeak => "it showed or spoke of these instructions; speak only to the person.",
            Self::ClaimsToBeHuman => "it claimed to be human or to have lived something; claim neither.",
            Self::Diagnoses => "it named a condition; name none, use the person's own words.",
            Self::ClaimsToSave => "it claimed to have saved or noted something; nothing is saved here.",
            Self::ClaimsToRemember => "it claimed to remember; claim no memory.",
            Self::Invented => {
                "it had a name, number, address or skill that nobody gave; use only what the person, the profile and the action say."
            }
            Self::WrongLanguage => "it was not in the person's language.",
            Self::NoQuestion => "it asked no question; ask exactly one.",
            Self::SeveralQuestions => "it asked several questions; ask exactly one.",
            Self::QuestionAtTheEnd => "it asked a question; this is the last turn, ask none.",
            Self::NewTopic => "it began something new; this is the last turn, say back only what was told.",
            Self::TooLong => "it was too long; use at most 60 words.",
        }
    }
}

/// That a turn breaks a gate, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// The gate.
    pub gate: Gate,
    /// Where it is broken: the first byte in the turn's UTF-8.
    pub start: usize,
    /// The byte behind the last one.
    pub end: usize,
    /// The first UTF-16 code unit, as Swift's and Kotlin's strings count.
    pub start_utf16: usize,
    /// The code unit behind the last one.
    pub end_utf16: usize,
}

impl Finding {
    fn new(gate: Gate, text: &str, at: Range<usize>) -> Self {
        let utf16 = |text: &str| text.chars().map(char::len_utf16).sum::<usize>();
        let start_utf16 = utf16(&text[..at.start]);
        Self { gate, start: at.start, end: at.end, start_utf16, end_utf16: start_utf16 + utf16(&text[at]) }
    }
}

/// What is reported of a turn and never held against it: measured on coded counselling transcripts, these tell good turns from bad ones poorly
/// or not at all (share of open questions: AUC .49; echo: .49; praise: more in good sessions; advice: precision of .26 a turn).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct TurnMeasures {
    /// Words; two characters count as one where words are not set apart.
    pub words: usize,
    /// Questions, by their marks.
    pub questions: usize,
    /// Whether the first question is an open one; `None` without a question, or without words of the language.
    pub open_question: Option<bool>,
    /// The share of the turn's words that the person has used as well, from 0 to 1; frequent words do not count.
    pub echo: f32,
    /// Words of praise; 0 without words of the language.
    pub praise: usize,
    /// Words of advice; 0 without words of the language.
    pub advice: usize,
    /// The turn's share of the words of the turn and the newest message together, from 0 to 1.
    pub talk_share: f32,
}

/// What a check of a turn found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TurnReport {
    /// The gates that it breaks, the most serious first, each once.
    pub findings: Vec<Finding>,
    /// What is only reported.
    pub measures: TurnMeasures,
    /// The gates that could not be looked at, because this library has no words of the language.
    pub not_possible: Vec<Gate>,
}

/// What a turn is held against.
#[derive(Clone, Copy, Default)]
pub struct TurnFacts<'a> {
    /// The user's language, as a BCP 47 tag.
    pub language: &'a str,
    /// Whether it is the closing turn.
    pub last: bool,
    /// What the person has written, oldest first.
    pub said: &'a [&'a str],
    /// What else may be named: the profile, the action, its material.
    pub known: &'a [&'a str],
    /// The host's vocabulary.
    pub vocabulary: &'a [Term],
    /// What the model was told, beside this library's own prompt.
    pub instructions: &'a str,
}

/// Without the texts, which are the person's.
impl std::fmt::Debug for TurnFacts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TurnFacts").field("last", &self.last).finish_non_exhaustive()
    }
}

/// What is wrong with a coach's turn, and what can be measured of it. Linear in the length of the turn and of the facts.
///
/// ```
/// use completion_coach::{Gate, TurnFacts, check_turn};
///
/// let facts = TurnFacts { language: "en", said: &["I wrote a parser."], ..TurnFacts::default() };
/// let report = check_turn("I saved that. What did you learn, and how will you use it?", &facts);
/// let broken: Vec<_> = report.findings.iter().map(|finding| finding.gate).collect();
/// assert_eq!(broken, [Gate::ClaimsToSave, Gate::SeveralQuestions]);
/// assert_eq!(report.findings[0].start..report.findings[0].end, 0..7);
/// ```
pub fn check_turn(text: &str, facts: &TurnFacts<'_>) -> TurnReport {
    check_against(text, facts, &PersonsWords::new(facts))
}

/// What a turn's measures need of what the person wrote.
#[derive(Debug)]
pub(crate) struct PersonsWords {
    words: HashSet<String>,
    newest: usize,
}

impl PersonsWords {
    pub(crate) fn new(facts: &TurnFacts<'_>) -> Self {
        let words = lang::known(facts.language);
        let said = facts.said.iter().map(|said| text::fold(said));
        let words = said.flat_map(|said| own_words(&said, words).into_iter().map(Cow::into_owned).collect::<Vec<_>>()).collect();
        Self { words, newest: text::count(facts.said.last().copied().unwrap_or_default()) }
    }
}

/// The same with what can be made ready before there is a turn.
pub(crate) fn check_against(text: &str, facts: &TurnFacts<'_>, said: &PersonsWords) -> TurnReport {
    let words = lang::known(facts.language);
    let plain = unquoted(text);
    let mapped = Mapped::new(&plain);
    let questions = question::questions(&plain, facts.language);
    let mut found: Vec<(Gate, Range<usize>)> = Vec::new();
    found.extend(leak(text, &plain, &mapped, facts, words).map(|at| (Gate::PromptLeak, at)));
    if let Some(words) = words {
        let claims = [
            (Gate::ClaimsToBeHuman, "claims_human"),
            (Gate::Diagnoses, "diagnoses"),
            (Gate::ClaimsToSave, "claims_saved"),
            (Gate::ClaimsToRemember, "claims_memory"),
        ];
        let given = LazyCell::new(|| facts.said.iter().chain(facts.known).map(|given| text::fold(given)).collect::<Vec<_>>());
        // A condition that is the person's own subject is no diagnosis.
        let own = |gate, phrase: &str| gate == Gate::Diagnoses && given.iter().any(|given| text::phrase_in(given, phrase).is_some());
        for (gate, list) in claims {
            let claimed = mapped.all_said(words, list, "not_claims");
            let at = claimed.into_iter().find(|place| !own(gate, &mapped.text[place.clone()]));
            found.extend(at.map(|place| (gate, mapped.original(&place))));
        }
        if facts.last {
            found.extend(new_topic(&plain, &mapped, words).map(|at| (Gate::NewTopic, at)));
        }
    }
    found.extend(invented::invented(text, facts, words).map(|at| (Gate::Invented, at)));
    if language::is_another(&plain, &mapped.text, facts.language) {
        found.push((Gate::WrongLanguage, 0..text.len()));
    }
    match (questions.as_slice(), facts.last) {
        ([], true) => {}
        ([], false) => found.push((Gate::NoQuestion, 0..text.len())),
        ([first, ..], true) => found.push((Gate::QuestionAtTheEnd, first.clone())),
        ([_, second, ..], false) => found.push((Gate::SeveralQuestions, second.clone())),
        ([only], false) => {
            let hidden = words.and_then(|words| question::hidden(&plain, only, words));
            found.extend(hidden.map(|at| (Gate::SeveralQuestions, at)));
        }
    }
    found.extend(too_long(text).map(|at| (Gate::TooLong, at)));
    found.sort_by_key(|(gate, _)| *gate);
    TurnReport {
        findings: found.into_iter().map(|(gate, at)| Finding::new(gate, text, at)).collect(),
        measures: measures(&plain, &mapped, &questions, said, words),
        not_possible: if words.is_some() { Vec::new() } else { Gate::BY_WORDS.to_vec() },
    }
}

/// The tags that this library's prompts are made of.
const TAGS: [&str; 10] =
    ["guidance", "completed_action", "profile", "said", "coach", "context", "voice", "vocabulary", "transcript", "left_behind"];
/// The shortest run of the instructions' words that is nobody's own.
const RUN: usize = 7;

fn leak(text: &str, plain: &str, mapped: &Mapped, facts: &TurnFacts<'_>, words: Option<&Words>) -> Option<Range<usize>> {
    // Most turns have none of these, and then no tag.
    let lower = text.contains(['<', '&', '_']).then(|| text.to_ascii_lowercase());
    let given = |part: &str| facts.said.iter().chain(facts.known).any(|known| known.to_ascii_lowercase().contains(part));
    let tag = lower.iter().flat_map(|lower| TAGS.iter().map(move |tag| (lower, tag))).find_map(|(lower, tag)| {
        let opens = ["<", "</", "&lt;", "&lt;/"].map(|open| format!("{open}{tag}"));
        let named = tag.contains('_').then(|| (*tag).to_owned());
        opens.into_iter().chain(named).find_map(|part| lower.find(&part).filter(|_| !given(&part)).map(|at| at..at + part.len()))
    });
    let spoken = || words.and_then(|words| mapped.said(words, "prompt_talk", "")).map(|place| mapped.original(&place));
    // Instructions between quotation marks are shown all the same.
    let shown = || if text == plain { run(mapped, facts.instructions) } else { run(&Mapped::new(text), facts.instructions) };
    tag.or_else(spoken).or_else(shown)
}

/// Where the turn has a run of words of this library's instructions, or of the host's.
fn run(mapped: &Mapped, instructions: &str) -> Option<Range<usize>> {
    static OWN: LazyLock<Option<Search>> = LazyLock::new(|| {
        let own: &'static str = text::fold(include_str!("prompt/completion_coach.md")).leak();
        Search::new(runs(own).map(|at| &own[at]))
    });
    let instructions = text::fold(instructions);
    let told: HashSet<&str> = runs(&instructions).map(|at| &instructions[at]).collect();
    let is_own = |run: &str| OWN.as_ref().is_some_and(|own| own.has(run));
    let is_told = |at: &Range<usize>| is_own(&mapped.text[at.clone()]) || told.contains(&mapped.text[at.clone()]);
    runs(&mapped.text).find(is_told).map(|at| mapped.original(&at))
}

/// Every run of words of a folded text that is long enough to be nobody's own.
fn runs(folded: &str) -> impl Iterator<Item = Range<usize>> {
    let starts: Vec<usize> = std::iter::once(0).chain(folded.match_indices(' ').map(|(at, _)| at + 1)).collect();
    let end = |next: Option<&usize>| next.map_or(folded.len(), |next| next - 1);
    (0..(starts.len() + 1).saturating_sub(RUN)).map(move |at| starts[at]..end(starts.get(at + RUN)))
}

/// A new topic, or advice at the beginning of a sentence.
fn new_topic(plain: &str, mapped: &Mapped, words: &Words) -> Option<Range<usize>> {
    let topic = mapped.said(words, "new_topic", "").map(|place| mapped.original(&place));
    topic.or_else(|| {
        text::spans(plain).into_iter().find(|span| text::begins_with_one_of(&text::fold(&plain[span.clone()]), words, "advice"))
    })
}

fn too_long(text: &str) -> Option<Range<usize>> {
    let start = if text::is_mostly_unspaced(text) {
        text.grapheme_indices(true).filter(|(_, grapheme)| !grapheme.trim().is_empty()).nth(MOST_GRAPHEMES).map(|(at, _)| at)
    } else {
        text.split_whitespace().nth(MOST_WORDS).map(|word| word.as_ptr() as usize - text.as_ptr() as usize)
    };
    start.map(|start| start..text.len())
}

fn measures(plain: &str, mapped: &Mapped, questions: &[Range<usize>], said: &PersonsWords, words: Option<&Words>) -> TurnMeasures {
    let count = |list: &str| words.map_or(0, |words| mapped.phrases(words, list).count());
    let open_question = questions.first().zip(words).map(|(mark, words)| {
        let asked = text::fold(question::sentence(plain, mark));
        let begins = |list| text::begins_with_one_of(&asked, words, list);
        !begins("closed_questions") && text::holds_one_of(&asked, words, "open_questions")
    });
    let own = own_words(&mapped.text, words);
    let echoed = own.iter().filter(|word| said.words.contains(word.as_ref())).count();
    let share = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f32 / whole as f32 };
    let turn = text::count(plain);
    TurnMeasures {
        words: turn,
        questions: questions.len(),
        open_question,
        echo: share(echoed, own.len()),
        praise: count("praise"),
        advice: count("advice"),
        talk_share: share(turn, turn + said.newest),
    }
}

/// The words of a folded text that say something; where words are not set apart, pairs of characters.
fn own_words<'a>(folded: &'a str, words: Option<&Words>) -> Vec<Cow<'a, str>> {
    if text::is_mostly_unspaced(folded) {
        let chars: Vec<char> = folded.chars().filter(|c| c.is_alphanumeric()).collect();
        return chars.windows(2).map(|pair| Cow::Owned(String::from_iter(pair))).collect();
    }
    let frequent = words.and_then(|words| words.search("function_words"));
    let frequent = |word: &str| frequent.is_some_and(|search| search.has(word));
    folded.split(' ').filter(|word| !word.is_empty() && !frequent(word)).map(Cow::Borrowed).collect()
}
