//! The store's own threads: one that writes, what waits for it in one transaction, and a few that read.

use std::slice;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::fault::{Fault, Outcome};
use super::file::{self, File};
use super::rows;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::UserId;
use crate::store::{Change, Write};

/// How many requests may wait, and are committed together.
const QUEUE: usize = 256;

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
    pub(super) fn write(&mut self, file: File, db: Connection, counts: Arc<Counts>) -> Result<mpsc::Sender<Task>> {
        let (queue, tasks) = mpsc::channel(QUEUE);
        let writer = Writer { file, db: Some(db), counts };
        self.spawn(move || writer.work(tasks))?;
        Ok(queue)
    }

    pub(super) fn read(&mut self, connections: Vec<Connection>) -> Result<mpsc::Sender<Job>> {
        let (queue, jobs) = mpsc::channel::<Job>(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        for db in connections {
            let jobs = Arc::clone(&jobs);
            self.spawn(move || {
                let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
                while let Some(job) = next() {
                    job(Ok(&db));
                }
            })?;
        }
        Ok(queue)
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

#[derive(Debug)]
struct Writer {
    file: File,
    /// `None` after a failure that leaves it unclear what the connection has written.
    db: Option<Connection>,
    counts: Arc<Counts>,
}

/// Why a transaction came to nothing.
enum Failed {
    /// One of the requests in it cannot be carried out; others might.
    Writing(Fault),
    /// No transaction can be had at all.
    Otherwise(Fault),
}

impl Writer {
    fn work(mut self, mut tasks: mpsc::Receiver<Task>) {
        let mut left_over = None;
        while let Some(task) = left_over.take().or_else(|| tasks.blocking_recv()) {
            let mut group = match task {
                Task::Run(job) => {
                    job(self.connection().map_err(Fault::into_error));
                    continue;
                }
                Task::Commit(request) => vec![request],
            };
            while group.len() < QUEUE && left_over.is_none() {
                match tasks.try_recv() {
                    Ok(Task::Commit(request)) => group.push(request),
                    Ok(other) => left_over = Some(other),
                    Err(_) => break,
                }
            }
            self.commit(group);
        }
    }

    /// Commits the group together. If one spoils it, each is on its own. Nobody gets an answer before it is durable,
    /// because even a refusal speaks of what was written before it.
    fn commit(&mut self, group: Vec<Request>) {
        match self.together(&group) {
            Ok(answers) => group.into_iter().zip(answers).for_each(|(request, answer)| request.reply(answer)),
            Err(Failed::Writing(_)) if group.len() > 1 => self.one_by_one(group),
            Err(Failed::Writing(fault) | Failed::Otherwise(fault)) => refuse(group, &fault.into_error()),
        }
    }

    fn one_by_one(&mut self, group: Vec<Request>) {
        let mut rest = group.into_iter();
        while let Some(request) = rest.next() {
            match self.together(slice::from_ref(&request)) {
                Ok(answers) => answers.into_iter().zip([request]).for_each(|(answer, request)| request.reply(answer)),
                Err(Failed::Writing(fault)) => request.reply(Err(fault.into_error())),
                Err(Failed::Otherwise(fault)) => return refuse([request].into_iter().chain(rest), &fault.into_error()),
            }
        }
    }

    fn together(&mut self, group: &[Request]) -> Result<Vec<Result<()>>, Failed> {
        let wait = self.file.wait;
        let on_disk = self.file.is_on_disk();
        let db = self.connection().map_err(Failed::Otherwise)?;
        let outcome = write(db, wait, group);
        if outcome.is_ok() && on_disk && group.iter().any(Request::removes) {
            // A reader may be in the way; then the log is cut another time.
            let _ = file::cut_log(db);
        }
        if on_disk && (matches!(outcome, Err(Failed::Otherwise(_))) || !db.is_autocommit()) {
            self.db = None;
        }
        if outcome.is_ok() {
            self.counts.requests.fetch_add(group.len() as u64, Ordering::Relaxed);
            self.counts.transactions.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }

    fn connection(&mut self) -> Outcome<&Connection> {
        if self.db.is_none() {
            self.db = Some(self.file.writer()?);
        }
        self.db.as_ref().ok_or_else(|| Error::internal("the store has no connection; this is a fault of the library").into())
    }
}

fn write(db: &Connection, wait: Duration, group: &[Request]) -> Result<Vec<Result<()>>, Failed> {
    let transaction = file::begin(db, wait).map_err(Failed::Otherwise)?;
    let answers = group.iter().map(|request| rows::apply(&transaction, &request.user, &request.change));
    let answers = answers.collect::<Outcome<Vec<_>>>().map_err(Failed::Writing)?;
    transaction.commit().map_err(|error| Failed::Otherwise(error.into()))?;
    Ok(answers)
}

fn refuse(group: impl IntoIterator<Item = Request>, error: &Error) {
    group.into_iter().for_each(|request| request.reply(Err(error.clone())));
}

impl Request {
    /// Nobody listens any more if the caller has dropped the future; the commit stands all the same.
    fn reply(self, answer: Result<()>) {
        let _ = self.answer.send(answer);
    }

    fn removes(&self) -> bool {
        self.change.writes.iter().any(|write| matches!(write, Write::RemoveThread(_) | Write::RemoveAction(_)))
    }
}
