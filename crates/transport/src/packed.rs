//! Bodies under zstd, where both sides say so in their heads: pack and rulebook are a hundred kilobytes of text, and a
//! line that is cut every 64 KiB would never let them through.

use std::io::Read as _;

/// The content coding's name.
pub(crate) const ZSTD: &str = "zstd";

const LEVEL: i32 = 19;

/// Packs a body; for one that is packed once and given out many times.
///
/// # Errors
/// As zstd gives them.
pub fn pack_body(open: &[u8]) -> std::io::Result<Vec<u8>> {
    zstd::bulk::compress(open, LEVEL)
}

/// Opens a packed body; what it claims of its size is not believed.
pub(crate) fn open_body(packed: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut open = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(packed).ok()?;
    decoder.take(u64::try_from(limit).ok()?.saturating_add(1)).read_to_end(&mut open).ok()?;
    (open.len() <= limit).then_some(open)
}

/// Whether a head that lists content codings names zstd and does not rule it out.
#[must_use]
pub fn takes_zstd(accepted: &str) -> bool {
    let named = accepted.split(',').map(str::trim).find(|coding| coding.split(';').next() == Some(ZSTD));
    named.is_some_and(|coding| !coding.replace(' ', "").ends_with(";q=0"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_body_comes_back_and_a_bomb_does_not() {
        let open = vec![b'x'; 100_000];
        let packed = pack_body(&open).unwrap();
        assert!(packed.len() < 100);
        assert_eq!(open_body(&packed, 100_000).unwrap(), open);
        assert!(open_body(&packed, 99_999).is_none());
        assert!(open_body(b"not packed", 100).is_none());
    }

    #[test]
    fn only_who_says_so_gets_it_packed() {
        assert!(takes_zstd("zstd") && takes_zstd("gzip, zstd;q=0.5"));
        assert!(!takes_zstd("gzip") && !takes_zstd("") && !takes_zstd("zstd; q=0"));
    }
}
