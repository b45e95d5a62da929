//! The default store: one SQLite file, or memory.

/// The default store.
#[derive(Debug)]
pub struct SqliteStore;
