//! What was promised on the way to a state, and must hold in it.

use std::collections::{BTreeMap, BTreeSet};

use selaras_model::{BundleId, EntryHash, EpochId, LogVersion, ReplicaId};
use selaras_sync::{LogEntry, Origin, entry_hash};

use super::choice::Which;
use super::state::NUMBERS;
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
    /// Lives of the log that ended with the centre's disk.
    over: BTreeSet<EpochId>,
    /// Bundles of which a computer knows that they took effect.
    pub(super) receipted: BTreeSet<BundleId>,
    /// Bundles of which a person was told that they were refused.
    pub(super) refused: BTreeSet<BundleId>,
    /// Bundles that a person took back before they were sent.
    pub(super) withdrawn: BTreeSet<BundleId>,
    /// Whether the head's key was ended, and by which place of the log.
    pub(super) revoked: bool,
    ended_at: Option<(EpochId, LogVersion)>,
    /// Computers that have heard of it.
    heard: BTreeSet<Which>,
    /// Whether the centre knows of it: its disk says so, or somebody who had heard of it has told it.
    ended: bool,
    /// Whether its backup says so.
    ended_in_backup: bool,
    /// Bundles that the head approved with the key that came after it.
    pub(super) renewed: BTreeSet<BundleId>,
    /// Whether the centre was restored and no operator has confirmed since what is from before.
    pub(super) doubted: bool,
    /// What was put back then, and the computers that have spoken since and stood there or further.
    put_back: LogVersion,
    vouching: BTreeSet<Which>,
    /// Bundles that were ever in the log, by the entry of its first life.
    logged: BTreeMap<BundleId, EntryHash>,
}

impl Memory {
    /// Sees an entry of the centre's log.
    pub(super) fn sees(&mut self, entry: &LogEntry) -> Result<(), Trouble> {
        let hash = entry_hash(&entry.to_bytes());
        let before = self.signed.insert((entry.epoch, entry.version), hash);
        if before.is_some_and(|before| before != hash) {
            return wrong(format!("the centre signs two entries for place {} of one life", entry.version));
        }
        if before.is_none() && self.over.contains(&entry.epoch) {
            return wrong(format!("the centre signs an entry for place {} of a life that is over", entry.version));
        }
        let Origin::Bundle { bundle, replica, .. } = entry.origin else { return Ok(()) };
        if before.is_none() && entry.first.is_none() && self.doubted && !self.vouching.contains(&other_than(replica)) {
            return wrong(format!(
                "bundle {bundle} takes effect after a restore, and nobody has confirmed its approval"
            ));
        }
        if self.ended && !self.logged.contains_key(&bundle) && !self.renewed.contains(&bundle) {
            return wrong(format!("bundle {bundle} takes effect by a key that was ended"));
        }
        self.logged.entry(bundle).or_insert(entry.first.as_ref().map_or(hash, |first| first.entry));
        Ok(())
    }

    /// Sees where a computer stands: whoever has heard of the end of the head's key has told it by the time it follows the
    /// present life of the log.
    pub(super) fn stands_at(&mut self, which: Which, epoch: Option<EpochId>, version: LogVersion) {
        if self.ended_at.is_some_and(|(of, end)| Some(of) == epoch && version >= end) {
            self.heard.insert(which);
        }
        let follows = epoch.is_some_and(|epoch| !self.over.contains(&epoch));
        self.ended |= follows && self.heard.contains(&which);
    }

    /// A computer speaks to the centre: where it stands at what was put back, or further, it vouches for the other one.
    pub(super) fn speaks(&mut self, which: Which, epoch: Option<EpochId>, version: LogVersion) {
        if epoch.is_some_and(|epoch| self.over.contains(&epoch)) && version >= self.put_back {
            self.vouching.insert(which);
        }
    }

    /// Whether anybody who speaks has heard that the head's key ended, or the centre itself says so.
    pub(super) fn knows_the_end(&self) -> bool {
        self.ended || !self.heard.is_empty()
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

    /// The head's key ends, by this place of the log.
    pub(super) const fn revokes(&mut self, place: (EpochId, LogVersion)) {
        (self.revoked, self.ended, self.ended_at) = (true, true, Some(place));
    }

    pub(super) const fn backs_up(&mut self) {
        self.ended_in_backup = self.ended;
    }

    /// A backup from before a key's end does not know of it, and nothing from before it approves by itself.
    pub(super) fn restores(&mut self, put_back: LogVersion) {
        self.put_back = put_back;
        self.over.extend(self.signed.keys().map(|(life, _)| *life));
        self.ended = self.ended_in_backup;
        self.doubted = true;
        self.vouching.clear();
    }
}

/// The computer that this is not the name of.
fn other_than(replica: ReplicaId) -> Which {
    match replica.as_bytes() {
        // A name that a copy was given, and a computer's first one.
        [0x80, number, ..] | [number, ..] if *number == NUMBERS[0] => Which::Other,
        _ => Which::One,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_lost_where_nothing_that_was_typed_over_it_stands() {
        let mut memory = Memory::default();
        memory.saved.extend(["first".to_owned(), "second".to_owned()]);
        memory.types_over("second", vec!["first".to_owned()]);
        memory.types_over("unsaved", vec!["second".to_owned()]);
        let lost = |missing: &[&str]| memory.lost(&missing.iter().copied().collect()).map(str::to_owned);
        assert_eq!(lost(&[]), None);
        assert_eq!(lost(&["first", "unsaved"]), None);
        // Its process died over it, and it is there all the same.
        assert_eq!(lost(&["first", "second"]), None);
        assert_eq!(lost(&["second", "unsaved"]).as_deref(), Some("second"));
        assert_eq!(lost(&["first", "second", "unsaved"]).as_deref(), Some("first"));
    }
}
