//! The store's own threads: one that writes, what waits for it in one transaction, and a few that read.

use std::collections::VecDeque;
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::fault::{Fault, Outcome};
use super::file::{self, File, Opened};
use super::rows;
use super::sign::Sign;
use crate::error::{Error, ErrorKind, Result};
use crate::fault::point;
use crate::runtime::UserId;
use crate::store::{Change, Write};

/// How many requests may wait, and are committed together.
const QUEUE: usize = 256;

/// How often the writer lets others run who may be about to ask for a commit, when several have: they then share a flush to the disk,
/// which takes longer than they do.
const PATIENCE: usize = 8;

/// Work for a thread that has a connection, or the reason why it has none.
pub(super) type Job = Box<dyn FnOnce(Result<&Connection>) + Send>;

/// One commit that somebody waits for.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) user: UserId,
    pub(super) change: Change,
    pub(super) answer: oneshot::Sender<Result<()>>,
}

pub(super) enum Task {
    Commit(Request),
    Run(Job),
    /// Ends the writer, and closes its connection.
    Stop,
}

/// What the writer has done so far.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Requests that were carried out or refused.
    pub(super) requests: AtomicU64,
    /// Transactions that were committed for them.
    pub(super) transactions: AtomicU64,
}

/// Threads that end when their queues are closed. Dropping this waits for them.
#[derive(Debug, Default)]
pub(super) struct Threads(Vec<JoinHandle<()>>);

impl Threads {
    pub(super) fn write(&mut self, writer: Writer) -> Result<mpsc::Sender<Task>> {
        let (queue, tasks) = mpsc::channel(QUEUE);
        self.spawn(move || writer.work(tasks))?;
        Ok(queue)
    }

    pub(super) fn read(&mut self, file: &File, connections: Vec<Opened>) -> Result<Readers> {
        let jobs = Arc::new(Jobs { room: Semaphore::new(QUEUE), waiting: Mutex::default(), more: Condvar::new() });
        let readers = Readers(Arc::clone(&jobs));
        for db in connections {
            jobs.waiting().readers += 1;
            let reader = Reader { jobs: Arc::clone(&jobs) };
            let (file, mut db) = (file.clone(), Some(db));
            self.spawn(move || {
                while let Some(job) = reader.jobs.next() {
                    job(current(&file, &mut db, File::reader).map_err(Fault::into_error));
                }
            })?;
        }
        Ok(readers)
    }

