//! An act of the centre from its beginning to its end: the entry of the log, and the heads' keys that end around it.

use std::collections::BTreeSet;

use selaras_merge::Edit;
use selaras_model::{KeyId, RecordId, RecordKey};

use super::Centre;
use super::act::Judging;
use crate::error::CentreError;
use crate::step::{Step, TypedEdit};

/// Records that an act makes are named up to so many: of an import nobody reads thousands of ids.
const MAX_CREATED: usize = 8;

/// An act that is being done.
#[derive(Debug)]
pub struct Acting {
    kind: String,
    what: What,
    judging: Judging,
    stage: Stage,
    records: usize,
    created: Vec<RecordId>,
    revoked: Vec<KeyId>,
}

/// What an act writes.
#[derive(Debug)]
enum What {
    /// On the records as they are.
    Typed(Vec<TypedEdit>),
    /// Each on heads of its own; none make an entry that says its kind alone.
    On(Vec<(RecordKey, Edit)>),
    /// Rows beside the log.
    Ready(Step),
}

/// What an act does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Keys end that ended by the calendar alone: they must not come back to life with this act.
    KeysBefore,
    Entry,
    /// Keys end that end with this act.
    KeysAfter,
    Done,
}

impl Acting {
    fn of(kind: String, what: What) -> Self {
        let stage = Stage::KeysBefore;
        Self { kind, what, judging: Judging::Lenient, stage, records: 0, created: Vec::new(), revoked: Vec::new() }
    }

    /// An entry that says its kind alone.
    pub(super) fn noting(kind: String) -> Self {
        Self::on(kind, Vec::new())
    }

    /// Edits on heads of their own.
    pub(super) fn on(kind: String, set: Vec<(RecordKey, Edit)>) -> Self {
        let records = set.len();
        Self { records, ..Self::of(kind, What::On(set)) }
    }

    /// A step that is made already, and no entry.
    pub(super) fn of_step(step: Step) -> Self {
        Self::of(String::new(), What::Ready(step))
    }

    /// Does it although it leaves what nobody at the school may mend: who decides it has said why.
    #[must_use]
    pub fn with_reason(self) -> Self {
        Self { judging: Judging::Lenient, ..self }
    }

    /// Gives how many records it is about.
    #[must_use]
    pub fn records(&self) -> usize {
        self.records
    }

    /// Gives the ids of records that it makes; none where it is about many.
    #[must_use]
    pub fn created(&self) -> &[RecordId] {
        &self.created
    }

    /// Gives the heads' keys that have ended with it so far.
    #[must_use]
    pub fn revoked(&self) -> &[KeyId] {
        &self.revoked
    }
}

impl Centre<'_> {
    /// Begins an act; nothing is decided yet. `kind` is a code, or the name of who acts. Its entry is refused
    /// (`act.invalid`) where it would leave the school with what nobody there may mend, unless it is done
    /// [with a reason](Acting::with_reason).
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `record.nothing` without edits.
    pub fn acting(&self, kind: &str, edits: Vec<TypedEdit>) -> Result<Acting, CentreError> {
        if edits.is_empty() {
            return Err(CentreError::refused("record.nothing"));
        }
        let keys: BTreeSet<RecordKey> = edits.iter().map(|edit| edit.key).collect();
        let mut created = Vec::new();
        if keys.len() <= MAX_CREATED {
            for key in &keys {
                if self.record(*key)?.is_none() {
                    created.push(key.id);
                }
            }
        }
        let records = keys.len();
        let acting = Acting::of(kind.to_owned(), What::Typed(edits));
        Ok(Acting { judging: Judging::Strict, records, created, ..acting })
    }

    /// Gives the next step of an act; each is to be carried to its end before the next.
    ///
    /// # Errors
    /// As [`Centre::act`].
    pub fn act_step(&self, acting: &mut Acting) -> Result<Option<Step>, CentreError> {
        loop {
            let stage = acting.stage;
            let step = match stage {
                Stage::Done => return Ok(None),
                Stage::Entry => Some(match &acting.what {
                    What::Typed(edits) => self.act_judged(&acting.kind, edits.iter().cloned(), acting.judging)?,
                    What::On(set) => self.act_on(&acting.kind, set)?,
                    What::Ready(step) => step.clone(),
                }),
                Stage::KeysBefore | Stage::KeysAfter => self.sweep_keys()?.map(|ended| {
                    acting.revoked.extend(ended.keys);
                    ended.step
                }),
            };
            // Only now: what was refused for the centre's own damage is tried again once that is mended.
            acting.stage = match stage {
                // Keys end some at a time.
                Stage::KeysBefore | Stage::KeysAfter if step.is_some() => stage,
                Stage::KeysBefore => Stage::Entry,
                Stage::Entry => Stage::KeysAfter,
                Stage::KeysAfter | Stage::Done => Stage::Done,
            };
            if step.is_some() {
                return Ok(step);
            }
        }
    }
}
