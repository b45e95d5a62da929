//! What a model is asked: the facts as types, and the same facts rendered as parts of a prompt.

use crate::action::Action;
use crate::conversation::Message;
use crate::error::opaque_debug;
use crate::flow::Flow;
use crate::profile::{Profile, Term};

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartRole {
    /// The instructions and the context.
    System,
    /// The person.
    User,
    /// The coach.
    Assistant,
}

/// A part of a prompt, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Prose for the person.
    Text,
    /// JSON that follows this JSON schema.
    Json(String),
}

/// A request to a model: the facts, typed, for a model that is a script, and `parts` for one that reads prose.
#[derive(Clone, PartialEq, Eq)]
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
}
opaque_debug!(Request { purpose, language, flow, output, signals, max_tokens });

/// What makes the coach the host's own.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Voice {
    /// The field that the people work in, such as `marine biology`.
    pub field_of_work: Option<String>,
    /// How the coach speaks, such as `warm and plain`.
    pub tone: Option<String>,
    /// Whatever else the coach is told. It is put after this library's own instructions and cannot lift its rules, which code keeps.
    pub instructions: Option<String>,
}
opaque_debug!(Voice {});
