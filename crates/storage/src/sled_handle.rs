//! The only file that names sled. Everything docs/storage.md demands of its use is here or called from here.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::directory::{LOCK_PATIENCE, LOCK_PAUSE, beside, parent, sync_directory, sync_tree};
use crate::engine::EngineError;
use crate::guard::{Stopped, shielded, within};
use crate::handle::{ApplyError, Bounds, Entry, Handle, StoredEntry, mark};
use crate::space::MARK;

/// The file that everything is written into.
pub(crate) const DATA: &str = "db";
/// The longest that opening may take; past it the store counts as damaged. A healthy store of 600 MiB needs seconds.
const OPEN_LIMIT: Duration = Duration::from_secs(60);
/// The longest that a commit may take before the handle is given up.
const COMMIT_LIMIT: Duration = Duration::from_secs(60);
/// The longest that closing is waited for.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);
/// The smallest cache; below it sled evicts what it is reading.
const MIN_CACHE: u64 = 1 << 20;

/// An open store of sled's, and an own handle of the file that its log is in.
#[derive(Clone)]
pub(crate) struct SledHandle {
    db: sled::Db,
    log: Arc<File>,
}

impl Handle for SledHandle {
    const WORKS_CLOSED: bool = false;

    /// A cut while sled creates its files in place leaves a store that never opens again.
    fn create(path: &Path, cache_bytes: u64) -> Result<(), Stopped> {
        let path = path.to_owned();
        within(OPEN_LIMIT, "making the store", move || {
            let unfinished = beside(&path, ".creating");
            if unfinished.exists() {
                fs::remove_dir_all(&unfinished)?;
            }
            let db = config(&unfinished, cache_bytes).open().map_err(explain)?;
            db.insert([MARK], mark(0)).map_err(explain)?;
            db.flush().map_err(explain)?;
            drop(db);
            sync_tree(&unfinished)?;
            fs::rename(&unfinished, &path)?;
            sync_directory(parent(&path))?;
            Ok(())
        })
    }

    fn open(path: &Path, cache_bytes: u64) -> Result<Self, Stopped> {
        let path = path.to_owned();
        within(OPEN_LIMIT, "opening the store", move || {
            let log = path.join(DATA);
            if !log.is_file() {
                return Err(EngineError::corrupt("its log is gone"));
            }
            remove_half_written_snapshots(&path)?;
            let db = open_patiently(&path, cache_bytes)?;
            // sled never syncs `conf`, and what an earlier process wrote without a sync is read back from memory as
            // if it were on the disk.
            sync_tree(&path)?;
            // Some systems sync only through handles that may write.
            let log = File::options().read(true).write(true).open(log)?;
            Ok(Self { db, log: Arc::new(log) })
        })
    }

    fn apply(&self, entries: Vec<Entry>) -> Result<(), ApplyError> {
        let handle = self.clone();
        let synced = within(COMMIT_LIMIT, "writing", move || {
            let mut batch = sled::Batch::default();
            for (key, value) in entries {
                match value {
                    Some(value) => batch.insert(key, value),
                    None => batch.remove(key),
                }
            }
            handle.db.apply_batch(batch).map_err(explain)?;
            handle.db.flush().map_err(explain)?;
            // sled's flush ends in sync_file_range, which does not reach the disk: 462 of 640 power losses lost
            // acknowledged commits without this line.
            Ok(handle.log.sync_data())
        });
        match synced {
            Ok(Ok(())) => Ok(()),
            // After a failed sync nobody knows what is on the disk, and a second sync may succeed over a lost page.
            Ok(Err(error)) => Err(ApplyError::Final(error.into())),
            Err(stopped) => Err(ApplyError::from_stopped(stopped)),
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(shielded("reading", || Ok(self.db.get(key).map_err(explain)?.map(|value| value.to_vec())))?)
    }

    fn entries(&self, bounds: Bounds, most: usize) -> Result<Vec<StoredEntry>, EngineError> {
        let read = || {
            let mut entries = Vec::new();
            for entry in self.db.range(bounds).take(most) {
                let (key, value) = entry.map_err(explain)?;
                entries.push((key.to_vec(), value.to_vec()));
            }
            Ok(entries)
        };
        Ok(shielded("reading", read)?)
    }

    fn is_alone(&self) -> bool {
        Arc::strong_count(&self.log) == 1
    }

    /// After damage one of sled's threads may be gone, and closing would wait for it.
    fn close(self) -> bool {
        let closed = within(CLOSE_LIMIT, "closing the store", move || {
            drop(self);
            Ok(())
        });
        // Every commit was synced when it was acknowledged; a late close loses nothing.
        closed.is_ok()
    }

    /// Does nothing: sled checks what it reads, when it reads it.
    fn examine(_: &Path, _: u64) -> Result<(), Stopped> {
        Ok(())
    }

    /// Does nothing: sled cannot shrink its log.
    fn shrink(_: &Path, _: u64) -> Result<(), Stopped> {
        Ok(())
    }
}

fn config(path: &Path, cache_bytes: u64) -> sled::Config {
    // sled's own default for the cache is 1 GiB.
    sled::Config::new().path(path).cache_capacity(cache_bytes.max(MIN_CACHE)).mode(sled::Mode::LowSpace)
}

/// Opens, and opens again while a handle of this process that was just dropped still holds the lock.
fn open_patiently(path: &Path, cache_bytes: u64) -> Result<sled::Db, EngineError> {
    let begun = Instant::now();
    loop {
        match config(path, cache_bytes).open() {
            Err(error) if is_lock(&error) && begun.elapsed() < LOCK_PATIENCE => thread::sleep(LOCK_PAUSE),
            Err(error) if is_lock(&error) => return Err(EngineError::Busy),
            result => return result.map_err(explain),
        }
    }
}

/// A half-written `snap.*.generating` would be taken for the newest snapshot, and the store would not open; the log is
/// the truth, and a snapshot only a short cut through it.
fn remove_half_written_snapshots(path: &Path) -> Result<(), EngineError> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn is_lock(error: &sled::Error) -> bool {
    // sled gives the lock's error no kind of its own.
    matches!(error, sled::Error::Io(cause) if cause.to_string().contains("could not acquire lock"))
}

/// Turns sled's errors into ours. Their texts stay out where they could hold keys.
fn explain(error: sled::Error) -> EngineError {
    match error {
        sled::Error::Io(cause) => match cause.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::NotFound => {
                EngineError::corrupt("its files do not fit each other")
            }
            _ => cause.into(),
        },
        sled::Error::Corruption { .. } => EngineError::corrupt("its log fails its checksums"),
        sled::Error::CollectionNotFound(_) => EngineError::corrupt("its tree is gone"),
        sled::Error::Unsupported(_) => EngineError::corrupt("its configuration is not ours"),
        sled::Error::ReportableBug(_) => EngineError::corrupt("the engine found a fault in itself"),
    }
}
