//! The default store: one SQLite file, or memory.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use self::fault::{Fault, Outcome};
use self::file::{File, Opened};
use self::pause::paused;
use self::sign::Sign;
use self::worker::{Counts, Job, Readers, Request, Task, Threads, Writer};
use super::{ActionStore, Change, Page};
use crate::conversation::{Account, ActionRecord, Conversation, Message, ProfileChange};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::Extraction;
use crate::fault::point;
use crate::runtime::{ActionId, ThreadId, Timestamp, UserId};
use crate::usage::Attempt;

mod backup;
mod fault;
mod file;
mod pause;
mod rows;
mod sign;
mod worker;

/// How long to wait for other processes that use the same file.
const WAIT: Duration = Duration::from_secs(5);

/// Beside the connection that writes.
const READERS: usize = 2;

/// The default store: one SQLite file that any number of processes may use at once, or memory.
///
/// Clones share the connections, which have threads of their own; dropping the last clone waits until what was begun is
/// written. A file of another program, or of a newer version of this library, is refused and left as it is.
///
/// Beside the file and SQLite's own `-wal` and `-shm` there is an empty `-….live` for each open store, by which others see whether its process
/// is alive: a turn whose process was killed is followed at once. Where none can be made, its lease is waited for.
///
/// An app that the system may freeze at any moment, as a phone does in the background, calls [`pause`](Self::pause) before and
/// [`unpause`](Self::unpause) after.
///
/// ```
/// # fn main() -> completion_coach::Result<()> {
/// let store = completion_coach::SqliteStore::in_memory()?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteStore(Arc<Shared>);

/// What outlives a pause.
struct Shared {
    state: RwLock<State>,
    file: File,
    /// After the threads: this store is alive until they have ended. `None` in memory, and where no locks can be had.
    sign: Option<Arc<Sign>>,
    counts: Arc<Counts>,
    /// One pauses or unpauses at a time.
    changing: Arc<tokio::sync::Mutex<()>>,
}

enum State {
    Open(Arc<Connections>),
    /// In memory with what is stored there.
    Paused(Option<Arc<Connections>>),
}

/// Each queue comes before its threads, so that it is closed before they are waited for. The writer is the last to close the file: of
/// connections that are closed at once, none might put what is in the log into the database.
struct Connections {
    /// Whether those may begin who open a connection, or use one, on a thread that is not the store's: each reads it for as long as it takes.
    may_begin: Arc<RwLock<bool>>,
    /// `None` in memory, where the only connection is the writer's.
    readers: Option<Readers>,
    reading: Mutex<Threads>,
    /// For reads on the caller's thread; `None` until there is one.
    here: Mutex<Option<Opened>>,
    /// For commits on the caller's thread, closed when nobody reads any more: the store's own writer may never have looked at the log, and would
    /// leave it behind. `None` in memory.
    writer_here: Option<Mutex<Writer>>,
    writer: mpsc::Sender<Task>,
    writing: Mutex<Threads>,
}

thread_local! {
    /// How many guards of [`SqliteStore::block_here`] this thread has.
    static HERE: Cell<u32> = const { Cell::new(0) };
}

/// As long as it lives, its thread reads by itself. See [`SqliteStore::block_here`].
#[derive(Debug)]
#[must_use = "when it is dropped, reads are handed over again"]
pub struct BlockHere(PhantomData<*const ()>);

impl Drop for BlockHere {
    fn drop(&mut self) {
        HERE.set(HERE.get() - 1);
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the file, or creates it. Other processes that use it are waited for at most 5 seconds.
    ///
    /// # Errors
    /// [`StorageDamaged`](ErrorKind::StorageDamaged) if it is not a database of ours, [`StorageNewer`](ErrorKind::StorageNewer) if a newer version of this
    /// library wrote it, [`StorageUnavailable`](ErrorKind::StorageUnavailable) if it cannot be reached.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with_wait(path, WAIT)
    }

