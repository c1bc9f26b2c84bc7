//! The school's log: an entry is made, signed and chained, in one commit or at the end of large work.

use selaras_merge::Edit;
use selaras_model::{Actor, ChangeHash, Digest, LogVersion, Record, RecordKey};

use super::life::Living;
use super::{Centre, moves};
use crate::edits::EditSet;
use crate::entry::{EntryError, LogEntry, Origin, Receipt, act_actor, bundle_actor, entry_hash};
use crate::error::CentreError;
use crate::page::{edits_at, entry_at};
use crate::plan;
use crate::state::{EntryIntent, EntryOrigin, Following, Intent, Judged, Position, Progress};
use crate::step::{Effect, Step};
use crate::store::{AnswerRow, EntryRow, Key, Row, StateName, StoreError};
use crate::work::{Applied, Work, WorkError};

impl Centre<'_> {
    /// The author of an entry's changes.
    pub(super) fn actor_of(&self, entry: &EntryIntent, position: &Living) -> Result<Actor, StoreError> {
        match (&entry.origin, &entry.first) {
            (EntryOrigin::Bundle { replica, sequence, .. }, _) => Ok(bundle_actor(self.npsn, *replica, *sequence)),
            // A replayed act keeps the name of its first life, or its changes would be others.
            (EntryOrigin::Act { .. } | EntryOrigin::Promise { .. }, Some(first)) => {
                Ok(act_actor(self.npsn, first.epoch, first.version))
            }
            (EntryOrigin::Act { .. } | EntryOrigin::Promise { .. }, None) => {
                Ok(act_actor(self.npsn, position.epoch()?, position.version.next()))
            }
        }
    }

    /// Mints one edit into the records.
    fn take(work: &mut Work<'_>, key: RecordKey, actor: &Actor, edit: &Edit) -> Result<Applied, WorkError> {
        let applied = work.apply(key, actor, edit)?;
        work.set_view(key, Some(applied.resolved.record.clone()))?;
        work.mark_conflict(key, !applied.resolved.conflicts.is_empty())?;
        Ok(applied)
    }

    /// Mints the edits of an entry, and gives the work where that is one commit; none where it takes steps. Each edit is
    /// tried either way, by the limits that its step is held to: once decided, no step may fail. The visitor is told of
    /// each record what it was, what it becomes, and by which change.
    pub(super) fn take_all<'w>(
        mut work: Work<'w>,
        actor: &Actor,
        edits: &EditSet,
        visit: &mut dyn FnMut(Option<Record>, Record, ChangeHash),
    ) -> Result<Option<Work<'w>>, WorkError> {
        let mut small = true;
        for (key, edit) in edits.edits() {
            let before = work.view(*key)?;
            let applied = if small { Self::take(&mut work, *key, actor, edit) } else { work.peek(*key, actor, edit) };
            let Applied { resolved, change } = applied?;
            visit(before, resolved.record, change);
            if small && !work.is_small() {
                small = false;
                work = work.anew();
            }
        }
        Ok(small.then_some(work))
    }

    /// Writes the entry that this work makes, and what its origin asks for.
    pub(super) fn put_entry(
        &self,
        work: &mut Work<'_>,
        position: &mut Living,
        intent: EntryIntent,
        records: u32,
    ) -> Result<(), CentreError> {
        let version = position.version.next();
        moves::note(self.store, work, &intent, (position.epoch()?, version))?;
        let digests = self.digests_after(work, position, &intent, records)?;
        self.move_rules(work, position);
        let origin = match &intent.origin {
            EntryOrigin::Bundle { bundle, replica, sequence, after } => {
                // A bundle that comes back from an earlier life keeps the answer that this one has given.
                if self.answer_of(*bundle, *replica)?.is_none() {
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
            epoch: position.epoch()?,
            version,
            previous: position.entry,
            edits: intent.edits,
            records,
            origin,
            pack: self.rules.pack.hash(),
            rulebook: self.rules.rulebook.hash(),
            digests,
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
        work.put(Key::Entry(version), Row::Entry(row));
        work.put_state(StateName::Position, &**position)?;
        Ok(())
    }

    /// The digests that an entry signs. One without edits changes no record: it signs what was signed before, so that what
    /// this disk has lost since is still missed, and not signed away.
    fn digests_after(
        &self,
        work: &Work<'_>,
        position: &Position,
        intent: &EntryIntent,
        records: u32,
    ) -> Result<Vec<Digest>, StoreError> {
        let same_modules = position.pack == self.rules.pack.hash();
        if records > 0 || position.version.get() == 0 || !same_modules || super::repair::mends(intent) {
            return work.digests();
        }
        Ok(entry_at(&work.read(), position.version)?.0.digests)
    }

    /// The one place where the rules of a log change; their texts are stored in the same commit, because the next change
    /// reads the records by them.
    fn move_rules(&self, work: &mut Work<'_>, position: &mut Position) {
        let (pack, rulebook) = (self.rules.pack.hash(), self.rules.rulebook.hash());
        if (position.pack, position.rulebook) != (pack, rulebook) {
            (position.pack, position.rulebook) = (pack, rulebook);
            for (key, row) in self.rules.rows() {
                work.put(key, row);
            }
        }
    }

    /// Goes on with decided work, under the rules by which it was decided.
    pub(super) fn finish_entry(&self, progress: Progress, entry: EntryIntent) -> Result<Step, CentreError> {
        if super::rules::changes_rules(&entry) {
            return self.entry_step(progress, entry);
        }
        self.under_its_rules(|centre| centre.entry_step(progress, entry))
    }

    /// Decides large work: from this commit on it is done, in steps.
    pub(super) fn intend(&self, edits: &EditSet, entry: EntryIntent) -> Result<Step, CentreError> {
        let progress = self.planned(edits)?;
        let total = progress.plan.total;
        let mut work = Work::new(self.store, self.rules);
        work.put_state(StateName::Intent, &Intent::Entering { progress, entry: Box::new(entry) })?;
        Ok(Step::of(work.finish()).and_more(0, total))
    }

    /// Writes the plan of large work.
    pub(super) fn planned(&self, edits: &EditSet) -> Result<Progress, CentreError> {
        let plan = plan::write(self.blobs, &self.rules.pack, edits).map_err(|error| match error {
            plan::PlanError::Store(error) => CentreError::Store(error),
            plan::PlanError::Edits(_) => CentreError::refused("act.too-large"),
        })?;
        Ok(plan.into())
    }

    fn entry_step(&self, mut progress: Progress, entry: EntryIntent) -> Result<Step, CentreError> {
        let mut position = self.living()?;
        let mut work = Work::of_accepted(self.store, self.rules);
        let rest = match plan::rest(self.blobs, &progress) {
            // The file of the plan is lost, and is made again from the edits that the entry keeps.
            Err(StoreError::Damaged(_)) => {
                self.plan_again(&progress, &entry)?;
                plan::rest(self.blobs, &progress)
            }
            rest => rest,
        };
        let Some(rest) = rest? else {
            let plan = progress.plan;
            let records = u32::try_from(plan.total).unwrap_or(u32::MAX);
            self.put_entry(&mut work, &mut position, entry, records)?;
            let mut judged: Judged = crate::state::need(self.store, StateName::Judged)?;
            judged.complete = false;
            work.put_state(StateName::Judged, &judged)?;
            self.follow(&mut work)?;
            let mut step = Step::of(work.finish()).and_more(plan.total, plan.total);
            step.effects.push(Effect::RemoveBlob(plan.blob));
            return Ok(step);
        };
        let actor = self.actor_of(&entry, &position)?;
        let mut done = 0;
        for (key, edit) in &rest {
            if !work.has_room_for(*key, edit)? {
                break;
            }
            Self::take(&mut work, *key, &actor, edit)?;
            done += 1;
        }
        plan::advance(&mut progress, done, rest.len());
        let (done, total) = (progress.plan.done, progress.plan.total);
        work.put_state(StateName::Intent, &Intent::Entering { progress, entry: Box::new(entry) })?;
        Ok(Step::of(work.finish()).and_more(done, total))
    }

    /// Goes on with the entry that was decided to follow, where there is one.
    fn follow(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let following: Option<Following> = crate::state::read(self.store, StateName::Following)?;
        let mut following = following.unwrap_or_default();
        let Some((progress, entry)) = following.entries.pop_front() else {
            work.remove(Key::State(StateName::Intent));
            return Ok(());
        };
        work.put_state(StateName::Intent, &Intent::Entering { progress, entry })?;
        match following.entries.is_empty() {
            true => work.remove(Key::State(StateName::Following)),
            false => work.put_state(StateName::Following, &following)?,
        }
        Ok(())
    }

    fn plan_again(&self, progress: &Progress, entry: &EntryIntent) -> Result<(), CentreError> {
        let lost = || StoreError::Damaged("the plan of an entry".to_owned());
        let is_bundle = matches!(entry.origin, EntryOrigin::Bundle { .. });
        let edits = edits_at(self.blobs, is_bundle, &entry.edits_at)?.ok_or_else(lost)?;
        let plan = plan::write(self.blobs, &self.rules.pack, &edits).map_err(|_| lost())?;
        if plan.blob == progress.plan.blob { Ok(()) } else { Err(lost().into()) }
    }

    /// The version that the next entry gets.
    pub(super) fn next_version(position: &Position) -> LogVersion {
        position.version.next()
    }
}
