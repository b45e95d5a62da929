//! A copy of the database in a new file, whole or not there at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::fault::Outcome;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{Ids, RandomIds};

/// Where a copy goes, and where it is made.
pub(super) struct Copy {
    path: PathBuf,
    part: PathBuf,
}

impl Copy {
    pub(super) fn to(path: &Path) -> Result<Self> {
        let path = std::path::absolute(path).map_err(|_| Error::invalid("path", "it names no file"))?;
        if path.symlink_metadata().is_ok() {
            return Err(exists());
        }
        let mut part = path.clone().into_os_string();
        part.push(format!("-{}.part", RandomIds.next_text()));
        Ok(Self { path, part: part.into() })
    }

    pub(super) fn make(&self, db: &Connection) -> Outcome<()> {
        let name = self.part.to_str().ok_or_else(|| Error::invalid("path", "it has to be Unicode"))?;
        let made = db.execute("VACUUM INTO ?1", [name]).map_err(Into::into).and_then(|_| Ok(self.put_in_place()?));
        if made.is_err() {
            let _ = fs::remove_file(&self.part);
        }
        made
    }

    /// SQLite leaves it to us that the copy reaches the disk. A link never takes the place of another file.
    fn put_in_place(&self) -> Result<()> {
        fs::File::options().write(true).open(&self.part).and_then(|part| part.sync_all()).map_err(|_| unwritable())?;
        match fs::hard_link(&self.part, &self.path) {
            Ok(()) => fs::remove_file(&self.part).map_err(|_| unwritable())?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists()),
            // A file system without links.
            Err(_) => fs::rename(&self.part, &self.path).map_err(|_| unwritable())?,
        }
        #[cfg(unix)]
        if let Some(folder) = self.path.parent() {
            fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|_| unwritable())?;
        }
        Ok(())
    }
}

fn exists() -> Error {
    Error::invalid("path", "there is a file already; name a new one")
}

fn unwritable() -> Error {
    Error::new(ErrorKind::StorageUnavailable, "the copy cannot be written there; see that its folder exists and may be written to")
}
