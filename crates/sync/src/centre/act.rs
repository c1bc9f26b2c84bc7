//! The centre's own edits: each act is one entry of the log.

use selaras_merge::Edit;
use selaras_model::{FieldKind, RecordKey};

use super::Centre;
use crate::edits::{EditSet, EditsError};
use crate::entry::MAX_ACT_KIND;
use crate::error::CentreError;
use crate::page::freeze_edits;
use crate::state::{self, EntryIntent, EntryOrigin, Judged};
use crate::step::{Step, TypedEdit};
use crate::store::{EditsAt, MAX_INLINE, StateName};
use crate::work::Work;

impl Centre<'_> {
    /// Makes edits of the centre one entry of the log; `kind` is a code such as `identity.correct`.
    ///
    /// # Errors
    /// [`CentreError::Refused`] for what the pack does not know; nothing is done then.
    pub fn act(&self, kind: &str, edits: Vec<TypedEdit>) -> Result<Step, CentreError> {
        let mut position = self.at_rest()?;
        if self.healing()?.is_some() {
            return Err(CentreError::refused("center.healing"));
        }
        if kind.is_empty() || kind.len() > MAX_ACT_KIND {
            return Err(CentreError::refused("act.kind"));
        }
        let work = Work::new(self.store, self.rules);
        let mut set = Vec::with_capacity(edits.len());
        for edit in edits {
            self.check_act(&edit)?;
            let heads = work.base(edit.key)?.map(|base| base.heads).unwrap_or_default();
            set.push((edit.key, Edit { fields: edit.fields, deleted: edit.deleted, ..Edit::on(&heads) }));
        }
        let (edits, intent) = self.decided(kind, set)?;
        let actor = self.actor_of(&intent, &position)?;
        let Some(mut work) = Self::take_all(work, &actor, &edits, &mut |_, _, _| {})? else {
            return self.intend(&edits, intent);
        };
        let records = u32::try_from(edits.edits().len()).unwrap_or(u32::MAX);
        let raised = Self::next_version(&position);
        self.put_entry(&mut work, &mut position, intent, records)?;
        let mut judged: Judged = state::need(self.store, StateName::Judged)?;
        if judged.complete {
            judged.date = self.today;
            work.judge(&mut judged, raised)?;
            work.put_state(StateName::Judged, &judged)?;
        }
        Ok(Step::of(work.finish()))
    }

    /// What is decided by an act, with its edits kept.
    fn decided(&self, kind: &str, set: Vec<(RecordKey, Edit)>) -> Result<(EditSet, EntryIntent), CentreError> {
        self.decided_above(kind, set, MAX_INLINE)
    }

    /// The same with the edits beside the store: for rows in which several such entries wait.
    pub(super) fn decided_in_blob(
        &self,
        kind: &str,
        set: Vec<(RecordKey, Edit)>,
    ) -> Result<(EditSet, EntryIntent), CentreError> {
        self.decided_above(kind, set, 0)
    }

    fn decided_above(
        &self,
        kind: &str,
        set: Vec<(RecordKey, Edit)>,
        inline: usize,
    ) -> Result<(EditSet, EntryIntent), CentreError> {
        let edits = EditSet::new(set).map_err(unfit)?;
        let frozen = freeze_edits(&edits)?;
        let edits_at = if frozen.len() <= inline {
            EditsAt::Inline(frozen)
        } else {
            let name = *blake3::hash(&frozen).as_bytes();
            self.blobs.put(&name, &frozen)?;
            EditsAt::Blob(name)
        };
        let origin = EntryOrigin::Act { kind: kind.to_owned() };
        let intent = EntryIntent { origin, edits_at, edits: edits.hash(), at: self.now, first: None, handed: None };
        Ok((edits, intent))
    }

    fn check_act(&self, edit: &TypedEdit) -> Result<(), CentreError> {
        let refuse = |code, field: &str| Err(CentreError::refused(code).with("record", edit.key).with("field", field));
        let Some(entity) = self.rules.pack.entity(edit.key.entity) else { return refuse("act.unknown-entity", "") };
        for (name, value) in &edit.fields {
            match entity.field(name).map(|field| &field.kind) {
                None => return refuse("act.unknown-field", name),
                Some(kind) if !FieldKind::admits(kind, value) => return refuse("act.wrong-type", name),
                Some(_) => {}
            }
        }
        Ok(())
    }
}

fn unfit(error: EditsError) -> CentreError {
    CentreError::refused(match error {
        EditsError::TooLarge => "act.too-large",
        EditsError::Twice => "act.twice",
        EditsError::Nothing => "act.empty",
        EditsError::Malformed | EditsError::Name => "act.unknown-field",
    })
}
