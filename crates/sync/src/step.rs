//! What the engine gives back: one batch to write, what to do after the commit, and whether more follows.

use selaras_model::{Fields, RecordKey};

use crate::store::Batch;

/// One commit, and what follows it.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// To be committed as it is.
    pub batch: Batch,
    /// To be committed after it, one by one and in order; what an interruption leaves out is made anew.
    pub rest: Vec<Batch>,
    /// To be done after the commit; doing one twice does no harm.
    pub effects: Vec<Effect>,
    /// Whether `resume` has the next step.
    pub more: bool,
}

impl Step {
    pub(crate) fn of(batch: Batch) -> Self {
        Self { batch, ..Self::default() }
    }

    pub(crate) fn of_all(batches: Vec<Batch>) -> Self {
        let mut batches = batches.into_iter();
        Self { batch: batches.next().unwrap_or_default(), rest: batches.collect(), ..Self::default() }
    }

    pub(crate) fn and_more(mut self, done: u64, total: u64) -> Self {
        self.more = true;
        self.effects.push(Effect::Progress { done, total });
        self
    }
}

/// Something to do once a step is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// No row names this blob any more.
    RemoveBlob([u8; 32]),
    /// Pack or rulebook are others now: load them again.
    RulesChanged,
    /// How far large work is, in records.
    Progress {
        /// Records done.
        done: u64,
        /// Records in all.
        total: u64,
    },
}

/// What a person, or the centre, wrote into one record.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedEdit {
    /// The record.
    pub key: RecordKey,
    /// The fields that were written; null clears one.
    pub fields: Fields,
    /// The deleted flag, where it was written.
    pub deleted: Option<bool>,
}

impl std::fmt::Debug for TypedEdit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TypedEdit({}, {} fields)", self.key, self.fields.len())
    }
}
