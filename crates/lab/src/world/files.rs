//! The files beside a disk's rows: what was written, what the disk has done to it since, and what of a snapshot is here.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use selaras_storage::MemoryBlobs;
use selaras_sync::{Blobs, StoreError};

/// The name of a file, which says what is in it.
pub(super) type FileName = [u8; 32];

/// What a disk does to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Harm {
    /// One bit of the byte at this place, counted around, is another.
    Flipped(usize),
    Lost,
}

/// A file that grows, of which nothing is known but that it is to become this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Growing {
    pub(super) name: FileName,
    pub(super) bytes: Vec<u8>,
}

#[derive(Clone, Default)]
struct Past {
    /// The hashes of all that was ever written under a name, in the order of the names.
    written: BTreeMap<FileName, [u8; 32]>,
    /// What files were that are otherwise now.
    harmed: BTreeMap<FileName, Vec<u8>>,
    growing: Option<Growing>,
}

/// Files, with what the oracle knows of them.
#[derive(Default)]
pub(super) struct Files {
    blobs: MemoryBlobs,
    past: Mutex<Past>,
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

impl Files {
    /// Gives another disk's files with the same content.
    pub(super) fn fork(&self) -> Self {
        Self { blobs: self.blobs.fork(), past: Mutex::new(self.past().clone()) }
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names of all files that are whole, in order.
    pub(super) fn whole(&self) -> Result<Vec<FileName>, StoreError> {
        let mut names = self.blobs.names()?;
        names.retain(|name| !self.past().harmed.contains_key(name));
        names.sort_unstable();
        Ok(names)
    }

    /// Does something to a file.
    pub(super) fn harm(&self, name: &FileName, harm: Harm) -> Result<(), StoreError> {
        let Some(bytes) = self.blobs.unchecked(name)? else { return Ok(()) };
        self.blobs.remove(name)?;
        if let Harm::Flipped(at) = harm {
            let mut other = bytes.clone();
            let at = at.checked_rem(bytes.len()).unwrap_or_default();
            other.get_mut(at).into_iter().for_each(|byte| *byte ^= 0x10);
            self.blobs.put(name, &other)?;
        }
        self.past().harmed.insert(*name, bytes);
        Ok(())
    }

    /// Whether a file is not what was written.
    pub(super) fn is_harmed(&self, name: &FileName) -> bool {
        self.past().harmed.contains_key(name)
    }

    pub(super) fn are_harmed(&self) -> bool {
        !self.past().harmed.is_empty()
    }

    /// Puts files back as they were, as who has a copy of them does.
    pub(super) fn put_back(&self, which: impl Fn(&FileName) -> bool) -> Result<(), StoreError> {
        let harmed: Vec<FileName> = self.past().harmed.keys().filter(|name| which(name)).copied().collect();
        for name in harmed {
            let bytes = self.past().harmed.remove(&name).unwrap_or_default();
            self.blobs.remove(&name)?;
            self.blobs.put(&name, &bytes)?;
        }
        Ok(())
    }

    /// Whether these bytes were ever written under this name.
    pub(super) fn were_written(&self, name: &FileName, bytes: &[u8]) -> bool {
        self.past().written.get(name) == Some(&hash(bytes))
    }

    /// What of a snapshot is here.
    pub(super) fn growing(&self) -> Option<Growing> {
        self.past().growing.clone()
    }

    pub(super) fn grow(&self, growing: Option<Growing>) {
        self.past().growing = growing;
    }
}

impl Blobs for Files {
    fn put(&self, name: &FileName, bytes: &[u8]) -> Result<(), StoreError> {
        self.blobs.put(name, bytes)?;
        let held = self.blobs.unchecked(name)?;
        let mut past = self.past();
        past.written.entry(*name).or_insert_with(|| hash(bytes));
        past.harmed.retain(|harmed, before| harmed != name || held.as_ref() != Some(before));
        Ok(())
    }

    fn unchecked(&self, name: &FileName) -> Result<Option<Vec<u8>>, StoreError> {
        self.blobs.unchecked(name)
    }

    fn remove(&self, name: &FileName) -> Result<(), StoreError> {
        self.past().harmed.remove(name);
        self.blobs.remove(name)
    }

    fn names(&self) -> Result<Vec<FileName>, StoreError> {
        self.blobs.names()
    }
}
