//! The SQLite store, and stores of the app's own.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use completion_coach as core;
use completion_coach::Error;

use crate::error::{CoachError, Result};
use crate::port::STORE;
use crate::runtime::{Held, run, run_blocking};
use crate::types::*;

/// Where profiles, actions and conversations are kept: a file on this device.
#[derive(uniffi::Object)]
pub struct SqliteStore(Held<core::SqliteStore>);

impl SqliteStore {
    /// The core's.
    pub fn store(&self) -> core::SqliteStore {
        self.0.clone()
    }

    fn of(store: core::SqliteStore) -> Arc<Self> {
        Arc::new(Self(store.into()))
    }
}

#[uniffi::export]
impl SqliteStore {
    /// Opens the file, or creates it. Other processes that use it are waited for at most `wait` (default 5 seconds).
    ///
    /// Fails with `StorageDamaged` if it is not a database of ours, `StorageNewer` if a newer version of this library wrote it, and
    /// `StorageUnavailable` if it cannot be reached.
    #[uniffi::constructor(default(wait = None))]
    pub async fn open(path: String, wait: Option<TimeSpan>) -> Result<Arc<Self>> {
        run_blocking(move || match wait {
            Some(wait) => core::SqliteStore::open_with_wait(path, wait.cross()),
            None => core::SqliteStore::open(path),
        })
        .await
        .map(Self::of)
    }

    /// A new store in memory, which is gone when nobody holds it any more.
    #[uniffi::constructor]
    pub async fn in_memory() -> Result<Arc<Self>> {
        run_blocking(core::SqliteStore::in_memory).await.map(Self::of)
    }

    /// Closes the file, so that the system can freeze the app without a lock of ours in it: what was being written is finished, and until
    /// `unpause` every call fails with `StorageUnavailable` at once. A turn that meets it keeps what was said, and can be resumed.
    pub async fn pause(&self) -> Result<()> {
        let store = self.store();
        run(async move { store.pause().await }).await
    }

    /// Opens the file again.
    pub async fn unpause(&self) -> Result<()> {
        let store = self.store();
        run(async move { store.unpause().await }).await
    }

    /// Writes a copy of everything, as of one moment, to a new file. Fails with `InvalidInput` if there is a file already.
    pub async fn back_up(&self, path: String) -> Result<()> {
        let store = self.store();
        run(async move { store.back_up(path).await }).await
    }

    /// Writes the file anew, so that nothing deleted is left in any byte of it. Forgetting and deleting do this themselves; this is for after
    /// one of them said that traces may remain.
    pub async fn erase_traces(&self) -> Result<()> {
        let store = self.store();
        run(async move { store.erase_traces().await }).await
    }
}

/// Where profiles, actions and conversations are kept, in the app's own way.
///
/// Each call has 30 seconds; then it fails with `StorageUnavailable`. What it throws that is no `CoachError` counts as that as well. Nothing
/// is locked meanwhile, so that it may call the coach. `runStoreConformance` holds a store against everything that is expected of one.
#[uniffi::export(foreign)]
#[async_trait]
pub trait ActionStore: Send + Sync {
    /// The user's account, or nothing if there is no such user.
    async fn account(&self, user: String) -> Result<Option<Account>>;
    /// All actions of the user with their debriefs, in the order of their ids (as bytes of UTF-8).
    async fn actions(&self, user: String) -> Result<Vec<ActionRecord>>;
    /// Everything that a decision about one thread needs, read at one moment; nothing if there is no such user.
    async fn conversation(&self, user: String, thread: ThreadId, page: Page) -> Result<Option<Conversation>>;
    /// The extractions of a thread, or of the user, oldest first (by time, then by id).
    async fn extractions(&self, user: String, thread: Option<ThreadId>) -> Result<Vec<Extraction>>;
    /// The user's attempts that began at `from` or later and before `until`, oldest first (by time, then by id).
    async fn attempts(&self, user: String, from: Timestamp, until: Timestamp) -> Result<Vec<Attempt>>;
    /// At most so many entries of the change log after this position, oldest first.
    async fn changes(&self, user: String, after: u64, limit: u32) -> Result<Vec<ProfileChange>>;
    /// Writes everything of a change or nothing, and only if the user's version is the one expected; else it fails with `Conflict`. When this
    /// returns, it is on the disk.
    async fn commit(&self, user: String, change: Change) -> Result<()>;
    /// Removes every trace of the user. One who does not exist is not an error.
    async fn forget(&self, user: String) -> Result<()>;
}

/// The core's store over one of the app's.
pub struct Foreign(pub Arc<dyn ActionStore>);

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Foreign")
    }
}

impl Foreign {
    async fn ask<T: Cross<U>, U>(&self, call: impl Future<Output = Result<T, CoachError>>) -> Result<U, Error> {
        STORE.call(call).await.map(Cross::cross)
    }
}

#[async_trait]
impl core::ActionStore for Foreign {
    async fn account(&self, user: &core::UserId) -> Result<Option<core::Account>, Error> {
        self.ask(self.0.account(user.clone().cross())).await
    }

    async fn actions(&self, user: &core::UserId) -> Result<Vec<core::ActionRecord>, Error> {
        self.ask(self.0.actions(user.clone().cross())).await
    }

    async fn conversation(
        &self,
        user: &core::UserId,
        thread: &core::ThreadId,
        page: &core::Page,
    ) -> Result<Option<core::Conversation>, Error> {
        self.ask(self.0.conversation(user.clone().cross(), thread.clone().cross(), page.clone().cross())).await
    }

    async fn extractions(&self, user: &core::UserId, thread: Option<&core::ThreadId>) -> Result<Vec<core::Extraction>, Error> {
        self.ask(self.0.extractions(user.clone().cross(), thread.cloned().cross())).await
    }

    async fn attempts(&self, user: &core::UserId, from: core::Timestamp, until: core::Timestamp) -> Result<Vec<core::Attempt>, Error> {
        self.ask(self.0.attempts(user.clone().cross(), from.cross(), until.cross())).await
    }

    async fn changes(&self, user: &core::UserId, after: u64, limit: u32) -> Result<Vec<core::ProfileChange>, Error> {
        self.ask(self.0.changes(user.clone().cross(), after, limit)).await
    }

    async fn commit(&self, user: &core::UserId, change: &core::Change) -> Result<(), Error> {
        self.ask(self.0.commit(user.clone().cross(), change.clone().cross())).await
    }

    async fn forget(&self, user: &core::UserId) -> Result<(), Error> {
        self.ask(self.0.forget(user.clone().cross())).await
    }
}
