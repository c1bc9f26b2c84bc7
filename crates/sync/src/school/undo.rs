//! Taking an edit back: the record's draft as it was before, when nobody has typed into it since.

use selaras_model::RecordKey;
use selaras_policy::Who;

use super::School;
use super::layers::drafts;
use crate::error::{Refusal, SchoolError};
use crate::step::Step;
use crate::store::{DraftRow, Key, Row};
use crate::work::Work;

impl School<'_> {
    /// What people have typed into a record and not sealed, as [`School::put_back`] takes it.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn typed(&self, key: RecordKey) -> Result<Option<DraftRow>, SchoolError> {
        Ok(drafts(self.store, key, self.part(self.store)?.as_ref())?.open)
    }

    /// Puts what was typed into a record back as it was `before` an edit; `after` is what that edit left, and has to be
    /// there still.
    ///
    /// # Errors
    /// `undo.over` where somebody has typed since, or it has been sealed.
    pub fn put_back(
        &self,
        key: RecordKey,
        before: Option<&DraftRow>,
        after: Option<&DraftRow>,
    ) -> Result<Step, SchoolError> {
        let position = self.at_rest()?;
        let mut work = Work::new(self.store, self.rules);
        let document = work.document(key)?;
        let (mut drafts, floor) = self.layers(&work, key, document.as_ref())?;
        if drafts.open.as_ref() != after {
            return Err(Refusal::new("undo.over", Who::Operator).about(key, None).into());
        }
        self.drop_rows(&mut work, key, &drafts.generations)?;
        drafts.generations.clear();
        if let Some(draft) = before {
            work.put(Key::Draft(key, position.generation), Row::Draft(draft.clone()));
            drafts.generations.push(position.generation);
        }
        drafts.open = before.cloned();
        self.refresh(&mut work, key, drafts, &floor)?;
        self.judge(&mut work)?;
        Ok(Step::of(work.finish()))
    }
}
