//! What an engine on disk gives to the owner of its store: entries, without a notion of what they mean.

use std::ops::Bound;
use std::path::Path;

use crate::engine::EngineError;
use crate::guard::Stopped;

/// One entry to write; `None` removes it.
pub(crate) type Entry = (Vec<u8>, Option<Vec<u8>>);

/// A key and what is stored there.
pub(crate) type StoredEntry = (Vec<u8>, Vec<u8>);

/// From where to where a stretch of keys goes.
pub(crate) type Bounds = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// An open store of one engine. Cheap to clone; all clones are the same open store.
pub(crate) trait Handle: Clone + Send + Sync + 'static {
    /// Whether [`Handle::examine`] and [`Handle::shrink`] do anything; they need the store closed.
    const WORKS_CLOSED: bool;

    /// Makes a new store whole or not at all: elsewhere, synced, then renamed. It holds [`mark`]`(0)`.
    fn create(path: &Path, cache_bytes: u64) -> Result<(), Stopped>;

    /// Opens a store that was made before; whatever it then gives out is on the disk.
    fn open(path: &Path, cache_bytes: u64) -> Result<Self, Stopped>;

    /// Writes entries atomically and syncs them.
    fn apply(&self, entries: Vec<Entry>) -> Result<(), ApplyError>;

    /// Reads one entry.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError>;

    /// Reads up to `most` entries in order, within the bounds.
    fn entries(&self, bounds: Bounds, most: usize) -> Result<Vec<StoredEntry>, EngineError>;

    /// Whether no other clone is in use.
    fn is_alone(&self) -> bool;

    /// Closes the store and waits for it, though not for ever; tells whether it closed.
    fn close(self) -> bool;

    /// Checks the files of a closed store beyond what opening does.
    fn examine(path: &Path, cache_bytes: u64) -> Result<(), Stopped>;

    /// Gives space of a closed store back.
    fn shrink(path: &Path, cache_bytes: u64) -> Result<(), Stopped>;
}

/// Why entries were not written.
#[derive(Debug)]
pub(crate) enum ApplyError {
    /// The engine said no; what it holds in memory is no longer what is on the disk.
    Refused(EngineError),
    /// The disk or the engine is not to be trusted any more.
    Final(EngineError),
}

impl ApplyError {
    /// What is left of a commit that was stopped.
    pub(crate) fn from_stopped(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Failed(error) => Self::Refused(error),
            Stopped::Late(_) => Self::Final(EngineError::io("the disk did not answer in time")),
            stopped @ Stopped::Panicked(_) => Self::Final(stopped.into()),
        }
    }
}

const MARK_NAME: &[u8] = b"selaras";

/// The value of the entry [`crate::space::MARK`]: that the store is ours, and how many commits it holds.
///
/// It changes with every commit, so that a commit whose outcome is in doubt can be asked for, and a store that has
/// lost its last commits while nobody had it open is known by its number.
pub(crate) fn mark(commits: u64) -> Vec<u8> {
    [MARK_NAME, &commits.to_be_bytes()].concat()
}

/// Reads what [`mark`] gave.
pub(crate) fn commits_of(mark: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(mark.strip_prefix(MARK_NAME)?.try_into().ok()?))
}
