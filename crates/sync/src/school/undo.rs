//! Taking an edit back: the record's draft as it was before, when nobody has typed into it since.

use selaras_model::{ChangeHash, RecordKey};
use selaras_policy::Who;

use super::School;
use crate::error::{Refusal, SchoolError};
use crate::step::Step;
use crate::store::{DraftRow, Key, Row};
use crate::work::Work;

/// What people have typed into a record and not sealed, and on what it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    draft: Option<DraftRow>,
    floor: Vec<ChangeHash>,
}

impl Typed {
    /// Whether this is what `left` has left: the same draft; where there is none, the same record without one.
    fn is_as(&self, left: &Typed) -> bool {
        self.draft == left.draft && (self.draft.is_some() || self.floor == left.floor)
    }
}

impl School<'_> {
    /// What people have typed into a record and not sealed, as [`School::put_back`] takes it.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn typed(&self, key: RecordKey) -> Result<Typed, SchoolError> {
        let work = Work::new(self.store, self.rules);
        let document = work.document(key)?;
        let (drafts, floor) = self.layers(&work, key, document.as_ref())?;
        Ok(Typed { draft: drafts.open, floor: floor.heads })
    }

    /// Puts what was typed into a record back as it was `before` an edit; `after` is what that edit left, and has to be
    /// there still.
    ///
    /// # Errors
    /// `undo.over` where somebody has typed since, or it has been sealed.
    pub fn put_back(&self, key: RecordKey, before: &Typed, after: &Typed) -> Result<Step, SchoolError> {
        let position = self.at_rest()?;
        let mut work = Work::new(self.store, self.rules);
        let document = work.document(key)?;
        let (mut drafts, floor) = self.layers(&work, key, document.as_ref())?;
        let now = Typed { draft: drafts.open.clone(), floor: floor.heads.clone() };
        if !now.is_as(after) {
            return Err(Refusal::new("undo.over", Who::Operator).about(key, None).into());
        }
        self.drop_rows(&mut work, key, &drafts.generations)?;
        drafts.generations.clear();
        if let Some(draft) = &before.draft {
            work.put(Key::Draft(key, position.generation), Row::Draft(draft.clone()));
            drafts.generations.push(position.generation);
        }
        drafts.open.clone_from(&before.draft);
        self.refresh(&mut work, key, drafts, &floor)?;
        self.judge(&mut work)?;
        Ok(Step::of(work.finish()))
    }

    /// Whether nothing has been typed into a record, or sealed, since an edit left it so.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn is_as_left(&self, key: RecordKey, after: &Typed) -> Result<bool, SchoolError> {
        Ok(self.typed(key)?.is_as(after))
    }
}
