//! The exam that every store passes.
