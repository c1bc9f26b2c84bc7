//! A store that was made elsewhere, put where a store belongs.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use selaras_sync::store::StoreError;

use crate::directory::{beside, lock_beside, parent, sync_directory};
use crate::engine::EngineError;
use crate::stop;

/// The right to do something at a path that only one process may do; it ends with the value, or with the process.
#[derive(Debug)]
pub struct Claim {
    _lock: File,
}

impl Claim {
    /// Takes it, by a lock that lies beside the path.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another process has it; else as the disk gives them.
    pub fn on(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { _lock: lock_beside(path)? })
    }
}

/// Moves a whole, closed store to a place where there is none, and before it what belongs beside it.
///
/// The store goes last: until it has gone, calling this again ends what an earlier process began. An empty directory in
/// the way of what belongs beside it goes; any other stays, and is an error.
///
/// # Errors
/// [`StoreError::Busy`] while somebody has a store open there; else as the disk gives them.
pub fn put_in_place(made: &Path, store: &Path, others: &[(&Path, &Path)]) -> Result<(), StoreError> {
    let _nobody_else = lock_beside(store)?;
    let moved = || -> io::Result<()> {
        for (from, to) in others {
            if from.try_exists()? {
                if to.try_exists()? {
                    fs::remove_dir(to)?;
                }
                fs::rename(from, to)?;
            }
        }
        // What an earlier store said of its end is not this one's.
        stop::forget(store)?;
        if store.try_exists()? {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a store already"));
        }
        let closed = beside(made, stop::CLOSED);
        if closed.try_exists()? {
            fs::rename(closed, beside(store, stop::CLOSED))?;
        }
        sync_directory(parent(store))?;
        fs::rename(made, store)?;
        sync_directory(parent(store))?;
        sync_directory(parent(made))
    };
    moved().map_err(|error| EngineError::from(error).into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{EngineKind, LastStop, open_store};

    #[test]
    fn a_store_made_elsewhere_opens_as_it_was_closed_and_never_replaces_one() {
        let place = tempfile::tempdir().unwrap();
        let (made, store) = (place.path().join("made").join("store"), place.path().join("store"));
        let (blobs, beside) = (place.path().join("made").join("blobs"), place.path().join("blobs"));
        for kind in EngineKind::ALL {
            drop(open_store(&made, kind, 1 << 20).unwrap());
            fs::create_dir_all(&blobs).unwrap();
            fs::write(blobs.join("one"), "").unwrap();
            put_in_place(&made, &store, &[(&blobs, &beside)]).unwrap();
            assert!(beside.join("one").exists() && !made.exists());
            let opened = open_store(&store, EngineKind::Sled, 1 << 20).unwrap();
            assert_eq!((opened.kind, opened.last_stop), (kind, LastStop::Clean));
            drop(opened);
            drop(open_store(&made, kind, 1 << 20).unwrap());
            assert!(put_in_place(&made, &store, &[]).is_err());
            assert!(made.exists() && store.exists());
            for path in [&made, &store, &beside] {
                fs::remove_dir_all(path).unwrap();
            }
        }
    }
}
