//! An entry of the audit log: who did what, when, from where, and with what result; chained by hash.
//!
//! The canonical bytes are: number (`u64`), time (`i64` seconds since 1970), then who, what, school, from where, about
//! what and result, each as length (`u16`) and UTF-8, then the hash of the entry before (32). Numbers are big-endian. The
//! hash is BLAKE3 in key-derivation mode, context `selaras 1 audit`, over these bytes; that before the first is zeros.

use serde::{Deserialize, Serialize};

const CONTEXT: &str = "selaras 1 audit";
/// The longest text of an entry, in bytes; what is longer is cut.
const MAX_TEXT: usize = 1_024;

/// A hash in the chain.
pub(crate) type Hash = [u8; 32];

/// What happened; only identifiers and codes, never a person's data.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Event {
    /// `operator`, an account, `device:` with its id, or `nobody`.
    pub(crate) who: String,
    /// What was asked for, such as `head-enrol` or `GET /v1/admin/schools`.
    pub(crate) what: String,
    /// The school, where one is meant.
    pub(crate) school: String,
    /// The address that asked.
    pub(crate) from: String,
    /// What it was about: ids and counts.
    pub(crate) about: String,
    /// `ok`, or the code of the refusal.
    pub(crate) result: String,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// From 1, without gaps.
    pub(crate) number: u64,
    /// By the centre's clock, in seconds since 1970.
    pub(crate) at: i64,
    /// What happened.
    #[serde(flatten)]
    pub(crate) event: Event,
    /// The hash of the entry before.
    #[serde(with = "hex")]
    pub(crate) previous: Hash,
}

impl Entry {
    /// Gives the bytes over which the hash runs.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let Event { who, what, school, from, about, result } = &self.event;
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(&self.at.to_be_bytes());
        for text in [who, what, school, from, about, result] {
            let text = cut(text);
            bytes.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.extend_from_slice(&self.previous);
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; nothing for anything else.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (number, rest) = bytes.split_first_chunk::<8>()?;
        let (at, mut rest) = rest.split_first_chunk::<8>()?;
        let mut text = || {
            let (length, after) = rest.split_first_chunk::<2>()?;
            let (text, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            rest = after;
            String::from_utf8(text.to_vec()).ok()
        };
        let event =
            Event { who: text()?, what: text()?, school: text()?, from: text()?, about: text()?, result: text()? };
        let previous = rest.try_into().ok()?;
        Some(Self { number: u64::from_be_bytes(*number), at: i64::from_be_bytes(*at), event, previous })
    }

    /// Gives the hash that the next entry names.
    pub(crate) fn hash(&self) -> Hash {
        blake3::derive_key(CONTEXT, &self.to_bytes())
    }
}

/// The first [`MAX_TEXT`] bytes of a text, at a character's end.
pub(super) fn cut(text: &str) -> &str {
    let end = (0..=MAX_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// A hash in hexadecimal.
pub(crate) mod hex {
    use data_encoding::HEXLOWER;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Hash;

    pub(crate) fn serialize<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(hash))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| D::Error::custom("not hexadecimal"))?;
        bytes.try_into().map_err(|_| D::Error::custom("not 32 bytes"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    pub(crate) fn entry(number: u64, previous: Hash) -> Entry {
        let text = str::to_owned;
        Entry {
            number,
            at: 1_795_500_000,
            event: Event {
                who: text("device:0101010101010101"),
                what: text("exchange"),
                school: text("99999999"),
                from: text("127.0.0.1"),
                about: text("bundle-accepted 7"),
                result: text("ok"),
            },
            previous,
        }
    }

    #[test]
    fn the_bytes_are_as_documented() {
        let mut expected = 7_u64.to_be_bytes().to_vec();
        expected.extend(1_795_500_000_i64.to_be_bytes());
        for text in ["device:0101010101010101", "exchange", "99999999", "127.0.0.1", "bundle-accepted 7", "ok"] {
            expected.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
            expected.extend(text.as_bytes());
        }
        expected.extend([5; 32]);
        let entry = entry(7, [5; 32]);
        assert_eq!(entry.to_bytes(), expected);
        assert_eq!(
            blake3::Hash::from_bytes(entry.hash()).to_hex().as_str(),
            "d15312c09ab98d53e557ba4007df30d00389c2322d2c10a3611d0496cda1fe7f"
        );
    }

    #[test]
    fn an_entry_reads_back_and_nothing_else_is_one() {
        let bytes = entry(7, [5; 32]).to_bytes();
        assert_eq!(Entry::from_bytes(&bytes), Some(entry(7, [5; 32])));
        for length in 0..bytes.len() {
            assert_eq!(Entry::from_bytes(bytes.get(..length).unwrap()), None);
        }
    }

    #[test]
    fn a_text_without_end_is_cut_where_a_character_ends() {
        let mut long = entry(1, [0; 32]);
        long.event.about = "ä".repeat(2_000);
        let read = Entry::from_bytes(&long.to_bytes()).unwrap();
        assert_eq!(read.event.about.len(), MAX_TEXT);
        assert_eq!(read.hash(), long.hash());
    }
}