    fn spawn(&mut self, work: impl FnOnce() + Send + 'static) -> Result<()> {
        let started = thread::Builder::new().name("completion-coach-store".into()).spawn(work);
        let reason = "no thread can be started for the database; close something and try again";
        self.0.push(started.map_err(|_| Error::new(ErrorKind::StorageUnavailable, reason))?);
        Ok(())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        for thread in self.0.drain(..) {
            // An answer may wake, and so drop, the last one who holds the store: then this is the thread itself.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

/// The queue of those who read. A job wakes one of them; a channel behind a lock would wake the next in line as well, which a
/// short read feels. Dropping this closes it: what waits is done, and the threads end.
pub(super) struct Readers(Arc<Jobs>);

struct Jobs {
    room: Semaphore,
    waiting: Mutex<Waiting>,
    more: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    readers: usize,
    closed: bool,
}

impl Readers {
    /// `None` if nobody reads any more.
    pub(super) async fn send(&self, job: Job) -> Option<()> {
        self.0.room.acquire().await.ok()?.forget();
        let mut waiting = self.0.waiting();
        if waiting.closed {
            return None;
        }
        waiting.jobs.push_back(job);
        drop(waiting);
        self.0.more.notify_one();
        Some(())
    }

    pub(super) fn close(&self) {
        self.0.waiting().closed = true;
        self.0.more.notify_all();
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.close();
    }
}

impl Jobs {
    fn next(&self) -> Option<Job> {
        let idle = |waiting: &mut Waiting| waiting.jobs.is_empty() && !waiting.closed;
        let job = self.more.wait_while(self.waiting(), idle).unwrap_or_else(PoisonError::into_inner).jobs.pop_front()?;
        self.room.add_permits(1);
        Some(job)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of those who read. When the last of them is gone, by a panic at that, nobody is left to wait for an answer.
struct Reader {
    jobs: Arc<Jobs>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut waiting = self.jobs.waiting();
        waiting.readers -= 1;
        if waiting.readers == 0 {
            waiting.closed = true;
            self.jobs.room.close();
            let unanswered = std::mem::take(&mut waiting.jobs);
            drop(waiting);
            drop(unanswered);
        }
    }
}

/// Whoever writes: the store's thread, or a caller on a thread of their own.
#[derive(Debug)]
pub(super) struct Writer {
    file: File,
    /// `None` after a failure that leaves it unclear what the connection has written.
    db: Option<Opened>,
    sign: Option<Arc<Sign>>,
    owed: Owed,
    counts: Arc<Counts>,
    /// Held by the one of this store's writers that is writing: SQLite would let the other one sleep, and longer.
    writing: Arc<Mutex<()>>,
}

/// What could not be erased when it was removed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Owed {
    #[default]
    Nothing,
    /// The log, which somebody was reading.
    Log,
    Everything,
}

/// Why a transaction came to nothing.
enum Failed {
    /// One of the requests in it cannot be carried out; others might.
    Writing(Fault),
    /// No transaction can be had at all.
    Otherwise(Fault),
}

impl Writer {
    pub(super) fn new(file: File, db: Option<Opened>, sign: Option<Arc<Sign>>, counts: Arc<Counts>, writing: Arc<Mutex<()>>) -> Self {
        Self { file, db, sign, owed: Owed::Nothing, counts, writing }
    }

    pub(super) fn close(&mut self) {
        self.db = None;
    }

    /// Whether nobody of this store is writing now.
    pub(super) fn may_begin(&self) -> bool {
        self.writing.try_lock().is_ok()
    }

    fn work(mut self, mut tasks: mpsc::Receiver<Task>) {
        let mut left_over = None;
        // Whether several waited the last time.
        let mut crowded = false;
        while let Some(task) = left_over.take().or_else(|| tasks.blocking_recv()) {
            let mut group = match task {
                Task::Run(job) => {
                    job(self.connection().map_err(Fault::into_error));
                    continue;
                }
                Task::Commit(request) => vec![request],
                Task::Stop => return,
            };
            for _ in 0..PATIENCE {
                let before = group.len();
                while group.len() < QUEUE && left_over.is_none() {
                    match tasks.try_recv() {
                        Ok(Task::Commit(request)) => group.push(request),
                        Ok(other) => left_over = Some(other),
                        Err(_) => break,
                    }
                }
                // One who is alone never waits.
                if left_over.is_some() || (group.len() == before && !crowded) {
                    break;
                }
                crowded = group.len() > 1;
                thread::yield_now();
            }
            crowded = group.len() > 1;
            self.commit(group);
        }
    }

    /// Commits the group together. If one spoils it, each is on its own. Nobody gets an answer before it is durable,
    /// because even a refusal speaks of what was written before it.
    pub(super) fn commit(&mut self, group: Vec<Request>) {
        match self.together(&group) {
            Ok(answers) => self.reply(group, answers),
            Err(Failed::Writing(_)) if group.len() > 1 => self.one_by_one(group),
            Err(Failed::Writing(fault) | Failed::Otherwise(fault)) => refuse(group, &fault.into_error()),
        }
    }

    fn one_by_one(&mut self, group: Vec<Request>) {
        let mut rest = group.into_iter();
        while let Some(request) = rest.next() {
            match self.together(slice::from_ref(&request)) {
                Ok(answers) => self.reply([request], answers),
                Err(Failed::Writing(fault)) => request.reply(Err(fault.into_error())),
                Err(Failed::Otherwise(fault)) => return refuse([request].into_iter().chain(rest), &fault.into_error()),
            }
        }
    }

    /// Answers what is durable. Whoever removed words waits until they are erased as well.
    fn reply(&mut self, group: impl IntoIterator<Item = Request>, answers: Vec<Result<bool>>) {
        // Whoever was reading may have gone.
        if let (Owed::Log, Some(db)) = (self.owed, &self.db)
            && file::cut_log(&db.db).unwrap_or(false)
        {
            self.owed = Owed::Nothing;
        }
        let owes = self.owed != Owed::Nothing;
        let erases =
            |request: &Request, answer: &Result<bool>| answer.as_ref().is_ok_and(|removed| *removed || (owes && request.removes()));
        let (waiting, done): (Vec<_>, Vec<_>) = group.into_iter().zip(answers).partition(|(request, answer)| erases(request, answer));
        done.into_iter().for_each(|(request, answer)| request.reply(answer.map(drop)));
        if !waiting.is_empty() && self.file.is_on_disk() {
            let erased = self.erase();
            waiting.into_iter().for_each(|(request, _)| request.reply(erased.clone()));
            return;
        }
        waiting.into_iter().for_each(|(request, _)| request.reply(Ok(())));
    }

    fn erase(&mut self) -> Result<()> {
        let writing = Arc::clone(&self.writing);
        let _writing = writing.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = self.file.wait;
        point("writer: before the traces are erased");
        let erased = self.connection().and_then(|db| file::erase_traces(db, wait));
        self.owed = match &erased {
            Ok(()) => Owed::Nothing,
            Err(Fault::TracesRemain) => Owed::Log,
            Err(_) => Owed::Everything,
        };
        erased.map_err(|_| Fault::TracesRemain.into_error())
    }

    fn together(&mut self, group: &[Request]) -> Result<Vec<Result<bool>>, Failed> {
        let writing = Arc::clone(&self.writing);
        let _writing = writing.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = self.file.wait;
        let on_disk = self.file.is_on_disk();
        let sign = self.sign.clone();
        let db = self.connection().map_err(Failed::Otherwise)?;
        let mut outcome = write(db, wait, group, sign.as_ref().and_then(|sign| sign.token()));
        let unlocked = db.is_autocommit();
        if outcome.is_ok() && !self.db.as_ref().is_some_and(|db| self.file.is_behind(db)) {
            outcome = Err(Failed::Otherwise(Fault::vanished()));
        }
        if on_disk && (matches!(outcome, Err(Failed::Otherwise(_))) || !unlocked) {
            self.db = None;
        }
        if outcome.is_ok() {
            self.counts.requests.fetch_add(group.len() as u64, Ordering::Relaxed);
            self.counts.transactions.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }

    /// Reads on the connection that writes, once there is one.
    pub(super) fn read<T>(&mut self, question: impl Fn(&Connection) -> Outcome<T>) -> Option<Outcome<T>> {
        self.db.as_ref()?;
        let wait = self.file.wait;
        let read = self.connection().and_then(|db| file::snapshot(db, wait, question));
        self.db = self.db.take().filter(|opened| opened.db.is_autocommit());
        Some(read)
    }

    fn connection(&mut self) -> Outcome<&Connection> {
        current(&self.file, &mut self.db, |file| file.writer(false))
    }
}

/// The connection, opened again if there is none, or if another file is where its file was.
pub(super) fn current<'a>(file: &File, db: &'a mut Option<Opened>, open: impl FnOnce(&File) -> Outcome<Opened>) -> Outcome<&'a Connection> {
    let opened = match db.take().filter(|opened| file.is_behind(opened)) {
        Some(opened) => opened,
        None => open(file)?,
    };
    Ok(&db.insert(opened).db)
}

fn write(db: &Connection, wait: Duration, group: &[Request], holder: Option<&str>) -> Result<Vec<Result<bool>>, Failed> {
    let transaction = file::begin(db, wait).map_err(Failed::Otherwise)?;
    point("writer: after BEGIN");
    let answers = group.iter().map(|request| rows::apply(db, &request.user, &request.change, holder));
    let answers = answers.collect::<Outcome<Vec<_>>>().map_err(Failed::Writing)?;
    point("writer: before COMMIT");
    transaction.commit().map_err(|error| Failed::Otherwise(error.into()))?;
    point("writer: after COMMIT");
    Ok(answers)
}

fn refuse(group: impl IntoIterator<Item = Request>, error: &Error) {
    group.into_iter().for_each(|request| request.reply(Err(error.clone())));
}

impl Request {
    /// Nobody listens any more if the caller has dropped the future; the commit stands all the same.
    fn reply(self, answer: Result<()>) {
        let _ = self.answer.send(answer);
        point("writer: after an answer");
    }

    pub(super) fn removes(&self) -> bool {
        self.change.writes.iter().any(|write| matches!(write, Write::RemoveThread(_) | Write::RemoveAction(_) | Write::RemoveMessages(..)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::unwrap_used)]
    fn a_job_that_nobody_is_left_to_do_is_not_waited_for() {
        let file = File::in_memory();
        let connections = (0..2).map(|_| file.writer(true).unwrap()).collect();
        let mut threads = Threads::default();
        let readers = threads.read(&file, connections).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for _ in 0..2 {
                let _ = readers.send(Box::new(|_| panic!("on purpose"))).await;
            }
            loop {
                let (answer, answered) = oneshot::channel::<()>();
                let job = move |_: Result<&Connection>| drop(answer);
                if readers.send(Box::new(job)).await.is_none() {
                    break;
                }
                assert!(answered.await.is_err());
            }
        });
    }
}
