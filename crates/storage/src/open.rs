//! Which engine keeps a store, and opening it without having to know.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use crate::directory::{lock_beside, parent};
use crate::disk::DiskEngine;
use crate::engine::{Engine, EngineError};
use crate::handle::Handle;
use crate::redb_handle::{self, RedbHandle};
use crate::sled_handle::{self, SledHandle};
use crate::stop::{self, LastStop};

/// The engine that keeps a store; chosen when the store is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// sled, under guards: the default.
    #[default]
    Sled,
    /// redb: gives space back, and checks every page when it opens.
    Redb,
}

impl EngineKind {
    /// All engines.
    pub const ALL: [Self; 2] = [Self::Sled, Self::Redb];

    const fn name(self) -> &'static str {
        match self {
            Self::Sled => "sled",
            Self::Redb => "redb",
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that names no engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an engine is sled or redb")]
pub struct UnknownEngine;

impl FromStr for EngineKind {
    type Err = UnknownEngine;

    fn from_str(text: &str) -> Result<Self, UnknownEngine> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(UnknownEngine)
    }
}

/// A store that is open; dropping the engine closes it.
pub struct OpenStore {
    /// What keeps the rows.
    pub engine: Arc<dyn Engine>,
    /// Which engine that is.
    pub kind: EngineKind,
    /// How it was left before. After [`LastStop::Unclean`] its rows are to be looked through before they are used.
    pub last_stop: LastStop,
}

impl fmt::Debug for OpenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenStore")
            .field("kind", &self.kind)
            .field("last_stop", &self.last_stop)
            .finish_non_exhaustive()
    }
}

/// Opens the store in a directory, whatever engine made it; where there is none, makes one with the engine named.
///
/// `<directory>.lock` beside it says who owns it, `<directory>.closed` that nobody does.
///
/// # Errors
/// [`EngineError::Busy`] when somebody else owns it, [`EngineError::Corrupt`] when it does not open, in time and as it
/// was left, and [`EngineError::Full`] when the disk is: opening needs some space.
pub fn open_store(path: &Path, made_with: EngineKind, cache_bytes: u64) -> Result<OpenStore, EngineError> {
    fs::create_dir_all(parent(path))?;
    let lock = lock_beside(path)?;
    let found = engine_of(path)?;
    let kind = found.unwrap_or(made_with);
    let (engine, last_stop) = match kind {
        EngineKind::Sled => opened::<SledHandle>(path, found.is_none(), cache_bytes, lock)?,
        EngineKind::Redb => opened::<RedbHandle>(path, found.is_none(), cache_bytes, lock)?,
    };
    Ok(OpenStore { engine, kind, last_stop })
}

/// The files of a store that stay the same ones while it is open: what is written goes into them.
#[must_use]
pub fn lasting_files(path: &Path) -> Vec<PathBuf> {
    let names = [sled_handle::DATA, redb_handle::FILE];
    names.iter().map(|name| path.join(name)).filter(|file| file.exists()).collect()
}

/// Gives the engine that made the store in a directory; none where there is no store yet.
///
/// An empty directory is no store; one with anything in it is one, perhaps damaged.
///
/// # Errors
/// As the disk gives them.
pub fn engine_of(path: &Path) -> Result<Option<EngineKind>, EngineError> {
    if !path.exists() {
        return Ok(None);
    }
    if path.join(redb_handle::MARKER).exists() || path.join(redb_handle::FILE).exists() {
        return Ok(Some(EngineKind::Redb));
    }
    Ok(fs::read_dir(path)?.next().transpose()?.map(|_| EngineKind::Sled))
}

fn opened<H: Handle>(
    path: &Path,
    new: bool,
    cache_bytes: u64,
    lock: fs::File,
) -> Result<(Arc<dyn Engine>, LastStop), EngineError> {
    if new {
        // Of a store that is gone with its directory.
        stop::forget(path)?;
        if path.exists() {
            fs::remove_dir(path)?;
        }
        H::create(path, cache_bytes)?;
    }
    let (engine, last_stop) = DiskEngine::<H>::open(path, cache_bytes, lock)?;
    Ok((Arc::new(engine), if new { LastStop::New } else { last_stop }))
}
