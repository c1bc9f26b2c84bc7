//! The one list of everything a store's keys can begin with.

/// The format of the store: spaces, keys and how rows are framed.
///
/// It is written once, when a store is made, and read at every open. Whoever moves a prefix or changes a key's layout
/// raises it and adds a migration; the format of one kind of row alone is the number in the row's own frame.
pub const STORE_FORMAT: u32 = 1;

/// The prefix of the engines' own pieces of values too large for one entry. It is no space: nobody above can read it.
pub(crate) const PIECES: u8 = 0xF0;

/// The prefix of the one entry that an engine on disk writes when it makes a store: without it, what opened is no store
/// of ours, or one whose log was lost.
pub(crate) const MARK: u8 = 0x00;

/// A part of the store with keys of one kind; its prefix is the first byte of every key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Space {
    /// The format number, for the store as a whole.
    Format = 0x01,
    /// Rows that exist once for a school.
    State = 0x10,
    /// Documents as saved.
    Document = 0x11,
    /// What of a document is needed without loading it.
    Base = 0x12,
    /// Records as people see them.
    View = 0x13,
    /// Edits not yet settled.
    Draft = 0x14,
    /// Records by the value of an indexed field.
    Index = 0x15,
    /// Records with open conflicts.
    Conflict = 0x16,
    /// Findings by subject.
    Finding = 0x17,
    /// Digest lanes by module.
    Lanes = 0x18,
    /// Entries of the log.
    Entry = 0x19,
    /// Answers to bundles.
    Answer = 0x1A,
    /// Replicas.
    Replica = 0x1B,
    /// The readable log.
    History = 0x1C,
    /// Texts of packs and rulebooks by hash.
    Text = 0x1D,
    /// The host's own rows.
    Local = 0x1E,
    /// Heads' approvals by bundle.
    Approval = 0x1F,
    /// What a school keeps for a restored centre.
    Kept = 0x28,
    /// Entries of earlier lives of the log, at the centre.
    Replayed = 0x29,
    /// Entries of earlier lives of the log, at the school.
    Past = 0x2A,
}

impl Space {
    /// All spaces in order of their prefixes.
    pub const ALL: [Self; 20] = [
        Self::Format,
        Self::State,
        Self::Document,
        Self::Base,
        Self::View,
        Self::Draft,
        Self::Index,
        Self::Conflict,
        Self::Finding,
        Self::Lanes,
        Self::Entry,
        Self::Answer,
        Self::Replica,
        Self::History,
        Self::Text,
        Self::Local,
        Self::Approval,
        Self::Kept,
        Self::Replayed,
        Self::Past,
    ];

    /// Gives the byte that every key of the space begins with.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        self as u8
    }

    /// Gives the key as an engine stores it.
    pub(crate) fn key(self, key: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + key.len());
        bytes.push(self.prefix());
        bytes.extend_from_slice(key);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_ascend_and_stay_below_the_pieces() {
        assert!(Space::ALL.windows(2).all(|pair| pair.first() < pair.last()));
        assert!(Space::ALL.iter().all(|space| space.prefix() < PIECES));
    }
}
