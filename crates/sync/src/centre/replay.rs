//! Entries of an earlier life that a restored centre takes back: as they were, or, where that cannot be, as edits of its own.

use std::collections::BTreeMap;

use selaras_merge::{Edit, HeadPrefix, MergeError};
use selaras_model::{Actor, EntryHash, EpochId, LogVersion, RecordKey, Sequence};

use super::Centre;
use super::heal::unproven;
use crate::edits::{EditSet, MAX_EDIT_HEADS, nameable};
use crate::entry::{FirstLife, LogEntry, Origin, act_actor};
use crate::error::CentreError;
use crate::page::{edits_of, freeze_edits};
use crate::state::{EntryIntent, EntryOrigin};
use crate::step::Step;
use crate::store::{EditsAt, Flow, Key, MAX_INLINE, Range, ReplicaRow, Row, StoreError};
use crate::work::{Work, WorkError};

/// An act that brings the edits of an entry which cannot be replayed as it was.
pub(super) const RETAKEN: &str = "centre.retaken";

impl Centre<'_> {
    /// Makes an entry of this life of one that an earlier life signed, without judging entitlement again: the changes
    /// are the same, byte for byte, and findings are work.
    ///
    /// An entry that does not fit any more must not stop those behind it: what it builds on may be lost, because an older
    /// backup was restored than one that was told to cover it, or a twin may have sealed under its number in this life. Its
    /// edits are taken all the same, on what the record is now; both ends learn of it by the kind of the act, and a
    /// computer that has the changes of before makes its record anew.
    pub(super) fn replay(
        &self,
        entry: &LogEntry,
        hash: EntryHash,
        edits: &EditSet,
        edits_at: EditsAt,
    ) -> Result<Step, CentreError> {
        if edits.hash() != entry.edits || usize::try_from(entry.records).ok() != Some(edits.edits().len()) {
            return Err(unproven());
        }
        let position = self.living()?;
        self.is_as_signed(&position)?;
        let first = entry.first_life(hash);
        if self.fits(&entry.actor(), edits)? {
            let origin = self.origin_again(&entry.origin)?;
            let intent = EntryIntent {
                origin,
                edits_at,
                edits: entry.edits,
                at: entry.at,
                first: Some(first),
                handed: Some(hash),
            };
            return self.enter(edits, intent, &entry.actor(), Some(entry));
        }
        // What this disk has lost is made anew from the log before anything is built beside it.
        self.is_sound(&position, edits.edits().iter().map(|(key, _)| *key))?;
        // A life of its own: another entry may have been signed for its place, and have that act's name.
        let [a, b, c, d, e, f, g, h, ..] = *first.entry.as_bytes();
        let made = first.clone();
        let first = FirstLife { epoch: EpochId::from_bytes([a, b, c, d, e, f, g, h]), ..first };
        let actor = act_actor(self.npsn, first.epoch, first.version);
        let fitting = self.fitted(&actor, edits, &made)?;
        let origin = EntryOrigin::Act { kind: RETAKEN.to_owned() };
        let edits_at = if fitting.edits().is_empty() { EditsAt::Absent } else { self.keep_edits(&fitting)? };
        let edits = fitting.hash();
        let intent = EntryIntent { origin, edits_at, edits, at: entry.at, first: Some(first), handed: Some(hash) };
        let mut step = self.enter(&fitting, intent, &actor, None)?;
        if let EntryOrigin::Bundle { replica, after, .. } = self.origin_again(&entry.origin)? {
            // Its number is used: the bundle must not take effect a second time.
            step.batch.put(Key::Replica(replica), Row::Replica(after));
        }
        Ok(step)
    }

    /// Makes the entry, at once or in steps; what `before` promised is promised again.
    fn enter(
        &self,
        edits: &EditSet,
        intent: EntryIntent,
        actor: &Actor,
        before: Option<&LogEntry>,
    ) -> Result<Step, CentreError> {
        let work = Work::of_accepted(self.store, self.rules);
        let Some(mut work) = Self::take_all(work, actor, edits, &mut |_, _, _| {})? else {
            return self.intend(edits, intent);
        };
        if let Some(before) = before {
            self.derive(before, &mut work)?;
        }
        self.end_small(work, &mut self.living()?, intent, edits)
    }

    /// Whether all edits can be minted as they are.
    fn fits(&self, actor: &Actor, edits: &EditSet) -> Result<bool, CentreError> {
        let work = Work::of_accepted(self.store, self.rules).with_heads(MAX_EDIT_HEADS);
        for (key, edit) in edits.edits() {
            if !Self::mints(&work, *key, actor, edit)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn mints(work: &Work<'_>, key: RecordKey, actor: &Actor, edit: &Edit) -> Result<bool, CentreError> {
        match work.peek(key, actor, edit) {
            Ok(_) => Ok(true),
            Err(
                WorkError::TooLarge(_)
                | WorkError::TooManyHeads(_)
                | WorkError::Merge {
                    error:
                        MergeError::UnknownHeads | MergeError::AmbiguousHeads | MergeError::Fork | MergeError::EmptyEdit,
                    ..
                },
            ) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The edits on heads that the records have; without those that no record takes, which are with the school.
    fn fitted(&self, actor: &Actor, edits: &EditSet, made: &FirstLife) -> Result<EditSet, CentreError> {
        let work = Work::of_accepted(self.store, self.rules).with_heads(MAX_EDIT_HEADS);
        let mut since: Option<BTreeMap<RecordKey, Vec<HeadPrefix>>> = None;
        let mut fitting = Vec::with_capacity(edits.edits().len());
        for (key, edit) in edits.edits() {
            if Self::mints(&work, *key, actor, edit)? {
                fitting.push((*key, edit.clone()));
                continue;
            }
            let known = Self::known_heads(&work, *key, edit)?;
            let heads = if known.is_empty() {
                if since.is_none() {
                    since = Some(self.heads_before_newer(made)?);
                }
                match since.as_ref().and_then(|since| since.get(key)) {
                    Some(heads) => heads.clone(),
                    None => work.base(*key)?.map(|base| Edit::on(nameable(&base.heads)).heads).unwrap_or_default(),
                }
            } else {
                known
            };
            let edit = Edit { heads, ..edit.clone() };
            if Self::mints(&work, *key, actor, &edit)? {
                fitting.push((*key, edit));
            }
        }
        if fitting.is_empty() {
            return Ok(EditSet::default());
        }
        Ok(EditSet::new(fitting).map_err(|error| StoreError::Io(Box::new(error)))?)
    }

    /// Those of an edit's heads that the record has.
    fn known_heads(work: &Work<'_>, key: RecordKey, edit: &Edit) -> Result<Vec<HeadPrefix>, CentreError> {
        let Some(document) = work.document(key)? else { return Ok(Vec::new()) };
        let known = edit.heads.iter().filter(|head| document.resolve_heads_prefixes(&[**head]).is_ok());
        let known: Vec<HeadPrefix> = known.copied().collect();
        Ok(if document.resolve_heads_prefixes(&known).is_ok() { known } else { Vec::new() })
    }

    /// Of records that people edited in this life, or that something newer than this entry came back of, the heads that the
    /// first of these saw: what they wrote stands beside an entry of before, and not under it.
    fn heads_before_newer(&self, made: &FirstLife) -> Result<BTreeMap<RecordKey, Vec<HeadPrefix>>, CentreError> {
        let position = self.living()?;
        let mut heads = BTreeMap::new();
        self.store.scan(&Range::Entries(LogVersion::new(0)), &mut |_, row| {
            let Row::Entry(row) = row else { return Ok(Flow::Continue) };
            let entry = LogEntry::from_bytes(&row.entry)
                .map_err(|_| StoreError::Damaged("an entry of the log cannot be read".to_owned()))?;
            let newer = entry.first.as_ref().is_none_or(|first| !is_before(&entry, first, made));
            if entry.epoch == position.epoch()? && newer && entry.records > 0 {
                for (key, edit) in edits_of(self.blobs, &entry, &row)?.into_edits() {
                    heads.entry(key).or_insert(edit.heads);
                }
            }
            Ok(Flow::Continue)
        })?;
        Ok(heads)
    }

    fn origin_again(&self, origin: &Origin) -> Result<EntryOrigin, StoreError> {
        let (bundle, replica, sequence) = match origin {
            Origin::Act { kind, promises } if promises.is_empty() => {
                return Ok(EntryOrigin::Act { kind: kind.clone() });
            }
            Origin::Act { kind, promises } => {
                return Ok(EntryOrigin::Promise { kind: kind.clone(), promises: promises.clone() });
            }
            Origin::Bundle { bundle, replica, sequence } => (*bundle, *replica, *sequence),
        };
        let row = match self.store.get(&Key::Replica(replica))? {
            Some(Row::Replica(row)) => row,
            _ => ReplicaRow { device: None, last_sequence: Sequence::new(0), last_accepted: None },
        };
        // Handed back out of order, an earlier bundle is not the last one.
        let after = if sequence > row.last_sequence {
            ReplicaRow { last_sequence: sequence, last_accepted: Some(bundle), ..row }
        } else {
            row
        };
        Ok(EntryOrigin::Bundle { bundle, replica, sequence, after })
    }

    pub(super) fn keep_edits(&self, edits: &EditSet) -> Result<EditsAt, CentreError> {
        let frozen = freeze_edits(edits)?;
        if frozen.len() <= MAX_INLINE {
            return Ok(EditsAt::Block(frozen));
        }
        let name = *blake3::hash(&frozen).as_bytes();
        self.blobs.put(&name, &frozen)?;
        Ok(EditsAt::Parts(vec![name]))
    }
}

/// Whether an entry that came back is of an earlier place than another one. Places of two lives say nothing of each other;
/// one that was taken as an act has a life of its own, and its place alone is left.
fn is_before(entry: &LogEntry, first: &FirstLife, made: &FirstLife) -> bool {
    let retaken = matches!(&entry.origin, Origin::Act { kind, .. } if kind == RETAKEN);
    first.version < made.version && (retaken || first.epoch == made.epoch)
}
