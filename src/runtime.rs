//! Time and randomness as arguments: the ids, the clock and the source of new ids, injectable, with real ones as defaults.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The most bytes that an id may have, whoever made it.
pub const ID_BYTES: usize = 200;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// An id as the host or this library made it: 1 to 200 bytes without control characters. It is checked
            /// when it is used, where another one is an [`InvalidInput`](crate::ErrorKind::InvalidInput).
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.escape_debug())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self::new(id)
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self::new(id)
            }
        }
    };
}

id!(
    /// A user, as the host knows them. The host authenticates first: whoever has this id is this user.
    UserId
);
id!(
    /// An action, unique for its user.
    ActionId
);
id!(
    /// A message, unique for its user. A host that gives its own can send a message again without storing it twice.
    MessageId
);
id!(
    /// A proposed change to a profile, unique for its user.
    ExtractionId
);
id!(
    /// An attempt to get a reply or a proposal from a model, unique for its user.
    AttemptId
);

macro_rules! given_by_hosts {
    ($($name:ident, $field:literal;)*) => {$(
        impl $name {
            pub(crate) fn check(&self) -> Result<()> {
                if self.0.is_empty() {
                    return Err(Error::invalid($field, "an id cannot be empty"));
                }
                if self.0.len() > ID_BYTES {
                    return Err(Error::beyond($field, ID_BYTES as u64, "bytes"));
                }
                if self.0.chars().any(char::is_control) {
                    return Err(Error::invalid($field, "an id cannot hold control characters"));
                }
                Ok(())
            }
        }
    )*};
}
given_by_hosts! {
    UserId, "user_id";
    ActionId, "action_id";
    MessageId, "message_id";
}

/// A conversation. A message belongs to exactly one, and no other ever shows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ThreadId {
    /// The chat about the profile as a whole.
    General,
    /// The debrief of this action.
    Debrief(ActionId),
}

impl ThreadId {
    /// The action whose debrief it is.
    pub fn action(&self) -> Option<&ActionId> {
        match self {
            Self::General => None,
            Self::Debrief(action) => Some(action),
        }
    }
}

/// As text: `general`, or `debrief:` and the action's id.
impl From<ThreadId> for String {
    fn from(thread: ThreadId) -> Self {
        match thread {
            ThreadId::General => "general".to_owned(),
            ThreadId::Debrief(action) => format!("debrief:{action}"),
        }
    }
}

impl TryFrom<String> for ThreadId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        match text.strip_prefix("debrief:") {
            Some(action) => Ok(Self::Debrief(ActionId::new(action))),
            None if text == "general" => Ok(Self::General),
            None => Err(Error::invalid("thread", "it is `general` or `debrief:` and an action's id")),
        }
    }
}

/// A moment: milliseconds since 1970-01-01T00:00:00Z. It is a plain number in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest moment there is.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest moment there is.
    pub const MAX: Self = Self(i64::MAX);

    /// From milliseconds since 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// So much earlier.
    pub(crate) fn before(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub for Timestamp {
    type Output = Duration;

    /// The time since an earlier moment; zero if it was not earlier.
    fn sub(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Where the time comes from. Clocks decide only *when* something is allowed, never what is stored.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Waits. Dropping the future ends the wait.
    async fn sleep(&self, wait: Duration);
}

/// The system's clock, with tokio's timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    async fn sleep(&self, wait: Duration) {
        tokio::time::sleep(wait).await;
    }
}

#[async_trait]
impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    async fn sleep(&self, wait: Duration) {
        (**self).sleep(wait).await;
    }
}

/// Where new ids come from.
pub trait Ids: fmt::Debug + Send + Sync + 'static {
    /// 128 bits that were never given before.
    fn next(&self) -> u128;

    /// The next id as 32 hexadecimal digits.
    fn next_text(&self) -> String {
        format!("{:032x}", self.next())
    }
}

impl<I: Ids + ?Sized> Ids for std::sync::Arc<I> {
    fn next(&self) -> u128 {
        (**self).next()
    }
}

/// Ids from the operating system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn next(&self) -> u128 {
        let mut bytes = [0; 16];
        // Without random numbers two phones could make the same id; there is nothing sensible to go on with.
        getrandom::fill(&mut bytes).expect("the operating system supplies random numbers");
        u128::from_le_bytes(bytes)
    }
}
