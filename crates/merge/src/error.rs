//! Why an edit or a document is refused.

/// Says why an edit could not be minted or a document not be read.
///
/// None of these goes away by trying again. No text here holds a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// The edit builds on a change that the document does not hold.
    #[error("the edit builds on a change that this record does not hold")]
    UnknownHeads,
    /// The edit's heads do not name one state: a prefix fits two changes, or one head is contained in another.
    #[error("the edit's heads do not name one state of this record")]
    AmbiguousHeads,
    /// The actor has written another change of this record already, so two bundles share one number.
    #[error("the same bundle number has written another change of this record")]
    Fork,
    /// The edit writes nothing, so there is no change to mint.
    #[error("the edit writes nothing")]
    EmptyEdit,
    /// The document's bytes, or what they hold, cannot be a record's; the text says what was found.
    #[error("the record's document is damaged: {0}")]
    Damaged(&'static str),
}
