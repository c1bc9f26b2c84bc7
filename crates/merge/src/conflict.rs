//! What a document says now, and what people still have to decide.

use selaras_model::{Actor, ChangeHash, FieldName, Record, Value};

/// The present state of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The record, with the winners of all conflicts. A cleared field is there as null.
    pub record: Record,
    /// The document's heads, sorted.
    pub heads: Vec<ChangeHash>,
    /// What waits for a person's decision, in byte order of the fields, a deletion last.
    pub conflicts: Vec<Conflict>,
}

/// Two or more people wrote different things without knowing of each other.
///
/// It stays until an edit that builds on all heads writes the field again, or the deleted flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// What it is about.
    pub subject: Subject,
    /// What holds until someone decides.
    pub winner: Candidate,
    /// The other values, sorted by actor; never empty, and none equal to the winner's.
    pub others: Vec<Candidate>,
}

/// What a conflict is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The value of a field.
    Field(FieldName),
    /// Whether the record exists: it was deleted while someone else, not knowing it, edited or re-created it. It stays
    /// deleted. The winner's value is yes (deleted); each other candidate is such an edit, with the value no.
    EditedWhileDeleted,
}

/// One of the values in a conflict, and who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Candidate {
    /// The value.
    pub value: Value,
    /// Who wrote it.
    pub actor: Actor,
    /// The change that holds it.
    pub change: ChangeHash,
}

impl Candidate {
    /// Sorts candidates the same way on every computer.
    pub(crate) fn sort(candidates: &mut [Self]) {
        candidates.sort_unstable_by_key(|candidate| (candidate.actor, candidate.change));
    }
}
