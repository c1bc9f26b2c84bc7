//! A school's rows as they are, for backups: frames and all, whatever engine they are in or go to.

use selaras_model::Npsn;
use selaras_sync::store::{Flow, MAX_BATCH_BYTES, MAX_BATCH_WRITES, StoreError};

use crate::changelog::{Changelog, SchoolStore, check_copied};
use crate::engine::Write;
use crate::space::Space;

/// A row with its frame, which proves space, key and content.
#[derive(Clone, PartialEq, Eq)]
pub struct CopiedRow {
    /// The space's prefix.
    pub space: u8,
    /// The key, with the school's number in front.
    pub key: Vec<u8>,
    /// The framed row.
    pub value: Vec<u8>,
}

impl std::fmt::Debug for CopiedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CopiedRow({:#04x}, {} bytes)", self.space, self.value.len())
    }
}

impl CopiedRow {
    /// Checks the row's frame and that it can be read.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for anything else.
    pub fn check(&self) -> Result<Npsn, StoreError> {
        check_copied(self.space()?, &self.key, &self.value)
    }

    fn space(&self) -> Result<Space, StoreError> {
        let space = Space::ALL.into_iter().find(|space| space.prefix() == self.space && *space != Space::Format);
        space.ok_or_else(|| StoreError::Damaged("a copied row is of no space known here".to_owned()))
    }
}

impl SchoolStore {
    /// Gives all rows of the school, each checked; whoever wants them to be of one moment holds the school's lock.
    ///
    /// # Errors
    /// As the engine or the visitor gives them; [`StoreError::Damaged`] for a row that is not what was written.
    pub fn copy_out(&self, visit: &mut dyn FnMut(CopiedRow) -> Result<(), StoreError>) -> Result<(), StoreError> {
        for space in Space::ALL.into_iter().filter(|space| *space != Space::Format) {
            self.each_raw(space, &mut |key, value| {
                let row = CopiedRow { space: space.prefix(), key: key.to_vec(), value: value.to_vec() };
                row.check()?;
                visit(row)?;
                Ok(Flow::Continue)
            })?;
        }
        Ok(())
    }
}

/// Writes copied rows in commits that fit. A copy that was cut short is not a store: its maker writes what makes it one
/// last.
#[derive(Debug)]
pub struct CopyIn<'a> {
    changelog: &'a Changelog,
    writes: Vec<Write>,
    bytes: usize,
}

impl<'a> CopyIn<'a> {
    /// Begins to write into a store.
    #[must_use]
    pub fn new(changelog: &'a Changelog) -> Self {
        Self { changelog, writes: Vec::new(), bytes: 0 }
    }

    /// Takes one more row, after a check.
    ///
    /// # Errors
    /// As the engine gives them; [`StoreError::Damaged`] for a row that is none.
    pub fn row(&mut self, row: CopiedRow) -> Result<(), StoreError> {
        row.check()?;
        let size = row.key.len() + row.value.len() + 1;
        if self.writes.len() >= MAX_BATCH_WRITES / 2 || self.bytes + size > MAX_BATCH_BYTES {
            self.flush()?;
        }
        self.bytes += size;
        self.writes.push(Write::put(row.space()?, row.key, row.value));
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
