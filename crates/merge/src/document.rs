//! The automerge document of one record.

use std::collections::BTreeSet;

use automerge::{Automerge, ReadDoc as _};
use selaras_model::{Actor, ChangeHash};

use crate::guard::guarded;
use crate::history::{History, is_marked};
use crate::{HeadPrefix, MergeError};

/// Largest document that is loaded, in bytes. A record's present fields take a few KiB.
pub const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;

/// One record's document: every change that was ever made to it.
///
/// It is a value: nothing changes it in place, [`crate::mint`] gives a new one. Copies share most of their memory.
/// `Debug` shows the heads only.
#[derive(Clone)]
pub struct Document {
    automerge: Automerge,
    heads: Vec<ChangeHash>,
}

/// A head names all the history behind it, so that equal heads are equal documents.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.heads == other.heads
    }
}

impl Eq for Document {}

impl std::hash::Hash for Document {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.heads.hash(state);
    }
}

impl Document {
    /// Reads a saved document, or a creating change's chunk, followed by any number of appended chunks.
    ///
    /// Bytes from another computer are to be authenticated first: a crafted document may ask for much memory.
    ///
    /// # Errors
    /// [`MergeError::Damaged`] for anything else, also for a document that lacks a change which others build on.
    pub fn load(bytes: &[u8]) -> Result<Self, MergeError> {
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(MergeError::Damaged("it is larger than any record's"));
        }
        guarded(|| {
            let automerge = Automerge::load(bytes).map_err(|_| MergeError::Damaged("its bytes cannot be read"))?;
            Self::checked(automerge)
        })
    }

    /// Wraps a document that is complete. To be called behind [`guarded`].
    pub(crate) fn checked(automerge: Automerge) -> Result<Self, MergeError> {
        if !automerge.get_missing_deps(&[]).is_empty() {
            return Err(MergeError::Damaged("a change lacks what it builds on"));
        }
        let mut heads: Vec<_> = automerge.get_heads().iter().map(|head| ChangeHash::from_bytes(head.0)).collect();
        if heads.is_empty() {
            return Err(MergeError::Damaged("it holds no change"));
        }
        heads.sort_unstable();
        Ok(Self { automerge, heads })
    }

    /// Returns the document's bytes, for [`Document::load`].
    ///
    /// They are never compared or hashed: equal documents may have different bytes.
    ///
    /// # Errors
    /// [`MergeError::Damaged`] where a crafted document cannot be saved.
    pub fn save(&self) -> Result<Vec<u8>, MergeError> {
        guarded(|| Ok(self.automerge.save_nocompress()))
    }

    /// Returns the changes that no other builds on, sorted. Equal heads mean equal documents.
    #[must_use]
    pub fn heads(&self) -> Vec<ChangeHash> {
        self.heads.clone()
    }

    /// Returns the number of changes.
    #[must_use]
    pub fn changes(&self) -> usize {
        usize::try_from(self.automerge.stats().num_changes).unwrap_or(usize::MAX)
    }

    /// Finds the changes that an edit names, sorted.
    ///
    /// # Errors
    /// [`MergeError::UnknownHeads`] and [`MergeError::AmbiguousHeads`].
    pub fn resolve_heads_prefixes(&self, prefixes: &[HeadPrefix]) -> Result<Vec<ChangeHash>, MergeError> {
        guarded(|| {
            let heads = History::of(&self.automerge)?.resolve(prefixes)?;
            Ok(heads.iter().map(|head| ChangeHash::from_bytes(head.0)).collect())
        })
    }

    /// Gives which of these authors' changes are in the state that an edit's heads name.
    ///
    /// # Errors
    /// [`MergeError::UnknownHeads`] and [`MergeError::AmbiguousHeads`].
    pub fn authors_within(
        &self,
        heads: &[HeadPrefix],
        authors: &BTreeSet<Actor>,
    ) -> Result<BTreeSet<Actor>, MergeError> {
        guarded(|| {
            let history = History::of(&self.automerge)?;
            let heads = history.resolve(heads)?;
            let within = history.ancestors(heads.iter().filter_map(|head| history.position(head)));
            let by = history.by(authors).into_iter();
            Ok(by.filter(|(at, _)| is_marked(&within, *at)).map(|(_, actor)| actor).collect())
        })
    }

    /// Gives the changes in the state that these name, themselves among them; those that the document lacks name nothing.
    ///
    /// # Errors
    /// [`MergeError::Damaged`] where a crafted document cannot be read.
    pub fn within(&self, heads: &[ChangeHash]) -> Result<BTreeSet<ChangeHash>, MergeError> {
        guarded(|| {
            let history = History::of(&self.automerge)?;
            let within = history.ancestors(heads.iter().filter_map(|head| history.position(&head_of(head))));
            Ok(history.marked(&within).collect())
        })
    }

    /// Gives the heads of a state, sorted, by all the changes in it; those that the document lacks are left out.
    ///
    /// # Errors
    /// [`MergeError::Damaged`] where a crafted document cannot be read.
    pub fn heads_of(&self, state: &BTreeSet<ChangeHash>) -> Result<Vec<ChangeHash>, MergeError> {
        guarded(|| {
            let history = History::of(&self.automerge)?;
            let at = state.iter().filter_map(|change| history.position(&head_of(change)));
            let mut heads: Vec<ChangeHash> = history.marked(&history.unbuilt(at)).collect();
            heads.sort_unstable();
            Ok(heads)
        })
    }

    /// Gives the last changes of these authors, sorted: those on which no other of theirs builds.
    ///
    /// # Errors
    /// [`MergeError::Damaged`] where a crafted document cannot be read.
    pub fn last_changes_by(&self, authors: &BTreeSet<Actor>) -> Result<Vec<ChangeHash>, MergeError> {
        guarded(|| {
            let history = History::of(&self.automerge)?;
            let theirs = history.by(authors);
            let mut last = Vec::new();
            for (at, _) in &theirs {
                let later = history.descendants([*at]);
                let built_on = theirs.iter().any(|(other, _)| other != at && is_marked(&later, *other));
                last.extend(history.get(*at).filter(|_| !built_on).map(|change| ChangeHash::from_bytes(change.hash.0)));
            }
            last.sort_unstable();
            Ok(last)
        })
    }

    pub(crate) const fn automerge(&self) -> &Automerge {
        &self.automerge
    }
}

fn head_of(change: &ChangeHash) -> automerge::ChangeHash {
    automerge::ChangeHash(*change.as_bytes())
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").field("heads", &self.heads).finish_non_exhaustive()
    }
}
