//! A pack and a rulebook from a day on, as the centre signs them.
//!
//! What is signed is BLAKE3 in key-derivation mode, context `selaras 1 release`, over the canonical bytes: the first day
//! as days since 1970-01-01 (4, big-endian two's complement), the pack's hash (32) and the rulebook's (32). The same 32
//! bytes are the release's name.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use selaras_model::{Date, PackHash, RulebookHash};
use serde::{Deserialize, Serialize};

use crate::{Rules, wire};

const CONTEXT: &str = "selaras 1 release";

/// Which pack and rulebook are in force from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Hash)]
pub struct Release {
    /// The first day, by the centre's date.
    pub from: Date,
    /// The pack.
    pub pack: PackHash,
    /// The rulebook.
    pub rulebook: RulebookHash,
}

/// How far a release is. Of two that are told of one release the later holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseStage {
    /// Its first day is to come.
    Announced,
    /// It was taken back before its first day.
    Withdrawn,
    /// It has begun, and is never taken back.
    Begun,
}

/// A release as the centre promised it in a school's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PromisedRelease {
    /// The release.
    pub release: Release,
    /// How far it was then.
    pub stage: ReleaseStage,
}

impl PromisedRelease {
    pub(crate) fn to_wire(self) -> wire::RulesReleased {
        wire::RulesReleased {
            release: Some(self.release.unsigned()),
            begun: self.stage == ReleaseStage::Begun,
            withdrawn: self.stage == ReleaseStage::Withdrawn,
        }
    }

    /// Reads a promise of a release; whoever reads it has the entry that holds it, which the centre signed.
    pub(crate) fn from_wire(wire: &wire::RulesReleased) -> Option<Self> {
        let stage = match (wire.begun, wire.withdrawn) {
            (true, _) => ReleaseStage::Begun,
            (false, true) => ReleaseStage::Withdrawn,
            (false, false) => ReleaseStage::Announced,
        };
        Some(Self { release: Release::read(wire.release.as_ref()?).ok()?, stage })
    }

    /// Adds a promise to others: of one release the later stage holds.
    pub(crate) fn add_to(self, promised: &mut Vec<Self>) {
        match promised.iter_mut().find(|known| known.release == self.release) {
            Some(known) => known.stage = known.stage.max(self.stage),
            None => promised.push(self),
        }
    }
}

/// A release that a school hands back to a restored centre, as the centre's own signature proves.
#[derive(Debug, Clone)]
pub struct ReturnedRelease {
    /// What was promised.
    pub promised: PromisedRelease,
    /// Its rules; none of one that was withdrawn, and none where this version does not understand the texts.
    pub rules: Option<Rules>,
}

/// A release that is not this centre's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the pack and rulebook are not signed by this centre")]
pub struct NotSigned;

impl Release {
    /// Names rules from a day on.
    #[must_use]
    pub fn of(rules: &Rules, from: Date) -> Self {
        Self { from, pack: rules.pack.hash(), rulebook: rules.rulebook.hash() }
    }

    /// Gives the bytes over which name and signature run.
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let from = self.from.days_since_epoch().to_be_bytes();
        [from.as_slice(), self.pack.as_bytes(), self.rulebook.as_bytes()].concat()
    }

    /// Gives the release's name.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        blake3::derive_key(CONTEXT, &self.canonical_bytes())
    }

    /// Signs it by the centre's key.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> [u8; 64] {
        key.sign(&self.id()).to_bytes()
    }

    /// Checks that the centre with this key signed it.
    ///
    /// # Errors
    /// [`NotSigned`] when it did not.
    pub fn verify(&self, signature: &[u8], key: &VerifyingKey) -> Result<(), NotSigned> {
        let signature = Signature::from_slice(signature).map_err(|_| NotSigned)?;
        key.verify_strict(&self.id(), &signature).map_err(|_| NotSigned)
    }

    pub(crate) fn to_wire(self, key: &SigningKey) -> wire::Release {
        wire::Release { signature: self.sign(key).to_vec(), ..self.unsigned() }
    }

    fn unsigned(self) -> wire::Release {
        wire::Release {
            from: self.from.days_since_epoch(),
            pack: self.pack.as_bytes().to_vec(),
            rulebook: self.rulebook.as_bytes().to_vec(),
            signature: Vec::new(),
        }
    }

    /// Reads a release and checks its signature.
    pub(crate) fn from_wire(wire: &wire::Release, key: &VerifyingKey) -> Result<Self, NotSigned> {
        let release = Self::read(wire)?;
        release.verify(&wire.signature, key)?;
        Ok(release)
    }

    fn read(wire: &wire::Release) -> Result<Self, NotSigned> {
        Ok(Self {
            from: Date::from_days(wire.from).map_err(|_| NotSigned)?,
            pack: PackHash::try_from(wire.pack.as_slice()).map_err(|_| NotSigned)?,
            rulebook: RulebookHash::try_from(wire.rulebook.as_slice()).map_err(|_| NotSigned)?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn release() -> Release {
        Release {
            from: "2026-12-15".parse().unwrap(),
            pack: PackHash::from_bytes([4; 32]),
            rulebook: RulebookHash::from_bytes([5; 32]),
        }
    }

    #[test]
    fn the_bytes_are_as_documented() {
        let mut expected = 20_802_u32.to_be_bytes().to_vec();
        expected.extend([4; 32]);
        expected.extend([5; 32]);
        assert_eq!(release().canonical_bytes(), expected);
        let key = SigningKey::from_bytes(&[42; 32]);
        assert_eq!(
            blake3::Hash::from_bytes(release().id()).to_hex().as_str(),
            "fa50fc2d9898804073a41e10b05e34e2c9999de01131b027bd2c9561469a598c"
        );
        assert_eq!(
            blake3::hash(&release().sign(&key)).to_hex().as_str(),
            "a3deefa324407d22a6387afc924b4071176eabba7ee3a08c918cfc7b7a8c104c"
        );
    }

    #[test]
    fn a_signature_holds_for_its_release_and_key_alone() {
        let key = SigningKey::from_bytes(&[42; 32]);
        let signature = release().sign(&key);
        assert_eq!(release().verify(&signature, &key.verifying_key()), Ok(()));
        let others = [
            Release { from: "2026-12-14".parse().unwrap(), ..release() },
            Release { pack: PackHash::from_bytes([0; 32]), ..release() },
            Release { rulebook: RulebookHash::from_bytes([0; 32]), ..release() },
        ];
        for other in others {
            assert_eq!(other.verify(&signature, &key.verifying_key()), Err(NotSigned));
        }
        let stranger = SigningKey::from_bytes(&[43; 32]);
        assert_eq!(release().verify(&signature, &stranger.verifying_key()), Err(NotSigned));
        assert_eq!(release().verify(&signature[..63], &key.verifying_key()), Err(NotSigned));
    }
}
