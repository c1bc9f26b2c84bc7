//! The computers that are registered at the centre, and the rows that computers and heads' keys have there.
//!
//! | key | row |
//! |---|---|
//! | `device/<id>` | [`DeviceRow`] |
//! | `key/<id>` | [`HeadKeyRow`] |

use ed25519_dalek::VerifyingKey;
use selaras_model::{DeviceId, KeyId, Npsn, RecordId, ReplicaId};
use serde::{Deserialize, Serialize};

use super::Centre;
use crate::error::CentreError;
use crate::local;
use crate::step::Step;
use crate::store::{Batch, ReadStore, StoreError};

/// Devices of a school; more are a mistake or an attack.
pub const MAX_DEVICES: usize = 50;
/// The longest version text that is kept.
const MAX_VERSION: usize = 40;
const DEVICES: &str = "device/";
const KEYS: &str = "key/";

/// A registered installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRow {
    /// The device's Ed25519 public key.
    pub public: [u8; 32],
    /// The installation that registered.
    pub replica: ReplicaId,
    /// The version of its application then.
    pub app_version: String,
    /// Seconds since 1970 by the centre's clock.
    pub registered_at: i64,
}

/// A head's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadKeyRow {
    /// The PTK whose key it is.
    pub ptk: RecordId,
    /// The Ed25519 public key.
    pub public: [u8; 32],
    /// Seconds since 1970 by the centre's clock.
    pub enrolled_at: i64,
    /// Once set, for ever: who becomes head again activates again.
    pub revoked_at: Option<i64>,
    /// Why: the conditions that the person no longer met, or [`HeadKeyRow::BY_HAND`].
    #[serde(default)]
    pub revoked_because: Vec<String>,
    /// Who revoked it by hand: an account's name.
    #[serde(default)]
    pub revoked_by: Option<String>,
}

impl HeadKeyRow {
    /// Revoked by somebody who said so, whatever the records say: a computer was lost, a password is known.
    pub const BY_HAND: &str = "by-hand";
}

/// A computer that registers.
#[derive(Debug)]
pub struct Registered {
    /// Its name from now on.
    pub device: DeviceId,
    /// To be committed before the answer.
    pub step: Step,
}

impl Centre<'_> {
    /// Registers a computer; who registers has shown the school's code. Asked again with the same key it gives the same
    /// answer, because an answer may get lost.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `registration.bad-key`; `registration.replica-taken` where the installation is another
    /// device's; `registration.too-many-devices`.
    pub fn register(&self, public: [u8; 32], replica: ReplicaId, app_version: &str) -> Result<Registered, CentreError> {
        sound_key(&public)?;
        let device = device_id(self.npsn, &public);
        let devices = self.devices()?;
        if devices.iter().any(|(id, row)| *id != device && row.replica == replica) {
            return Err(CentreError::refused("registration.replica-taken"));
        }
        if devices.len() >= MAX_DEVICES && !devices.iter().any(|(id, _)| *id == device) {
            return Err(CentreError::refused("registration.too-many-devices").with("limit", MAX_DEVICES));
        }
        let row = DeviceRow {
            public,
            replica,
            app_version: app_version.chars().filter(|sign| !sign.is_control()).take(MAX_VERSION).collect(),
            registered_at: self.now,
        };
        let mut batch = Batch::default();
        local::put(&mut batch, &format!("{DEVICES}{device}"), &row)?;
        Ok(Registered { device, step: Step::of(batch) })
    }

    /// Gives a registered computer.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn device(&self, device: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        local::read(self.store, &format!("{DEVICES}{device}"))
    }

    /// Gives the computer that registered this replica.
    pub(super) fn registered_as(&self, replica: ReplicaId) -> Result<Option<DeviceId>, StoreError> {
        let mut devices = self.devices()?.into_iter();
        Ok(devices.find(|(_, row)| row.replica == replica).map(|(device, _)| device))
    }

    /// Gives all registered computers.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn devices(&self) -> Result<Vec<(DeviceId, DeviceRow)>, StoreError> {
        local::all(self.store, DEVICES)
    }
}

pub(super) fn head_key(store: &dyn ReadStore, key: KeyId) -> Result<Option<HeadKeyRow>, StoreError> {
    local::read(store, &format!("{KEYS}{key}"))
}

pub(super) fn head_keys(store: &dyn ReadStore) -> Result<Vec<(KeyId, HeadKeyRow)>, StoreError> {
    local::all(store, KEYS)
}

pub(super) fn put_head_key(batch: &mut Batch, key: KeyId, row: &HeadKeyRow) -> Result<(), StoreError> {
    local::put(batch, &format!("{KEYS}{key}"), row)
}

/// A device's name follows from school and key, so that registering twice is registering once.
fn device_id(npsn: Npsn, public: &[u8; 32]) -> DeviceId {
    let mut hasher = blake3::Hasher::new_derive_key("selaras 1 device id");
    hasher.update(npsn.as_bytes()).update(public);
    let mut id = [0; 8];
    hasher.finalize_xof().fill(&mut id);
    DeviceId::from_bytes(id)
}

/// Refuses what is no key, and keys of small order, by which anybody could sign.
pub(super) fn sound_key(public: &[u8; 32]) -> Result<(), CentreError> {
    let bad = || CentreError::refused("registration.bad-key");
    let key = VerifyingKey::from_bytes(public).map_err(|_| bad())?;
    if key.is_weak() { Err(bad()) } else { Ok(()) }
}
