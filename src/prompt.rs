//! What a model is asked: the facts as types, and the same facts rendered as parts of a prompt in which data stays data.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::conversation::{Message, Provenance, Role};
use crate::error::opaque_debug;
use crate::evidence::extraction_schema;
use crate::flow::{Ending, Flow, Step};
use crate::lang::Texts;
use crate::profile::{Profile, Term};
use crate::safety::{self, SafetyLevel};

mod context;
mod lines;
#[cfg(test)]
mod tests;
mod text;

pub use context::{ContextOptions, ContextPurpose, build_profile_context};

use lines::{Line, fit};
use text::{escape, line};

/// What the model of a debrief is told first.
pub const COMPLETION_COACH_PROMPT: &str = include_str!("prompt/completion_coach.md");

/// What the model of the general chat is told first.
pub const GENERAL_COACH_PROMPT: &str = include_str!("prompt/general_coach.md");

/// What the model that proposes changes to a profile is told first.
pub const EXTRACTION_PROMPT: &str = include_str!("prompt/extraction.md");

const ACTION_CHARS: usize = 6_000;
const MATERIAL_CHARS: usize = 2_000;
const VOCABULARY_CHARS: usize = 1_500;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The first question of a round.
    Open,
    /// A reply that asks one question.
    Reply,
    /// The last reply, without a question.
    Closing,
    /// Proposals for the profile.
    Propose,
}

/// Who says a part of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartRole {
    /// The instructions and the context.
    System,
    /// The person.
    User,
    /// The coach.
    Assistant,
}

/// A part of a prompt, ready to be sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Who says it.
    pub role: PartRole,
    /// The text.
    pub text: String,
    /// Whether it is the same, to the byte, in the thread's next request, so that a provider can cache it.
    pub stable: bool,
}
opaque_debug!(Part { role, stable });

/// What an answer must be.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Prose for the person.
    Text,
    /// JSON that follows this JSON schema.
    Json(String),
}

/// Without the schema, which names the fields of the host's own.
impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text => "Text",
            Self::Json(_) => "Json(..)",
        })
    }
}

/// A request to a model: the facts, typed, for a model that is a script, and `parts` for one that reads prose.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Request {
    /// What it is for.
    pub purpose: Purpose,
    /// The language to answer in, as a BCP 47 tag.
    pub language: String,
    /// The person.
    pub profile: Profile,
    /// The action, in a debrief; `None` in the general chat.
    pub action: Option<Action>,
    /// Where the debrief is, with the step that this reply asks about.
    pub flow: Flow,
    /// The thread's messages, oldest first, the newest one last.
    pub messages: Vec<Message>,
    /// The host's vocabulary.
    pub vocabulary: Vec<Term>,
    /// The prompt.
    pub parts: Vec<Part>,
    /// What the answer must be.
    pub output: Output,
    /// Whether the model may send signals beside its text.
    pub signals: bool,
    /// The most tokens that the answer may have.
    pub max_tokens: u32,
    /// What the guide says, as the host may have replaced it.
    #[serde(skip)]
    pub texts: Texts,
}
opaque_debug!(Request { purpose, flow, output, signals, max_tokens });

/// What makes the coach the host's own.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Voice {
    /// The field that the people work in, such as `marine biology`.
    pub field_of_work: Option<String>,
    /// How the coach speaks, such as `warm and plain`.
    pub tone: Option<String>,
    /// Whatever else the coach is told. It is put after this library's own instructions and cannot lift its rules, which code keeps.
    pub instructions: Option<String>,
}
opaque_debug!(Voice {});

/// Everything that a prompt is made of.
pub(crate) struct Brief<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) voice: &'a Voice,
    /// As a BCP 47 tag.
    pub(crate) language: &'a str,
    pub(crate) profile: &'a Profile,
    /// In a debrief; `None` in the general chat.
    pub(crate) action: Option<&'a Action>,
    /// With the step that this reply asks about. The general chat's prompts do not depend on it.
    pub(crate) flow: &'a Flow,
    /// The thread's, oldest first, with the newest one last.
    pub(crate) messages: Cow<'a, [Message]>,
    /// Why a first try was not good enough, in our own words.
    pub(crate) finding: Option<&'a str>,
    pub(crate) vocabulary: &'a [Term],
}

/// The request that a brief comes to: its facts, typed, and the same facts as a prompt.
pub(crate) fn request(brief: Brief<'_>) -> Request {
    let (proposes, parts) = (brief.purpose == Purpose::Propose, parts(&brief));
    Request {
        purpose: brief.purpose,
        language: brief.language.to_owned(),
        profile: brief.profile.clone(),
        action: brief.action.cloned(),
        flow: brief.flow.clone(),
        messages: brief.messages.into_owned(),
        vocabulary: brief.vocabulary.to_vec(),
        parts,
        output: if proposes { Output::Json(extraction_schema(brief.profile)) } else { Output::Text },
        signals: !proposes && brief.action.is_some(),
        max_tokens: if proposes { 4_096 } else { 1_024 },
        texts: Texts::default(),
    }
}

