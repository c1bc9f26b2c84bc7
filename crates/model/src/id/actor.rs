//! Who made a change.

use std::fmt;
use std::str::FromStr;

use super::Npsn;

/// One of the two parties that edit a school's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The school itself.
    School,
    /// The central server, the Dinas and the services behind it.
    Centre,
}

/// Names the author of a bundle's changes: side, school, replica and the bundle's sequence.
///
/// A bundle has an actor of its own, so that two computers that mint the same bundle make the same changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor {
    /// The side that edited.
    pub side: Side,
    /// The school whose record it is.
    pub school: Npsn,
    /// The installation that sealed the bundle (all zero where the centre itself edits).
    pub replica: [u8; 8],
    /// The bundle's sequence at that installation.
    pub sequence: u64,
}

/// Says that bytes are not an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an actor is 21 bytes: side, school, replica, sequence")]
pub struct ActorError;

const SCHOOL: u8 = 1;
const CENTRE: u8 = 2;

impl Actor {
    /// Length in bytes.
    pub const LEN: usize = 21;

    /// Returns 1 byte side (1 school, 2 centre), 4 bytes NPSN as a big-endian number, 8 bytes replica, 8 bytes
    /// big-endian sequence.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 21] {
        let side = match self.side {
            Side::School => SCHOOL,
            Side::Centre => CENTRE,
        };
        let mut bytes = [0; 21];
        let parts = std::iter::once(side)
            .chain(self.school.number().to_be_bytes())
            .chain(self.replica)
            .chain(self.sequence.to_be_bytes());
        for (slot, byte) in bytes.iter_mut().zip(parts) {
            *slot = byte;
        }
        bytes
    }

    /// Reads what [`Actor::to_bytes`] writes.
    ///
    /// # Errors
    /// Refuses any other length, side or school number.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ActorError> {
        let (&side, rest) = bytes.split_first().ok_or(ActorError)?;
        let (school, rest) = rest.split_first_chunk::<4>().ok_or(ActorError)?;
        let (replica, rest) = rest.split_first_chunk::<8>().ok_or(ActorError)?;
        let sequence: [u8; 8] = rest.try_into().map_err(|_| ActorError)?;
        let side = match side {
            SCHOOL => Side::School,
            CENTRE => Side::Centre,
            _ => return Err(ActorError),
        };
        let school = Npsn::from_number(u32::from_be_bytes(*school)).map_err(|_| ActorError)?;
        Ok(Self { side, school, replica: *replica, sequence: u64::from_be_bytes(sequence) })
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.to_bytes()))
    }
}

impl FromStr for Actor {
    type Err = ActorError;

    fn from_str(text: &str) -> Result<Self, ActorError> {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(|_| ActorError)?;
        Self::from_bytes(&bytes)
    }
}
