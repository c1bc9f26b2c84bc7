//! Imports: decided by one commit, done in steps.

use selaras_merge::Edit;
use selaras_policy::Who;

use super::School;
use crate::edits::{EditSet, EditsError};
use crate::error::{Refusal, SchoolError};
use crate::plan::{self, PlanError};
use crate::state::{HistoryKind, Intent, Judged, Plan};
use crate::step::{Effect, Step, TypedEdit};
use crate::store::{Key, StateName};
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
        if edits.len() <= MAX_EDIT_RECORDS {
            return self.edit(&edits, author);
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
        work.put_state(StateName::Intent, &Intent::Import { plan, author: author.to_owned(), at: self.now })?;
        Ok(Step::of(work.finish()).and_more(0, total))
    }

    pub(super) fn import_step(&self, mut plan: Plan, author: String, at: i64) -> Result<Step, SchoolError> {
        let mut work = Work::new(self.store, self.rules);
        let Some(part) = plan::read(self.blobs, &plan)? else {
            work.remove(Key::State(StateName::Intent));
            let mut step = Step::of(work.finish());
            step.effects.push(Effect::RemoveBlob(plan.blob));
            return Ok(step);
        };
        let generation = self.position()?.generation;
        for (key, edit) in part.edits() {
            let typed = TypedEdit { key: *key, fields: edit.fields.clone(), deleted: edit.deleted };
            self.draft_in(&mut work, &typed, generation, &author, at)?;
        }
        plan.part += 1;
        plan.done += part.edits().len() as u64;
        let (done, total) = (plan.done, plan.total);
        work.put_state(StateName::Intent, &Intent::Import { plan, author, at })?;
        Ok(Step::of(work.finish()).and_more(done, total))
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
