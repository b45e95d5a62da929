//! Calls into the app's own code: with a time limit, without a lock, and with an error of ours whatever it throws.

use std::future::Future;
use std::time::Duration;

use completion_coach::{Error, ErrorKind};

use crate::error::{CoachError, Result, caught};

/// A kind of code of the app's, and what its failures are to the core.
pub struct Port {
    /// How long a call may take.
    limit: Option<Duration>,
    kind: ErrorKind,
    late: &'static str,
    pub failed: fn() -> Error,
}

pub const STORE: Port = Port {
    limit: Some(Duration::from_secs(30)),
    kind: ErrorKind::StorageUnavailable,
    late: "the app's store did not answer within 30 seconds; try again later",
    failed: || Error::new(ErrorKind::StorageUnavailable, "the app's store failed; try again later"),
};

/// Its time is kept by the turn's deadline.
pub const MODEL: Port = Port {
    limit: None,
    kind: ErrorKind::ModelUnavailable,
    late: "the app's model did not answer in time; try again later",
    failed: || Error::new(ErrorKind::ModelUnavailable, "the app's model failed; try again later"),
};

pub const TOKEN: Port = Port {
    limit: Some(Duration::from_secs(30)),
    kind: ErrorKind::ModelUnavailable,
    late: "the app's source of tokens did not answer within 30 seconds; try again later",
    failed: || Error::new(ErrorKind::ModelUnavailable, "the app's source of tokens failed; try again later"),
};

/// Its time is kept by the model's time limits.
pub const TRANSPORT: Port = Port {
    limit: None,
    kind: ErrorKind::ModelUnavailable,
    late: "the model's server did not answer in time; try again later",
    failed: || Error::new(ErrorKind::ModelUnavailable, "the app's network connection failed; try again later"),
};

/// Its time is kept by the core.
pub const CLASSIFIER: Port = Port {
    limit: None,
    kind: ErrorKind::Internal,
    late: "the app's safety classifier did not answer in time",
    failed: || Error::new(ErrorKind::Internal, "the app's safety classifier failed"),
};

impl Port {
    /// Waits for a call. Dropping the future cancels the app's coroutine or task.
    pub async fn call<T>(&self, call: impl Future<Output = Result<T, CoachError>>) -> Result<T, Error> {
        let done = match self.limit {
            Some(limit) => tokio::time::timeout(limit, call).await.map_err(|_| Error::new(self.kind, self.late))?,
            None => call.await,
        };
        done.map_err(|error| caught(&error, self.failed))
    }
}
