//! The centre's own edits: each act is one entry of the log.

use selaras_merge::Edit;
use selaras_model::{FieldKind, RecordKey};

use super::Centre;
use super::life::Living;
use crate::edits::{EditSet, EditsError, MAX_EDIT_HEADS, nameable};
use crate::entry::MAX_ACT_KIND;
use crate::error::CentreError;
use crate::page::freeze_edits;
use crate::state::{self, EntryIntent, EntryOrigin, Judged};
use crate::step::{Step, TypedEdit};
use crate::store::{EditsAt, MAX_INLINE, StateName};
use crate::work::Work;

/// Whether an act is judged by the rulebook before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judging {
    /// It is refused where it would leave what nobody at the school may mend.
    Strict,
    /// It is done: somebody who may said why, or it only carries out what schools have decided.
    Lenient,
}

impl Centre<'_> {
    /// Makes edits of the centre one entry of the log; `kind` is a code such as `identity.correct`. It is not judged: what
    /// somebody decides goes by [`Centre::acting`].
    ///
    /// # Errors
    /// [`CentreError::Refused`] for what the pack does not know; `center.damaged` where the records are not what this centre
    /// signed last. Nothing is done then.
    pub fn act(&self, kind: &str, edits: Vec<TypedEdit>) -> Result<Step, CentreError> {
        self.act_judged(kind, edits, Judging::Lenient)
    }

    pub(super) fn act_judged(
        &self,
        kind: &str,
        edits: impl IntoIterator<Item = TypedEdit>,
        judging: Judging,
    ) -> Result<Step, CentreError> {
        let position = self.may_act(kind)?;
        let mut set = Vec::new();
        let work = Work::new(self.store, self.rules);
        for edit in edits {
            self.check_act(&edit)?;
            let heads = work.base(edit.key)?.map(|base| base.heads).unwrap_or_default();
            set.push((edit.key, Edit { fields: edit.fields, deleted: edit.deleted, ..Edit::on(nameable(&heads)) }));
        }
        self.enter_act(kind, set, position, judging)
    }

    /// Makes edits, each on heads of its own, one entry of the log; none make an entry that says its kind alone.
    pub(super) fn act_on(&self, kind: &str, set: &[(RecordKey, Edit)]) -> Result<Step, CentreError> {
        let mut position = self.may_act(kind)?;
        if !set.is_empty() {
            return self.enter_act(kind, set.to_vec(), position, Judging::Lenient);
        }
        self.is_as_signed(&position)?;
        let mut work = Work::new(self.store, self.rules);
        let intent = EntryIntent::without_edits(EntryOrigin::Act { kind: kind.to_owned() }, self.now);
        self.put_entry(&mut work, &mut position, intent, 0)?;
        Ok(Step::of(work.finish()))
    }

    fn may_act(&self, kind: &str) -> Result<Living, CentreError> {
        let position = self.at_rest()?;
        if self.healing()?.is_some() {
            return Err(CentreError::refused("center.healing"));
        }
        if kind.is_empty() || kind.len() > MAX_ACT_KIND {
            return Err(CentreError::refused("act.kind"));
        }
        Ok(position)
    }

    fn enter_act(
        &self,
        kind: &str,
        set: Vec<(RecordKey, Edit)>,
        mut position: Living,
        judging: Judging,
    ) -> Result<Step, CentreError> {
        let (edits, intent) = self.decided(kind, set)?;
        let keys = edits.edits().iter().map(|(key, _)| *key);
        self.is_sound(&position, keys)?;
        let actor = self.actor_of(&intent, &position)?;
        let work = Work::new(self.store, self.rules).with_heads(MAX_EDIT_HEADS);
        let mut afters = Vec::new();
        let Some(work) = Self::take_all(work, &actor, &edits, &mut |_, after, _| afters.push(after))? else {
            if judging == Judging::Strict {
                self.judge_large_act(afters)?;
            }
            return self.intend(&edits, intent);
        };
        if judging == Judging::Strict {
            self.judge_small_act(&work)?;
        }
        self.end_small(work, &mut position, intent, &edits)
    }

    /// Ends an entry that is one commit: its findings come with it, where those of all records stand.
    pub(super) fn end_small(
        &self,
        mut work: Work<'_>,
        position: &mut Living,
        intent: EntryIntent,
        edits: &EditSet,
    ) -> Result<Step, CentreError> {
        let records = u32::try_from(edits.edits().len()).unwrap_or(u32::MAX);
        let raised = Self::next_version(position);
        self.put_entry(&mut work, position, intent, records)?;
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
