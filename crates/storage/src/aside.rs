//! A store moved out of the way: whole, by its name alone, while nobody has it open.

use std::fs;
use std::io;
use std::path::Path;

use selaras_sync::store::StoreError;

use crate::directory::{lock_beside, parent, sync_directory};
use crate::engine::EngineError;

/// Moves a store, and before it what lies beside it, into a directory; nothing is deleted and nothing is replaced.
///
/// The store goes last: until it has gone, calling this again ends what an earlier process began.
///
/// # Errors
/// [`StoreError::Busy`] while somebody has the store open; else as the disk gives them.
pub fn move_aside(store: &Path, beside: &[&Path], into: &Path) -> Result<(), StoreError> {
    let _nobody_else = lock_beside(store)?;
    let moved = || -> io::Result<()> {
        for path in beside {
            move_into(path, into)?;
        }
        sync_directory(into)?;
        move_into(store, into)?;
        sync_directory(into)?;
        sync_directory(parent(store))
    };
    moved().map_err(|error| EngineError::from(error).into())
}

fn move_into(path: &Path, into: &Path) -> io::Result<()> {
    let Some(name) = path.file_name() else { return Ok(()) };
    let target = into.join(name);
    if !path.try_exists()? {
        return Ok(());
    }
    if target.try_exists()? {
        // Gone before; whoever opened the place since has made an empty directory again. Any other stays.
        return fs::remove_dir(path);
    }
    fs::rename(path, target)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{EngineKind, open_store};

    #[test]
    fn a_store_that_somebody_has_open_stays_where_it_is() {
        let place = tempfile::tempdir().unwrap();
        let (store, into) = (place.path().join("store"), place.path().join("aside"));
        fs::create_dir(&into).unwrap();
        let engine = open_store(&store, EngineKind::Sled, 1 << 20).unwrap();
        assert!(matches!(move_aside(&store, &[], &into), Err(StoreError::Busy)));
        assert!(store.exists());
        drop(engine);
        move_aside(&store, &[], &into).unwrap();
        assert!(!store.exists() && into.join("store").exists());
        open_store(&into.join("store"), EngineKind::Sled, 1 << 20).unwrap();
    }

    #[test]
    fn what_was_begun_is_ended_and_nothing_is_replaced() {
        let place = tempfile::tempdir().unwrap();
        let (store, into) = (place.path().join("store"), place.path().join("aside"));
        let (blobs, absent) = (place.path().join("blobs"), place.path().join("absent"));
        for directory in [&into, &store, &into.join("blobs")] {
            fs::create_dir(directory).unwrap();
        }
        fs::write(into.join("blobs").join("one"), "").unwrap();
        fs::create_dir(&blobs).unwrap();
        move_aside(&store, &[&blobs, &absent], &into).unwrap();
        assert!(into.join("store").exists() && into.join("blobs").join("one").exists() && !blobs.exists());
        fs::create_dir(&store).unwrap();
        fs::write(store.join("another"), "").unwrap();
        assert!(move_aside(&store, &[], &into).is_err());
        assert!(store.join("another").exists());
    }
}
