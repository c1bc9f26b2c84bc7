//! Rows as they are kept, with their frames: what a backup holds and a restored store takes in.

use selaras_model::Npsn;
use selaras_sync::store::{Flow, StoreError};

use crate::changelog::{SchoolStore, split_scope};
use crate::engine::Write;
use crate::frame::{self, damaged};
use crate::keys;
use crate::rows;
use crate::space::Space;

/// A row as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct RawRow {
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
    /// Takes a row of a school as it was kept elsewhere, checked by its frame and by what it says.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for what no store kept under this key for this school; [`StoreError::Version`] for a row
    /// of a later version.
    pub fn new(npsn: Npsn, prefix: u8, key: Vec<u8>, value: Vec<u8>) -> Result<Self, StoreError> {
        let space = Space::ALL.into_iter().find(|space| space.prefix() == prefix);
        let space = space.ok_or_else(|| StoreError::Damaged("a row of no space".to_owned()))?;
        let (school, within) = split_scope(space, &key)?;
        if school != npsn {
            return Err(damaged(space, "belongs to another school"));
        }
        keys::decode(space, within).ok_or_else(|| damaged(space, "has a key of another kind"))?;
        rows::decode(space, frame::unwrap(space, &key, &value)?)?;
        Ok(Self { space, key, value })
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

    /// Bytes that count for a commit's limit.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.key.len() + self.value.len()
    }
}

impl SchoolStore {
    /// Gives every row of this school as it is kept, in the order of the keys; each is checked on the way.
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
                visit(RawRow::new(scope, space.prefix(), key.to_vec(), value.to_vec())?)?;
                Ok(Flow::Continue)
            })?;
        }
        Ok(())
    }

    /// Makes rows durable as they were kept elsewhere, in one commit.
    ///
    /// # Errors
    /// As [`selaras_sync::store::Store::commit`].
    pub fn put_raw(&self, rows: &[RawRow]) -> Result<(), StoreError> {
        let writes: Vec<Write> =
            rows.iter().map(|row| Write::put(row.space, row.key.clone(), row.value.clone())).collect();
        Ok(self.changelog().engine().commit(&writes)?)
    }
}
