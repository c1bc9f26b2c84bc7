//! The last entry that was signed, remembered outside the store: a store that was put back behind our back knows less.
//!
//! Whoever copies an older store over a newer one, without `restore`, makes a centre that signs two entries for one place of
//! one life; no school can tell which of them is meant. So every minute, and at the end, the file says which school's log
//! stood where. A store whose log of that school stands before it is refused until an operator says `restored`, which begins
//! the database's next life. A copy of the whole data directory puts the file back too; then the schools notice
//! (`cursor.ahead`, `log.forked`).

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use selaras_model::{EntryHash, EpochId, LogVersion, Npsn};
use selaras_storage::Changelog;
use selaras_sync::{Head, Key, ReadStore as _, Row, StoreError, entry_hash};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The file's name in the data directory.
const FILE: &str = "signed.json";
/// How often it is written while entries are signed.
pub(crate) const EVERY: std::time::Duration = std::time::Duration::from_secs(60);

/// The place of an entry that was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// The life of the database.
    epoch: EpochId,
    npsn: Npsn,
    version: LogVersion,
    entry: EntryHash,
}

/// The last entry that this process signed, and the file that says so.
#[derive(Debug)]
pub(crate) struct Signed {
    epoch: EpochId,
    path: PathBuf,
    unwritten: Mutex<Option<Mark>>,
}

impl Signed {
    /// Holds the store to what the file says was signed.
    ///
    /// # Errors
    /// For a store that was put back.
    pub(crate) fn open(data: &Path, epoch: EpochId, changelog: &Changelog) -> Result<Self, Failure> {
        let path = data.join(FILE);
        let marked = read(&path)?.filter(|mark| mark.epoch == epoch);
        if let Some(mark) = marked
            && !holds(changelog, &mark).map_err(|error| Failure::local("the store cannot be read", &error))?
        {
            return Err(Failure::put_back(mark.npsn, mark.version));
        }
        Ok(Self { epoch, path, unwritten: Mutex::new(None) })
    }

    /// Notes where a school's log stands that was just signed for.
    pub(crate) fn note(&self, npsn: Npsn, head: Head) {
        let Head { version, entry: Some(entry) } = head else { return };
        let mark = Mark { epoch: self.epoch, npsn, version, entry };
        *self.unwritten.lock().unwrap_or_else(PoisonError::into_inner) = Some(mark);
    }

    /// Writes the file, where something was signed since.
    pub(crate) fn write(&self) {
        let mark = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mark) = mark else { return };
        if let Err(error) = replace(&self.path, &mark) {
            tracing::warn!(%error, "signed.json could not be written");
        }
    }
}

/// Forgets what the life of before had signed.
pub(crate) fn forget(data: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(data.join(FILE)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Option<Mark>, Failure> {
    match std::fs::read(path) {
        // A file that a power cut has left empty says nothing.
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::local("signed.json cannot be read", &error)),
    }
}

fn replace(path: &Path, mark: &Mark) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(serde_json::to_string(mark)?.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

/// Whether the store has the entry; a log that is further has it still.
fn holds(changelog: &Changelog, mark: &Mark) -> Result<bool, StoreError> {
    Ok(match changelog.school(mark.npsn).get(&Key::Entry(mark.version))? {
        Some(Row::Entry(row)) => entry_hash(&row.entry) == mark.entry,
        _ => false,
    })
}
