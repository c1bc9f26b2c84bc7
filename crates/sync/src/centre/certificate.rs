//! A computer's registration, signed by the centre: shown to a restored centre that does not know the computer, or its
//! school, it gives the right to pull and to hand back.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use selaras_model::{DeviceId, EpochId, Npsn, ReplicaId};

use super::Centre;
use super::confirm::{self, doubt_device};
use super::promise::Promise;
use super::registry::{NewDevice, device_id};
use super::rows::{self, DeviceRow, PromisedRow};
use crate::Rules;
use crate::error::CentreError;
use crate::state::{self, Healing};
use crate::step::Step;
use crate::store::{Batch, StateName, StoreError};
use crate::work::Work;

const CONTEXT: &str = "selaras 1 device";
/// NPSN 8, public key 32, replica 8, time 8.
const SAID: usize = 56;
/// What is said, and the centre's signature over it.
const LENGTH: usize = SAID + 64;

/// What a centre signed of a computer that it registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCertificate {
    /// The school.
    pub npsn: Npsn,
    /// The computer's name.
    pub device: DeviceId,
    /// Its Ed25519 public key.
    pub public: [u8; 32],
    /// The installation that registered.
    pub replica: ReplicaId,
    /// Seconds since 1970 by the centre's clock.
    pub registered_at: i64,
}

impl DeviceCertificate {
    /// Reads a certificate, and checks that a centre with this key signed it; none for anything else.
    #[must_use]
    pub fn read(bytes: &[u8], centre: &VerifyingKey) -> Option<Self> {
        let bytes: &[u8; LENGTH] = bytes.try_into().ok()?;
        let (said, signature) = bytes.split_first_chunk::<SAID>()?;
        let signature = Signature::from_slice(signature).ok()?;
        centre.verify_strict(&blake3::derive_key(CONTEXT, said), &signature).ok()?;
        let (npsn, rest) = said.split_first_chunk::<8>()?;
        let (public, rest) = rest.split_first_chunk::<32>()?;
        let (replica, at) = rest.split_first_chunk::<8>()?;
        let npsn = Npsn::from_bytes(*npsn).ok()?;
        Some(Self {
            npsn,
            device: device_id(npsn, public),
            public: *public,
            replica: ReplicaId::from_bytes(*replica),
            registered_at: i64::from_be_bytes(at.try_into().ok()?),
        })
    }

    fn sign(npsn: Npsn, row: &DeviceRow, key: &SigningKey) -> Vec<u8> {
        let mut bytes = npsn.as_bytes().to_vec();
        bytes.extend_from_slice(&row.public);
        bytes.extend_from_slice(row.replica.as_bytes());
        bytes.extend_from_slice(&row.registered_at.to_be_bytes());
        let signature = key.sign(&blake3::derive_key(CONTEXT, &bytes));
        bytes.extend_from_slice(&signature.to_bytes());
        bytes
    }
}

impl Centre<'_> {
    /// Gives a registered computer's certificate; none for one that is not registered, or that was removed.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn certificate(&self, device: DeviceId) -> Result<Option<Vec<u8>>, StoreError> {
        let row = self.device(device)?.filter(DeviceRow::is_live);
        Ok(row.map(|row| DeviceCertificate::sign(self.npsn, &row, &self.keys.signing)))
    }

    /// Takes a computer back that this centre registered in an earlier life of its database. It pulls and hands back; its
    /// approvals wait for somebody's word, and it is waited for where others are.
    ///
    /// # Errors
    /// As [`Centre::register`]; [`CentreError::Refused`]: `session.unknown-device` for a certificate of another school.
    pub fn readmit(&self, certificate: &DeviceCertificate) -> Result<Step, CentreError> {
        let DeviceCertificate { npsn, device, public, replica, .. } = certificate;
        if *npsn != self.npsn {
            return Err(CentreError::refused("session.unknown-device"));
        }
        let asked = NewDevice { public: *public, replica: *replica, app_version: "", replaces: None };
        let row = self.new_row(&asked)?.map(|row| DeviceRow { registered_at: certificate.registered_at, ..row });
        let Some(row) = row else { return Ok(Step::default()) };
        let mut work = Work::new(self.store, self.rules);
        self.promise_in(&mut work, &[Promise::of_device(*device, row)])?;
        doubt_device(&mut work, *device)?;
        if let Some(Healing { mut waiting }) = self.healing()? {
            waiting.insert(*device);
            work.put_state(StateName::Healing, &Healing { waiting })?;
        }
        Ok(Step::of(work.finish()))
    }

    /// Makes the first commit of a school that this centre knew in an earlier life of its database, and whose computer has
    /// come: everything else comes with what its computers hand back.
    ///
    /// # Errors
    /// When a row cannot be written at all.
    pub fn found_again(epoch: EpochId, rules: &Rules, device: DeviceId) -> Result<Batch, StoreError> {
        let mut batch = Self::found(epoch, rules)?;
        state::put(&mut batch, StateName::Healing, &Healing { waiting: [device].into() })?;
        // Its name, its kode and its computers are promised already, in entries that are on their way.
        rows::put_promised_first(&mut batch, &PromisedRow { rows: 0, all: true })?;
        confirm::doubt_school(&mut batch)?;
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_certificate_is_the_centres_word_and_every_changed_byte_is_noticed() {
        let (centre, other) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let npsn: Npsn = "99999999".parse().unwrap();
        let replica = ReplicaId::from_bytes([4; 8]);
        let row = DeviceRow { public: [3; 32], replica, app_version: String::new(), registered_at: 7, ended: None };
        let bytes = DeviceCertificate::sign(npsn, &row, &centre);
        let read = DeviceCertificate::read(&bytes, &centre.verifying_key()).unwrap();
        assert_eq!((read.npsn, read.public, read.replica, read.registered_at), (npsn, [3; 32], replica, 7));
        assert_eq!(read.device, device_id(npsn, &[3; 32]));
        assert_eq!(DeviceCertificate::read(&bytes, &other.verifying_key()), None);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= 1;
            }
            assert_eq!(DeviceCertificate::read(&changed, &centre.verifying_key()), None, "byte {at}");
        }
        assert_eq!(DeviceCertificate::read(bytes.get(1..).unwrap(), &centre.verifying_key()), None);
    }
}
