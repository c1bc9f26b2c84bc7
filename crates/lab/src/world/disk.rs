//! A process's disk: the real changelog over the memory engine, which fails when it is told to.

use std::sync::{Arc, Mutex, PoisonError};

use selaras_model::Npsn;
use selaras_storage::{Changelog, Engine, Fault, FaultyEngine, MemoryEngine, SchoolStore, Space};
use selaras_sync::store::{EditsAt, EntryRow};
use selaras_sync::{Batch, Blobs, Flow, Key, Range, ReadStore, Row, StateName, Store, StoreError};

use super::bug::Bug;
use super::files::Files;
use super::trouble::Trouble;

impl Image {
    pub(super) fn fork(&self) -> Self {
        Self { memory: self.memory.fork(), files: self.files.fork() }
    }
}

/// Bytes of a document that a sick store still keeps.
const SMALL_DOCUMENT: usize = 4_096;

/// Takes rows as they lie there: the space, the key, the value.
pub(super) type EachRow<'a> = dyn FnMut(Space, &[u8], &[u8]) + 'a;

/// A copy of a disk.
pub(super) struct Image {
    memory: MemoryEngine,
    files: Files,
}

/// A disk, and what of it survives a crash.
pub(super) struct Disk {
    memory: Mutex<Arc<MemoryEngine>>,
    faulty: Mutex<Arc<FaultyEngine>>,
    store: Mutex<SchoolStore>,
    files: Mutex<Arc<Files>>,
    npsn: Npsn,
    bug: Option<Bug>,
    /// What was there before the last commit, for a store that lies about it.
    earlier: Mutex<Option<MemoryEngine>>,
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open(memory: &Arc<MemoryEngine>, npsn: Npsn) -> Result<(Arc<FaultyEngine>, SchoolStore), StoreError> {
    let faulty = Arc::new(FaultyEngine::new(Arc::<MemoryEngine>::clone(memory)));
    let store = Changelog::new(Arc::<FaultyEngine>::clone(&faulty))?.school(npsn);
    Ok((faulty, store))
}

impl Disk {
    pub(super) fn new(npsn: Npsn, bug: Option<Bug>) -> Result<Self, Trouble> {
        let memory = Arc::new(MemoryEngine::new());
        let (faulty, store) = open(&memory, npsn)?;
        Ok(Self {
            memory: Mutex::new(memory),
            faulty: Mutex::new(faulty),
            store: Mutex::new(store),
            files: Mutex::new(Arc::new(Files::default())),
            npsn,
            bug,
            earlier: Mutex::new(None),
        })
    }

    /// Another disk with the same content, for a computer that is copied or brought back to what it was.
    pub(super) fn fork(&self) -> Result<Self, Trouble> {
        let Image { memory, files } = self.copy();
        let memory = Arc::new(memory);
        let (faulty, store) = open(&memory, self.npsn)?;
        Ok(Self {
            memory: Mutex::new(memory),
            faulty: Mutex::new(faulty),
            store: Mutex::new(store),
            files: Mutex::new(Arc::new(files)),
            npsn: self.npsn,
            bug: self.bug,
            earlier: Mutex::new(None),
        })
    }

    /// How many commits its process has asked for.
    pub(super) fn commits(&self) -> u64 {
        held(&self.faulty).commits()
    }

    /// The rows as they lie there, space by space, also while the process is dead.
    pub(super) fn each_row(&self, visit: &mut EachRow<'_>) -> Result<(), Trouble> {
        let memory = Arc::clone(&held(&self.memory));
        for space in Space::ALL {
            let mut row = |key: &[u8], value: &[u8]| {
                visit(space, key, value);
                Ok(Flow::Continue)
            };
            memory.scan(space, &[], &mut row).map_err(|_| Trouble::Died)?;
        }
        Ok(())
    }

    pub(super) fn blobs(&self) -> &dyn Blobs {
        self
    }

    /// The files beside the rows.
    pub(super) fn files(&self) -> Arc<Files> {
        Arc::clone(&held(&self.files))
    }

    /// Copies everything, as a backup does.
    pub(super) fn copy(&self) -> Image {
        Image { memory: held(&self.memory).fork(), files: held(&self.files).fork() }
    }

    /// What the disk holds, also while its process is dead.
    pub(super) fn held(&self) -> Result<SchoolStore, Trouble> {
        Ok(open(&held(&self.memory), self.npsn)?.1)
    }

    /// Puts a copy in the place of everything.
    pub(super) fn put_back(&self, image: &Image) -> Result<(), Trouble> {
        *held(&self.memory) = Arc::new(image.memory.fork());
        *held(&self.earlier) = None;
        *held(&self.files) = Arc::new(image.files.fork());
        self.restart()
    }

