//! Passwords: which are taken, and how they are kept.

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::config::PasswordCost;
use crate::failure::Failure;
use crate::secret::Secret;

/// The shortest password, in characters.
pub(crate) const MIN_CHARACTERS: usize = 8;
/// The longest password, in bytes: hashing must not be a way to keep this computer busy.
const MAX_BYTES: usize = 1024;
/// The most memory that a stored hash may ask for, in KiB.
const MAX_MEMORY_KIB: u32 = 1 << 20;

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weakness {
    /// Under eight characters.
    Short,
    /// Over 1,024 bytes.
    Long,
    /// It contains the school's number.
    HasNpsn,
    /// It contains the user's name.
    HasName,
}

impl Weakness {
    /// The code of the failure.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Weakness::Short => "password.short",
            Weakness::Long => "password.long",
            Weakness::HasNpsn => "password.has-npsn",
            Weakness::HasName => "password.has-name",
        }
    }
}

/// Says what is wrong with a password for this user at this school.
pub(crate) fn weakness(password: &Secret, npsn: &str, name: &str) -> Option<Weakness> {
    let text = password.expose();
    let folded = Zeroizing::new(text.to_lowercase());
    let name = name.to_lowercase();
    // Of `siti@example.id` the part before the sign is the name that people would type.
    let short_name = name.split('@').next().unwrap_or_default();
    if text.chars().count() < MIN_CHARACTERS {
        Some(Weakness::Short)
    } else if text.len() > MAX_BYTES {
        Some(Weakness::Long)
    } else if folded.contains(npsn) {
        Some(Weakness::HasNpsn)
    } else if !short_name.is_empty() && folded.contains(short_name) {
        Some(Weakness::HasName)
    } else {
        None
    }
}

/// The parameters of a derivation, kept beside what was derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kdf {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl From<PasswordCost> for Kdf {
    fn from(cost: PasswordCost) -> Kdf {
        Kdf { memory_kib: cost.memory_kib, passes: cost.passes, lanes: cost.lanes }
    }
}

impl Kdf {
    /// Derives 32 bytes with argon2id.
    pub(crate) fn derive(self, secret: &Secret, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, Failure> {
        let wrong = || Failure::new("config.password");
        if self.memory_kib > MAX_MEMORY_KIB {
            return Err(wrong());
        }
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(|_| wrong())?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(secret.expose().as_bytes(), salt, key.as_mut_slice())
            .map_err(|_| wrong())?;
        Ok(key)
    }
}

/// A hash of a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hashed {
    kdf: Kdf,
    salt: String,
    hash: String,
}

impl std::fmt::Debug for Hashed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hashed").field("kdf", &self.kdf).finish_non_exhaustive()
    }
}

impl Hashed {
    /// Hashes a secret under a fresh salt.
    pub(crate) fn new(secret: &Secret, cost: PasswordCost) -> Result<Hashed, Failure> {
        let salt: [u8; 16] = crate::env::random()?;
        let kdf = Kdf::from(cost);
        let hash = kdf.derive(secret, &salt)?;
        Ok(Hashed { kdf, salt: HEXLOWER.encode(&salt), hash: HEXLOWER.encode(hash.as_slice()) })
    }

    /// Says whether this is the secret that was hashed.
    pub(crate) fn fits(&self, secret: &Secret) -> Result<bool, Failure> {
        let damaged = || Failure::new("store.damaged").arg("reason", "password row");
        let salt = HEXLOWER.decode(self.salt.as_bytes()).map_err(|_| damaged())?;
        let known = HEXLOWER.decode(self.hash.as_bytes()).map_err(|_| damaged())?;
        let derived = self.kdf.derive(secret, &salt)?;
        Ok(same(derived.as_slice(), &known))
    }
}

/// Compares without telling by its time where the two differ.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (x, y)| difference | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{Hashed, Weakness, weakness};
    use crate::config::PasswordCost;
    use crate::secret::Secret;

    const CHEAP: PasswordCost = PasswordCost { memory_kib: 64, passes: 1, lanes: 1 };

    fn judge(password: &str) -> Option<Weakness> {
        weakness(&Secret::new(password), "99999999", "Siti@example.id")
    }

    #[test]
    fn weak_passwords_are_named() {
        assert_eq!(judge("tujuh77"), Some(Weakness::Short));
        assert_eq!(judge("áéíóúàèì"), None, "characters count, not bytes");
        assert_eq!(judge("sekolah99999999"), Some(Weakness::HasNpsn));
        assert_eq!(judge("SITIpunya-rahasia"), Some(Weakness::HasName));
        assert_eq!(judge(&"x".repeat(2000)), Some(Weakness::Long));
        assert_eq!(judge("gunung dan laut"), None);
    }

    #[test]
    fn a_hash_knows_its_secret_and_no_other() {
        let hashed = Hashed::new(&Secret::new("gunung dan laut"), CHEAP).unwrap();
        assert!(hashed.fits(&Secret::new("gunung dan laut")).unwrap());
        assert!(!hashed.fits(&Secret::new("gunung dan Laut")).unwrap());
    }

    #[test]
    fn the_same_password_twice_gives_two_hashes() {
        let secret = Secret::new("gunung dan laut");
        assert!(Hashed::new(&secret, CHEAP).unwrap() != Hashed::new(&secret, CHEAP).unwrap());
    }

    #[test]
    fn the_parameters_travel_with_the_hash() {
        let hashed = Hashed::new(&Secret::new("gunung dan laut"), CHEAP).unwrap();
        let text = serde_json::to_string(&hashed).unwrap();
        let read: Hashed = serde_json::from_str(&text).unwrap();
        assert!(read.fits(&Secret::new("gunung dan laut")).unwrap());
        assert!(text.contains("\"memory_kib\":64"));
    }
}
