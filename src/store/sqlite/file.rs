//! The database file: whose it is, how it is opened by several processes at once, and how nothing deleted stays in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::fault::{Fault, Outcome};
use super::sign::Sign;
use crate::error::{Error, ErrorKind};
use crate::fault::point;
use crate::runtime::{Ids, RandomIds};

/// Marks a file as one of ours, as `file(1)` sees it.
const APPLICATION_ID: i64 = 0x434F_4143;

/// What to run on a file of each version to make it one of the next; a new file goes through all of them.
const SCHEMA: [&str; 1] = [include_str!("v1.sql")];

/// SQLite's own wait is short, so that ours, which is jittered, keeps two processes from waking in step.
const SHORT_WAIT: Duration = Duration::from_millis(100);

/// A larger database than this is written anew by way of a temporary file.
const PAGES_IN_MEMORY: i64 = 1 << 14;

/// A connection that reads keeps so many KiB of pages, negative as SQLite has it: of a large database the upper levels of every table.
const READER_CACHE: i64 = -8_000;

/// Where the database is, and how long to wait for other processes that use it.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// `None` in memory.
    path: Option<PathBuf>,
    pub(super) wait: Duration,
}

impl File {
    pub(super) fn at(path: &Path, wait: Duration) -> Outcome<Self> {
        // An absolute path means the same file to every connection, and is never one of SQLite's special names.
        let path = std::path::absolute(path).map_err(|_| Error::invalid("path", "it names no file"))?;
        Ok(Self { path: Some(path), wait: wait.min(Duration::from_secs(3600)) })
    }

    pub(super) const fn in_memory() -> Self {
        Self { path: None, wait: Duration::ZERO }
    }

    pub(super) const fn is_on_disk(&self) -> bool {
        self.path.is_some()
    }

    /// A connection that writes. The file is brought up to date first, and created if it may be; a file that is not ours is left as it is.
    pub(super) fn writer(&self, create: bool) -> Outcome<Opened> {
        let db = match &self.path {
            Some(path) => {
                let there = path.try_exists().unwrap_or(true);
                if there {
                    self.inspect(path)?;
                }
                let create = if create { OpenFlags::SQLITE_OPEN_CREATE } else { OpenFlags::empty() };
                if !there && create.is_empty() {
                    return Err(Fault::vanished());
                }
                connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | create, self.wait)?
            }
            None => Connection::open_in_memory()?,
        };
        if snapshot(&db, self.wait, version)? < SCHEMA.len() {
            immediately(&db, self.wait, upgrade)?;
            point("open: after the schema");
        }
        if self.is_on_disk() {
            patiently(self.wait, || write_ahead(&db))?;
            point("open: after the log is on");
        }
        prepare(&db)?;
        Ok(Opened { identity: self.identity(), db })
    }

    /// Shows others that this process is alive, if it can.
    pub(super) fn sign(&self) -> Option<Sign> {
        Sign::of(self.path.as_ref()?)
    }

    /// A connection that only reads.
    pub(super) fn reader(&self) -> Outcome<Opened> {
        let path = self.path.as_ref().ok_or_else(|| Error::internal("a store in memory has one connection"))?;
        if !path.try_exists().unwrap_or(true) {
            return Err(Fault::vanished());
        }
        // Reading a write-ahead log takes writing into the memory that its connections share.
        let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, self.wait)?;
        if snapshot(&db, self.wait, version)? < SCHEMA.len() {
            return Err(Fault::vanished());
        }
        prepare(&db)?;
        db.pragma_update(None, "query_only", true)?;
        db.pragma_update(None, "cache_size", READER_CACHE)?;
        Ok(Opened { identity: self.identity(), db })
    }

    /// A connection that reads everything at once, for as long as it takes.
    pub(super) fn copier(&self) -> Outcome<Connection> {
        let Opened { db, .. } = self.reader()?;
        db.pragma_update(None, "query_only", false)?;
        Ok(db)
    }

    /// Whether this is still the file that the path leads to. What is written into a file that was deleted is lost with its last
    /// connection, and SQLite does not say so.
    pub(super) fn is_behind(&self, opened: &Opened) -> bool {
        self.path.is_none() || (opened.identity.is_some() && self.identity() == opened.identity)
    }

    fn identity(&self) -> Option<Identity> {
        identity(&fs::metadata(self.path.as_ref()?).ok()?)
    }

    /// Looks at the file through a connection that cannot change it. Reading it past SQLite would drop SQLite's locks.
    fn inspect(&self, path: &Path) -> Outcome<()> {
        let look = |flags| {
            let db = connect(path, flags, self.wait)?;
            snapshot(&db, self.wait, version).map(drop)
        };
        match look(OpenFlags::SQLITE_OPEN_READ_ONLY) {
            // A process was killed while it committed. Before that is taken back nobody can read the file, and whoever opens it takes it back.
            Err(fault) if fault.is_half_written() => look(OpenFlags::SQLITE_OPEN_READ_WRITE),
            seen => seen,
        }
    }
}

/// A connection, and the file that it was opened on.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) db: Connection,
    identity: Option<Identity>,
}

/// The device and the number of a file on it, which no other file gets while it is open.
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(file: &fs::Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    Some((file.dev(), file.ino()))
}

/// Where a file that is open cannot be deleted, it is enough that there is one.
#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> Option<Identity> {
    Some((0, 0))
}

fn connect(path: &Path, flags: OpenFlags, wait: Duration) -> Outcome<Connection> {
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(wait.min(SHORT_WAIT))?;
    Ok(db)
}

