//! A head's word that computers of the school for which a restored centre waits will not come.
//!
//! What is signed is BLAKE3 in key-derivation mode, context `selaras 1 given up`, over the school's number (8 bytes), the
//! life of the centre's database (8), the key's name (8) and the computers in ascending order (8 each).

use std::collections::BTreeSet;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use selaras_model::{DeviceId, EpochId, KeyId, Npsn};
use selaras_policy::Entitlement;

use super::Centre;
use super::receive::EnrolledKey;
use crate::error::CentreError;
use crate::state::Healing;
use crate::step::Step;
use crate::store::{Key, StateName, StoreError};
use crate::work::Work;

const CONTEXT: &str = "selaras 1 given up";
const NOT_THE_HEADS: &str = "heal.not-the-heads";

/// A head's word that these computers will not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// The life of the centre's database; in a later one the word says nothing.
    pub epoch: EpochId,
    /// The computers.
    pub devices: BTreeSet<DeviceId>,
    /// The head's key.
    pub key: KeyId,
    /// Its signature.
    pub signature: [u8; 64],
}

impl GivenUp {
    /// Signs the word by the head's key.
    #[must_use]
    pub fn sign(npsn: Npsn, epoch: EpochId, devices: BTreeSet<DeviceId>, (key, signing): (KeyId, &SigningKey)) -> Self {
        let signature = signing.sign(&said(npsn, epoch, key, &devices)).to_bytes();
        Self { epoch, devices, key, signature }
    }
}

fn said(npsn: Npsn, epoch: EpochId, key: KeyId, devices: &BTreeSet<DeviceId>) -> [u8; 32] {
    let mut bytes = npsn.as_bytes().to_vec();
    bytes.extend_from_slice(epoch.as_bytes());
    bytes.extend_from_slice(key.as_bytes());
    for device in devices {
        bytes.extend_from_slice(device.as_bytes());
    }
    blake3::derive_key(CONTEXT, &bytes)
}

impl Centre<'_> {
    /// Ends the waiting for computers that a head has given up; `device` is the one that brings the word. What they hold is
    /// still taken back should they come after all. An empty step where nothing waits for any of them.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `center.restored` where the computer has itself not told yet what it holds, or speaks of
    /// another life; `heal.not-the-heads` for a key that is unknown or revoked, and for a signature that is not its own;
    /// `center.unconfirmed` for a key or computer from before the restore; [`CentreError::NotEntitled`].
    pub fn give_up(
        &self,
        device: DeviceId,
        word: &GivenUp,
        enrolled: &dyn Fn(KeyId) -> Result<Option<EnrolledKey>, StoreError>,
    ) -> Result<Step, CentreError> {
        let position = self.at_rest()?;
        let Some(Healing { mut waiting }) = self.healing()? else { return Ok(Step::default()) };
        if waiting.contains(&device) || position.epoch()? != word.epoch {
            return Err(CentreError::refused("center.restored"));
        }
        let refused = |code| CentreError::refused(code).with("key", word.key);
        let key = enrolled(word.key)?.filter(|key| !key.revoked).ok_or_else(|| refused(NOT_THE_HEADS))?;
        let damaged = |_| StoreError::Damaged("a head's key".to_owned());
        let public = VerifyingKey::from_bytes(&key.public).map_err(damaged)?;
        let digest = said(self.npsn, word.epoch, word.key, &word.devices);
        public.verify_strict(&digest, &Signature::from_bytes(&word.signature)).map_err(|_| refused(NOT_THE_HEADS))?;
        if !self.is_confirmed(device, word.key)? {
            return Err(refused("center.unconfirmed"));
        }
        if let Entitlement::MayNot(unmet) = self.entitled(key.ptk)? {
            return Err(CentreError::NotEntitled(unmet));
        }
        let before = waiting.len();
        waiting.retain(|waits| !word.devices.contains(waits));
        if waiting.len() == before {
            return Ok(Step::default());
        }
        let mut work = Work::new(self.store, self.rules);
        if waiting.is_empty() {
            work.remove(Key::State(StateName::Healing));
        } else {
            work.put_state(StateName::Healing, &Healing { waiting })?;
        }
        Ok(Step::of(work.finish()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_bytes_are_as_documented_and_each_of_them_counts() {
        let (npsn, epoch): (Npsn, _) = ("99999999".parse().unwrap(), EpochId::from_bytes([1; 8]));
        let key = (KeyId::from_bytes([2; 8]), SigningKey::from_bytes(&[42; 32]));
        let devices: BTreeSet<DeviceId> = [4, 3].map(|number| DeviceId::from_bytes([number; 8])).into();
        let bytes = [b"99999999".as_slice(), &[1; 8], &[2; 8], &[3; 8], &[4; 8]].concat();
        assert_eq!(said(npsn, epoch, key.0, &devices), blake3::derive_key(CONTEXT, &bytes));
        let word = GivenUp::sign(npsn, epoch, devices, (key.0, &key.1));
        assert_eq!(
            blake3::hash(&word.signature).to_hex().as_str(),
            "9aaa4d5d0864608345f26a38d9ad9c407c6524929a024ce1a680981ba711b5a4"
        );
    }
}
