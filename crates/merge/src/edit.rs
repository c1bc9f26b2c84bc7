//! What a bundle says about one record, and what becomes of it.

use selaras_model::{ChangeHash, Fields};

/// The first bytes of a change's hash, by which an edit names a head within its record's document.
pub type HeadPrefix = [u8; 8];

/// An edit of one record: the state it was made on, and what it writes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Edit {
    /// Prefixes of the heads that it builds on, in any order; none for an edit that creates the document.
    pub heads: Vec<HeadPrefix>,
    /// The fields that it writes; null clears a field.
    pub fields: Fields,
    /// Whether it deletes the record (true) or re-creates it (false); none where it does neither.
    pub deleted: Option<bool>,
}

impl Edit {
    /// Makes an edit on these heads that writes nothing yet.
    #[must_use]
    pub fn on(heads: &[ChangeHash]) -> Self {
        let mut heads: Vec<_> = heads.iter().map(head_prefix).collect();
        heads.sort_unstable();
        Self { heads, ..Self::default() }
    }
}

/// Returns the prefix by which an edit names a head.
#[must_use]
pub fn head_prefix(head: &ChangeHash) -> HeadPrefix {
    let [a, b, c, d, e, f, g, h, ..] = *head.as_bytes();
    [a, b, c, d, e, f, g, h]
}

/// The change that an edit became.
#[derive(Clone, PartialEq, Eq)]
pub struct Minted {
    /// The change's hash.
    pub change: ChangeHash,
    /// The change's own bytes. Appended to a saved document that holds what the edit builds on, they bring it to the
    /// same state as a fresh save.
    pub chunk: Vec<u8>,
}

impl std::fmt::Debug for Minted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Minted({}, {} bytes)", self.change, self.chunk.len())
    }
}
