//! Which record of which entity.

use std::fmt;
use std::str::FromStr;

use super::RecordId;

/// The stable number of an entity in the pack; it never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct EntityCode(pub u16);

impl fmt::Display for EntityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for EntityCode {
    type Err = RecordKeyError;

    fn from_str(text: &str) -> Result<Self, RecordKeyError> {
        text.parse().map(Self).map_err(|_| RecordKeyError)
    }
}

/// Names one record of a school; ordered by entity, then id. Written `code/uuid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// The record's entity.
    pub entity: EntityCode,
    /// The record's id within it.
    pub id: RecordId,
}

/// Says that a text or bytes are not a record's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a record key is an entity's number and a UUID")]
pub struct RecordKeyError;

impl RecordKey {
    /// Length in bytes.
    pub const LEN: usize = 18;

    /// Returns the entity as 2 big-endian bytes and the id's 16; their byte order is the order of keys.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 18] {
        let mut bytes = [0; 18];
        for (slot, byte) in bytes.iter_mut().zip(self.entity.0.to_be_bytes().iter().chain(self.id.as_bytes())) {
            *slot = *byte;
        }
        bytes
    }

    /// Reads what [`RecordKey::to_bytes`] writes.
    ///
    /// # Errors
    /// Refuses any other length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordKeyError> {
        let (entity, id) = bytes.split_first_chunk::<2>().ok_or(RecordKeyError)?;
        let id = RecordId::try_from(id).map_err(|_| RecordKeyError)?;
        Ok(Self { entity: EntityCode(u16::from_be_bytes(*entity)), id })
    }
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.entity, self.id)
    }
}

impl FromStr for RecordKey {
    type Err = RecordKeyError;

    fn from_str(text: &str) -> Result<Self, RecordKeyError> {
        let (entity, id) = text.split_once('/').ok_or(RecordKeyError)?;
        Ok(Self { entity: entity.parse()?, id: id.parse().map_err(|_| RecordKeyError)? })
    }
}

super::serde_as!(
    RecordKey,
    (u16, [u8; 16]),
    |key| (key.entity.0, *key.id.as_bytes()),
    |plain| Ok::<_, RecordKeyError>(RecordKey { entity: EntityCode(plain.0), id: RecordId::from_bytes(plain.1) })
);