    /// Opens the file as [`open`](Self::open) does, with another limit on how long any call waits for other processes.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with_wait(path: impl AsRef<Path>, wait: Duration) -> Result<Self> {
        let file = File::at(path.as_ref(), wait).map_err(Fault::into_error)?;
        Self::start(file).map_err(Fault::into_error)
    }

    /// A new store in memory, which is gone with its last clone.
    ///
    /// # Errors
    /// [`StorageUnavailable`](ErrorKind::StorageUnavailable) if there is no memory or no thread for it.
    pub fn in_memory() -> Result<Self> {
        Self::start(File::in_memory()).map_err(Fault::into_error)
    }

    /// Writes the file anew, so that nothing deleted is left in any byte of it. [`forget`](ActionStore::forget) and every commit that removes messages do
    /// this themselves before they answer; this is for after one of them said that traces may remain. Writing waits for it: about
    /// 20 ms for each megabyte of the file.
    ///
    /// # Errors
    /// [`StorageUnavailable`](ErrorKind::StorageUnavailable) if another process keeps the file from being cleaned.
    pub async fn erase_traces(&self) -> Result<()> {
        let (wait, on_disk) = (self.0.file.wait, self.0.file.is_on_disk());
        self.write(move |db| if on_disk { file::erase_traces(db, wait) } else { Ok(()) }).await
    }

    /// Writes a copy of everything, as of one moment, to a new file, which is a database like this one. Others go on writing meanwhile. When
    /// this returns, the copy is on the disk; one that was not finished is never at this path, but may be left beside it as `….part`.
    ///
    /// # Errors
    /// [`InvalidInput`](ErrorKind::InvalidInput) if there is a file already, [`StorageFull`](ErrorKind::StorageFull) if there is no room for it,
    /// [`StorageUnavailable`](ErrorKind::StorageUnavailable) if it cannot be written there.
    pub async fn back_up(&self, path: impl AsRef<Path>) -> Result<()> {
        let copy = backup::Copy::to(path.as_ref())?;
        if !self.0.file.is_on_disk() {
            return self.write(move |db| copy.make(db)).await;
        }
        // It may take long, so that it has a thread and a connection of its own.
        let (file, may_begin, (job, answer)) =
            (self.0.file.clone(), Arc::clone(&self.connections()?.may_begin), job(move |db| copy.make(db)));
        thread("completion-coach-backup", move || {
            let may_begin = may_begin.read().unwrap_or_else(PoisonError::into_inner);
            match if *may_begin { file.copier() } else { Err(paused().into()) } {
                Ok(db) => job(Ok(&db)),
                Err(fault) => job(Err(fault.into_error())),
            }
        })?;
        answer.await.map_err(|_| self.gone())?
    }

    fn start(file: File) -> Outcome<Self> {
        let writer = file.writer(true)?;
        let sign = file.sign().map(Arc::new);
        let counts = Arc::<Counts>::default();
        let open = Connections::start(&file, writer, sign.as_ref(), &counts)?;
        Ok(Self(Arc::new(Shared { state: RwLock::new(State::Open(Arc::new(open))), file, sign, counts, changing: Arc::default() })))
    }

    /// From now on and until the guard is dropped, this thread reads and writes a file by itself where nobody else is writing, and hands nothing over
    /// to the store's own threads, which takes two wake-ups each time. It is for a thread that may block, such as one that waits for the
    /// answer anyway, and not for one that an executor runs other tasks on.
    ///
    /// ```
    /// # fn main() -> completion_coach::Result<()> {
    /// # let store = completion_coach::SqliteStore::in_memory()?;
    /// let _here = completion_coach::SqliteStore::block_here();
    /// // … block on a call of the coach's
    /// # Ok(())
    /// # }
    /// ```
    pub fn block_here() -> BlockHere {
        HERE.set(HERE.get() + 1);
        BlockHere(PhantomData)
    }

    /// Reads on this thread, if it may and nobody else does; otherwise gives the question back.
    fn read_now<T, Q: Fn(&Connection) -> Outcome<T>>(&self, open: &Connections, question: Q) -> Result<Result<T>, Q> {
        let file = &self.0.file;
        if HERE.get() == 0 || !file.is_on_disk() {
            return Err(question);
        }
        let Some(_begun) = open.begin() else { return Err(question) };
        // Whoever has written here has the newest pages in memory.
        if let Some(read) = open.writer_here.as_ref().and_then(|writer| writer.try_lock().ok()?.read(&question)) {
            return Ok(read.map_err(Fault::into_error));
        }
        let Ok(mut db) = open.here.try_lock() else { return Err(question) };
        let read = worker::current(file, &mut db, File::reader).and_then(|db| file::snapshot(db, file.wait, question));
        Ok(read.map_err(Fault::into_error))
    }

    async fn read<T: Send + 'static>(&self, question: impl Fn(&Connection) -> Outcome<T> + Send + 'static) -> Result<T> {
        let open = self.connections()?;
        let question = match self.read_now(&open, question) {
            Ok(read) => return read,
            Err(question) => question,
        };
        let wait = self.0.file.wait;
        let (job, answer) = job(move |db| file::snapshot(db, wait, question));
        match &open.readers {
            Some(readers) => readers.send(job).await.ok_or_else(|| self.gone())?,
            None => open.writer.send(Task::Run(job)).await.map_err(|_| self.gone())?,
        }
        answer.await.map_err(|_| self.gone())?
    }

    async fn write<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static) -> Result<T> {
        let (job, answer) = job(work);
        self.connections()?.writer.send(Task::Run(job)).await.map_err(|_| self.gone())?;
        answer.await.map_err(|_| self.gone())?
    }
}

