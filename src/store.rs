//! The port to where things are kept: one read for each kind of question, one write that is all or nothing.

use std::fmt::Debug;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::conversation::{Account, ActionRecord, Consent, Conversation, Message, ProfileChange, ThreadState};
use crate::error::Result;
use crate::evidence::Extraction;
use crate::profile::Profile;
use crate::runtime::{ActionId, MessageId, ThreadId, Timestamp, UserId};
use crate::usage::{Allowance, Attempt};

#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
pub use sqlite::{BlockHere, SqliteStore};

#[cfg(feature = "testing")]
pub mod conformance;

/// Which messages of a thread to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// At most so many.
    pub size: u32,
    /// Only messages before this position; the newest ones without it.
    pub before: Option<u64>,
    /// Look for this message as well, in whichever thread of the user's it is.
    pub find: Option<MessageId>,
}

impl Page {
    /// The newest messages.
    pub const fn newest(size: u32) -> Self {
        Self { size, before: None, find: None }
    }
}

/// One thing to write. A store handles every kind: a new one does not compile until it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    /// Puts the profile.
    Profile(Profile),
    /// Puts or removes the consent.
    Consent(Option<Consent>),
    /// Puts the allowance.
    Allowance(Allowance),
    /// Puts an action by its id.
    Action(Action),
    /// Removes an action and everything of its debrief, as [`Write::RemoveThread`] does. Nothing there is not an error.
    RemoveAction(ActionId),
    /// Puts a thread's state.
    Thread(ThreadState),
    /// Removes a thread's state, messages and extractions. Its attempts stay: they hold no words. Nothing there is not an error.
    RemoveThread(ThreadId),
    /// Removes a thread's messages up to this position, inclusive. The others keep their positions. Nothing there is not an error.
    RemoveMessages(ThreadId, u64),
    /// Inserts a message. One with the same id, or at the same position of the thread, is [`Conflict`](crate::ErrorKind::Conflict).
    Message(Message),
    /// Puts an extraction by its id.
    Extraction(Extraction),
    /// Puts an attempt by its id.
    Attempt(Attempt),
    /// Inserts an entry into the change log. One at the same position is [`Conflict`](crate::ErrorKind::Conflict). It becomes [`Account::changes`].
    Change(ProfileChange),
}

/// Writes that belong together, decided on one version of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The [`Account::version`] that was read; 0 to create a user who does not exist.
    pub expected: u64,
    /// The version after it.
    pub next: u64,
    /// What to write, in this order.
    pub writes: Vec<Write>,
}

impl Change {
    /// What a read of the same size would give after this commit; `None` if the thread is gone then, or if this was decided on another version.
    pub(crate) fn applied_to(&self, mut read: Conversation, thread: &ThreadId, size: u32) -> Option<Conversation> {
        if read.account.version != self.expected {
            return None;
        }
        for write in &self.writes {
            match write {
                Write::Profile(profile) => read.account.profile = profile.clone(),
                Write::Consent(consent) => read.account.consent.clone_from(consent),
                Write::Allowance(allowance) => read.account.allowance = *allowance,
                Write::Change(change) => read.account.changes = change.seq,
                Write::Action(action) if thread.action() == Some(&action.id) => read.action = Some(action.clone()),
                Write::Thread(state) if state.thread == *thread => read.state = Some(state.clone()),
                Write::Message(message) if message.thread == *thread => read.messages.push(message.clone()),
                Write::Attempt(attempt) => read.attempt = Some(attempt.clone()),
                Write::RemoveAction(_) | Write::RemoveThread(_) | Write::RemoveMessages(..) => return None,
                Write::Action(_) | Write::Thread(_) | Write::Message(_) | Write::Extraction(_) => {}
            }
        }
        let live = read.state.as_ref().and_then(|state| state.live.as_ref());
        read.attempt = read.attempt.filter(|attempt| live.is_some_and(|live| live.attempt == attempt.id));
        read.messages.drain(..read.messages.len().saturating_sub(size as usize));
        read.account.version = self.next;
        read.found = None;
        read.holder_gone = false;
        Some(read)
    }
}

/// Where a user's profile, actions and conversations are kept.
///
/// One user is one consistency boundary. Every method is for one user and reaches nothing of another's, whatever
/// ids it is given. A store keeps what it is given, to the letter, and decides nothing. `store::conformance` (feature
/// `testing`) is the exam that every store passes.
#[async_trait]
pub trait ActionStore: Debug + Send + Sync + 'static {
    /// The user; `None` if there is no such user.
    async fn account(&self, user: &UserId) -> Result<Option<Account>>;

    /// The user, and with its debrief's state their action of this id, if there is one. What is not as of one moment is so that a commit which
    /// was decided on it is a conflict. A store that knows no shorter way has nothing to add.
    async fn action(&self, user: &UserId, action: &ActionId) -> Result<Option<(Account, Option<ActionRecord>)>> {
        // The version first: an action that has come since then makes the commit a conflict.
        let Some(account) = self.account(user).await? else { return Ok(None) };
        let read = self.conversation(user, &ThreadId::Debrief(action.clone()), &Page::newest(0)).await?;
        Ok(Some(match read {
            Some(read) => (read.account, read.action.map(|action| ActionRecord { action, debrief: read.state })),
            None => (account, None),
        }))
    }

    /// All of the user's actions in the order of their ids, each with its debrief's state.
    async fn actions(&self, user: &UserId) -> Result<Vec<ActionRecord>>;

    /// A thread as of one moment. `None` if there is no such user, or, for a debrief, no such action.
    async fn conversation(&self, user: &UserId, thread: &ThreadId, page: &Page) -> Result<Option<Conversation>>;

    /// The same conversation's messages alone, for who only shows them. A store that knows no shorter way has nothing to add.
    async fn messages(&self, user: &UserId, thread: &ThreadId, page: &Page) -> Result<Option<Vec<Message>>> {
        Ok(self.conversation(user, thread, page).await?.map(|read| read.messages))
    }

    /// What was proposed in this thread, or in all of them, oldest first (by time, then by id).
    async fn extractions(&self, user: &UserId, thread: Option<&ThreadId>) -> Result<Vec<Extraction>>;

    /// The attempts that began in this period, `from` included and `until` not, oldest first (by time, then by id).
    async fn attempts(&self, user: &UserId, from: Timestamp, until: Timestamp) -> Result<Vec<Attempt>>;

    /// The change log after this position, oldest first, at most so many entries.
    async fn changes(&self, user: &UserId, after: u64, limit: u32) -> Result<Vec<ProfileChange>>;

    /// Writes all of it or nothing, and returns when it is durable; when messages or extractions were removed, when they are erased as well,
    /// so that no byte of a file still holds them.
    ///
    /// # Errors
    /// [`Conflict`](crate::ErrorKind::Conflict) if the user has another version than `expected` (0 stands for no such user), or
    /// if something that is only ever inserted is there already. [`NotFound`](crate::ErrorKind::NotFound) if the user does not
    /// exist and `expected` is not 0, so that nothing comes back after [`forget`](Self::forget). [`StorageUnavailable`](crate::ErrorKind::StorageUnavailable)
    /// also if what was removed could not be erased yet.
    async fn commit(&self, user: &UserId, change: &Change) -> Result<()>;

    /// Deletes everything about the user, from every table and from the file. No such user is not an error.
    async fn forget(&self, user: &UserId) -> Result<()>;
}
