//! Short-lived tokens: who, until when, and a keyed hash over both. Nothing is kept for them.

use data_encoding::BASE64URL_NOPAD;
use selaras_model::{DeviceId, Npsn};

const CONTEXT: &str = "selaras 1 centre token";
/// NPSN 4, device 8, expiry 8, tag 16.
const LENGTH: usize = 36;
const SIGNED: usize = 20;

/// Mints and judges tokens; derived from the centre's signing key, so that there is one secret to keep.
#[derive(Clone)]
pub(crate) struct TokenKey([u8; 32]);

/// What a good token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bearer {
    /// The school.
    pub(crate) npsn: Npsn,
    /// The device.
    pub(crate) device: DeviceId,
}

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// Not one of ours.
    Foreign,
    /// Its time is over.
    Expired,
}

impl TokenKey {
    /// Derives the key from the signing key's seed.
    pub(crate) fn derive(seed: &[u8; 32]) -> Self {
        Self(blake3::derive_key(CONTEXT, seed))
    }

    /// Mints a token that is good until `expiry`, in seconds since 1970 by the centre's clock.
    pub(crate) fn mint(&self, bearer: Bearer, expiry: i64) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend_from_slice(&bearer.npsn.number().to_be_bytes());
        bytes.extend_from_slice(bearer.device.as_bytes());
        bytes.extend_from_slice(&expiry.to_be_bytes());
        let tag = self.tag(&bytes);
        bytes.extend_from_slice(&tag);
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// Judges a token by the centre's clock.
    pub(crate) fn judge(&self, token: &str, now: i64) -> Result<Bearer, TokenFault> {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).map_err(|_| TokenFault::Foreign)?;
        let bytes: [u8; LENGTH] = bytes.try_into().map_err(|_| TokenFault::Foreign)?;
        let (signed, tag) = bytes.split_at(SIGNED);
        // Compared as BLAKE3 hashes, because those compare in constant time.
        let mut theirs = [0; 32];
        let mut ours = [0; 32];
        theirs.split_at_mut(16).0.copy_from_slice(tag);
        ours.split_at_mut(16).0.copy_from_slice(&self.tag(signed));
        if blake3::Hash::from_bytes(theirs) != blake3::Hash::from_bytes(ours) {
            return Err(TokenFault::Foreign);
        }
        let (npsn, rest) = signed.split_first_chunk::<4>().ok_or(TokenFault::Foreign)?;
        let (device, expiry) = rest.split_first_chunk::<8>().ok_or(TokenFault::Foreign)?;
        let expiry = expiry.try_into().map(i64::from_be_bytes).map_err(|_| TokenFault::Foreign)?;
        if now >= expiry {
            return Err(TokenFault::Expired);
        }
        let npsn = Npsn::from_number(u32::from_be_bytes(*npsn)).map_err(|_| TokenFault::Foreign)?;
        Ok(Bearer { npsn, device: DeviceId::from_bytes(*device) })
    }

    fn tag(&self, signed: &[u8]) -> [u8; 16] {
        let mut tag = [0; 16];
        tag.copy_from_slice(blake3::keyed_hash(&self.0, signed).as_bytes().split_at(16).0);
        tag
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    fn bearer() -> Bearer {
        Bearer { npsn: "99999999".parse().unwrap(), device: DeviceId::from_bytes([5; 8]) }
    }

    #[test]
    fn a_token_is_good_until_its_time_is_over() {
        let key = TokenKey::derive(&[1; 32]);
        let token = key.mint(bearer(), 1_000);
        assert_eq!(key.judge(&token, 999), Ok(bearer()));
        assert_eq!(key.judge(&token, 1_000), Err(TokenFault::Expired));
        assert_eq!(token.len(), 48);
    }

    #[test]
    fn no_other_bytes_are_a_token() {
        let key = TokenKey::derive(&[1; 32]);
        let token = key.mint(bearer(), 1_000);
        assert_eq!(TokenKey::derive(&[2; 32]).judge(&token, 0), Err(TokenFault::Foreign));
        assert_eq!(key.judge("", 0), Err(TokenFault::Foreign));
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_eq!(key.judge(&BASE64URL_NOPAD.encode(&other), 0), Err(TokenFault::Foreign), "byte {at}");
        }
    }
}
