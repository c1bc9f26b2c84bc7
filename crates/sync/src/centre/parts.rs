//! Parts of a large entry that a computer hands back. A part proves nothing by itself: only the whole has the hash that
//! was signed. So parts belong to the device that brought them, and nobody else's word touches them; with the wrong hash,
//! or when the device has told all, they go.

use selaras_model::{DeviceId, EntryHash};
use serde::{Deserialize, Serialize};

use super::Centre;
use super::heal::Handing;
use crate::edits::{EditSet, EditsChain};
use crate::entry::LogEntry;
use crate::error::CentreError;
use crate::local;
use crate::page::{entry_row, freeze_edits};
use crate::state::{self, Staged};
use crate::step::{Effect, Step};
use crate::store::{EditsAt, Key, StateName, StoreError};
use crate::work::Work;

/// Parts of one entry. Of the largest a school makes 256; one that makes more of it is up to something.
const MAX_PARTS: usize = 600;
/// Bytes of all parts of a device, as they are kept.
const MAX_PARTS_BYTES: u64 = crate::bundle::MAX_BUNDLE_BYTES as u64 * 2;

/// The parts that a device has brought, under `parts/<device>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PartsRow {
    entry: EntryHash,
    /// How many edits are in them.
    edits: u32,
    /// The running hash over those.
    chain: [u8; 32],
    /// The blobs' names.
    parts: Vec<[u8; 32]>,
    bytes: u64,
}

fn key_of(device: DeviceId) -> String {
    format!("parts/{device}")
}

impl Centre<'_> {
    fn parts_row(&self, device: DeviceId) -> Result<Option<PartsRow>, StoreError> {
        local::read(self.store, &key_of(device))
    }

    /// Of which entry a device has brought parts, and how many edits.
    pub(super) fn parts_of(&self, device: DeviceId) -> Result<Option<(EntryHash, u32)>, StoreError> {
        Ok(self.parts_row(device)?.map(|row| (row.entry, row.edits)))
    }

    /// Lets go of what a device has brought, in the commit that forgets it.
    pub(super) fn drop_parts(
        &self,
        work: &mut Work<'_>,
        device: DeviceId,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        if let Some(row) = self.parts_row(device)? {
            work.remove(Key::Local(key_of(device)));
            self.remove_parts(device, row.entry, &row.parts, effects)?;
        }
        // A version before this one kept them for all devices in one row.
        if let Some(staged) = state::read::<Staged>(self.store, StateName::Staged)? {
            work.remove(Key::State(StateName::Staged));
            self.remove_parts(device, staged.entry, &staged.parts, effects)?;
        }
        Ok(())
    }

    /// Blobs are named by what is in them: two devices that hand back one entry share its parts, and the log has them when
    /// one of the two is through.
    fn remove_parts(
        &self,
        device: DeviceId,
        entry: EntryHash,
        parts: &[[u8; 32]],
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let in_log = match self.replayed(entry)? {
            Some(version) => match entry_row(self.store, version)?.edits {
                EditsAt::Parts(names) => names,
                _ => Vec::new(),
            },
            None => Vec::new(),
        };
        let rows: Vec<(DeviceId, PartsRow)> = local::all(self.store, "parts/")?;
        let shared = |name: &[u8; 32]| {
            in_log.contains(name) || rows.iter().any(|(other, row)| *other != device && row.parts.contains(name))
        };
        effects.extend(parts.iter().filter(|name| !shared(name)).map(|name| Effect::RemoveBlob(*name)));
        Ok(())
    }

    /// Keeps a part of a large entry; with the last one the entry is replayed. `piece` is the entry's hash, the place of
    /// the part's first edit, and whether it is the last.
    pub(super) fn stage(
        &self,
        handing: &mut Handing,
        entry: &LogEntry,
        piece: (EntryHash, u32, bool),
        edits: &EditSet,
    ) -> Result<Step, CentreError> {
        let (hash, from, ends) = piece;
        let held = self.parts_row(handing.device)?.filter(|row| row.entry == hash);
        if from != held.as_ref().map_or(0, |row| row.edits) {
            // It asks again, or has forgotten where it was: the answer says where to go on.
            return Ok(Step::default());
        }
        let mut work = Work::new(self.store, self.rules);
        let mut effects = Vec::new();
        if held.is_none() {
            self.drop_parts(&mut work, handing.device, &mut effects)?;
        }
        let begun =
            PartsRow { entry: hash, edits: 0, chain: EditsChain::default().value(), parts: Vec::new(), bytes: 0 };
        let mut row = held.unwrap_or(begun);
        self.add_part(&mut row, edits)?;
        let exceeds = row.edits > entry.records || row.parts.len() > MAX_PARTS || row.bytes > MAX_PARTS_BYTES;
        if exceeds || ends && (row.chain, row.edits) != (entry.edits, entry.records) {
            return self.refuse_parts(handing, row);
        }
        if !ends {
            work.put_local(&key_of(handing.device), &row)?;
            let mut step = Step::of(work.finish());
            step.effects = effects;
            return Ok(step);
        }
        let Ok(all) = crate::page::join(self.blobs, &row.parts) else {
            // A part is gone: they are brought once more, from the first.
            return self.forget_parts(handing, row);
        };
        let mut last = self.replay(entry, hash, &all, EditsAt::Parts(row.parts))?;
        last.batch.remove(Key::Local(key_of(handing.device)));
        last.effects.append(&mut effects);
        Ok(last)
    }

    fn add_part(&self, row: &mut PartsRow, edits: &EditSet) -> Result<(), CentreError> {
        let frozen = freeze_edits(edits)?;
        let name = *blake3::hash(&frozen).as_bytes();
        self.blobs.put(&name, &frozen)?;
        let mut chain = EditsChain::from_value(row.chain);
        for (key, edit) in edits.edits() {
            chain.push(*key, edit);
        }
        row.edits = row.edits.saturating_add(u32::try_from(edits.edits().len()).unwrap_or(u32::MAX));
        row.chain = chain.value();
        row.parts.push(name);
        row.bytes = row.bytes.saturating_add(frozen.len() as u64);
        Ok(())
    }

    fn refuse_parts(&self, handing: &mut Handing, row: PartsRow) -> Result<Step, CentreError> {
        handing.unproven = true;
        self.forget_parts(handing, row)
    }

    fn forget_parts(&self, handing: &Handing, row: PartsRow) -> Result<Step, CentreError> {
        let mut work = Work::new(self.store, self.rules);
        let mut effects = Vec::new();
        work.remove(Key::Local(key_of(handing.device)));
        self.remove_parts(handing.device, row.entry, &row.parts, &mut effects)?;
        let mut step = Step::of(work.finish());
        step.effects = effects;
        Ok(step)
    }
}
