//! An act of the centre from its beginning to its end: the entry of the log, and the heads' keys that end around it.

use std::collections::BTreeSet;

use selaras_model::{KeyId, RecordId, RecordKey};

use super::Centre;
use crate::error::CentreError;
use crate::step::{Step, TypedEdit};

/// Records that an act makes are named up to so many: of an import nobody reads thousands of ids.
const MAX_CREATED: usize = 8;

/// An act that is being done.
#[derive(Debug)]
pub struct Acting {
    kind: String,
    edits: Vec<TypedEdit>,
    stage: Stage,
    records: usize,
    created: Vec<RecordId>,
    revoked: Vec<KeyId>,
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
    /// Begins an act; nothing is decided yet. `kind` is a code, or the name of who acts.
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
        let kind = kind.to_owned();
        Ok(Acting { kind, edits, stage: Stage::KeysBefore, records, created, revoked: Vec::new() })
    }

    /// Gives the next step of an act; each is to be carried to its end before the next.
    ///
    /// # Errors
    /// As [`Centre::act`].
    pub fn act_step(&self, acting: &mut Acting) -> Result<Option<Step>, CentreError> {
        loop {
            let stage = acting.stage;
            acting.stage = match stage {
                Stage::KeysBefore => Stage::Entry,
                Stage::Entry => Stage::KeysAfter,
                Stage::KeysAfter | Stage::Done => Stage::Done,
            };
            match stage {
                Stage::Done => return Ok(None),
                Stage::Entry => return self.act(&acting.kind, std::mem::take(&mut acting.edits)).map(Some),
                Stage::KeysBefore | Stage::KeysAfter => {
                    if let Some(ended) = self.sweep_keys()? {
                        acting.revoked.extend(ended.keys);
                        return Ok(Some(ended.step));
                    }
                }
            }
        }
    }
}
