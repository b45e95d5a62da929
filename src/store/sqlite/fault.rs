//! What SQLite says went wrong, as something a host can act on, without any text of SQLite's own.

use rusqlite::{ErrorCode, ffi};

use crate::error::{Error, ErrorKind};

/// An error on a thread of the store, before it is decided whether to try again.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(rusqlite::Error),
    Own(Error),
    /// Somebody reads what was deleted, and keeps it from being erased from the log.
    TracesRemain,
}

pub(super) type Outcome<T> = Result<T, Fault>;

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Own(error)
    }
}

impl Fault {
    pub(super) fn damaged() -> Self {
        Self::Own(Error::new(ErrorKind::StorageDamaged, "a record cannot be read; restore the database from a backup"))
    }

    pub(super) fn vanished() -> Self {
        let reason = "the database's file is gone, or another one is in its place; put it back, or open the store again to begin anew";
        Self::Own(Error::new(ErrorKind::StorageUnavailable, reason))
    }

    /// Whether another connection is in the way, so that the same thing may succeed a moment later.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::TracesRemain) || matches!(self.code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }

    /// Whether the file holds part of a transaction whose process has died, and this connection may not take it back.
    pub(super) fn is_half_written(&self) -> bool {
        let Self::Sqlite(error) = self else { return false };
        error.sqlite_error().is_some_and(|failure| failure.extended_code == ffi::SQLITE_READONLY_ROLLBACK)
    }

    fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            Self::Own(_) | Self::TracesRemain => None,
        }
    }

    pub(super) fn into_error(self) -> Error {
        let error = match self {
            Self::Own(error) => return error,
            Self::TracesRemain => {
                let reason = "it is deleted, but traces may remain in the file, because another process is reading it or no room is left; \
                              call again when that is over, or have the store erase its traces";
                return Error::new(ErrorKind::StorageUnavailable, reason);
            }
            Self::Sqlite(error) => error,
        };
        let Some(failure) = error.sqlite_error() else {
            return match error {
                rusqlite::Error::ToSqlConversionFailure(_) => Error::invalid("number", "it is too large to be stored"),
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::Utf8Error(..) => Self::damaged().into_error(),
                _ => Error::internal("the store asked SQLite for something that it does not understand; this is a fault of the library"),
            };
        };
        let (kind, reason) = match failure.code {
            ErrorCode::ConstraintViolation => return Error::conflict(),
            ErrorCode::DiskFull => (ErrorKind::StorageFull, "no room is left for the database; free some and try again"),
            ErrorCode::DatabaseCorrupt => (ErrorKind::StorageDamaged, "the database is damaged; restore it from a backup"),
            // All that is ever asked is known and right, so that what it is asked of must be wrong.
            ErrorCode::Unknown if failure.extended_code == 1 => {
                (ErrorKind::StorageDamaged, "the database does not hold what it should; restore it from a backup")
            }
            ErrorCode::NotADatabase => (ErrorKind::StorageDamaged, "this file is not a database; name another one"),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                (ErrorKind::StorageUnavailable, "another process keeps the database locked; try again when it is done")
            }
            ErrorCode::CannotOpen => {
                (ErrorKind::StorageUnavailable, "the database cannot be opened; see that its folder exists and may be written to")
            }
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => {
                (ErrorKind::StorageUnavailable, "the database may not be written to; see to its permissions")
            }
            ErrorCode::TooBig => (ErrorKind::InvalidInput, "this is more than one record of the database can hold; shorten it"),
            _ => (ErrorKind::StorageUnavailable, "the database cannot be read or written right now; try again"),
        };
        Error::composed(kind, format!("{reason} (SQLite {})", failure.extended_code))
    }
}
