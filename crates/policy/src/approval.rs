//! The head's approval: a signature over exactly what is sent.
//!
//! What is signed is BLAKE3 in key-derivation mode, context `selaras 1 approval`, over the text's canonical bytes:
//! npsn (8), bundle (32), replica (8), sequence (8), pack (32), rulebook (32), number of modules (1), then for each
//! module the length of its name (1), the name and its count of records (4), then warnings (4), the judging date as
//! days since 1970-01-01 (4, two's complement), ptk (16) and key (8). Numbers are big-endian.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use selaras_model::{BundleId, Date, KeyId, Npsn, PackHash, RecordId, ReplicaId, RulebookHash, Sequence};

use crate::gate::Pass;

const CONTEXT: &str = "selaras 1 approval";

/// The largest number of modules that an approval counts.
pub const MAX_MODULES: usize = 64;
/// The longest name of a module, in bytes.
const MAX_MODULE_NAME: usize = 64;

/// How many records of a module the bundle changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleCount {
    /// The module's name in the pack.
    pub module: String,
    /// Records with an edit.
    pub records: u32,
}

/// What a head agrees to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalText {
    /// The school.
    pub npsn: Npsn,
    /// The bundle, and so every byte of it.
    pub bundle: BundleId,
    /// The computer that sends it.
    pub replica: ReplicaId,
    /// The bundle's place among that computer's bundles.
    pub sequence: Sequence,
    /// The pack it was judged by.
    pub pack: PackHash,
    /// The rulebook it was judged by.
    pub rulebook: RulebookHash,
    /// What the summary showed, in the pack's order of modules.
    pub counts: Vec<ModuleCount>,
    /// Warnings that were acknowledged.
    pub warnings: u32,
    /// The judging date.
    pub judged_on: Date,
    /// The signer's PTK record.
    pub ptk: RecordId,
    /// The signer's key, as enrolled at the centre.
    pub key: KeyId,
}

/// Why an approval does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// More modules, or a longer name, than any pack has.
    #[error("the approval counts more than a pack can hold")]
    TooLarge,
    /// The signature is not by this key over this text.
    #[error("the signature is not by this key over this text")]
    Signature,
    /// The text names another person, or fewer or more warnings, than the gate judged.
    #[error("the approval does not say what the gate judged")]
    OtherThanJudged,
}

impl ApprovalText {
    /// Gives the bytes over which the signature runs.
    ///
    /// # Errors
    /// [`ApprovalError::TooLarge`] over the limits of modules and names.
    pub fn canonical_bytes(&self) -> Result<Vec<u8>, ApprovalError> {
        if self.counts.len() > MAX_MODULES {
            return Err(ApprovalError::TooLarge);
        }
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(self.npsn.as_bytes());
        bytes.extend_from_slice(self.bundle.as_bytes());
        bytes.extend_from_slice(self.replica.as_bytes());
        bytes.extend_from_slice(&self.sequence.get().to_be_bytes());
        bytes.extend_from_slice(self.pack.as_bytes());
        bytes.extend_from_slice(self.rulebook.as_bytes());
        bytes.push(u8::try_from(self.counts.len()).map_err(|_| ApprovalError::TooLarge)?);
        for count in &self.counts {
            if count.module.len() > MAX_MODULE_NAME {
                return Err(ApprovalError::TooLarge);
            }
            bytes.push(u8::try_from(count.module.len()).map_err(|_| ApprovalError::TooLarge)?);
            bytes.extend_from_slice(count.module.as_bytes());
            bytes.extend_from_slice(&count.records.to_be_bytes());
        }
        bytes.extend_from_slice(&self.warnings.to_be_bytes());
        bytes.extend_from_slice(&self.judged_on.days_since_epoch().to_be_bytes());
        bytes.extend_from_slice(self.ptk.as_bytes());
        bytes.extend_from_slice(self.key.as_bytes());
        Ok(bytes)
    }

    fn digest(&self) -> Result<[u8; 32], ApprovalError> {
        Ok(blake3::derive_key(CONTEXT, &self.canonical_bytes()?))
    }
}

/// A text and its signature; whether it holds is said by [`Approval::verify`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    text: ApprovalText,
    signature: [u8; 64],
}

/// An approval whose signature was found to hold.
#[derive(Debug, Clone, Copy)]
pub struct Verified<'a>(&'a ApprovalText);

impl Verified<'_> {
    /// Gives what was signed.
    #[must_use]
    pub fn text(&self) -> &ApprovalText {
        self.0
    }
}

impl Approval {
    /// Takes an approval as it came over the wire or from disk; nothing is believed yet.
    #[must_use]
    pub fn from_parts(text: ApprovalText, signature: [u8; 64]) -> Self {
        Self { text, signature }
    }

    /// Gives the text, unverified.
    #[must_use]
    pub fn text(&self) -> &ApprovalText {
        &self.text
    }

