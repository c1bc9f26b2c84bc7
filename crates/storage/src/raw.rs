//! Rows as they are kept, with their frames: what a backup holds and a restored store takes in, whatever the engine.

use selaras_model::Npsn;
use selaras_sync::store::{Flow, StoreError};

use crate::changelog::{Changelog, SchoolStore, split_scope};
use crate::engine::{MAX_COMMIT_BYTES, MAX_COMMIT_WRITES, Write};
use crate::frame::{self, damaged};
use crate::keys;
use crate::rows;
use crate::space::Space;

/// A commit in pieces takes half of what one may, so that a large row still fits beside what is waiting.
const FULL_BYTES: usize = MAX_COMMIT_BYTES / 2;
const FULL_WRITES: usize = MAX_COMMIT_WRITES / 2;

/// A row as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct RawRow {
    npsn: Npsn,
    space: Space,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl std::fmt::Debug for RawRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawRow").field("space", &self.space).field("bytes", &self.value.len()).finish_non_exhaustive()
    }
}

impl RawRow {
    /// Takes a row as it was kept elsewhere, checked by its frame and by what it says.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for what no store kept under this key; [`StoreError::Version`] for a row of a later
    /// version.
    pub fn new(prefix: u8, key: Vec<u8>, value: Vec<u8>) -> Result<Self, StoreError> {
        let space = Space::ALL.into_iter().find(|space| space.prefix() == prefix && *space != Space::Format);
        let space = space.ok_or_else(|| StoreError::Damaged("a row of no space".to_owned()))?;
        let (npsn, within) = split_scope(space, &key)?;
        keys::decode(space, within).ok_or_else(|| damaged(space, "has a key of another kind"))?;
        rows::decode(space, frame::unwrap(space, &key, &value)?)?;
        Ok(Self { npsn, space, key, value })
    }

    /// The school that it belongs to.
    #[must_use]
    pub fn npsn(&self) -> Npsn {
        self.npsn
    }

    /// The byte that its key begins with in a store.
    #[must_use]
    pub fn prefix(&self) -> u8 {
        self.space.prefix()
    }

    /// Its key, from the school's number on.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// What is kept under it, frame included.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }
}

impl SchoolStore {
    /// Gives every row of this school as it is kept, in the order of the keys, each checked on the way; whoever wants
    /// them to be of one moment lets nobody write meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] at the first row that is not as it was written; else as the engine or the visitor gives.
    pub fn each_raw(&self, visit: &mut dyn FnMut(RawRow) -> Result<(), StoreError>) -> Result<(), StoreError> {
        for space in Space::ALL.into_iter().filter(|space| *space != Space::Format) {
            let scope = self.npsn();
            self.changelog().each(space, scope.as_bytes(), &mut |key, value| {
                if !key.starts_with(scope.as_bytes()) {
                    return Ok(Flow::Stop);
                }
                visit(RawRow::new(space.prefix(), key.to_vec(), value.to_vec())?)?;
                Ok(Flow::Continue)
            })?;
        }
        Ok(())
    }
}

/// Writes rows as they were kept elsewhere, in commits that fit. What was cut short is not a store: its maker writes
/// what makes it one last.
#[derive(Debug)]
pub struct RawWriter<'a> {
    changelog: &'a Changelog,
    writes: Vec<Write>,
    bytes: usize,
}

impl<'a> RawWriter<'a> {
    /// Begins to write into a store.
    #[must_use]
    pub fn new(changelog: &'a Changelog) -> Self {
        Self { changelog, writes: Vec::new(), bytes: 0 }
    }

    /// Takes one more row.
    ///
    /// # Errors
    /// As the engine gives them.
    pub fn row(&mut self, row: RawRow) -> Result<(), StoreError> {
        let size = row.key.len() + row.value.len();
        if self.writes.len() >= FULL_WRITES || self.bytes + size > FULL_BYTES {
            self.flush()?;
        }
        self.bytes += size;
        self.writes.push(Write::put(row.space, row.key, row.value));
        Ok(())
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// As the engine gives them.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.flush()
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.bytes = 0;
        let writes = std::mem::take(&mut self.writes);
        if writes.is_empty() { Ok(()) } else { self.changelog.commit_raw(&writes) }
    }
}
