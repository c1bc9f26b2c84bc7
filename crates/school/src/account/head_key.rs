//! The head's key: Ed25519, kept under the account's password.
//!
//! argon2id derives a key from the password, `ChaCha20Poly1305` seals the 32 secret bytes under it. The account's name,
//! the PTK and the public key are bound in as associated data, so that a row cannot be moved to another account.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use data_encoding::HEXLOWER;
use ed25519_dalek::{SigningKey, VerifyingKey};
use selaras_model::{KeyId, RecordId};
use selaras_sync::evidence::HeadKey;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::password::Kdf;
use crate::config::PasswordCost;
use crate::failure::Failure;
use crate::secret::Secret;

const CONTEXT: &[u8] = b"selaras 1 head key\0";

/// Why a key could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeadKeyError {
    /// The password is wrong, or the row was changed; the two cannot be told apart.
    #[error("the password does not open the key")]
    Password,
    /// The row is not one that this application wrote.
    #[error("the key's row is damaged")]
    Damaged,
    /// The derivation's parameters are out of range.
    #[error("the key's parameters are out of range")]
    Parameters,
}

/// A head's key as its account keeps it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SealedKey {
    /// The key's id, given by the centre.
    pub(crate) id: KeyId,
    /// The PTK that it was activated for.
    pub(crate) ptk: RecordId,
    public: String,
    kdf: Kdf,
    salt: String,
    nonce: String,
    sealed: String,
    /// When the centre enrolled it, and the centre's word for that; keys of older versions have none.
    #[serde(default)]
    enrolled_at: i64,
    #[serde(default)]
    certificate: String,
    /// Whether the centre has said that the key is no longer good; it never becomes good again.
    #[serde(default)]
    pub(crate) revoked: bool,
}

impl std::fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Makes a key out of the system's randomness.
pub(crate) fn fresh_key() -> Result<SigningKey, Failure> {
    let seed = Zeroizing::new(crate::env::random::<32>()?);
    Ok(SigningKey::from_bytes(&seed))
}

impl SealedKey {
    /// Seals a key under an account's password.
    pub(crate) fn seal(
        key: &SigningKey,
        id: KeyId,
        ptk: RecordId,
        account: &str,
        password: &Secret,
        cost: PasswordCost,
    ) -> Result<SealedKey, Failure> {
        let salt: [u8; 16] = crate::env::random()?;
        let nonce: [u8; 12] = crate::env::random()?;
        let kdf = Kdf::from(cost);
        let public = key.verifying_key();
        let derived = kdf.derive(password, &salt)?;
        let sealed = cipher(&derived)
            .encrypt(
                &Nonce::from(nonce),
                Payload { msg: Zeroizing::new(key.to_bytes()).as_slice(), aad: &bound(account, ptk, &public) },
            )
            .map_err(|_| Failure::new("internal.error").arg("place", "head key"))?;
        Ok(SealedKey {
            id,
            ptk,
            public: HEXLOWER.encode(public.as_bytes()),
            kdf,
            salt: HEXLOWER.encode(&salt),
            nonce: HEXLOWER.encode(&nonce),
            sealed: HEXLOWER.encode(&sealed),
            enrolled_at: 0,
            certificate: String::new(),
            revoked: false,
        })
    }

    /// Keeps the centre's word that it enrolled the key.
    pub(crate) fn certified(self, enrolled: &HeadKey) -> SealedKey {
        let HeadKey { enrolled_at, certificate, .. } = enrolled;
        SealedKey { enrolled_at: *enrolled_at, certificate: HEXLOWER.encode(certificate), ..self }
    }

    /// The public key with the centre's word that it enrolled it.
    pub(crate) fn enrolled(&self) -> Option<HeadKey> {
        let public = bytes(&self.public).ok()?.try_into().ok()?;
        let certificate = bytes(&self.certificate).ok()?.try_into().ok()?;
        Some(HeadKey { public, enrolled_at: self.enrolled_at, certificate })
    }

