//! Signs of life: each store on a file holds a lock beside it, so that others see at once that a process which held a thread is dead.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

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
    // The lock ends with the file.
    _locked: File,
}

impl Sign {
    /// `None` where the folder cannot be written to or knows no locks. What dead processes left behind is removed.
    pub(super) fn of(database: &Path) -> Option<Self> {
        // SQLite keeps its own files beside the real one, too, whatever links lead to it.
        let database = fs::canonicalize(database).ok()?;
        remove_stale(&database);
        for _ in 0..TRIES {
            let token = RandomIds.next_text();
            let path = path_of(&database, &token);
            let locked = File::options().write(true).create_new(true).open(&path).ok()?;
            match locked.try_lock() {
                // Nobody removes it from now on, but somebody may have done so before it was locked.
                Ok(()) if path.exists() => return Some(Self { database, token, _locked: locked }),
                Ok(()) | Err(fs::TryLockError::WouldBlock) => {}
                Err(fs::TryLockError::Error(_)) => {
                    let _ = fs::remove_file(&path);
                    return None;
                }
            }
        }
        None
    }

    /// What others know this store by.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Whether the store with this token is known to be gone.
    pub(super) fn is_gone(&self, token: &str) -> bool {
        // It becomes a part of a path, and a damaged database may hold anything.
        token != self.token && is_token(token) && is_stale(&path_of(&self.database, token))
    }
}

impl Drop for Sign {
    fn drop(&mut self) {
        let _ = fs::remove_file(path_of(&self.database, &self.token));
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
