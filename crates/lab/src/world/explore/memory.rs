//! What was promised on the way to a state, and must hold in it.

use std::collections::{BTreeMap, BTreeSet};

use selaras_model::{BundleId, EntryHash, EpochId, LogVersion};
use selaras_sync::{LogEntry, Origin, entry_hash};

use crate::world::trouble::{Trouble, wrong};

#[derive(Clone, Default, Hash)]
pub(super) struct Memory {
    /// Values that were reported as saved.
    pub(super) saved: BTreeSet<String>,
    /// Values that stood on the screen of who typed another one over them, and which one. Whether that one was saved is
    /// not always known: the process may have died over it.
    typed_over: BTreeMap<String, BTreeSet<String>>,
    /// What the centre signed, by its place in a life of the log.
    signed: BTreeMap<(EpochId, LogVersion), EntryHash>,
    /// Bundles of which a computer knows that they took effect.
    pub(super) receipted: BTreeSet<BundleId>,
    /// Bundles of which a person was told that they were refused.
    pub(super) refused: BTreeSet<BundleId>,
    /// Bundles that a person took back before they were sent.
    pub(super) withdrawn: BTreeSet<BundleId>,
    /// Whether the head's key was ended, and whether the centre's disk says so.
    pub(super) revoked: bool,
    ended: bool,
    /// Whether its backup says so.
    ended_in_backup: bool,
    /// Bundles that were ever in the log, by the entry of its first life.
    logged: BTreeMap<BundleId, EntryHash>,
}

impl Memory {
    /// Sees an entry of the centre's log.
    pub(super) fn sees(&mut self, entry: &LogEntry) -> Result<(), Trouble> {
        let hash = entry_hash(&entry.to_bytes());
        if self.signed.insert((entry.epoch, entry.version), hash).is_some_and(|before| before != hash) {
            return wrong(format!("the centre signs two entries for place {} of one life", entry.version));
        }
        let Origin::Bundle { bundle, .. } = entry.origin else { return Ok(()) };
        if self.ended && !self.logged.contains_key(&bundle) {
            return wrong(format!("bundle {bundle} takes effect by a key that was ended"));
        }
        self.logged.entry(bundle).or_insert(entry.first.as_ref().map_or(hash, |first| first.entry));
        Ok(())
    }

    /// Somebody types a value over others.
    pub(super) fn types_over(&mut self, token: &str, over: Vec<String>) {
        for over in over {
            self.typed_over.entry(over).or_default().insert(token.to_owned());
        }
    }

    /// All that was typed as far as it is known here, saved or not.
    pub(super) fn typed(&self) -> impl Iterator<Item = &str> {
        self.saved.iter().chain(self.typed_over.values().flatten()).map(String::as_str)
    }

    /// A value that was reported as saved and is lost: it is `missing`, and so is whatever was knowingly typed over it.
    pub(super) fn lost<'m>(&'m self, missing: &BTreeSet<&str>) -> Option<&'m str> {
        self.saved.iter().map(String::as_str).find(|value| !self.stands(value, missing))
    }

    fn stands(&self, value: &str, missing: &BTreeSet<&str>) -> bool {
        let later = |token: &String| token != value && self.stands(token, missing);
        !missing.contains(value) || self.typed_over.get(value).is_some_and(|tokens| tokens.iter().any(later))
    }

    /// The entry as which a bundle took effect first.
    pub(super) fn first_entry(&self, bundle: BundleId) -> Option<EntryHash> {
        self.logged.get(&bundle).copied()
    }

    /// The head's key ends.
    pub(super) const fn revokes(&mut self) {
        (self.revoked, self.ended) = (true, true);
    }

    /// The head has another key.
    pub(super) const fn enrols(&mut self) {
        self.ended = false;
    }

    pub(super) const fn backs_up(&mut self) {
        self.ended_in_backup = self.ended;
    }

    /// A backup from before a key's end does not know of it.
    pub(super) const fn restores(&mut self) {
        self.ended = self.ended_in_backup;
    }
}