    /// Opens the key with the account's password.
    pub(crate) fn open(&self, account: &str, password: &Secret) -> Result<SigningKey, HeadKeyError> {
        let salt = bytes(&self.salt)?;
        let nonce: [u8; 12] = bytes(&self.nonce)?.try_into().map_err(|_| HeadKeyError::Damaged)?;
        let public: [u8; 32] = bytes(&self.public)?.try_into().map_err(|_| HeadKeyError::Damaged)?;
        let public = VerifyingKey::from_bytes(&public).map_err(|_| HeadKeyError::Damaged)?;
        let sealed = bytes(&self.sealed)?;
        let derived = self.kdf.derive(password, &salt).map_err(|_| HeadKeyError::Parameters)?;
        let aad = bound(account, self.ptk, &public);
        let opened = cipher(&derived)
            .decrypt(&Nonce::from(nonce), Payload { msg: &sealed, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| HeadKeyError::Password)?;
        let seed: [u8; 32] = opened.as_slice().try_into().map_err(|_| HeadKeyError::Damaged)?;
        let seed = Zeroizing::new(seed);
        let key = SigningKey::from_bytes(&seed);
        if key.verifying_key() == public { Ok(key) } else { Err(HeadKeyError::Damaged) }
    }

    /// Seals the same key under another password.
    pub(crate) fn reseal(
        &self,
        account: &str,
        old: &Secret,
        new: &Secret,
        cost: PasswordCost,
    ) -> Result<SealedKey, Failure> {
        let key = self.open(account, old)?;
        let sealed = SealedKey::seal(&key, self.id, self.ptk, account, new, cost)?;
        Ok(SealedKey {
            enrolled_at: self.enrolled_at,
            certificate: self.certificate.clone(),
            revoked: self.revoked,
            ..sealed
        })
    }
}

fn cipher(derived: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&(*derived).into())
}

fn bytes(text: &str) -> Result<Vec<u8>, HeadKeyError> {
    HEXLOWER.decode(text.as_bytes()).map_err(|_| HeadKeyError::Damaged)
}

fn bound(account: &str, ptk: RecordId, public: &VerifyingKey) -> Vec<u8> {
    let mut aad = Vec::with_capacity(CONTEXT.len() + 16 + 32 + account.len());
    aad.extend_from_slice(CONTEXT);
    aad.extend_from_slice(ptk.as_bytes());
    aad.extend_from_slice(public.as_bytes());
    aad.extend_from_slice(account.as_bytes());
    aad
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{HeadKeyError, SealedKey, fresh_key};
    use crate::config::PasswordCost;
    use crate::secret::Secret;
    use selaras_model::{KeyId, RecordId};

    const CHEAP: PasswordCost = PasswordCost { memory_kib: 64, passes: 1, lanes: 1 };

    fn sealed(password: &str) -> (ed25519_dalek::SigningKey, SealedKey) {
        let key = fresh_key().unwrap();
        let ptk = RecordId::from_bytes([7; 16]);
        let id = KeyId::from_bytes([1; 8]);
        let sealed = SealedKey::seal(&key, id, ptk, "kepala", &Secret::new(password), CHEAP).unwrap();
        (key, sealed)
    }

    #[test]
    fn the_password_opens_the_key_and_no_other_does() {
        let (key, sealed) = sealed("gunung dan laut");
        assert_eq!(sealed.open("kepala", &Secret::new("gunung dan laut")).unwrap().to_bytes(), key.to_bytes());
        assert_eq!(sealed.open("kepala", &Secret::new("gunung")).err(), Some(HeadKeyError::Password));
    }

    #[test]
    fn a_row_moved_to_another_account_does_not_open() {
        let (_, sealed) = sealed("gunung dan laut");
        assert_eq!(sealed.open("operator", &Secret::new("gunung dan laut")).err(), Some(HeadKeyError::Password));
    }

    #[test]
    fn a_row_for_another_ptk_does_not_open() {
        let (_, mut sealed) = sealed("gunung dan laut");
        sealed.ptk = RecordId::from_bytes([8; 16]);
        assert_eq!(sealed.open("kepala", &Secret::new("gunung dan laut")).err(), Some(HeadKeyError::Password));
    }

    #[test]
    fn the_secret_is_not_in_the_row() {
        let (key, sealed) = sealed("gunung dan laut");
        let row = serde_json::to_string(&sealed).unwrap();
        assert!(!row.contains(&data_encoding::HEXLOWER.encode(&key.to_bytes())));
    }

    #[test]
    fn a_new_password_opens_the_same_key() {
        let (key, old) = sealed("gunung dan laut");
        let new = old.reseal("kepala", &Secret::new("gunung dan laut"), &Secret::new("sungai dan hutan"), CHEAP);
        let opened = new.unwrap().open("kepala", &Secret::new("sungai dan hutan")).unwrap();
        assert_eq!(opened.to_bytes(), key.to_bytes());
    }
}
