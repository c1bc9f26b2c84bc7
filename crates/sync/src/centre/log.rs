//! The school's log: an entry is made, signed and chained, in one commit or at the end of large work.

use selaras_model::{Actor, ChangeHash, LogVersion, RecordKey};

use super::Centre;
use crate::entry::{EntryError, LogEntry, Origin, Receipt, act_actor, bundle_actor, entry_hash};
use crate::error::CentreError;
use crate::plan;
use crate::state::{EntryIntent, EntryOrigin, Intent, Judged, Plan, Position};
use crate::step::{Effect, Step};
use crate::store::{AnswerRow, EntryRow, Key, Row, StateName, StoreError};
use crate::work::{Applied, Work};

impl Centre<'_> {
    /// The author of an entry's changes.
    pub(super) fn actor_of(&self, entry: &EntryIntent, position: &Position) -> Result<Actor, StoreError> {
        match (&entry.origin, &entry.first) {
            (EntryOrigin::Bundle { replica, sequence, .. }, _) => Ok(bundle_actor(self.npsn, *replica, *sequence)),
            // A replayed act keeps the name of its first life, or its changes would be others.
            (EntryOrigin::Act { .. } | EntryOrigin::Promise { .. }, Some(first)) => {
                Ok(act_actor(self.npsn, first.epoch, first.version))
            }
            (EntryOrigin::Act { .. } | EntryOrigin::Promise { .. }, None) => {
                let epoch = position.epoch.ok_or_else(|| StoreError::Damaged("a log without an epoch".to_owned()))?;
                Ok(act_actor(self.npsn, epoch, position.version.next()))
            }
        }
    }

    /// Mints one edit into the records.
    pub(super) fn take(
        &self,
        work: &mut Work<'_>,
        key: RecordKey,
        actor: &Actor,
        edit: &selaras_merge::Edit,
    ) -> Result<ChangeHash, CentreError> {
        let Applied { resolved, change } = work.apply(key, actor, edit)?;
        work.set_view(key, Some(resolved.record))?;
        work.mark_conflict(key, !resolved.conflicts.is_empty())?;
        Ok(change)
    }

    /// Writes the entry that this work makes, and what its origin asks for.
    pub(super) fn put_entry(
        &self,
        work: &mut Work<'_>,
        position: &mut Position,
        intent: EntryIntent,
        records: u32,
    ) -> Result<(), CentreError> {
        let version = position.version.next();
        let origin = match &intent.origin {
            EntryOrigin::Bundle { bundle, replica, sequence, after } => {
                // A bundle that comes back from an earlier life keeps the answer that this one has given.
                if self.store.get(&Key::Answer(*bundle))?.is_none() {
                    work.put(Key::Answer(*bundle), Row::Answer(AnswerRow::Receipt(version)));
                }
                work.put(Key::Replica(*replica), Row::Replica(after.clone()));
                Origin::Bundle { bundle: *bundle, replica: *replica, sequence: *sequence }
            }
            EntryOrigin::Act { kind } => Origin::Act { kind: kind.clone(), promises: Vec::new() },
            EntryOrigin::Promise { kind, promises } => Origin::Act { kind: kind.clone(), promises: promises.clone() },
        };
        let entry = LogEntry {
            npsn: self.npsn,
            epoch: position.epoch.ok_or_else(|| StoreError::Damaged("a log without an epoch".to_owned()))?,
            version,
            previous: position.entry,
            edits: intent.edits,
            records,
            origin,
            pack: self.rules.pack.hash(),
            rulebook: self.rules.rulebook.hash(),
            digests: work.digests()?,
            at: intent.at,
            first: intent.first.clone(),
        };
        for hash in intent.first.iter().map(|first| first.entry).chain(intent.handed) {
            work.put(Key::Replayed(hash), Row::Version(version));
        }
        let unfit = |error: EntryError| CentreError::Store(StoreError::Io(Box::new(error)));
        let signed = Receipt::sign(entry.to_bytes(), &self.keys.signing).map_err(unfit)?;
        let row = EntryRow {
            entry: signed.bytes().to_vec(),
            signature: Some(signed.signature().to_vec()),
            edits: intent.edits_at,
        };
        position.version = version;
        position.entry = Some(entry_hash(signed.bytes()));
        position.pack = self.rules.pack.hash();
        position.rulebook = self.rules.rulebook.hash();
        work.put(Key::Entry(version), Row::Entry(row));
        work.put_state(StateName::Position, position)?;
        Ok(())
    }

    /// Decides large work: from this commit on it is done, in steps.
    pub(super) fn intend(&self, edits: &crate::edits::EditSet, entry: EntryIntent) -> Result<Step, CentreError> {
        let plan = plan::write(self.blobs, &self.rules.pack, edits).map_err(|error| match error {
            plan::PlanError::Store(error) => CentreError::Store(error),
            plan::PlanError::Edits(_) => CentreError::refused("act.too-large"),
        })?;
        let total = plan.total;
        let mut work = Work::new(self.store, self.rules);
        work.put_state(StateName::Intent, &Intent::Entry { plan, entry: Box::new(entry) })?;
        Ok(Step::of(work.finish()).and_more(0, total))
    }

    pub(super) fn entry_step(&self, mut plan: Plan, entry: EntryIntent) -> Result<Step, CentreError> {
        let mut position = self.position()?;
        let mut work = Work::new(self.store, self.rules);
        let Some(part) = plan::read(self.blobs, &plan)? else {
            let records = u32::try_from(plan.total).unwrap_or(u32::MAX);
            self.put_entry(&mut work, &mut position, entry, records)?;
            let mut judged: Judged = crate::state::need(self.store, StateName::Judged)?;
            judged.complete = false;
            work.put_state(StateName::Judged, &judged)?;
            work.remove(Key::State(StateName::Intent));
            let mut step = Step::of(work.finish()).and_more(plan.total, plan.total);
            step.effects.push(Effect::RemoveBlob(plan.blob));
            return Ok(step);
        };
        let actor = self.actor_of(&entry, &position)?;
        for (key, edit) in part.edits() {
            self.take(&mut work, *key, &actor, edit)?;
        }
        plan.part += 1;
        plan.done += part.edits().len() as u64;
        let (done, total) = (plan.done, plan.total);
        work.put_state(StateName::Intent, &Intent::Entry { plan, entry: Box::new(entry) })?;
        Ok(Step::of(work.finish()).and_more(done, total))
    }

    /// The version that the next entry gets.
    pub(super) fn next_version(position: &Position) -> LogVersion {
        position.version.next()
    }
}
