//! The kode registrasi: made, written for people, hashed, compared.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use selaras_model::Npsn;
use selaras_sync::KodeRow;
use serde::{Deserialize, Serialize};

use super::secrets::random;

/// No I, L, O, U: read out over the telephone and typed from a letter, they are taken for other signs.
const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Signs of a code; 60 bits, far beyond what the limits on guesses allow to try.
const LENGTH: usize = 12;
/// Longer input is not even hashed.
const MAX_TYPED: usize = 64;
const HASH: usize = 32;
const CONTEXT: &str = "selaras 1 kode registrasi";

/// How dear a guess is. The defaults are OWASP's for argon2id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct KodeCost {
    /// Memory in KiB.
    pub(crate) memory_kib: u32,
    /// Passes over it.
    pub(crate) passes: u32,
}

impl Default for KodeCost {
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2 }
    }
}

/// A school's secret code, in the one form that is hashed; shown once, then known to the school alone.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Kode(String);

impl Kode {
    /// Makes a new one, or `None` where the system gives no randomness.
    pub(crate) fn new() -> Option<Self> {
        let signs = random::<LENGTH>()?.map(|byte| SIGNS.get(usize::from(byte % 32)).copied().unwrap_or(b'0'));
        Some(Self(signs.iter().map(|sign| char::from(*sign)).collect()))
    }

    /// Takes what a person typed: any case, blanks and hyphens anywhere, O for 0 and I or L for 1.
    pub(crate) fn typed(text: &str) -> Option<Self> {
        if text.len() > MAX_TYPED {
            return None;
        }
        let signs: String = text
            .chars()
            .filter(|sign| !sign.is_whitespace() && *sign != '-')
            .map(|sign| match sign.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect();
        let known = |sign: char| u8::try_from(sign).is_ok_and(|sign| SIGNS.contains(&sign));
        (signs.len() == LENGTH && signs.chars().all(known)).then_some(Self(signs))
    }

    /// In three groups, as it is shown.
    pub(crate) fn shown(&self) -> String {
        let groups: Vec<&str> = [0..4, 4..8, 8..12].into_iter().filter_map(|range| self.0.get(range)).collect();
        groups.join("-")
    }
}

impl fmt::Debug for Kode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kode(..)")
    }
}

/// A hashed code as kept; its own cost goes with it, so that the configured one may change.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct HashedKode {
    cost: KodeCost,
    salt: [u8; 16],
    hash: [u8; HASH],
}

impl HashedKode {
    /// Hashes a code; `None` where there is no randomness or the cost is not one that argon2 takes.
    pub(crate) fn of(kode: &Kode, cost: KodeCost) -> Option<Self> {
        let salt = random::<16>()?;
        let hash = hash(kode, &salt, cost)?;
        Some(Self { cost, salt, hash })
    }

    /// Whether this is the code; the time taken says nothing about where they differ.
    pub(crate) fn fits(&self, kode: &Kode) -> bool {
        let Some(hash) = hash(kode, &self.salt, self.cost) else { return false };
        // BLAKE3's hashes compare in constant time.
        blake3::Hash::from_bytes(hash) == blake3::Hash::from_bytes(self.hash)
    }
}

/// Makes the proofs of kode that are in schools' logs. The key follows from the centre's signing key, so that no computer
/// of a school can test guesses against a proof.
#[derive(Clone)]
pub(crate) struct KodeProofs([u8; 32]);

impl KodeProofs {
    /// Derives the key from the signing key's seed.
    pub(crate) fn derive(seed: &[u8; 32]) -> Self {
        Self(blake3::derive_key(CONTEXT, seed))
    }

    /// The proof of a school's kode of this number.
    pub(crate) fn of(&self, npsn: Npsn, number: u32, kode: &Kode) -> KodeRow {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(npsn.as_bytes()).update(&number.to_be_bytes()).update(kode.0.as_bytes());
        KodeRow { number, proof: *hasher.finalize().as_bytes() }
    }

    /// Whether this is the kode of a row; in constant time.
    pub(crate) fn fits(&self, npsn: Npsn, row: &KodeRow, kode: &Kode) -> bool {
        let proof = self.of(npsn, row.number, kode).proof;
        blake3::Hash::from_bytes(proof) == blake3::Hash::from_bytes(row.proof)
    }
}

fn hash(kode: &Kode, salt: &[u8], cost: KodeCost) -> Option<[u8; HASH]> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(HASH)).ok()?;
    let mut hash = [0; HASH];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(kode.0.as_bytes(), salt, &mut hash).ok()?;
    Some(hash)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const CHEAP: KodeCost = KodeCost { memory_kib: 8, passes: 1 };

    #[test]
    fn a_code_is_recognised_however_it_is_typed() {
        let kode = Kode::typed("0123-4567-89AB").unwrap();
        assert_eq!(kode.shown(), "0123-4567-89AB");
        let hashed = HashedKode::of(&kode, CHEAP).unwrap();
        for text in ["0123456789ab", " o123 4567 89AB ", "0L23-4567-89ab"] {
            assert!(hashed.fits(&Kode::typed(text).unwrap()), "{text}");
        }
        assert!(!hashed.fits(&Kode::typed("0123-4567-89AC").unwrap()));
    }

    #[test]
    fn a_proof_is_of_one_school_one_number_and_one_centre() {
        let kode = Kode::typed("0123-4567-89AB").unwrap();
        let (one, other): (Npsn, Npsn) = ("99999999".parse().unwrap(), "99999998".parse().unwrap());
        let proofs = KodeProofs::derive(&[1; 32]);
        let row = proofs.of(one, 3, &kode);
        assert!(proofs.fits(one, &row, &kode));
        assert!(!proofs.fits(other, &row, &kode));
        assert!(!proofs.fits(one, &KodeRow { number: 4, ..row.clone() }, &kode));
        assert!(!proofs.fits(one, &row, &Kode::typed("0123-4567-89AC").unwrap()));
        assert!(!KodeProofs::derive(&[2; 32]).fits(one, &row, &kode));
    }

    #[test]
    fn what_cannot_be_a_code_is_none() {
        for text in ["", "0123-4567-89A", "0123-4567-89ABC", "0123-4567-89AU", "0123-4567-89A\u{e9}", &"0".repeat(65)] {
            assert!(Kode::typed(text).is_none(), "{text}");
        }
    }

    #[test]
    fn codes_differ_and_stay_out_of_debug() {
        let (one, two) = (Kode::new().unwrap(), Kode::new().unwrap());
        assert_ne!(one.shown(), two.shown());
        assert_eq!(Kode::typed(&one.shown()).unwrap(), one);
        assert_eq!(format!("{one:?}"), "Kode(..)");
    }
}