    /// Gives the Ed25519 signature.
    #[must_use]
    pub fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// Checks the signature by the key that the centre enrolled for the text's key id.
    ///
    /// # Errors
    /// [`ApprovalError::Signature`] when it does not hold (weak keys and malleable signatures included).
    pub fn verify(&self, key: &VerifyingKey) -> Result<Verified<'_>, ApprovalError> {
        let signature = Signature::from_bytes(&self.signature);
        key.verify_strict(&self.text.digest()?, &signature).map_err(|_| ApprovalError::Signature)?;
        Ok(Verified(&self.text))
    }
}

/// A head's signature over what another computer of the school has sealed.
///
/// It is no approval until that computer's gate has let it through ([`Pass::accept`]): whoever signs has seen the counts
/// and the digest, and not the records.
///
/// # Errors
/// [`ApprovalError::TooLarge`] over the limits of modules and names.
pub fn sign_elsewhere(text: ApprovalText, key: &SigningKey) -> Result<Approval, ApprovalError> {
    let signature = key.sign(&text.digest()?).to_bytes();
    Ok(Approval { text, signature })
}

impl Pass {
    /// Takes a signature that was made on another computer as this bundle's approval, using the right up.
    ///
    /// # Errors
    /// [`ApprovalError::OtherThanJudged`] when it names another person or other warnings than the gate judged;
    /// [`ApprovalError::Signature`] when it is not by this key over its text.
    pub fn accept(self, approval: &Approval, key: &VerifyingKey) -> Result<Approval, ApprovalError> {
        if approval.text.ptk != self.entitled().ptk() || approval.text.warnings != self.warnings() {
            return Err(ApprovalError::OtherThanJudged);
        }
        approval.verify(key)?;
        Ok(approval.clone())
    }

    /// Signs, using the right up.
    ///
    /// # Errors
    /// [`ApprovalError::OtherThanJudged`] when the text names another person or other warnings than the gate judged.
    pub fn approve(self, text: ApprovalText, key: &SigningKey) -> Result<Approval, ApprovalError> {
        if text.ptk != self.entitled().ptk() || text.warnings != self.warnings() {
            return Err(ApprovalError::OtherThanJudged);
        }
        let signature = key.sign(&text.digest()?).to_bytes();
        Ok(Approval { text, signature })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::gate::{Capacity, Entitled, clean, open};

    fn ptk() -> RecordId {
        RecordId::from_bytes([9; 16])
    }

    fn text() -> ApprovalText {
        ApprovalText {
            npsn: "99999999".parse().unwrap(),
            bundle: BundleId::from_bytes([1; 32]),
            replica: ReplicaId::from_bytes([2; 8]),
            sequence: Sequence::new(3),
            pack: PackHash::from_bytes([4; 32]),
            rulebook: RulebookHash::from_bytes([5; 32]),
            counts: vec![ModuleCount { module: "gtk".to_owned(), records: 6 }],
            warnings: 0,
            judged_on: "2026-11-23".parse().unwrap(),
            ptk: ptk(),
            key: KeyId::from_bytes([10; 8]),
        }
    }

    fn pass() -> Pass {
        open(clean(std::iter::empty()).unwrap(), Entitled::new(ptk(), Capacity::Definitive))
    }

    #[test]
    fn the_canonical_bytes_are_as_documented() {
        let bytes = text().canonical_bytes().unwrap();
        let mut expected = b"99999999".to_vec();
        expected.extend([1; 32]);
        expected.extend([2; 8]);
        expected.extend([0, 0, 0, 0, 0, 0, 0, 3]);
        expected.extend([4; 32]);
        expected.extend([5; 32]);
        expected.extend([1, 3, b'g', b't', b'k', 0, 0, 0, 6, 0, 0, 0, 0]);
        expected.extend(20_780_u32.to_be_bytes());
        expected.extend([9; 16]);
        expected.extend([10; 8]);
        assert_eq!(bytes, expected);
    }

    #[test]
    fn an_approval_holds_for_its_text_and_key_alone() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let approval = pass().approve(text(), &key).unwrap();
        assert!(approval.verify(&key.verifying_key()).is_ok());

        let stranger = SigningKey::from_bytes(&[8; 32]);
        assert_eq!(approval.verify(&stranger.verifying_key()).unwrap_err(), ApprovalError::Signature);

        let other = ApprovalText { bundle: BundleId::from_bytes([0; 32]), ..text() };
        let moved = Approval::from_parts(other, *approval.signature());
        assert_eq!(moved.verify(&key.verifying_key()).unwrap_err(), ApprovalError::Signature);
    }

    #[test]
    fn nobody_signs_for_another_person() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let other = ApprovalText { ptk: RecordId::from_bytes([1; 16]), ..text() };
        assert_eq!(pass().approve(other, &key).unwrap_err(), ApprovalError::OtherThanJudged);
    }
}
