//! Backups: one encrypted file that holds a school's store whole, drafts and outbox included (docs/formats.md).
//!
//! Written and read as a stream; what is written counts only after it was read back. The file is an ordinary age file,
//! so that its encryption can be undone without this program.

mod frames;
mod key;
mod read;
mod shelf;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use frames::{Counts, Head};
pub(crate) use key::{BackupKey, is_under_passphrase};
pub(crate) use read::{BackupReader, Item};
pub(crate) use shelf::{Kept, Shelf, What};
pub(crate) use write::{check, write};