impl Connections {
    fn start(file: &File, writer: Opened, sign: Option<&Arc<Sign>>, counts: &Arc<Counts>) -> Outcome<Self> {
        let (mut reading, mut writing) = (Threads::default(), Threads::default());
        let readers = if file.is_on_disk() {
            let connections = (0..READERS).map(|_| file.reader()).collect::<Outcome<Vec<_>>>()?;
            Some(reading.read(file, connections)?)
        } else {
            None
        };
        let writing_now = Arc::default();
        let writes = |db| Writer::new(file.clone(), db, sign.cloned(), Arc::clone(counts), Arc::clone(&writing_now));
        let writer_here = file.is_on_disk().then(|| Mutex::new(writes(None)));
        let writer = writing.write(writes(Some(writer)))?;
        let (reading, writing) = (Mutex::new(reading), Mutex::new(writing));
        Ok(Self { may_begin: Arc::new(RwLock::new(true)), readers, reading, here: Mutex::default(), writer_here, writer, writing })
    }

    /// Held by whoever works on a thread that is not the store's; `None` if it is being closed.
    fn begin(&self) -> Option<RwLockReadGuard<'_, bool>> {
        self.may_begin.try_read().ok().filter(|may_begin| **may_begin)
    }

    /// Commits on this thread, if it may, nobody else is writing and nothing has to be erased; otherwise gives the request back.
    fn commit_now(&self, request: Request) -> Option<Request> {
        let free = HERE.get() > 0 && !request.removes();
        let Some(_begun) = self.begin().filter(|_| free) else { return Some(request) };
        match self.writer_here.as_ref().and_then(|writer| writer.try_lock().ok()) {
            Some(mut writer) if writer.may_begin() => {
                writer.commit(vec![request]);
                None
            }
            _ => Some(request),
        }
    }
}

/// Does something that may take long, or waits for it, where no runtime is kept from other work.
fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let started = std::thread::Builder::new().name(name.into()).spawn(work).map(drop);
    started.map_err(|_| Error::new(ErrorKind::StorageUnavailable, "no thread can be started; close something and try again"))
}

fn job<T: Send + 'static>(work: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static) -> (Job, oneshot::Receiver<Result<T>>) {
    let (answer, receiver) = oneshot::channel();
    let job = move |db: Result<&Connection>| {
        // Nobody listens any more if the caller has dropped the future.
        let _ = answer.send(db.and_then(|db| work(db).map_err(Fault::into_error)));
    };
    (Box::new(job), receiver)
}

#[async_trait]
impl ActionStore for SqliteStore {
    async fn account(&self, user: &UserId) -> Result<Option<Account>> {
        let user = user.clone();
        self.read(move |db| rows::account(db, &user)).await
    }

