//! Signs of life: each store on a file holds a lock beside it, so that others see at once that a process which held a thread is dead.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::runtime::{Ids, RandomIds};

/// How often a sign is made anew because somebody took it for a stale one before it was locked.
const TRIES: u32 = 16;

/// How many files of the folder are looked at for stale signs, and how many of those are removed.
const MOST_SEEN: usize = 10_000;
const MOST_REMOVED: usize = 256;

/// A lock that the operating system releases with the process, on a small file beside the database. It is only a hint: whoever takes a
/// living one for dead costs it a reply, which is thrown away.
#[derive(Debug)]
pub(super) struct Sign {
    database: PathBuf,
    token: String,
    /// The lock ends with the file. `None` while the store is paused.
    held: Mutex<Option<File>>,
}

impl Sign {
    /// `None` where the folder cannot be written to or knows no locks. What dead processes left behind is removed.
    pub(super) fn of(database: &Path) -> Option<Self> {
        // SQLite keeps its own files beside the real one, too, whatever links lead to it.
        let database = fs::canonicalize(database).ok()?;
        remove_stale(&database);
        for _ in 0..TRIES {
            let token = RandomIds.next_text();
            if let Some(locked) = lock(&path_of(&database, &token)).ok()? {
                return Some(Self { database, token, held: Mutex::new(Some(locked)) });
            }
        }
        None
    }

    /// What others know this store by; `None` while they would take it for dead.
    pub(super) fn token(&self) -> Option<&str> {
        self.held().is_some().then_some(self.token.as_str())
    }

    /// Leaves no open file behind. From now on others take this store for dead.
    pub(super) fn lower(&self) {
        if self.held().take().is_some() {
            let _ = fs::remove_file(path_of(&self.database, &self.token));
        }
    }

    /// Is seen again, as the same store, so that its own turns which outlived a pause are not taken for those of a dead one.
    pub(super) fn raise(&self) {
        let path = path_of(&self.database, &self.token);
        *self.held() = (0..TRIES).find_map(|_| lock(&path).ok().flatten());
    }

    fn held(&self) -> MutexGuard<'_, Option<File>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the store with this token is known to be gone.
    pub(super) fn is_gone(&self, token: &str) -> bool {
        // It becomes a part of a path, and a damaged database may hold anything.
        token != self.token && is_token(token) && is_stale(&path_of(&self.database, token))
    }
}

impl Drop for Sign {
    fn drop(&mut self) {
        self.lower();
    }
}

/// `Ok(None)` if somebody took it for a stale one before it was locked.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = File::options().write(true).create_new(true).open(path)?;
    match file.try_lock() {
        // Nobody removes it from now on, but somebody may have done so before it was locked.
        Ok(()) if path.exists() => Ok(Some(file)),
        Ok(()) | Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => {
            let _ = fs::remove_file(path);
            Err(error)
        }
    }
}

fn path_of(database: &Path, token: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(format!("-{token}.live"));
    name.into()
}

fn is_token(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Whether nobody holds it any more. Then it is removed while it is locked, so that nobody else holds it either.
fn is_stale(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => {
            let stale = file.try_lock().is_ok();
            if stale {
                let _ = fs::remove_file(path);
            }
            stale
        }
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

fn remove_stale(database: &Path) {
    let (Some(folder), Some(name)) = (database.parent(), database.file_name()) else { return };
    let Ok(files) = fs::read_dir(folder) else { return };
    let is_sign = |file: &fs::DirEntry| {
        let name = (file.file_name().into_encoded_bytes(), name.as_encoded_bytes());
        let token = name.0.strip_prefix(name.1).and_then(|rest| rest.strip_prefix(b"-")).and_then(|rest| rest.strip_suffix(b".live"));
        token.and_then(|token| std::str::from_utf8(token).ok()).is_some_and(is_token)
    };
    let signs = files.take(MOST_SEEN).flatten().filter(is_sign);
    let _ = signs.filter(|sign| is_stale(&sign.path())).take(MOST_REMOVED).count();
}
