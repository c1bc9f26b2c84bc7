//! The key of a record.

use std::fmt;
use std::str::FromStr;

/// Names a record within its entity: a UUID made by whoever created the record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId([u8; 16]);

/// Says that a text is not a record's UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a record id is a UUID, written with hyphens")]
pub struct RecordIdError;

impl RecordId {
    /// Length in bytes.
    pub const LEN: usize = 16;

    /// Takes the bytes as they are, whatever UUID version they claim.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Makes the id of a new record (UUID version 4) out of random bytes that the caller brings.
    #[must_use]
    pub fn from_random(random: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(random).into_uuid().into_bytes())
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl TryFrom<&[u8]> for RecordId {
    type Error = RecordIdError;

    fn try_from(bytes: &[u8]) -> Result<Self, RecordIdError> {
        bytes.try_into().map(Self).map_err(|_| RecordIdError)
    }
}

impl FromStr for RecordId {
    type Err = RecordIdError;

    /// Reads the hyphenated form in either case; the braced, URN and bare forms are refused, so that a text has one
    /// meaning everywhere.
    fn from_str(text: &str) -> Result<Self, RecordIdError> {
        if text.len() != uuid::fmt::Hyphenated::LENGTH {
            return Err(RecordIdError);
        }
        uuid::Uuid::try_parse(text).map(|id| Self(id.into_bytes())).map_err(|_| RecordIdError)
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(uuid::Uuid::from_bytes(self.0).as_hyphenated(), f)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({self})")
    }
}

super::serde_as!(RecordId, [u8; 16], |id| id.0, |bytes| Ok::<_, RecordIdError>(RecordId(bytes)));