/// How many steps of the schema the file has; 0 for an empty one. A file that is not ours is an error.
fn version(db: &Connection) -> Outcome<usize> {
    let application: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, usize::try_from(version).unwrap_or(usize::MAX)) {
        (0, 0) if tables == 0 => Ok(0),
        (APPLICATION_ID, version @ 1..) if version <= SCHEMA.len() => Ok(version),
        (APPLICATION_ID, 1..) => {
            let reason = "the database was written by a newer version of this library; update the app";
            Err(Error::new(ErrorKind::StorageNewer, reason).into())
        }
        _ => Err(Error::new(ErrorKind::StorageDamaged, "this is the database of another program; name another file").into()),
    }
}

fn upgrade(db: &Connection) -> Outcome<()> {
    // Another process may have done it since we looked.
    point("open: after BEGIN");
    for step in SCHEMA.iter().skip(version(db)?) {
        db.execute_batch(step)?;
        point("open: after a step of the schema");
    }
    db.pragma_update(None, "application_id", APPLICATION_ID)?;
    db.pragma_update(None, "user_version", SCHEMA.len())?;
    Ok(())
}

fn write_ahead(db: &Connection) -> Outcome<()> {
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode == "wal" {
        return Ok(());
    }
    let reason = "this file system cannot keep a write-ahead log; put the database on a local disk";
    Err(Error::new(ErrorKind::StorageUnavailable, reason).into())
}

fn prepare(db: &Connection) -> Outcome<()> {
    db.pragma_update(None, "synchronous", "FULL")?;
    // On Apple a plain fsync does not reach the disk.
    db.pragma_update(None, "fullfsync", true)?;
    db.pragma_update(None, "checkpoint_fullfsync", true)?;
    db.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "trusted_schema", false)?;
    // Otherwise whoever binds another value for `LIMIT` has the statement prepared anew.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Does it again for as long as another connection is in the way and the time is not up.
pub(super) fn patiently<T>(wait: Duration, mut attempt: impl FnMut() -> Outcome<T>) -> Outcome<T> {
    let until = Instant::now() + wait;
    loop {
        match attempt() {
            Err(fault) if fault.is_busy() && Instant::now() < until => {
                let jitter = u8::try_from(RandomIds.next() % 16).unwrap_or_default();
                thread::sleep(Duration::from_millis(1 + u64::from(jitter)));
            }
            done => return done,
        }
    }
}

/// Reads everything as of one moment.
pub(super) fn snapshot<T>(db: &Connection, wait: Duration, read: impl Fn(&Connection) -> Outcome<T>) -> Outcome<T> {
    patiently(wait, || {
        let moment = Transaction::begun(db, "BEGIN")?;
        let answer = read(db)?;
        moment.commit()?;
        Ok(answer)
    })
}

/// A transaction that may write from its beginning, so that it cannot fail half way because somebody else did.
pub(super) fn begin(db: &Connection, wait: Duration) -> Outcome<Transaction<'_>> {
    patiently(wait, || Ok(Transaction::begun(db, "BEGIN IMMEDIATE")?))
}

/// As rusqlite's own, whose statements are prepared anew each time. It is rolled back if it is dropped.
pub(super) struct Transaction<'a>(&'a Connection);

impl<'a> Transaction<'a> {
    fn begun(db: &'a Connection, how: &str) -> rusqlite::Result<Self> {
        db.prepare_cached(how)?.execute([])?;
        Ok(Self(db))
    }

    pub(super) fn commit(self) -> rusqlite::Result<()> {
        self.0.prepare_cached("COMMIT")?.execute([]).map(drop)
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

/// Writes all of it or nothing.
pub(super) fn immediately<T>(db: &Connection, wait: Duration, write: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
    let transaction = begin(db, wait)?;
    let answer = write(db)?;
    transaction.commit()?;
    Ok(answer)
}

/// Moves everything into the database itself and cuts the write-ahead log, which holds what was deleted. False if somebody
/// is still reading it.
pub(super) fn cut_log(db: &Connection) -> Outcome<bool> {
    let busy: i64 = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
}

/// Erases what is left of deleted rows. `secure_delete` overwrites the rows themselves, but not the copies that SQLite leaves
/// behind in free room when it moves rows between pages, so the whole file is written anew.
pub(super) fn erase_traces(db: &Connection, wait: Duration) -> Outcome<()> {
    let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
    db.pragma_update(None, "temp_store", if pages > PAGES_IN_MEMORY { "FILE" } else { "MEMORY" })?;
    let erased = patiently(wait, || Ok(db.execute_batch("VACUUM")?));
    db.pragma_update(None, "temp_store", "MEMORY")?;
    erased?;
    point("forget: after VACUUM");
    patiently(wait, || if cut_log(db)? { Ok(()) } else { Err(Fault::TracesRemain) })?;
    point("forget: after the log is cut");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SQLite passes over a pragma whose name it does not know without a word.
    #[test]
    #[allow(clippy::unwrap_used)]
    fn every_pragma_is_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::at(&folder.path().join("coach.db"), Duration::ZERO).unwrap();
        for Opened { db, .. } in [file.writer(true).unwrap(), file.reader().unwrap()] {
            let value = |name| db.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
            assert_eq!(value("journal_mode"), "wal".to_owned().into());
            let durable = [("synchronous", 2), ("fullfsync", 1), ("checkpoint_fullfsync", 1), ("secure_delete", 1)];
            for (name, expected) in durable.into_iter().chain([("temp_store", 2), ("trusted_schema", 0), ("user_version", 1)]) {
                assert_eq!(value(name), i64::from(expected).into(), "{name}");
            }
        }
        let reader = file.reader().unwrap();
        assert!(reader.db.execute("DELETE FROM account", []).is_err());
    }
}
