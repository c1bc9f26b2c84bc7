//! The only file that names redb.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use redb::backends::FileBackend;
use redb::{
    BackendError, CommitError, CompactionError, Database, DatabaseError, Durability, ReadableDatabase, StorageBackend,
    StorageError, TableDefinition, TableError, TransactionError,
};

use crate::directory::{LOCK_PATIENCE, LOCK_PAUSE, beside, parent, sync_directory, sync_tree};
use crate::engine::EngineError;
use crate::guard::{Stopped, shielded, within};
use crate::handle::{ApplyError, Bounds, Entry, Handle, StoredEntry, mark};
use crate::space::MARK;

/// The one file of a store, in its directory.
pub(crate) const FILE: &str = "records.redb";
/// A file beside it that says whose directory this is, should that file be lost.
pub(crate) const MARKER: &str = "engine";
const MARKER_TEXT: &str = "redb\n";
const ENTRIES: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("entries");

/// The longest that opening may take; past it the store counts as damaged. A whole check of 100 MiB needs a second.
const OPEN_LIMIT: Duration = Duration::from_secs(60);
/// The longest that a commit may take before the handle is given up.
const COMMIT_LIMIT: Duration = Duration::from_secs(60);
/// The longest that closing is waited for.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);
/// The longest that shrinking may take; it rewrites the file in passes.
const SHRINK_LIMIT: Duration = Duration::from_secs(600);
/// The smallest cache that a commit at the limits fits in beside what it reads.
const MIN_CACHE: u64 = 4 << 20;

/// An open store of redb's.
#[derive(Clone)]
pub(crate) struct RedbHandle {
    db: Arc<Database>,
    unsynced: Arc<AtomicBool>,
}

impl RedbHandle {
    fn write(&self, entries: Vec<Entry>) -> Result<(), EngineError> {
        let mut writing = self.db.begin_write().map_err(explain)?;
        // The default, said aloud: the commit returns after its sync.
        writing.set_durability(Durability::Immediate).map_err(EngineError::io)?;
        {
            let mut table = writing.open_table(ENTRIES).map_err(explain)?;
            for (key, value) in entries {
                match value {
                    Some(value) => drop(table.insert(key.as_slice(), value.as_slice()).map_err(explain)?),
                    None => drop(table.remove(key.as_slice()).map_err(explain)?),
                }
            }
        }
        writing.commit().map_err(explain)
    }
}

impl Handle for RedbHandle {
    const WORKS_CLOSED: bool = true;

    /// A cut while redb writes its first header leaves a file that never opens again, so it is made elsewhere.
    fn create(path: &Path, cache_bytes: u64) -> Result<(), Stopped> {
        let path = path.to_owned();
        within(OPEN_LIMIT, "making the store", move || {
            let unfinished = beside(&path, ".creating");
            if unfinished.exists() {
                fs::remove_dir_all(&unfinished)?;
            }
            fs::create_dir(&unfinished)?;
            fs::write(unfinished.join(MARKER), MARKER_TEXT)?;
            let file = File::options().read(true).write(true).create_new(true).open(unfinished.join(FILE))?;
            let handle = over(file, cache_bytes)?;
            handle.write(vec![(vec![MARK], Some(mark(0)))])?;
            if !handle.close() {
                return Err(EngineError::io("a new store does not close"));
            }
            sync_tree(&unfinished)?;
            fs::rename(&unfinished, &path)?;
            sync_directory(parent(&path))?;
            Ok(())
        })
    }

    fn open(path: &Path, cache_bytes: u64) -> Result<Self, Stopped> {
        let path = path.to_owned();
        within(OPEN_LIMIT, "opening the store", move || {
            let handle = open_patiently(&path, cache_bytes)?;
            // What an earlier process wrote without a sync is read back from memory as if it were on the disk.
            sync_tree(&path)?;
            Ok(handle)
        })
    }

    fn apply(&self, entries: Vec<Entry>) -> Result<(), ApplyError> {
        let handle = self.clone();
        within(COMMIT_LIMIT, "writing", move || handle.write(entries)).map_err(|stopped| {
            let failed = ApplyError::from_stopped(stopped);
            match failed {
                // After a failed sync nobody knows what is on the disk, and a second sync may succeed over a lost page.
                ApplyError::Refused(error) if self.unsynced.load(Ordering::SeqCst) => ApplyError::Final(error),
                failed => failed,
            }
        })
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        let read = || {
            let table = self.db.begin_read().map_err(explain)?.open_table(ENTRIES).map_err(explain)?;
            let found = table.get(key).map_err(explain)?.map(|value| value.value().to_vec());
            Ok(found)
        };
        Ok(shielded("reading", read)?)
    }

    fn entries(&self, (start, end): Bounds, most: usize) -> Result<Vec<StoredEntry>, EngineError> {
        let read = || {
            let table = self.db.begin_read().map_err(explain)?.open_table(ENTRIES).map_err(explain)?;
            let bounds = (borrowed(&start), borrowed(&end));
            let mut entries = Vec::new();
            for entry in table.range::<&[u8]>(bounds).map_err(explain)?.take(most) {
                let (key, value) = entry.map_err(explain)?;
                entries.push((key.value().to_vec(), value.value().to_vec()));
            }
            Ok(entries)
        };
        Ok(shielded("reading", read)?)
    }

