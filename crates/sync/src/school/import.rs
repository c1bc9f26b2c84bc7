//! Imports: decided by one commit, done in steps.

use selaras_merge::Edit;
use selaras_policy::Who;

use super::School;
use crate::edits::{EditSet, EditsError};
use crate::error::{Refusal, SchoolError};
use crate::plan::{self, PlanError};
use crate::state::{HistoryKind, Intent, Judged, Progress};
use crate::step::{Effect, Step, TypedEdit};
use crate::store::{Key, StateName, StoreError};
use crate::work::Work;

use super::edit::MAX_EDIT_RECORDS;

impl School<'_> {
    /// Takes any number of edits, all or none: after this step they are taken, whatever happens.
    ///
    /// # Errors
    /// As [`Self::edit`]; `edit.twice` for two edits of one record.
    pub fn import(&self, edits: Vec<TypedEdit>, author: &str) -> Result<Step, SchoolError> {
        let mut position = self.at_rest()?;
        let work = Work::new(self.store, self.rules);
        for edit in &edits {
            self.check(&work, edit)?;
        }
        if edits.len() <= MAX_EDIT_RECORDS
            && let Some(step) = self.edit_at_once(&edits, author)?
        {
            return Ok(step);
        }
        let count = edits.len();
        let edits = edits
            .into_iter()
            .map(|typed| (typed.key, Edit { heads: Vec::new(), fields: typed.fields, deleted: typed.deleted }));
        let edits = EditSet::new(edits.collect()).map_err(refused)?;
        let plan = plan::write(self.blobs, &self.rules.pack, &edits).map_err(|error| match error {
            PlanError::Edits(error) => refused(error),
            PlanError::Store(error) => error.into(),
        })?;
        let mut work = work;
        let mut judged: Judged = crate::state::need(self.store, StateName::Judged)?;
        judged.complete = false;
        work.put_state(StateName::Judged, &judged)?;
        self.tell(&mut work, &mut position, HistoryKind::Imported, "", &[("records", count.to_string())])?;
        work.put_state(StateName::Position, &position)?;
        let total = plan.total;
        let progress = Progress::from(plan);
        work.put_state(StateName::Intent, &Intent::Importing { progress, author: author.to_owned(), at: self.now })?;
        Ok(Step::of(work.finish()).and_more(0, total))
    }

    pub(super) fn import_step(&self, mut progress: Progress, author: String, at: i64) -> Result<Step, SchoolError> {
        let mut work = Work::new(self.store, self.rules);
        let rest = match plan::rest(self.blobs, &progress) {
            Err(StoreError::Damaged(_)) => return self.end_lost_import(&progress),
            rest => rest?,
        };
        let Some(rest) = rest else {
            work.remove(Key::State(StateName::Intent));
            let mut step = Step::of(work.finish());
            step.effects.push(Effect::RemoveBlob(progress.plan.blob));
            return Ok(step);
        };
        let generation = self.position()?.generation;
        let mut done = 0;
        for (key, edit) in &rest {
            if !work.has_room() {
                break;
            }
            let typed = TypedEdit { key: *key, fields: edit.fields.clone(), deleted: edit.deleted };
            self.draft_in(&mut work, &typed, generation, &author, at)?;
            done += 1;
        }
        plan::advance(&mut progress, done, rest.len());
        let (done, total) = (progress.plan.done, progress.plan.total);
        work.put_state(StateName::Intent, &Intent::Importing { progress, author, at })?;
        Ok(Step::of(work.finish()).and_more(done, total))
    }

    /// Ends an import whose file is lost, and says so: the person has what was imported, and nothing else may wait for it.
    fn end_lost_import(&self, progress: &Progress) -> Result<Step, SchoolError> {
        let mut position = self.position()?;
        let mut work = Work::new(self.store, self.rules);
        let left = progress.plan.total.saturating_sub(progress.plan.done);
        self.tell(&mut work, &mut position, HistoryKind::Imported, "work.lost", &[("records", left.to_string())])?;
        work.put_state(StateName::Position, &position)?;
        work.remove(Key::State(StateName::Intent));
        let mut step = Step::of(work.finish());
        step.effects.push(Effect::RemoveBlob(progress.plan.blob));
        Ok(step)
    }
}

fn refused(error: EditsError) -> SchoolError {
    let code = match error {
        EditsError::Twice => "edit.twice",
        EditsError::Nothing => "edit.empty",
        EditsError::TooLarge => "edit.too-large",
        EditsError::Malformed | EditsError::Name => "edit.unknown-field",
    };
    Refusal::new(code, Who::Operator).into()
}
