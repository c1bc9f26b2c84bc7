//! What people type: durable as a draft the moment the step is committed.

use selaras_model::{BreachKind, Record};
use selaras_policy::{Finding, Who};

use super::School;
use super::layers::{Drafts, Floor, edit_of, overlay};
use crate::edits::{MAX_EDIT_BYTES, size_of};
use crate::error::{Refusal, SchoolError};
use crate::step::{Step, TypedEdit};
use crate::store::{DraftRow, Flow, Key, Range, Row};
use crate::work::Work;

/// The largest number of records that one edit writes; more is an import.
pub const MAX_EDIT_RECORDS: usize = 30;

impl School<'_> {
    /// Takes edits, all or none.
    ///
    /// # Errors
    /// [`SchoolError::Refused`] naming the record and the field for what the pack does not know or the school may not
    /// edit; nothing is taken then.
    pub fn edit(&self, edits: &[TypedEdit], author: &str) -> Result<Step, SchoolError> {
        self.at_rest()?;
        if edits.len() > MAX_EDIT_RECORDS {
            return Err(Refusal::new("edit.too-many", Who::Operator).with("limit", MAX_EDIT_RECORDS).into());
        }
        let step = self.edit_at_once(edits, author)?;
        Ok(step.ok_or_else(|| Refusal::new("edit.too-large", Who::Operator))?)
    }

    /// The step of edits that are one commit; none where they are more.
    pub(super) fn edit_at_once(&self, edits: &[TypedEdit], author: &str) -> Result<Option<Step>, SchoolError> {
        let generation = self.position()?.generation;
        let mut work = Work::new(self.store, self.rules);
        for edit in edits {
            self.check(&work, edit)?;
            self.draft_in(&mut work, edit, generation, author, self.now)?;
        }
        if !work.is_small() {
            return Ok(None);
        }
        self.judge(&mut work)?;
        Ok(Some(Step::of(work.finish())))
    }

    /// Puts one edit into the record's draft.
    pub(super) fn draft_in(
        &self,
        work: &mut Work<'_>,
        edit: &TypedEdit,
        generation: u32,
        author: &str,
        at: i64,
    ) -> Result<(), SchoolError> {
        let key = edit.key;
        let document = work.document(key)?;
        let (mut drafts, floor) = self.layers(work, key, document.as_ref())?;
        let draft = joined(&drafts, &floor, edit, author, at);
        self.drop_rows(work, key, &drafts.generations)?;
        if floor.record.is_none() && draft.deleted == Some(true) {
            // What was never sent is gone without a trace when its author deletes it.
            drafts.open = None;
        } else {
            work.put(Key::Draft(key, generation), Row::Draft(draft.clone()));
            drafts.open = Some(draft);
        }
        drafts.generations = vec![generation];
        self.refresh(work, key, drafts, &floor)
    }

    /// Says no to what the pack does not know, or the school may not write.
    pub(super) fn check(&self, work: &Work<'_>, edit: &TypedEdit) -> Result<(), SchoolError> {
        let refuse = |code: &str, field| Err(Refusal::new(code, Who::Operator).about(edit.key, field).into());
        if edit.fields.is_empty() && edit.deleted.is_none() {
            return refuse("edit.empty", None);
        }
        let document = work.document(edit.key)?;
        let (drafts, floor) = self.layers(work, edit.key, document.as_ref())?;
        let draft = joined(&drafts, &floor, edit, "", 0);
        // With what was typed before: a draft is sealed as one edit.
        if size_of(&edit_of(&draft)) > MAX_EDIT_BYTES {
            return refuse("edit.too-large", None);
        }
        let mut after = floor.record.clone().unwrap_or_else(|| Record::new(edit.key));
        after.fields.extend(draft.fields);
        after.deleted = draft.deleted.unwrap_or(after.deleted);
        let mut breaches = self.rules.pack.breaches(floor.record.as_ref(), &after);
        // What an older draft says of a field that is the centre's by now is set aside, and not this edit's fault.
        breaches.retain(|breach| breach.field.as_ref().is_none_or(|field| edit.fields.contains_key(field)));
        match breaches.into_iter().next() {
            None => Ok(()),
            Some(breach) => refuse(breach_code(breach.kind), breach.field),
        }
    }

    /// What the rules would find in a record with an edit, for who wants to know before it is made; nothing changes.
    ///
    /// # Errors
    /// As [`School::edit`].
    pub fn would_find(&self, edit: &TypedEdit) -> Result<Vec<Finding>, SchoolError> {
        let position = self.at_rest()?;
        let mut work = Work::new(self.store, self.rules);
        self.check(&work, edit)?;
        self.draft_in(&mut work, edit, position.generation, "", self.now)?;
        self.judge(&mut work)?;
        let batch = work.finish();
        let mut found = Vec::new();
        let mut take = |row: &Row| {
            if let Row::Findings(rows) = row {
                found.extend(rows.iter().map(|row| row.finding.clone()).filter(|finding| finding.record == edit.key));
            }
        };
        self.store.scan(&Range::Findings, &mut |key, row| {
            // What is judged anew comes below.
            if batch.pending(&key).is_none() {
                take(&row);
            }
            Ok(Flow::Continue)
        })?;
        batch.writes().filter_map(|(_, row)| row).for_each(take);
        Ok(found)
    }

    /// The record as it would be with an edit, for who wants to look before.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn preview(&self, edit: &TypedEdit) -> Result<Record, SchoolError> {
        let work = Work::new(self.store, self.rules);
        let document = work.document(edit.key)?;
        let (drafts, floor) = self.layers(&work, edit.key, document.as_ref())?;
        Ok(overlay(&self.rules.pack, edit.key, floor.record.as_ref(), &joined(&drafts, &floor, edit, "", 0)))
    }
}

/// The open draft with an edit in it; a new one stands on the floor.
fn joined(drafts: &Drafts, floor: &Floor, edit: &TypedEdit, author: &str, at: i64) -> DraftRow {
    let mut draft = drafts.open.clone().unwrap_or_else(|| DraftRow {
        heads: floor.prefixes(),
        fields: selaras_model::Fields::new(),
        deleted: None,
        author: String::new(),
        typed_at: at,
    });
    draft.fields.extend(edit.fields.iter().map(|(name, value)| (name.clone(), value.clone())));
    draft.deleted = edit.deleted.or(draft.deleted);
    author.clone_into(&mut draft.author);
    draft.typed_at = at;
    draft
}

pub(crate) fn breach_code(kind: BreachKind) -> &'static str {
    match kind {
        BreachKind::FieldOwned => "ownership.field",
        BreachKind::ValueReserved => "ownership.value",
        BreachKind::Create => "ownership.create",
        BreachKind::Delete => "ownership.delete",
        BreachKind::UnknownField => "edit.unknown-field",
        BreachKind::UnknownEntity => "edit.unknown-entity",
        BreachKind::WrongType => "edit.wrong-type",
    }
}
