//! Why a call failed, as the other languages see it, and what the app's own code fails with.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use completion_coach::Error;

use crate::types::{Cross, TimeSpan};

pub type Result<T, E = CoachError> = std::result::Result<T, E>;

/// The longest reason of the app's own that is told on, in bytes.
const MOST_REASON: usize = 300;
/// The most of them: a reason is a fixed text, and each is kept once.
const MOST_REASONS: usize = 200;
/// How many causes of one error are told on.
const MOST_CAUSES: usize = 8;

/// What is said of an exception of the app's that is no `CoachError`. It is never shown: where it is met, that place's own reason is.
const UNEXPECTED: &str = "the app's own code failed with an error that is no CoachError";

/// Declares the kinds once, as a plain list and as errors that hold their details.
macro_rules! kinds {
    ($($(#[$meta:meta])* $kind:ident),* $(,)?) => {
        mirror! {
            /// Why a call failed, as something an app can act on. The names are the same in every language.
            #[derive(Copy, Debug, PartialEq, Eq)]
            enum ErrorKind else Internal {
                $($(#[$meta])* $kind),*
            }
        }

        /// Why a call failed and what to do about it: a kind that an app can act on, with its details.
        ///
        /// Nothing that a person wrote, no key and no prompt is ever in it.
        #[derive(Clone, Debug, uniffi::Error)]
        #[allow(missing_docs, reason = "each holds its details")]
        pub enum CoachError {
            $($(#[$meta])* $kind { details: ErrorDetails }),*
        }

        impl CoachError {
            fn new(kind: ErrorKind, details: ErrorDetails) -> Self {
                match kind {
                    $(ErrorKind::$kind => Self::$kind { details }),*
                }
            }

            fn parts(&self) -> (ErrorKind, &ErrorDetails) {
                match self {
                    $(Self::$kind { details } => (ErrorKind::$kind, details)),*
                }
            }
        }
    };
}

kinds! {
    /// There is no such thing for this user. A stranger's id and one that never existed are told apart by nobody.
    NotFound,
    /// What was passed in cannot be used; `field` names it and `limit` says how much would fit.
    InvalidInput,
    /// The action is not in a status in which this step can be taken.
    WrongStatus,
    /// A reply is in the making on this thread: wait for `retry_after` and call again, or take over.
    Busy,
    /// What the call was decided on has changed in the meantime: read again and decide again.
    Conflict,
    /// Too many turns or proposals in a short time; `retry_after` says when the next one is allowed.
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

/// What else is known of an error.
#[derive(Clone, Debug, Default, uniffi::Record)]
#[uniffi::export(Display)]
pub struct ErrorDetails {
    /// Why, and what to do, in the user's words.
    pub reason: String,
    /// How long to wait before calling again, where that is known.
    #[uniffi(default = None)]
    pub retry_after: Option<TimeSpan>,
    /// Whether the same call to a model's server will fail again until somebody changes a setting, a key or an account.
    #[uniffi(default = false)]
    pub permanent: bool,
    /// How many requests were sent to a model's server, where that is known.
    #[uniffi(default = None)]
    pub attempts: Option<u32>,
    /// The model server's id of the request, where it gave one.
    #[uniffi(default = None)]
    pub request_id: Option<String>,
    /// The field that an `InvalidInput` is about, in snake case, such as `career_goals`.
    #[uniffi(default = None)]
    pub field: Option<String>,
    /// How much of that field would be accepted, where a limit was passed: characters; items of a list; bytes of an id.
    #[uniffi(default = None)]
    pub limit: Option<u64>,
    /// The reasons of the errors behind this one, the nearest first.
    #[uniffi(default)]
    pub causes: Vec<String>,
}

impl fmt::Display for ErrorDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl fmt::Display for CoachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts().1.reason)
    }
}

impl std::error::Error for CoachError {}

impl From<Error> for CoachError {
    fn from(error: Error) -> Self {
        Self::new(
            error.kind().cross(),
            ErrorDetails {
                reason: error.to_string(),
                retry_after: error.retry_after().map(Cross::cross),
                permanent: error.is_permanent(),
                attempts: error.attempts(),
                request_id: error.request_id().map(Into::into),
                field: error.field().map(Into::into),
                limit: error.limit(),
                causes: causes(&error),
            },
        )
    }
}

fn causes(error: &Error) -> Vec<String> {
    let first = std::error::Error::source(error);
    std::iter::successors(first, |error| error.source()).map(ToString::to_string).collect()
}

/// The app's code has thrown something else. Its text may hold what a person wrote.
impl From<uniffi::UnexpectedUniFFICallbackError> for CoachError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::new(ErrorKind::Internal, ErrorDetails { reason: UNEXPECTED.into(), ..ErrorDetails::default() })
    }
}

/// What an error of the app's own code is to the core: itself if it is a `CoachError`, and `otherwise` if not.
pub fn caught(error: &CoachError, otherwise: fn() -> Error) -> Error {
    let (kind, details) = error.parts();
    if details.reason == UNEXPECTED {
        return otherwise();
    }
    let reason = kept(&details.reason).unwrap_or("the app's own code failed; its error's kind says how");
    let mut error = Error::new(kind.cross(), reason);
    if let Some(wait) = details.retry_after {
        error = error.with_retry_after(wait.cross());
    }
    if let Some(attempts) = details.attempts {
        error = error.with_attempts(attempts);
    }
    if let Some(id) = &details.request_id {
        error = error.with_request_id(id);
    }
    if let Some(field) = details.field.as_deref().and_then(kept) {
        error = error.with_field(field);
    }
    if let Some(limit) = details.limit {
        error = error.with_limit(limit);
    }
    // Only the reasons of what is behind it have crossed.
    let behind =
        details.causes.iter().take(MOST_CAUSES).rev().filter_map(|reason| kept(reason)).map(|reason| Error::new(kind.cross(), reason));
    if let Some(source) = behind.reduce(|source, error| error.with_source(source)) {
        error = error.with_source(source);
    }
    if details.permanent { error.permanent() } else { error }
}

/// The core takes static texts only, so that each is kept once, and only so many.
fn kept(reason: &str) -> Option<&'static str> {
    static KEPT: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = kept.get_or_insert_default();
    if let Some(known) = kept.get(reason) {
        return Some(known);
    }
    if reason.is_empty() || reason.len() > MOST_REASON || kept.len() >= MOST_REASONS {
        return None;
    }
    let reason: &'static str = String::from(reason).leak();
    kept.insert(reason);
    Some(reason)
}
