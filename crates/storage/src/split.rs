//! Values over 4 KiB as a head and pieces.
//!
//! sled puts a tree node that outgrows an eighth of a mebibyte into a file that it never syncs (128 of 215 emulated
//! power losses failed with values of 12,000 bytes, none with values under 7 KiB). So no entry is larger than
//! [`MAX_ENTRY`]: a longer value's beginning stays at its key, the rest lies under keys of its own.
//!
//! - whole: `0`, the value
//! - head: `1`, the length of the value (`u32` big-endian), a stamp (4 bytes), the beginning of the value
//! - piece: the stamp, more of the value
//!
//! The stamp differs between two values of one key, so that a reader who meets the head of one and the pieces of the
//! next sees it.

use crate::engine::EngineError;
use crate::space::PIECES;

/// The largest stored value of an entry, in bytes.
pub(crate) const MAX_ENTRY: usize = 4_096;

const WHOLE: u8 = 0;
const SPLIT: u8 = 1;
const STAMP: usize = 4;
const FIRST: usize = MAX_ENTRY - 1 - 4 - STAMP;
const REST: usize = MAX_ENTRY - STAMP;

/// What is stored at a key.
pub(crate) enum Stored<'a> {
    /// The value itself.
    Whole(&'a [u8]),
    /// The beginning of a value that goes on in pieces.
    Head(Head<'a>),
}

/// The head of a value in pieces.
pub(crate) struct Head<'a> {
    total: usize,
    stamp: [u8; STAMP],
    first: &'a [u8],
}

/// Reads what is stored at a key.
pub(crate) fn parse(stored: &[u8]) -> Result<Stored<'_>, EngineError> {
    match stored.split_first() {
        Some((&WHOLE, value)) => Ok(Stored::Whole(value)),
        Some((&SPLIT, rest)) => head(rest).map(Stored::Head).ok_or_else(|| torn("a head of pieces is not whole")),
        _ => Err(torn("an entry has no form")),
    }
}

fn head(rest: &[u8]) -> Option<Head<'_>> {
    let (total, rest) = rest.split_first_chunk::<4>()?;
    let (stamp, first) = rest.split_first_chunk::<STAMP>()?;
    let total = usize::try_from(u32::from_be_bytes(*total)).ok()?;
    (first.len() == FIRST && total > FIRST).then_some(Head { total, stamp: *stamp, first })
}

/// Gives the entry of a value and its pieces in order.
pub(crate) fn split(value: &[u8], stamp: u32) -> (Vec<u8>, Vec<Vec<u8>>) {
    if value.len() < MAX_ENTRY {
        let mut entry = Vec::with_capacity(1 + value.len());
        entry.push(WHOLE);
        entry.extend_from_slice(value);
        return (entry, Vec::new());
    }
    let (first, rest) = value.split_at(FIRST.min(value.len()));
    let stamp = stamp.to_be_bytes();
    let mut entry = Vec::with_capacity(MAX_ENTRY);
    entry.push(SPLIT);
    // A commit holds at most a mebibyte.
    entry.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
    entry.extend_from_slice(&stamp);
    entry.extend_from_slice(first);
    let pieces = rest.chunks(REST).map(|piece| [stamp.as_slice(), piece].concat()).collect();
    (entry, pieces)
}

impl Head<'_> {
    /// How many pieces follow.
    pub(crate) fn pieces(&self) -> u16 {
        // A length that damage made absurd asks for the most there can be and is then found not to fit.
        u16::try_from(self.total.saturating_sub(FIRST).div_ceil(REST)).unwrap_or(u16::MAX)
    }

    /// Puts the value together; `None` when the pieces are not those of this head.
    pub(crate) fn join(
        &self,
        mut piece: impl FnMut(u16) -> Result<Option<Vec<u8>>, EngineError>,
    ) -> Result<Option<Vec<u8>>, EngineError> {
        let mut value = self.first.to_vec();
        for index in 0..self.pieces() {
            let stored = piece(index)?;
            let Some(rest) = stored.as_deref().and_then(|stored| stored.strip_prefix(self.stamp.as_slice())) else {
                return Ok(None);
            };
            value.extend_from_slice(rest);
        }
        Ok((value.len() == self.total).then_some(value))
    }
}

/// The key of a piece of the value at a key (with its space).
pub(crate) fn piece_key(key: &[u8], index: u16) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(key.len() + 3);
    bytes.push(PIECES);
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(&index.to_be_bytes());
    bytes
}

/// The key whose value a piece belongs to, and the piece's place in it.
pub(crate) fn owner_of_piece(piece: &[u8]) -> Option<(&[u8], u16)> {
    let (key, index) = piece.strip_prefix(&[PIECES])?.split_last_chunk::<2>()?;
    Some((key, u16::from_be_bytes(*index)))
}

fn torn(reason: &str) -> EngineError {
    EngineError::corrupt(reason)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn joined(entry: &[u8], pieces: &[Vec<u8>]) -> Option<Vec<u8>> {
        match parse(entry).unwrap() {
            Stored::Whole(value) => Some(value.to_vec()),
            Stored::Head(head) => head.join(|index| Ok(pieces.get(usize::from(index)).cloned())).unwrap(),
        }
    }

    #[test]
    fn every_length_comes_back_and_no_entry_is_too_large() {
        for len in [0, 1, 4_086, 4_087, 4_095, 4_096, 4_097, 8_179, 8_180, 12_000, 1 << 20] {
            let value: Vec<u8> = (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let (entry, pieces) = split(&value, 7);
            assert!(entry.len() <= MAX_ENTRY && pieces.iter().all(|piece| piece.len() <= MAX_ENTRY));
            assert_eq!(joined(&entry, &pieces).as_deref(), Some(value.as_slice()), "{len} bytes");
        }
    }

    #[test]
    fn pieces_of_another_value_are_not_taken() {
        let (entry, _) = split(&[1; 9_000], 1);
        let (_, others) = split(&[1; 9_000], 2);
        assert_eq!(joined(&entry, &others), None);
    }

    #[test]
    fn a_missing_piece_is_noticed() {
        let (entry, pieces) = split(&[1; 9_000], 1);
        assert_eq!(joined(&entry, &pieces[..1]), None);
    }

    #[test]
    fn an_entry_without_form_is_damage() {
        assert!(parse(&[]).is_err());
        assert!(parse(&[9, 1, 2]).is_err());
        assert!(parse(&[SPLIT, 0, 0]).is_err());
    }

    #[test]
    fn a_piece_knows_its_owner() {
        assert_eq!(owner_of_piece(&piece_key(b"\x11key", 258)), Some((b"\x11key".as_slice(), 258)));
    }
}
