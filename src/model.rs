//! The port to whoever writes the coach's words: a language model, an on-device one, or a script of questions.

use std::fmt::Debug;
use std::task::{Context, Poll};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::conversation::Choice;
use crate::error::{Error, ErrorKind, Result, opaque_debug};
use crate::flow::Outcome;
use crate::prompt::Request;
use crate::safety::SafetyLevel;
use crate::usage::{ModelInfo, Usage};

mod anthropic;
mod guide;
mod openai;
mod remote;
pub use anthropic::AnthropicModel;
pub use guide::OfflineGuide;
pub use openai::{OpenAiModel, TokenLimit};
#[cfg(feature = "testing")]
pub(crate) mod scripted;

/// Something structured that a model says beside its text. Never a word searched for in prose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// What came of the action, as the person described it.
    Outcome(Outcome),
    /// The debrief has what it needs: this reply is the last one. Ignored before the fewest exchanges.
    Enough,
    /// A person should take over.
    HandOver,
}

/// A piece of an answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelEvent {
    /// More text.
    Text(String),
    /// Answers to offer with the reply.
    Choices(Vec<Choice>),
    /// A signal.
    Signal(Signal),
    /// What the request has used so far; the last one counts.
    Usage(Usage),
}

impl Debug for ModelEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text(..)"),
            Self::Choices(choices) => write!(f, "Choices({})", choices.len()),
            Self::Signal(signal) => write!(f, "Signal({signal:?})"),
            Self::Usage(usage) => write!(f, "{usage:?}"),
        }
    }
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model said all that it wanted to say.
    Complete,
    /// It ran into a limit in the middle.
    Length,
    /// It declined to answer.
    Refused,
    /// For a reason that this library does not know.
    Other,
}

impl Finish {
    /// Why an answer that ended like this is none.
    pub(crate) fn failure(self) -> Option<Error> {
        let (kind, reason) = match self {
            Self::Complete => return None,
            Self::Length => (ErrorKind::ReplyIncomplete, "the model's reply was cut at its limit; resume to ask again"),
            Self::Refused => (ErrorKind::ModelRefused, "the model declined to answer; say it differently, or go on without it"),
            Self::Other => (ErrorKind::ReplyIncomplete, "the model's reply did not end as it should; resume to ask again"),
        };
        Some(Error::new(kind, reason))
    }
}

/// An answer that is complete, but says nothing.
pub(crate) fn empty() -> Error {
    Error::new(ErrorKind::ReplyIncomplete, "the model's reply was empty; resume to ask again")
}

/// Takes the pieces of an answer as they come. A clone takes them for the same answer: for a model that computes on a thread of its own.
///
/// ```
/// # use completion_coach::{Error, ErrorKind, Finish, ModelEvents, Result};
/// # fn words() -> impl Iterator<Item = &'static str> { ["What ", "came ", "of it?"].into_iter() }
/// async fn ask(events: &mut ModelEvents) -> Result<Finish> {
///     let events = events.clone();
///     // It stops when the turn was left.
///     let computed = tokio::task::spawn_blocking(move || words().all(|word| events.text(word))).await;
///     computed.map_err(|_| Error::new(ErrorKind::ModelUnavailable, "the model on this device failed; try again"))?;
///     Ok(Finish::Complete)
/// }
/// ```
#[derive(Clone)]
pub struct ModelEvents(mpsc::UnboundedSender<ModelEvent>);
opaque_debug!(ModelEvents {});

impl ModelEvents {
    /// Hands on a piece. False when nobody wants more of the answer, of which nothing is kept then.
    pub fn push(&self, event: ModelEvent) -> bool {
        self.0.send(event).is_ok()
    }

    /// Hands on a piece of text. False when nobody wants more.
    pub fn text(&self, text: impl Into<String>) -> bool {
        self.push(ModelEvent::Text(text.into()))
    }

    /// A taker of pieces, and what it has taken: for a model that wraps another one, and for tests of a model.
    pub fn collecting() -> (Self, CollectedEvents) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), CollectedEvents(receiver))
    }
}

/// The pieces that were handed on so far.
pub struct CollectedEvents(mpsc::UnboundedReceiver<ModelEvent>);
opaque_debug!(CollectedEvents {});

impl CollectedEvents {
    /// What was handed on before this is called, and nothing that a thread adds meanwhile.
    pub(crate) fn so_far(&mut self) -> impl Iterator<Item = ModelEvent> {
        let many = self.0.len();
        self.take(many)
    }

    /// The next piece, if it is there. If not, it wakes the task when it comes.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Option<ModelEvent> {
        match self.0.poll_recv(context) {
            Poll::Ready(event) => event,
            Poll::Pending => None,
        }
    }
}

/// Gives what was handed on so far, and `None` when there is nothing more by now.
impl Iterator for CollectedEvents {
    type Item = ModelEvent;

    fn next(&mut self) -> Option<ModelEvent> {
        self.0.try_recv().ok()
    }
}

/// Whoever writes the coach's words.
///
/// ```
/// use completion_coach::{Finish, Model, ModelEvents, ModelInfo, ModelPlace, Request, Result};
///
/// /// An on-device model of the host's own.
/// #[derive(Debug)]
/// struct Mine;
///
/// #[async_trait::async_trait]
/// impl Model for Mine {
///     fn info(&self) -> ModelInfo {
///         ModelInfo { provider: "mine".into(), model: "tiny-1".into(), place: ModelPlace::Local, address: None }
///     }
///
///     async fn ask(&self, request: &Request, events: &mut ModelEvents) -> Result<Finish> {
///         for part in &request.parts { /* what the model is told */ let _ = &part.text; }
///         events.text("What did you end up with?");
///         Ok(Finish::Complete)
///     }
/// }
/// ```
#[async_trait]
pub trait Model: Debug + Send + Sync + 'static {
    /// What the model says of itself. It must not change while it is in use.
    fn info(&self) -> ModelInfo;

    /// Asks. Pieces are handed on as they come; how it ended is the result, and what a thread hands on after it is no part of the answer.
    /// Dropping the future ends the request at once.
    ///
    /// # Errors
    /// What went wrong, with [`Error::new`](crate::Error::new): `ModelUnavailable`, `ModelRefused`, `ReplyIncomplete`, `RequestRejected` or
    /// `Unauthorised`. The reason is shown to people and holds nothing of the request or of the answer.
    async fn ask(&self, request: &Request, events: &mut ModelEvents) -> Result<Finish>;
}

/// The host's own look at what people write, for their safety: a small model on the device, a service, a list of its own.
///
/// ```
/// use completion_coach::{Result, SafetyClassifier, SafetyLevel};
///
/// /// A list of the host's own.
/// #[derive(Debug)]
/// struct Ours;
///
/// #[async_trait::async_trait]
/// impl SafetyClassifier for Ours {
///     async fn level(&self, text: &str, _language: &str) -> Result<SafetyLevel> {
///         Ok(if text.contains("code red") { SafetyLevel::Danger } else { SafetyLevel::None })
///     }
/// }
/// ```
#[async_trait]
pub trait SafetyClassifier: Debug + Send + Sync + 'static {
    /// How the person is who wrote this, in this language (a BCP 47 tag). What it is given may be private, and needs the person's consent if it
    /// leaves the device.
    ///
    /// # Errors
    /// Anything: the phrase lists alone decide then.
    async fn level(&self, text: &str, language: &str) -> Result<SafetyLevel>;
}