    async fn action(&self, user: &UserId, action: &ActionId) -> Result<Option<(Account, Option<ActionRecord>)>> {
        let (user, action) = (user.clone(), action.clone());
        self.read(move |db| rows::action(db, &user, &action)).await
    }

    async fn actions(&self, user: &UserId) -> Result<Vec<ActionRecord>> {
        let user = user.clone();
        self.read(move |db| rows::actions(db, &user)).await
    }

    async fn conversation(&self, user: &UserId, thread: &ThreadId, page: &Page) -> Result<Option<Conversation>> {
        let (user, thread, page, sign) = (user.clone(), thread.clone(), page.clone(), self.0.sign.clone());
        self.read(move |db| {
            let Some((mut read, holder)) = rows::conversation(db, &user, &thread, &page)? else { return Ok(None) };
            read.holder_gone = sign.as_ref().zip(holder).is_some_and(|(sign, holder)| sign.is_gone(&holder));
            Ok(Some(read))
        })
        .await
    }

    async fn messages(&self, user: &UserId, thread: &ThreadId, page: &Page) -> Result<Option<Vec<Message>>> {
        let (user, thread, page) = (user.clone(), thread.clone(), page.clone());
        self.read(move |db| rows::messages(db, &user, &thread, &page)).await
    }

    async fn extractions(&self, user: &UserId, thread: Option<&ThreadId>) -> Result<Vec<Extraction>> {
        let (user, thread) = (user.clone(), thread.cloned());
        self.read(move |db| rows::extractions(db, &user, thread.as_ref())).await
    }

    async fn attempts(&self, user: &UserId, from: Timestamp, until: Timestamp) -> Result<Vec<Attempt>> {
        let user = user.clone();
        self.read(move |db| rows::attempts(db, &user, from, until)).await
    }

    async fn changes(&self, user: &UserId, after: u64, limit: u32) -> Result<Vec<ProfileChange>> {
        let user = user.clone();
        self.read(move |db| rows::changes(db, &user, after, limit)).await
    }

    async fn commit(&self, user: &UserId, change: &Change) -> Result<()> {
        let (answer, committed) = oneshot::channel();
        let request = Request { user: user.clone(), change: change.clone(), answer };
        let open = self.connections()?;
        if let Some(request) = open.commit_now(request) {
            open.writer.send(Task::Commit(request)).await.map_err(|_| self.gone())?;
        }
        committed.await.map_err(|_| self.gone())?
    }

    async fn forget(&self, user: &UserId) -> Result<()> {
        let (user, wait, on_disk) = (user.clone(), self.0.file.wait, self.0.file.is_on_disk());
        self.write(move |db| {
            file::immediately(db, wait, |db| rows::forget(db, &user))?;
            point("forget: after COMMIT");
            // Also when there was nothing to delete: an earlier call may have been kept from erasing the traces.
            if on_disk { file::erase_traces(db, wait) } else { Ok(()) }
        })
        .await
    }
}

/// What tests of the store itself look at.
#[cfg(feature = "testing")]
impl SqliteStore {
    /// How SQLite goes about every statement that the store runs: its name, and one line for each step.
    ///
    /// # Errors
    /// As any read.
    pub async fn query_plans(&self) -> Result<Vec<(&'static str, String)>> {
        self.read(|db| {
            rows::STATEMENTS
                .iter()
                .map(|(name, sql)| {
                    let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                    let steps = plan.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>()?;
                    Ok((*name, steps.join("\n")))
                })
                .collect()
        })
        .await
    }

    /// How many commits were asked for so far, and in how many transactions they were written, each of which is one flush to the disk.
    pub fn commit_counts(&self) -> (u64, u64) {
        let count = |count: &std::sync::atomic::AtomicU64| count.load(std::sync::atomic::Ordering::Relaxed);
        (count(&self.0.counts.requests), count(&self.0.counts.transactions))
    }

    /// Lets the database grow to so many pages of 4,096 bytes and no further; never below what it has. `None` lifts the limit.
    ///
    /// # Errors
    /// As any write.
    pub async fn limit_pages(&self, pages: Option<u32>) -> Result<()> {
        let pages = i64::from(pages.unwrap_or(u32::MAX - 1));
        self.write(move |db| Ok(db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?)).await
    }
}
