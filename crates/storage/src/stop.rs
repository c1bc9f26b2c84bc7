//! How a store was left: a file beside it that is there only while the store is closed, and says at what commit.
//!
//! Where it is missing, the power failed, the process was killed, or the files were copied while they were in use; then
//! the store is looked through before it is used. Where it is there, the store must hold exactly that many commits:
//! a store that lost its end while nobody had it open is damaged, however well its files fit each other.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use crate::directory::{beside, parent, sync_directory};

/// How the store was left by whoever had it open before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastStop {
    /// It was just made.
    New,
    /// It was closed.
    Clean,
    /// Its owner ended without closing it.
    Unclean,
}

pub(crate) const CLOSED: &str = ".closed";
const FIRST_LINE: &str = "selaras store closed, format 1";

/// Gives the number of commits at which the store was closed, where that is known.
pub(crate) fn closed_at(store: &Path) -> Option<u64> {
    // Anything unreadable counts as not closed: that costs time and nothing else.
    let text = fs::read_to_string(beside(store, CLOSED)).ok()?;
    let (first, commits) = text.strip_suffix('\n')?.split_once('\n')?;
    (first == FIRST_LINE).then(|| commits.parse().ok())?
}

/// Makes the store count as not closed, durably: no later commit may meet the old number after a power loss.
pub(crate) fn forget(store: &Path) -> io::Result<()> {
    match fs::remove_file(beside(store, CLOSED)) {
        Ok(()) => sync_directory(parent(store)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes the store count as closed.
pub(crate) fn remember(store: &Path, commits: u64) -> io::Result<()> {
    let unfinished = beside(store, ".closing");
    let mut file = File::create(&unfinished)?;
    write!(file, "{FIRST_LINE}\n{commits}\n")?;
    file.sync_all()?;
    fs::rename(&unfinished, beside(store, CLOSED))
}