    /// Makes a commit to come fail.
    pub(super) fn fail_after(&self, commits: u64, fault: Fault) {
        held(&self.faulty).fail_after(commits, fault);
    }

    /// Starts the process again.
    pub(super) fn restart(&self) -> Result<(), Trouble> {
        let lost = held(&self.earlier).take().filter(|_| self.bug == Some(Bug::AcknowledgesBeforeWriting));
        if let Some(earlier) = lost {
            *held(&self.memory) = Arc::new(earlier);
        }
        let (faulty, store) = open(&held(&self.memory), self.npsn)?;
        *held(&self.faulty) = faulty;
        *held(&self.store) = store;
        Ok(())
    }

    /// What a sick store makes of a batch.
    fn sick(&self, batch: &Batch) -> Batch {
        let passes_entry = batch.pending(&Key::State(StateName::Position)).is_some();
        let has = |state| batch.pending(&Key::State(state)).is_some();
        let ends_entry = batch.writes().any(|(key, _)| matches!(key, Key::Entry(_) | Key::Kept(..)));
        let repairs = has(StateName::Position) && has(StateName::Judged) && !ends_entry;
        // An entry without edits, or none at all, beside sums: the centre's records are held to its log.
        let adds = |row: Option<&Row>| matches!(row, Some(Row::Entry(row)) if row.edits != EditsAt::Absent);
        let adds_entry = batch.writes().any(|(key, row)| matches!(key, Key::Entry(_)) && adds(row));
        let mends = has(StateName::Judged) && !has(StateName::Intent) && !adds_entry;
        let is_of_record = |key: &Key| matches!(key, Key::Document(_) | Key::Base(_) | Key::View(_));
        let is_of_base = |key: &Key| matches!(key, Key::Document(_) | Key::Base(_) | Key::View(_) | Key::Index(..));
        let keeps = |key: &Key| match self.bug {
            Some(Bug::ForgetsAnswers) => !matches!(key, Key::Answer(_)),
            Some(Bug::CursorSkips) => !passes_entry || !(is_of_base(key) || matches!(key, Key::Lanes(_))),
            Some(Bug::KeepsNothing) => !matches!(key, Key::Kept(..)),
            Some(Bug::MendsSumsAlone) => !repairs || !is_of_record(key),
            Some(Bug::CentreMendsSumsAlone) => !mends || !is_of_record(key),
            Some(Bug::AdoptsDigests) => !passes_entry || !matches!(key, Key::View(_) | Key::Index(..)),
            _ => true,
        };
        let mut kept = Batch::default();
        let fits = |key: &Key, row: Option<&Row>| match (key, row) {
            (Key::Document(_), Some(Row::Blob(bytes))) if self.bug == Some(Bug::CutsHistories) => {
                bytes.len() <= SMALL_DOCUMENT
            }
            _ => true,
        };
        for (key, row) in batch.writes().filter(|(key, row)| keeps(key) && fits(key, *row)) {
            match row {
                // What the log itself says is proven by the signatures in it.
                Some(Row::Entry(row)) if self.bug == Some(Bug::KeepsNothing) && matches!(key, Key::Entry(_)) => {
                    kept.put(key.clone(), Row::Entry(EntryRow { signature: None, ..row.clone() }));
                }
                Some(row) => kept.put(key.clone(), row.clone()),
                None => kept.remove(key.clone()),
            }
        }
        kept
    }
}

impl Blobs for Disk {
    fn put(&self, name: &[u8; 32], bytes: &[u8]) -> Result<(), StoreError> {
        self.files().put(name, bytes)
    }

    fn unchecked(&self, name: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        self.files().unchecked(name)
    }

    fn remove(&self, name: &[u8; 32]) -> Result<(), StoreError> {
        self.files().remove(name)
    }

    fn names(&self) -> Result<Vec<[u8; 32]>, StoreError> {
        self.files().names()
    }
}

impl ReadStore for Disk {
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        held(&self.store).get(key)
    }

    fn scan(
        &self,
        range: &Range,
        visit: &mut dyn FnMut(Key, Row) -> Result<Flow, StoreError>,
    ) -> Result<(), StoreError> {
        // A visitor reads the same store again.
        let store = held(&self.store).clone();
        store.scan(range, visit)
    }
}

impl Store for Disk {
    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let store = held(&self.store).clone();
        if self.bug == Some(Bug::AcknowledgesBeforeWriting) {
            *held(&self.earlier) = Some(held(&self.memory).fork());
        }
        match self.bug {
            None | Some(Bug::AcknowledgesBeforeWriting | Bug::MintsAnew) => store.commit(batch),
            Some(_) => store.commit(&self.sick(batch)),
        }
    }
}
