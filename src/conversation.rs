//! A conversation and everything around it as it is read and stored: messages, the thread's state, the user's account.

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::check::{Finding, TurnMeasures};
use crate::error::opaque_debug;
use crate::flow::{Ending, Flow};
use crate::profile::{Profile, ProfileField};
use crate::runtime::{AttemptId, ExtractionId, MessageId, ThreadId, Timestamp};
use crate::usage::{Allowance, Attempt, ModelPlace};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person.
    User,
    /// The coach.
    Assistant,
}

/// Where a message's words came from. Only what a user typed or chose can be quoted as evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// The person typed it.
    Typed,
    /// The person chose it among the choices that the coach offered.
    Chosen,
    /// The coach said it.
    Coach,
    /// The host put it there. It is context and never evidence.
    Seed,
}

/// An answer that the coach offers, to be taken with one tap.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Its id, unique within the message that offers it.
    pub id: String,
    /// What the person says by choosing it.
    pub text: String,
    /// The field of the profile that choosing it is a statement about, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<ProfileField>,
}
opaque_debug!(Choice { field });

/// Who wrote a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The model's provider; `guide` for the guide's own questions.
    pub provider: String,
    /// The model, by its provider's name for it.
    pub model: String,
    /// Where it runs. A script is no language model at all.
    pub place: ModelPlace,
}

/// A message as it is stored. Messages are never changed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its id: the host's, or one made here; unique for the user.
    pub id: MessageId,
    /// The conversation it belongs to, and no other.
    pub thread: ThreadId,
    /// Its position there, from 1, without gaps.
    pub seq: u64,
    /// The round of the debrief, from 1; 1 in the general chat.
    pub round: u32,
    /// Who speaks.
    pub role: Role,
    /// Where the words came from.
    pub provenance: Provenance,
    /// The words.
    pub text: String,
    /// The id of the choice that was taken, for a chosen message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<String>,
    /// The choices that the coach offers with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// Who wrote it, for a coach's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Author>,
    /// When it was stored.
    pub at: Timestamp,
}
opaque_debug!(Message { id, thread, seq, round, role, provenance, author, at });

/// Something the user says.
///
/// ```
/// use completion_coach::NewMessage;
/// // With an id of the host's own, sending it again after a crash or a time-out never stores it twice.
/// let message = NewMessage::typed("The effect was there, at half the size.").id("draft-17");
/// # let _ = message;
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMessage {
    /// The host's id; without one, one is made.
    #[serde(default)]
    pub id: Option<MessageId>,
    /// What is said.
    pub said: Said,
}
opaque_debug!(NewMessage { id });

/// How something is said.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// In the person's own words.
    Typed(String),
    /// By taking one of the choices that the coach's last message offers, by its id.
    Chosen(String),
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Typed(_) => "Typed(..)",
            Self::Chosen(_) => "Chosen(..)",
        })
    }
}

impl NewMessage {
    /// In the person's own words.
    pub fn typed(text: impl Into<String>) -> Self {
        Self { id: None, said: Said::Typed(text.into()) }
    }

    /// By taking a choice that the coach's last message offers.
    pub fn choose(choice: impl Into<String>) -> Self {
        Self { id: None, said: Said::Chosen(choice.into()) }
    }

    /// The host's id for it.
    #[must_use]
    pub fn id(mut self, id: impl Into<MessageId>) -> Self {
        self.id = Some(id.into());
        self
    }
}

impl From<&str> for NewMessage {
    fn from(text: &str) -> Self {
        Self::typed(text)
    }
}

/// The coach's answer, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The message.
    pub message: Message,
    /// The exchanges of the current round, now; 0 after an opening.
    pub exchange: u32,
    /// Whether something was said that no proposal has read yet, and the debrief is over: the time to propose.
    pub review_due: bool,
    /// Whether the debrief is over, now.
    pub over: bool,
    /// Why it is over. In the chat, which has no end, `HandedOver` says that the message before this one is for people, and not for a coach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ending>,
    /// What the checks found in the reply and let pass, because it was handed on as it came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What was measured of it, if a model has just written it. It is reported and decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<TurnMeasures>,
}

/// Whether and when the person wants to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Invitation {
    /// Nothing was decided.
    #[default]
    Open,
    /// Ask again at this time.
    Later(Timestamp),
    /// "Just done": do not ask.
    Declined,
}

/// How far the review of a proposal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Review {
    /// Nothing was proposed.
    #[default]
    None,
    /// Something waits for a verdict.
    Ready,
    /// Everything that was proposed is decided.
    Done,
}

/// The attempt that a thread waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// Which one. Only this one may store its reply.
    pub attempt: AttemptId,
    /// When anybody may take it over.
    pub until: Timestamp,
}

