//! What a school keeps of the log because the centre's disk may be lost: every entry since the last verified backup that
//! the centre reported, its edits, and the signature that proves it.
//!
//! The order is that of coming, whatever life of the log an entry is of. An entry lies at part 0 of its place; parts of
//! its edits beside it, one for each commit that took some, compressed.

use selaras_merge::Edit;
use selaras_model::{BundleId, EntryHash, LogVersion, RecordKey};

use super::School;
use crate::edits::EditSet;
use crate::entry::{LogEntry, entry_hash};
use crate::error::SchoolError;
use crate::page::{pack_edits, thaw_edits};
use crate::state::Position;
use crate::step::{Effect, Step};
use crate::store::{EditsAt, EntryRow, Flow, Key, Range, ReadStore, Row, StoreError};
use crate::work::Work;
use crate::{bundle, wire};
use prost::Message;

/// Rows that one step lets go of.
const MAX_DROPPED: usize = 400;

/// Where the edits of an entry that is being taken are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// They came in the page.
    Page,
    /// In this computer's own bundle.
    Own(BundleId),
    /// Kept already, under the entry's earlier hash; or there are none.
    Elsewhere,
}

/// A kept entry.
pub(super) struct Kept {
    pub(super) place: u64,
    pub(super) hash: EntryHash,
    pub(super) entry: LogEntry,
    pub(super) row: EntryRow,
}

fn damaged() -> StoreError {
    StoreError::Damaged("what is kept of the log".to_owned())
}

impl Kept {
    /// Whether its edits are here.
    pub(super) fn has_edits(&self) -> bool {
        !matches!(self.row.edits, EditsAt::Absent)
    }

    /// Whether a centre that lost it needs it from here: for its edits, or for what it says.
    pub(super) fn is_handed_back(&self) -> bool {
        self.has_edits() || self.entry.is_note()
    }
}

