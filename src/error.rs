//! The one error type: a kind that a host can act on, a reason in the user's words, and never anything that a person wrote.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What every fallible call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed, as something a host can act on.
///
/// A kind exists only where a host would do something different. The names are the same in every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such thing for this user. A stranger's id and one that never existed are told apart by nobody.
    NotFound,
    /// What was passed in cannot be used; [`Error::field`] names it and [`Error::limit`] says how much would fit.
    InvalidInput,
    /// The action is not in a status in which this step can be taken.
    WrongStatus,
    /// A reply is in the making on this thread: wait for [`Error::retry_after`] and call again, or take over.
    Busy,
    /// What the call was decided on has changed in the meantime: read again and decide again.
    Conflict,
    /// Too many turns or proposals in a short time; [`Error::retry_after`] says when the next one is allowed.
    AllowanceSpent,
    /// The debrief has ended. Only reopening it starts a new round.
    DebriefOver,
    /// A remote model is configured and the user has not agreed to what would be shared with it.
    ConsentNeeded,
    /// The debrief was handed over to people; no coach goes on with it.
    HandedOver,
    /// The model could not be reached, or did not answer in time. Nothing is lost; resume later.
    ModelUnavailable,
    /// The model declined to answer. Nothing is stored of it.
    ModelRefused,
    /// The reply was cut off or empty. Nothing is stored of it; resume to ask again.
    ReplyIncomplete,
    /// The model's server found the request wrong. Repeating it will not help.
    RequestRejected,
    /// The model's server did not accept the credentials.
    Unauthorised,
    /// No room is left where the data is kept.
    StorageFull,
    /// The data cannot be reached right now.
    StorageUnavailable,
    /// The data is damaged, or is not a database of ours.
    StorageDamaged,
    /// The data was written by a newer version of this library.
    StorageNewer,
    /// The turn was cancelled: by the host, by the person, or because the data was deleted.
    Cancelled,
    /// A fault in this library, or in code of the host's that it called.
    Internal,
}

impl ErrorKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: &[Self] = &[
        Self::NotFound,
        Self::InvalidInput,
        Self::WrongStatus,
        Self::Busy,
        Self::Conflict,
        Self::AllowanceSpent,
        Self::DebriefOver,
        Self::ConsentNeeded,
        Self::HandedOver,
        Self::ModelUnavailable,
        Self::ModelRefused,
        Self::ReplyIncomplete,
        Self::RequestRejected,
        Self::Unauthorised,
        Self::StorageFull,
        Self::StorageUnavailable,
        Self::StorageDamaged,
        Self::StorageNewer,
        Self::Cancelled,
        Self::Internal,
    ];

    /// The kind's name in snake case, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::InvalidInput => "invalid_input",
            Self::WrongStatus => "wrong_status",
            Self::Busy => "busy",
            Self::Conflict => "conflict",
            Self::AllowanceSpent => "allowance_spent",
            Self::DebriefOver => "debrief_over",
            Self::ConsentNeeded => "consent_needed",
            Self::HandedOver => "handed_over",
            Self::ModelUnavailable => "model_unavailable",
            Self::ModelRefused => "model_refused",
            Self::ReplyIncomplete => "reply_incomplete",
            Self::RequestRejected => "request_rejected",
            Self::Unauthorised => "unauthorised",
            Self::StorageFull => "storage_full",
            Self::StorageUnavailable => "storage_unavailable",
            Self::StorageDamaged => "storage_damaged",
            Self::StorageNewer => "storage_newer",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a call failed and what to do about it.
///
/// The text is made only of this library's own words, names of fields and statuses, and numbers. Nothing that a
/// person wrote, no key, no prompt and no text of a foreign error is ever in it.
///
/// ```
/// use completion_coach::{Error, ErrorKind};
/// use std::time::Duration;
///
/// // Those who implement a model or a store build errors like this.
/// let error = Error::new(ErrorKind::ModelUnavailable, "the model's server is overloaded; try again later")
///     .with_retry_after(Duration::from_secs(30))
///     .with_attempts(3);
/// assert_eq!(error.kind(), ErrorKind::ModelUnavailable);
/// assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, thiserror::Error)]
#[error("{reason}")]
struct Inner {
    kind: ErrorKind,
    reason: Cow<'static, str>,
    field: Option<&'static str>,
    limit: Option<u64>,
    retry_after: Option<Duration>,
    attempts: Option<u32>,
    request_id: Option<String>,
    permanent: bool,
    #[source]
    source: Option<Error>,
}