/// The prompt. All that stands before the newest message is the same, to the byte, in the thread's next request: what changes from turn to
/// turn is in the guidance after it, which is not kept.
pub(crate) fn parts(brief: &Brief<'_>) -> Vec<Part> {
    let mut parts = vec![Part { role: PartRole::System, text: instructions(brief), stable: true }];
    let facts = facts(brief);
    if !facts.is_empty() {
        parts.push(Part { role: PartRole::System, text: facts, stable: true });
    }
    match brief.purpose {
        Purpose::Propose => parts.push(transcript(brief)),
        Purpose::Open | Purpose::Reply | Purpose::Closing => parts.extend(conversation(brief)),
    }
    parts
}

fn instructions(brief: &Brief<'_>) -> String {
    let prompt = match (brief.purpose, brief.action) {
        (Purpose::Propose, _) => EXTRACTION_PROMPT,
        (_, Some(_)) => COMPLETION_COACH_PROMPT,
        (_, None) => GENERAL_COACH_PROMPT,
    };
    let mut text = prompt.trim_end().to_owned();
    if let Some(language) = language(brief.language) {
        text += &format!("\n{language}");
    }
    // How the coach speaks is no business of the extraction, which speaks to nobody.
    if brief.purpose != Purpose::Propose {
        let Voice { field_of_work, tone, instructions } = brief.voice;
        let settings = [("Field of work", field_of_work), ("Tone", tone), ("Instructions", instructions)];
        let told = settings.into_iter().filter_map(|(label, text)| {
            let text = escape(&text::lines(text.as_deref()?));
            (!text.is_empty()).then(|| format!("{label}: {text}"))
        });
        text += &block("\n", "voice", &told.collect::<Vec<_>>().join("\n"));
    }
    text
}

fn facts(brief: &Brief<'_>) -> String {
    let purpose = match (brief.purpose, brief.action) {
        (Purpose::Propose, _) => ContextPurpose::Extraction,
        (_, Some(_)) => ContextPurpose::Debrief,
        (_, None) => ContextPurpose::General,
    };
    let mut text = block("", "profile", &build_profile_context(brief.profile, &ContextOptions::new(purpose)));
    let (tag, more) = match (brief.purpose, brief.action) {
        // Not the action: a model that sees it takes its words for the person's.
        (Purpose::Propose, _) => ("vocabulary", context::vocabulary(brief.vocabulary, VOCABULARY_CHARS)),
        (_, Some(action)) => ("completed_action", completed(action)),
        (_, None) => return text,
    };
    text += &block(if text.is_empty() { "" } else { "\n" }, tag, &more);
    text
}

fn completed(action: &Action) -> String {
    let mut lines: Vec<_> = [
        Line::new("Kind", [action.kind.as_str()]),
        Line::new("Title", [&action.title]),
        Line::new("Description", [&action.description]),
        Line::new("Rationale", [&action.rationale]),
        Line::new("Basis", &action.basis),
    ]
    .into_iter()
    .flatten()
    .collect();
    lines.extend(action.material.iter().filter_map(|material| {
        let known = [Some(&material.label), material.link.as_ref(), material.text.as_ref()];
        let known: Vec<_> = known.into_iter().flatten().map(|text| line(text)).filter(|text| !text.is_empty()).collect();
        Line::new("Material", [known.join("; ")]).map(|line| line.at_most(MATERIAL_CHARS))
    }));
    fit(&lines, ACTION_CHARS)
}

fn conversation(brief: &Brief<'_>) -> Vec<Part> {
    let mut parts: Vec<_> = brief.messages.iter().filter_map(said).collect();
    // Some servers refuse a conversation that the assistant begins.
    if parts.first().is_some_and(|first| first.role == PartRole::Assistant) {
        let opening = if brief.action.is_some() { "Open the debrief." } else { "Open the conversation." };
        parts.insert(0, Part { role: PartRole::User, text: format!("<guidance>{opening}</guidance>"), stable: true });
    }
    let answered = parts.last().is_some_and(|last| last.role == PartRole::User);
    let guidance = guidance(brief, answered);
    match parts.last_mut().filter(|_| answered && brief.purpose != Purpose::Open) {
        Some(newest) => {
            newest.text += "\n";
            newest.text += &guidance;
            newest.stable = false;
        }
        None => parts.push(Part { role: PartRole::User, text: guidance, stable: false }),
    }
    parts
}

fn said(message: &Message) -> Option<Part> {
    let text = words(message)?;
    Some(match message.provenance {
        Provenance::Coach => Part { role: PartRole::Assistant, text, stable: true },
        _ => Part { role: PartRole::User, text: tagged(message, &text), stable: true },
    })
}