impl School<'_> {
    /// Keeps edits that this work takes, beginning with the entry's edit of this index.
    pub(super) fn keep_edits(
        &self,
        work: &mut Work<'_>,
        position: &Position,
        from: u32,
        edits: &[(RecordKey, Edit)],
    ) -> Result<(), StoreError> {
        if edits.is_empty() || position.version.next() <= position.keeping.covered {
            return Ok(());
        }
        let part = from.saturating_add(1);
        work.put(Key::Kept(position.keeping.next, part), Row::Blob(pack_edits(edits)?));
        Ok(())
    }

    /// Keeps an entry that this work ends. Its bytes are kept also where its edits need not be: those before it are
    /// proven by a chain through it.
    pub(super) fn keep(&self, work: &mut Work<'_>, position: &mut Position, row: EntryRow) {
        if position.version > position.keeping.covered {
            work.put(Key::Kept(position.keeping.next, 0), Row::Entry(row));
        }
        position.keeping.next += 1;
    }

    /// Gives the kept entries in order, from a place on.
    pub(super) fn each_kept(
        &self,
        from: u64,
        visit: &mut dyn FnMut(Kept) -> Result<Flow, StoreError>,
    ) -> Result<(), StoreError> {
        self.store.scan(&Range::Kept(from), &mut |key, row| match (key, row) {
            (Key::Kept(place, 0), Row::Entry(row)) => {
                let entry = LogEntry::from_bytes(&row.entry).map_err(|_| damaged())?;
                visit(Kept { place, hash: entry_hash(&row.entry), entry, row })
            }
            _ => Ok(Flow::Continue),
        })
    }

    /// Reads the edits of a kept entry.
    pub(super) fn kept_edits(&self, place: u64, row: &EntryRow) -> Result<EditSet, SchoolError> {
        if let EditsAt::Blob(name) = &row.edits {
            let entry = LogEntry::from_bytes(&row.entry).map_err(|_| damaged())?;
            return Ok(self.bundle_edits(name, &entry)?.ok_or_else(damaged)?);
        }
        let mut edits = Vec::new();
        let mut broken = false;
        self.store.scan(&Range::Kept(place), &mut |key, row| {
            let Key::Kept(at, part) = key else { return Ok(Flow::Stop) };
            if at != place {
                return Ok(Flow::Stop);
            }
            if let Row::Blob(frozen) = row {
                broken |= usize::try_from(part).ok() != Some(edits.len() + 1);
                edits.extend(thaw_edits(&frozen).ok_or_else(damaged)?.into_edits());
            }
            Ok(Flow::Continue)
        })?;
        if broken { Err(damaged().into()) } else { Ok(EditSet::joined(edits)) }
    }

    /// The edits of an entry that one of this computer's bundles became; none where they are lost.
    pub(super) fn bundle_edits(&self, name: &[u8; 32], entry: &LogEntry) -> Result<Option<EditSet>, SchoolError> {
        let sealed = self.sealed()?.filter(|sealed| sealed.bundle.as_bytes() == name);
        let frozen = match sealed {
            Some(sealed) => self.frozen(&sealed)?,
            None => self.blobs.sound(name)?,
        };
        match frozen {
            Some(frozen) => Ok(Some(bundle::decode(&frozen).map_err(|_| damaged())?.edits)),
            None => self.edits_in_records(entry),
        }
    }

    /// The edits of an entry as the records hold them, as changes of its author; none where they are not all there.
    fn edits_in_records(&self, entry: &LogEntry) -> Result<Option<EditSet>, SchoolError> {
        let mut keys = Vec::new();
        self.store.scan(&Range::Bases(None), &mut |key, _| {
            if let Key::Base(key) = key {
                keys.push(key);
            }
            Ok(Flow::Continue)
        })?;
        let (work, actor) = (Work::new(self.store, self.rules), entry.actor());
        let mut edits = Vec::new();
        for key in keys {
            let Some(document) = work.document(key)? else { continue };
            let edit = document.edit_by(&actor).map_err(|_| damaged())?;
            edits.extend(edit.map(|edit| (key, edit)));
        }
        Ok(EditSet::new(edits).ok().filter(|edits| edits.hash() == entry.edits))
    }

    /// Writes an entry into its place in the log. What another life of the log had there, and was this school's own
    /// receipt, stays beside it.
    pub(super) fn put_entry(work: &mut Work<'_>, version: LogVersion, mut row: EntryRow) -> Result<(), StoreError> {
        if let Some(Row::Entry(before)) = work.read().get(&Key::Entry(version))? {
            if before.entry == row.entry {
                // A receipt's entry came with its own signature before.
                row.signature = before.signature.or(row.signature);
            } else if before.signature.is_some() {
                work.put(Key::Past(entry_hash(&before.entry)), Row::Entry(before));
            }
        }
        work.put(Key::Entry(version), Row::Entry(row));
        Ok(())
    }

    /// Lets go of some of what is in verified backups of the centre by now; none when nothing is.
    pub(super) fn let_go(&self) -> Result<Option<Step>, SchoolError> {
        let mut position = self.position()?;
        let keeping = &mut position.keeping;
        let covered_past = keeping.past.filter(|(_, version)| *version <= keeping.covered).map_or(0, |(end, _)| end);
        let mut work = Work::new(self.store, self.rules);
        let mut effects = Vec::new();
        let mut removed = 0;
        // An entry whose bytes were not kept has no row at its place; what is left of it goes with the next one.
        let mut first = keeping.first;
        self.store.scan(&Range::Kept(keeping.first), &mut |key, row| {
            let Key::Kept(place, part) = key else { return Ok(Flow::Stop) };
            if part == 0 && place >= covered_past {
                let Row::Entry(row) = &row else { return Err(damaged()) };
                let entry = LogEntry::from_bytes(&row.entry).map_err(|_| damaged())?;
                let of_past = keeping.past.is_some_and(|(end, _)| place < end);
                if of_past || entry.version > keeping.covered {
                    first = place;
                    return Ok(Flow::Stop);
                }
            } else if part > 0 && place == keeping.next {
                return Ok(Flow::Stop);
            }
            if removed >= MAX_DROPPED {
                return Ok(Flow::Stop);
            }
            if let Row::Entry(EntryRow { edits: EditsAt::Blob(name), .. }) = row {
                effects.push(Effect::RemoveBlob(name));
            }
            work.remove(Key::Kept(place, part));
            removed += 1;
            first = place;
            Ok(Flow::Continue)
        })?;
        keeping.first = first;
        keeping.past = keeping.past.filter(|(end, _)| *end > first);
        if removed == 0 {
            return Ok(None);
        }
        work.put_state(crate::store::StateName::Position, &position)?;
        let mut step = Step::of(work.finish());
        step.effects = effects;
        Ok(Some(step))
    }

    /// Reads the rest of a page's entries, and their signature, from the blob that was written before its first commit.
    pub(super) fn proof(&self, position: &Position) -> Result<Option<wire::Run>, StoreError> {
        let Some(name) = &position.keeping.proof else { return Ok(None) };
        let Some(bytes) = self.blobs.sound(name)? else { return Ok(None) };
        wire::Run::decode(bytes.as_slice()).map(Some).map_err(|_| damaged())
    }
}