impl Error {
    /// An error of this kind. The reason is shown to people: say what to do, and let it be static text.
    pub fn new(kind: ErrorKind, reason: &'static str) -> Self {
        Self::composed(kind, Cow::Borrowed(reason))
    }

    /// For reasons put together from our own words, names of fields and statuses, and numbers.
    pub(crate) fn composed(kind: ErrorKind, reason: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            reason: reason.into(),
            field: None,
            limit: None,
            retry_after: None,
            attempts: None,
            request_id: None,
            permanent: matches!(kind, ErrorKind::RequestRejected | ErrorKind::Unauthorised),
            source: None,
        }))
    }

    /// How long to wait before the call can succeed.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// How many requests were sent to a model's server before giving up.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = Some(attempts);
        self
    }

    /// The model server's id of the request, for its support. Only visible ASCII is kept, at most 128 characters.
    #[must_use]
    pub fn with_request_id(mut self, id: &str) -> Self {
        let id: String = id.chars().filter(char::is_ascii_graphic).take(128).collect();
        self.0.request_id = (!id.is_empty()).then_some(id);
        self
    }

    /// Says that the same call will fail again until somebody changes a setting, a key or an account.
    #[must_use]
    pub fn permanent(mut self) -> Self {
        self.0.permanent = true;
        self
    }

    /// The field of its input that an `InvalidInput` is about, in snake case.
    #[must_use]
    pub fn with_field(mut self, field: &'static str) -> Self {
        self.0.field = Some(field);
        self
    }

    /// How much of that field would be accepted: characters; items of a list; bytes of an id.
    #[must_use]
    pub fn with_limit(mut self, limit: u64) -> Self {
        self.0.limit = Some(limit);
        self
    }

    /// The error behind this one. Only errors of this type: the text of a foreign one may hold what a person wrote.
    #[must_use]
    pub fn with_source(mut self, source: Error) -> Self {
        self.0.source = Some(source);
        self
    }

    /// What a host can act on.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// How long to wait before calling again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many requests were sent to a model's server, where that is known.
    pub fn attempts(&self) -> Option<u32> {
        self.0.attempts
    }

    /// The model server's id of the request, where it gave one.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Whether the same call to a model's server will fail again until somebody changes a setting, a key or an account: always with
    /// `RequestRejected` and `Unauthorised`, and with `ModelUnavailable` where the account may spend no more or a certificate is wrong.
    pub fn is_permanent(&self) -> bool {
        self.0.permanent
    }

    /// The field that an [`ErrorKind::InvalidInput`] is about, in snake case, such as `career_goals` or `material.label`.
    pub fn field(&self) -> Option<&'static str> {
        self.0.field
    }

    /// How much of that field would be accepted, where a limit was passed: characters; items of a list; bytes of an id.
    pub fn limit(&self) -> Option<u64> {
        self.0.limit
    }

    pub(crate) fn not_found(what: &'static str) -> Self {
        Self::new(ErrorKind::NotFound, what)
    }

    pub(crate) fn invalid(field: &'static str, reason: &'static str) -> Self {
        Self::composed(ErrorKind::InvalidInput, format!("{field}: {reason}")).with_field(field)
    }

    pub(crate) fn beyond(field: &'static str, limit: u64, unit: &'static str) -> Self {
        let reason = format!("{field}: at most {limit} {unit} are allowed; shorten it");
        Self::composed(ErrorKind::InvalidInput, reason).with_field(field).with_limit(limit)
    }

    pub(crate) fn busy(left: Duration) -> Self {
        Self::new(ErrorKind::Busy, "a reply is being made on this thread; wait for it and call again, or take over").with_retry_after(left)
    }

    pub(crate) fn conflict() -> Self {
        Self::new(ErrorKind::Conflict, "this was changed in the meantime; read it again and decide again")
    }

    pub(crate) fn internal(reason: &'static str) -> Self {
        Self::new(ErrorKind::Internal, reason)
    }
}

/// Implements `Debug` with the named fields only, so that nothing a person wrote is ever printed.
macro_rules! opaque_debug {
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type))
                    $(.field(stringify!($field), &self.$field))*
                    .finish_non_exhaustive()
            }
        }
    };
}
pub(crate) use opaque_debug;