fn transcript(brief: &Brief<'_>) -> Part {
    // What was for people to hear is nobody's profile.
    let calm = |message: &&Message| message.role == Role::Assistant || safety::level(&message.text) != SafetyLevel::Danger;
    let lines = brief.messages.iter().filter(calm).filter_map(|message| Some(tagged(message, &words(message)?) + "\n"));
    let text = format!("<transcript>\n{}</transcript>\n{}", lines.collect::<String>(), guidance(brief, true));
    Part { role: PartRole::User, text, stable: false }
}

/// Whether nothing of a text would be left in a prompt: it is blank, or made of characters that show nothing.
pub(crate) fn is_blank(text: &str) -> bool {
    text::lines(text).is_empty()
}

/// Some servers refuse a blank text, so a blank message is none.
fn words(message: &Message) -> Option<String> {
    Some(escape(&text::lines(&message.text))).filter(|text| !text.is_empty())
}

fn tagged(message: &Message, words: &str) -> String {
    let tag = match message.provenance {
        Provenance::Typed | Provenance::Chosen => "said",
        Provenance::Coach => "coach",
        Provenance::Seed => "context",
    };
    format!("<{tag} n=\"{}\">{words}</{tag}>", message.seq)
}

/// What this turn is about. `answered` is whether the person has said something since the coach's last message.
fn guidance(brief: &Brief<'_>, answered: bool) -> String {
    let flow = brief.flow;
    let mut told: Vec<String> = Vec::new();
    let mut tell = |text: &str| told.push(text.to_owned());
    match (brief.purpose, brief.action.is_some()) {
        (Purpose::Propose, _) => tell("Give the JSON for this transcript."),
        (Purpose::Open, false) => tell("Open the conversation."),
        (Purpose::Reply, false) => {}
        (Purpose::Closing, false) => tell("Close: no question, nothing new."),
        (Purpose::Open, true) => {
            tell(if flow.step == Step::More { "The debrief is reopened: recall it in one line." } else { "Open the debrief." });
            tell(&format!("Step: {}.", name(flow.step)));
        }
        (Purpose::Reply, true) => {
            if !answered {
                tell("They passed over the last question.");
            }
            tell(&standing(flow));
            let newest = brief.messages.last().filter(|newest| newest.role == Role::User);
            if newest.is_some_and(|newest| safety::level(&newest.text) == SafetyLevel::Distress) {
                tell("They are in distress: acknowledge it in plain words, offer to stop, then ask gently.");
            }
            if flow.rephrased {
                tell("They said little: ask about this step, easier and more concrete.");
            }
        }
        (Purpose::Closing, true) => tell(match flow.ended {
            Some(Ending::Stopped) => "Close: they want to stop. One short, kind sentence, no question.",
            Some(Ending::Terse) => "Close: they have little to say, which is fine. One short, kind sentence, no question.",
            Some(Ending::HandedOver) => "Close: acknowledge what they said in one sentence, no question.",
            Some(Ending::Complete) | None => {
                "Close: no question, nothing new. Say back what came of it, the lesson, what it left behind and what is next, as far as they told, in their words."
            }
        }),
    }
    if let Some(language) = language(brief.language) {
        tell(&format!("{language}."));
    }
    if let Some(finding) = brief.finding.map(line).filter(|finding| !finding.is_empty()) {
        tell(&format!("Your last try could not be used: {}", escape(&finding)));
    }
    format!("<guidance>{}</guidance>", told.join(" "))
}

fn standing(flow: &Flow) -> String {
    let mut text = format!("Step: {}.", name(flow.step));
    if let Some(outcome) = flow.outcome {
        text += &format!(" Outcome: {}.", outcome.as_str());
    }
    let told = |step: Step| flow.answered.iter().any(|answered| answered.step == step);
    let course = [Step::Outcome, Step::Lesson, Step::LeftBehind, Step::Next];
    let missing: Vec<_> = course.into_iter().filter(|step| *step != flow.step && !told(*step)).map(name).collect();
    if !missing.is_empty() {
        text += &format!(" Not asked yet: {}.", missing.join(", "));
    }
    text
}

const fn name(step: Step) -> &'static str {
    match step {
        Step::Outcome => "outcome",
        Step::Lesson => "lesson",
        Step::LeftBehind => "left_behind",
        Step::Next => "next",
        Step::More => "more",
    }
}

/// A language tag can come from a profile, so only what a tag is made of is kept.
fn language(tag: &str) -> Option<String> {
    let kept = tag.chars().map(|c| if c == '_' { '-' } else { c }).filter(|c| c.is_ascii_alphanumeric() || *c == '-');
    let kept: String = kept.take(35).collect();
    (!kept.is_empty()).then(|| format!("Language: {kept}"))
}

fn block(before: &str, tag: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{before}<{tag}>\n{text}\n</{tag}>") }
}
