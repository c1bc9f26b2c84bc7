//! Conflicts that wait for a person, and the decision.

use selaras_merge::{Candidate, Conflict, Subject, peek};
use selaras_model::{Fields, RecordKey, Side, Value};
use selaras_policy::Who;

use super::School;
use super::layers::{Drafts, Floor, edit_of};
use crate::error::{Refusal, SchoolError};
use crate::step::{Step, TypedEdit};
use crate::store::{Flow, Key, Range, Row};
use crate::work::{Work, WorkError};

/// A conflict that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenConflict {
    /// The record.
    pub key: RecordKey,
    /// The field, or the record's deletion.
    pub subject: Subject,
    /// What holds until somebody decides.
    pub winner: Candidate,
    /// The other values.
    pub others: Vec<Candidate>,
    /// Whose decision it is.
    pub owner: Side,
    /// Whether one of the values is a draft of this computer, so that the centre does not know of the conflict yet.
    pub pending: bool,
}

impl School<'_> {
    /// Gives all conflicts that wait, also those that a draft of this computer would make.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn conflicts(&self) -> Result<Vec<OpenConflict>, SchoolError> {
        let mut keys = Vec::new();
        self.store.scan(&Range::Conflicts, &mut |key, _| {
            if let Key::Conflict(key) = key {
                keys.push(key);
            }
            Ok(Flow::Continue)
        })?;
        let work = Work::new(self.store, self.rules);
        let mut open = Vec::new();
        for key in keys {
            let document = work.document(key)?;
            let (drafts, floor) = self.layers(&work, key, document.as_ref())?;
            open.extend(self.open_in(key, &drafts, &floor)?);
        }
        Ok(open)
    }

    fn open_in(&self, key: RecordKey, drafts: &Drafts, floor: &Floor) -> Result<Vec<OpenConflict>, SchoolError> {
        let (conflicts, own) = match &drafts.open {
            Some(draft) => {
                let failed = |error| WorkError::Merge { record: key, error };
                let sequence = self.position()?.last_sequence.next();
                let actor = self.actor(sequence)?;
                let place = (&*self.rules.pack, key.entity, key.id);
                let (resolved, minted) =
                    peek(floor.document.as_ref(), &actor, &edit_of(draft), place).map_err(failed)?;
                (resolved.conflicts, Some(minted.change))
            }
            None => (floor.conflicts.clone(), None),
        };
        // Also one that the centre knows of is in the making when this computer's draft is about to join it.
        let pending = |conflict: &Conflict| {
            let known = floor.conflicts.iter().any(|known| known.subject == conflict.subject);
            let mut sides = std::iter::once(&conflict.winner).chain(&conflict.others);
            !known || sides.any(|side| Some(side.change) == own)
        };
        Ok(conflicts
            .into_iter()
            .map(|conflict| OpenConflict {
                key,
                owner: self.owner_of(key, &conflict.subject, floor),
                pending: pending(&conflict),
                subject: conflict.subject,
                winner: conflict.winner,
                others: conflict.others,
            })
            .collect())
    }

    fn owner_of(&self, key: RecordKey, subject: &Subject, floor: &Floor) -> Side {
        let none = Fields::new();
        let fields = floor.record.as_ref().map_or(&none, |record| &record.fields);
        let pack = &self.rules.pack;
        match subject {
            Subject::Field(field) => pack.owner(key.entity, field, fields),
            Subject::EditedWhileDeleted => match pack.entity(key.entity) {
                Some(entity) if entity.delete.school() && !entity.is_centres(fields) => Side::School,
                _ => Side::Centre,
            },
        }
    }

    /// Decides a conflict by an ordinary edit, which stands on everything that is known here.
    ///
    /// # Errors
    /// [`SchoolError::Refused`] for a conflict that is not there or is the centre's to decide.
    pub fn resolve(&self, key: RecordKey, subject: &Subject, value: Value, author: &str) -> Result<Step, SchoolError> {
        let position = self.at_rest()?;
        let mut work = Work::new(self.store, self.rules);
        let document = work.document(key)?;
        let (drafts, floor) = self.layers(&work, key, document.as_ref())?;
        let open = self.open_in(key, &drafts, &floor)?;
        let refuse = |code: &str, who| SchoolError::from(Refusal::new(code, who).about(key, None));
        let conflict = open.iter().find(|conflict| conflict.subject == *subject);
        let conflict = conflict.ok_or_else(|| refuse("conflict.none", Who::Operator))?;
        if conflict.owner == Side::Centre {
            return Err(refuse("conflict.centre", Who::Centre));
        }
        let edit = decision(key, subject, value).ok_or_else(|| refuse("edit.wrong-type", Who::Operator))?;
        self.check(&work, &edit)?;
        self.draft_in(&mut work, &edit, position.generation, author, self.now)?;
        // With another conflict of the same draft undecided, its heads have to stay, or that one would be decided too.
        let others = open.iter().any(|other| other.pending && other.subject != *subject);
        if !others {
            self.stand_on_floor(&mut work, key, &edit, position.generation, author)?;
        }
        self.judge(&mut work)?;
        Ok(Step::of(work.finish()))
    }

    /// Lets a record's draft stand on all that is known here, with the decision in it even where it changes no value.
    fn stand_on_floor(
        &self,
        work: &mut Work<'_>,
        key: RecordKey,
        edit: &TypedEdit,
        generation: u32,
        author: &str,
    ) -> Result<(), SchoolError> {
        let document = work.document(key)?;
        let (mut drafts, floor) = self.layers(work, key, document.as_ref())?;
        let mut draft = drafts.open.take().unwrap_or_else(|| crate::store::DraftRow {
            heads: Vec::new(),
            fields: edit.fields.clone(),
            deleted: edit.deleted,
            author: author.to_owned(),
            typed_at: self.now,
        });
        draft.heads = floor.prefixes();
        work.put(Key::Draft(key, generation), Row::Draft(draft.clone()));
        drafts.open = Some(draft);
        drafts.generations = vec![generation];
        self.refresh(work, key, drafts, &floor)
    }
}

fn decision(key: RecordKey, subject: &Subject, value: Value) -> Option<TypedEdit> {
    match (subject, value) {
        (Subject::Field(field), value) => {
            Some(TypedEdit { key, fields: Fields::from_iter([(field.clone(), value)]), deleted: None })
        }
        (Subject::EditedWhileDeleted, Value::Bool(deleted)) => {
            Some(TypedEdit { key, fields: Fields::new(), deleted: Some(deleted) })
        }
        (Subject::EditedWhileDeleted, _) => None,
    }
}