/// What is known about a thread besides its messages: budgets and positions come from here, never from a window of messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadState {
    /// Which thread.
    pub thread: ThreadId,
    /// The position of the next message.
    pub next_seq: u64,
    /// The current round; 0 before the first message.
    pub round: u32,
    /// The position of the current round's first message.
    pub round_start: u64,
    /// Where the debrief is; unused in the general chat but for the number of exchanges.
    pub flow: Flow,
    /// The user's messages that wait for a reply, at most 3.
    pub waiting: u32,
    /// Their length together, in characters.
    pub waiting_chars: u64,
    /// The position of the user's newest message that says more than `skip` or `stop`; 0 if there is none.
    #[serde(default)]
    pub last_user_seq: u64,
    /// The attempt under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
    /// The last attempt that the person's stop, skip, decline or later cleared away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<AttemptId>,
    /// Whether and when to ask.
    #[serde(default)]
    pub invitation: Invitation,
    /// The position up to which the last proposal has read, exclusive; 0 if there was none.
    #[serde(default)]
    pub proposed_until: u64,
    /// How far its review is.
    #[serde(default)]
    pub review: Review,
}

impl ThreadState {
    /// A thread in which nothing has happened.
    pub fn new(thread: ThreadId) -> Self {
        Self {
            thread,
            next_seq: 1,
            round: 0,
            round_start: 1,
            flow: Flow::new(),
            waiting: 0,
            waiting_chars: 0,
            last_user_seq: 0,
            live: None,
            cancelled: None,
            invitation: Invitation::Open,
            proposed_until: 0,
            review: Review::None,
        }
    }

    /// Whether something was said that no proposal has read yet.
    pub(crate) fn unread(&self) -> bool {
        self.last_user_seq > 0 && self.last_user_seq >= self.proposed_until
    }

    /// Where the debrief stands as it was stored. [`Debrief::state`](crate::Debrief::state) knows also whether anybody still makes the reply.
    pub fn debrief_state(&self) -> DebriefState {
        match (self.review, self.flow.ended, self.invitation) {
            _ if self.live.is_some() => DebriefState::Live,
            (Review::Ready, Some(_), _) if !self.unread() => DebriefState::ReadyToReview,
            (_, _, Invitation::Declined) => DebriefState::Declined,
            (Review::Done, Some(_), _) if !self.unread() => DebriefState::Reviewed,
            (_, Some(ending), _) => DebriefState::Ended(ending),
            (_, _, Invitation::Later(time)) => DebriefState::Deferred(time),
            _ if self.waiting > 0 => DebriefState::Pending,
            _ if self.round > 0 => DebriefState::Open,
            _ => DebriefState::None,
        }
    }
}

/// Where an action's debrief stands, for lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DebriefState {
    /// There is none yet.
    None,
    /// The person wants to be asked again at this time.
    Deferred(Timestamp),
    /// "Just done".
    Declined,
    /// The coach has asked and waits for an answer.
    Open,
    /// The person has answered and waits for a reply.
    Pending,
    /// A reply is being made.
    Live,
    /// It has ended, and nothing was proposed yet.
    Ended(Ending),
    /// Proposals wait for a verdict.
    ReadyToReview,
    /// Everything that was proposed is decided.
    Reviewed,
}

/// The user's agreement to a disclosure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The disclosure that was agreed to, by its id.
    pub disclosure: String,
    /// When.
    pub at: Timestamp,
}

/// What is known about a user besides actions and conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Which version of everything about this user this is. Every commit names the one it was decided on.
    pub version: u64,
    /// The profile.
    pub profile: Profile,
    /// What the user has agreed to.
    pub consent: Option<Consent>,
    /// How often a model may be asked.
    pub allowance: Allowance,
    /// The position of the newest entry in the change log; 0 if there is none.
    pub changes: u64,
}

/// Why a profile changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeCause {
    /// The host saved it.
    Saved,
    /// Proposals were accepted.
    Applied,
    /// The person flagged something that the coach said. Nothing in the profile changed.
    Reported,
}

/// An entry in the change log: that a profile changed and in which fields. The values are in the profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileChange {
    /// Its position, from 1, without gaps.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub cause: ChangeCause,
    /// The fields that changed.
    pub fields: Vec<ProfileField>,
    /// The conversation whose proposals were applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<ThreadId>,
    /// The proposals that were decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extractions: Vec<ExtractionId>,
    /// What the person flagged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

/// Something that the coach said and the person flagged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The coach's message.
    pub message: MessageId,
    /// Why, in the person's own words.
    pub reason: String,
}
opaque_debug!(Report { message });

/// An action, and the state of its debrief if there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRecord {
    /// The action.
    pub action: Action,
    /// Its debrief.
    pub debrief: Option<ThreadState>,
}

/// A message that was looked for by its id, wherever it is, and the coach's next message after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The message.
    pub message: Message,
    /// The coach's first message after it in its thread.
    pub reply: Option<Message>,
}

/// Everything that a decision about one thread needs, read at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// The user.
    pub account: Account,
    /// The action, for a debrief.
    pub action: Option<Action>,
    /// The thread; `None` if nothing has happened in it.
    pub state: Option<ThreadState>,
    /// The attempt that the thread names as live.
    pub attempt: Option<Attempt>,
    /// A hint: the store knows that whoever holds the live attempt is dead; false if it does not know. A wrong `true` costs a reply, which is
    /// thrown away, and nothing else.
    #[serde(default)]
    pub holder_gone: bool,
    /// The newest messages before the position asked for, oldest first.
    pub messages: Vec<Message>,
    /// The message that was looked for by its id.
    pub found: Option<Found>,
}
