//! A pause: every connection is closed, so that a system may freeze the process without a lock that is held, and is opened again after it.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::oneshot;

use super::fault::{Fault, Outcome};
use super::worker::{Task, Threads};
use super::{Connections, Shared, SqliteStore, State, job, thread};
use crate::error::{Error, ErrorKind, Result};

impl SqliteStore {
    /// Finishes what was begun, also what waits in the queues and a copy that is being made, and closes every connection: when this returns,
    /// this process has neither the database nor a lock on it open. Call it before the system may freeze or end the app; on iOS an app
    /// that is suspended while it holds a lock on a shared file is ended.
    ///
    /// Until [`unpause`](Self::unpause), every call on this store and its clones fails at once with
    /// [`StorageUnavailable`](ErrorKind::StorageUnavailable). A turn under way fails so at its next commit: what the person said stays
    /// stored, and is answered by resuming after the pause; a turn that comes to its next commit only after it goes on as if nothing had been. Other
    /// processes take this one for dead meanwhile, and may take over a thread of its.
    ///
    /// Pausing a paused store waits until it is closed and does nothing else. Whoever drops this future does not stop it. A store in memory, which closing would
    /// lose, keeps what it has and behaves the same in every other way.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> completion_coach::Result<()> {
    /// # let store = completion_coach::SqliteStore::in_memory()?;
    /// store.pause().await?; // the app goes to the background
    /// store.unpause().await?; // it is back
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StorageUnavailable`](ErrorKind::StorageUnavailable) if no thread can be started for it; then nothing has changed.
    pub async fn pause(&self) -> Result<()> {
        self.change(|store| {
            store.pause();
            Ok(())
        })
        .await
    }

    /// Opens what [`pause`](Self::pause) closed, and checks the file as [`open`](Self::open) does. Does nothing to a store that is not paused. If it
    /// fails, the store is still paused. Another database of ours may have been put in the file's place, such as a copy that was kept.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`StorageUnavailable`](ErrorKind::StorageUnavailable) also if the file is gone.
    pub async fn unpause(&self) -> Result<()> {
        self.change(|store| store.unpause().map_err(Fault::into_error)).await
    }

    /// Changes the state on a thread that may wait, one change at a time.
    async fn change(&self, change: impl FnOnce(&Shared) -> Result<()> + Send + 'static) -> Result<()> {
        let alone = Arc::clone(&self.0.changing).lock_owned().await;
        let (store, (answer, changed)) = (Arc::clone(&self.0), oneshot::channel());
        thread("completion-coach-pause", move || {
            let done = change(&store);
            drop((store, alone));
            // Nobody listens any more if the caller has dropped the future.
            let _ = answer.send(done);
        })?;
        changed.await.map_err(|_| self.gone())?
    }

    pub(super) fn connections(&self) -> Result<Arc<Connections>> {
        match &*self.0.state() {
            State::Open(open) => Ok(Arc::clone(open)),
            State::Paused(_) => Err(paused()),
        }
    }

    /// Why nobody answers: they have been sent away, or have ended by themselves.
    pub(super) fn gone(&self) -> Error {
        self.connections().map_or_else(
            |paused| paused,
            |_| Error::new(ErrorKind::StorageUnavailable, "the store's thread has ended; open the store again"),
        )
    }
}

pub(super) fn paused() -> Error {
    Error::new(ErrorKind::StorageUnavailable, "the store is paused; call unpause and try again")
}

impl Shared {
    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn pause(&self) {
        let open = match &*self.state() {
            State::Open(open) => Arc::clone(open),
            State::Paused(_) => return,
        };
        let kept = (!self.file.is_on_disk()).then(|| Arc::clone(&open));
        *self.state_mut() = State::Paused(kept);
        if self.file.is_on_disk() {
            open.close();
            self.sign.iter().for_each(|sign| sign.lower());
        } else {
            open.finish();
        }
    }

    fn unpause(&self) -> Outcome<()> {
        let kept = match &*self.state() {
            State::Open(_) => return Ok(()),
            State::Paused(kept) => kept.clone(),
        };
        let open = match kept {
            Some(kept) => kept,
            None => {
                let writer = self.file.writer(false)?;
                self.sign.iter().for_each(|sign| sign.raise());
                let started = Connections::start(&self.file, writer, self.sign.as_ref(), &self.counts);
                Arc::new(started.inspect_err(|_| self.sign.iter().for_each(|sign| sign.lower()))?)
            }
        };
        *self.state_mut() = State::Open(open);
        Ok(())
    }
}

impl Connections {
    /// Does what waits and closes everything, though somebody may still hold this: nothing is ever opened here again.
    fn close(&self) {
        *self.may_begin.write().unwrap_or_else(PoisonError::into_inner) = false;
        self.readers.iter().for_each(|readers| readers.close());
        join(&self.reading);
        drop(self.here.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(writer) = &self.writer_here {
            writer.lock().unwrap_or_else(PoisonError::into_inner).close();
        }
        // It fails if the writer has ended already.
        let _ = self.writer.blocking_send(Task::Stop);
        join(&self.writing);
    }

    /// Does what waits.
    fn finish(&self) {
        let (job, done) = job(|_| Ok(()));
        if self.writer.blocking_send(Task::Run(job)).is_ok() {
            let _ = done.blocking_recv();
        }
    }
}

fn join(threads: &Mutex<Threads>) {
    drop(mem::take(&mut *threads.lock().unwrap_or_else(PoisonError::into_inner)));
}
