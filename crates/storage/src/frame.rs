//! The frame around every row: what format it has, and whether it is what was written under this very key.
//!
//! `format (1) ‖ checksum (8) ‖ body`. The checksum is the beginning of BLAKE3 over `space ‖ length of key (u16) ‖ key
//! ‖ format ‖ body`: a row that damage moved to another key fails it too.

use selaras_sync::store::StoreError;

use crate::space::Space;

/// The newest format of any row's body that this version writes and reads.
pub(crate) const ROW_FORMAT: u8 = 1;
const CHECKSUM: usize = 8;

/// Puts a body into its frame.
pub(crate) fn wrap(space: Space, key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut row = Vec::with_capacity(1 + CHECKSUM + body.len());
    row.push(ROW_FORMAT);
    row.extend_from_slice(&checksum(space, key, ROW_FORMAT, body));
    row.extend_from_slice(body);
    row
}

/// Takes a body out of its frame.
///
/// # Errors
/// [`StoreError::Damaged`] when it is not what was written, [`StoreError::Version`] when a newer version wrote it.
pub(crate) fn unwrap<'a>(space: Space, key: &[u8], row: &'a [u8]) -> Result<&'a [u8], StoreError> {
    let damaged = || damaged(space, "does not match its checksum");
    let (&format, rest) = row.split_first().ok_or_else(damaged)?;
    let (sum, body) = rest.split_first_chunk::<CHECKSUM>().ok_or_else(damaged)?;
    if *sum != checksum(space, key, format, body) {
        return Err(damaged());
    }
    if format != ROW_FORMAT {
        return Err(StoreError::Version { found: u32::from(format), known: u32::from(ROW_FORMAT) });
    }
    Ok(body)
}

/// The error for a row that cannot be what was written; it names the space only, a key may hold a person's values.
pub(crate) fn damaged(space: Space, what: &str) -> StoreError {
    StoreError::Damaged(format!("a row of {space:?} {what}"))
}

fn checksum(space: Space, key: &[u8], format: u8, body: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[space.prefix()]);
    hasher.update(&u16::try_from(key.len()).unwrap_or(u16::MAX).to_be_bytes());
    hasher.update(key);
    hasher.update(&[format]);
    hasher.update(body);
    let mut sum = [0; CHECKSUM];
    hasher.finalize_xof().fill(&mut sum);
    sum
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn every_flipped_bit_is_noticed() {
        let row = wrap(Space::View, b"99999999key", b"body");
        assert_eq!(unwrap(Space::View, b"99999999key", &row).unwrap(), b"body");
        for bit in 0..row.len() * 8 {
            let mut flipped = row.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(unwrap(Space::View, b"99999999key", &flipped), Err(StoreError::Damaged(_))));
        }
    }

    #[test]
    fn a_row_under_another_key_is_damage() {
        let row = wrap(Space::View, b"99999999a", b"body");
        assert!(unwrap(Space::View, b"99999999b", &row).is_err());
        assert!(unwrap(Space::Base, b"99999999a", &row).is_err());
        assert!(unwrap(Space::View, b"99999999a", &row[..3]).is_err());
    }

    #[test]
    fn a_newer_format_is_named() {
        let mut row = vec![9];
        row.extend_from_slice(&checksum(Space::View, b"key", 9, b"later"));
        row.extend_from_slice(b"later");
        assert!(matches!(unwrap(Space::View, b"key", &row), Err(StoreError::Version { found: 9, known: 1 })));
    }
}