    fn is_alone(&self) -> bool {
        Arc::strong_count(&self.db) == 1
    }

    fn close(self) -> bool {
        let closed = within(CLOSE_LIMIT, "closing the store", move || {
            // redb writes down where its free pages are; without that the next opening counts them again.
            match Arc::try_unwrap(self.db) {
                Ok(db) => db.close().map_err(explain),
                Err(_) => Err(EngineError::Busy),
            }
        });
        closed.is_ok()
    }

    /// Opens and closes it: opening checks every page.
    fn examine(path: &Path, cache_bytes: u64) -> Result<(), Stopped> {
        let handle = Self::open(path, cache_bytes)?;
        handle.close();
        Ok(())
    }

    fn shrink(path: &Path, cache_bytes: u64) -> Result<(), Stopped> {
        let path = path.to_owned();
        within(SHRINK_LIMIT, "shrinking the store", move || {
            let RedbHandle { db, .. } = open_patiently(&path, cache_bytes)?;
            let mut db = Arc::try_unwrap(db).map_err(|_| EngineError::Busy)?;
            db.compact().map_err(explain)?;
            db.close().map_err(explain)
        })
    }
}

/// A file that remembers a sync that failed.
#[derive(Debug)]
struct Watched {
    file: FileBackend,
    unsynced: Arc<AtomicBool>,
}

impl StorageBackend for Watched {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        let synced = self.file.sync_data();
        if synced.is_err() {
            self.unsynced.store(true, Ordering::SeqCst);
        }
        synced
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

fn over(file: File, cache_bytes: u64) -> Result<RedbHandle, EngineError> {
    let unsynced = Arc::new(AtomicBool::new(false));
    let file = FileBackend::new(file).map_err(explain)?;
    let watched = Watched { file, unsynced: Arc::clone(&unsynced) };
    let mut builder = Database::builder();
    // redb's own default for the cache is 1 GiB.
    builder.set_cache_size(usize::try_from(cache_bytes.max(MIN_CACHE)).unwrap_or(usize::MAX));
    // Opened plainly, a file that was damaged while nobody had it open gives out wrong values and misses keys.
    builder.set_check_integrity_on_open(true);
    let db = builder.create_with_backend(watched).map_err(explain)?;
    Ok(RedbHandle { db: Arc::new(db), unsynced })
}

/// Opens, and opens again while a handle of this process that was just dropped still holds the lock.
fn open_patiently(path: &Path, cache_bytes: u64) -> Result<RedbHandle, EngineError> {
    let file = path.join(FILE);
    if !fs::metadata(&file).is_ok_and(|file| file.is_file() && file.len() > 0) {
        // redb would make a new store of it.
        return Err(EngineError::corrupt("its file is gone"));
    }
    let begun = Instant::now();
    loop {
        match over(File::options().read(true).write(true).open(&file)?, cache_bytes) {
            Err(EngineError::Busy) if begun.elapsed() < LOCK_PATIENCE => thread::sleep(LOCK_PAUSE),
            result => return result,
        }
    }
}

fn borrowed(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    match bound {
        Bound::Included(key) => Bound::Included(key.as_slice()),
        Bound::Excluded(key) => Bound::Excluded(key.as_slice()),
        Bound::Unbounded => Bound::Unbounded,
    }
}

/// redb's errors, each call having a type of its own.
enum Failed {
    Storage(StorageError),
    /// The file is locked.
    Locked,
    /// Something that a whole store of ours never answers.
    Unfit(&'static str),
}

/// Turns redb's errors into ours. Their texts stay out where they could hold keys.
fn explain(error: impl Into<Failed>) -> EngineError {
    match error.into() {
        Failed::Locked => EngineError::Busy,
        Failed::Unfit(reason) => EngineError::corrupt(reason),
        Failed::Storage(StorageError::Io(cause)) => match cause.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput => {
                EngineError::corrupt("its file is cut off or not ours")
            }
            _ => cause.into(),
        },
        Failed::Storage(StorageError::Corrupted(_)) => EngineError::corrupt("its pages fail their checksums"),
        Failed::Storage(StorageError::LockPoisoned(_)) => EngineError::corrupt("the engine found a fault in itself"),
        Failed::Storage(StorageError::PreviousIo) => EngineError::io("the disk failed before"),
        Failed::Storage(_) => EngineError::io("the engine could not read or write"),
    }
}

impl From<StorageError> for Failed {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<DatabaseError> for Failed {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Storage(error) => Self::Storage(error),
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::TransactionInProgress => Self::Locked,
            _ => Self::Unfit("its file has another format"),
        }
    }
}

impl From<TransactionError> for Failed {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Storage(error) => Self::Storage(error),
            _ => Self::Locked,
        }
    }
}

impl From<TableError> for Failed {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Storage(error) => Self::Storage(error),
            _ => Self::Unfit("its table is gone"),
        }
    }
}

impl From<CommitError> for Failed {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Storage(error) => Self::Storage(error),
            _ => Self::Unfit("the engine found a fault in itself"),
        }
    }
}

impl From<CompactionError> for Failed {
    fn from(error: CompactionError) -> Self {
        match error {
            CompactionError::Storage(error) => Self::Storage(error),
            _ => Self::Locked,
        }
    }
}
