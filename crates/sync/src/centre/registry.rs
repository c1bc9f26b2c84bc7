//! The computers that are registered at the centre, and the rows that computers and heads' keys have there.
//!
//! | key | row |
//! |---|---|
//! | `device/<id>` | [`DeviceRow`] |
//! | `visit/<id>` | when that computer was last here (`visits.rs`) |
//! | `key/<id>` | [`HeadKeyRow`] |

use ed25519_dalek::VerifyingKey;
use selaras_model::{DeviceId, KeyId, Npsn, RecordId, ReplicaId};
use serde::{Deserialize, Serialize};

use super::Centre;
use crate::error::CentreError;
use crate::local;
use crate::state::Healing;
use crate::step::Step;
use crate::store::{Batch, Key, ReadStore, ReplicaRow, Row, StateName, StoreError};
use crate::work::Work;

/// Computers of a school that are not removed; more are a mistake or an attack.
pub const MAX_DEVICES: usize = 50;
/// Rows of a school's computers, removed ones among them: who has the kode may replace one after another.
const MAX_DEVICE_ROWS: usize = 1_000;
/// The longest reason of an end, in bytes.
const MAX_REASON: usize = 32;
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
    /// Once set, for ever: who sits at this computer gets nothing more, and nobody waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<DeviceEnd>,
}

/// Why a computer is none of the school's any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceEnd {
    /// Seconds since 1970 by the centre's clock.
    pub at: i64,
    /// A code such as `stolen`, or [`DeviceEnd::REPLACED`].
    pub because: String,
    /// The account that said so; none where another computer took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The computer that took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<DeviceId>,
}

impl DeviceEnd {
    /// Another computer took its place: the same one, registered anew by `recover`.
    pub const REPLACED: &str = "replaced";
}

impl DeviceRow {
    /// Whether it still is one of the school's computers.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.ended.is_none()
    }
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

/// A computer that asks to be registered.
#[derive(Debug, Clone, Copy)]
pub struct NewDevice<'a> {
    /// Its Ed25519 public key.
    pub public: [u8; 32],
    /// The name of its installation.
    pub replica: ReplicaId,
    /// The version of its application.
    pub app_version: &'a str,
    /// What it was registered as before, and is no more.
    pub replaces: Option<DeviceId>,
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
    /// answer, because an answer may get lost, and its row stays what it is: an installation that has another name by then
    /// is bound when it speaks.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `registration.bad-key`; `registration.device-removed` for the key of a computer that was
    /// removed or replaced; `registration.replica-taken` where the installation is another device's;
    /// `registration.too-many-devices`.
    pub fn register(&self, asked: &NewDevice<'_>) -> Result<Registered, CentreError> {
        sound_key(&asked.public)?;
        let device = device_id(self.npsn, &asked.public);
        let devices = self.devices()?;
        let known = devices.iter().find(|(id, _)| *id == device);
        if known.is_some_and(|(_, row)| !row.is_live()) {
            return Err(CentreError::refused("registration.device-removed"));
        }
        if self.is_anothers(asked.replica, device, &devices)? {
            return Err(CentreError::refused("registration.replica-taken"));
        }
        let replaced = devices.iter().find(|(id, row)| asked.replaces == Some(*id) && *id != device && row.is_live());
        let live = devices.iter().filter(|(_, row)| row.is_live()).count() - usize::from(replaced.is_some());
        if known.is_none() && (live >= MAX_DEVICES || devices.len() >= MAX_DEVICE_ROWS) {
            return Err(CentreError::refused("registration.too-many-devices").with("limit", MAX_DEVICES));
        }
        let mut work = Work::new(self.store, self.rules);
        if known.is_none() {
            let row = DeviceRow {
                public: asked.public,
                replica: asked.replica,
                app_version: asked.app_version.chars().filter(|sign| !sign.is_control()).take(MAX_VERSION).collect(),
                registered_at: self.now,
                ended: None,
            };
            put_device(&mut work, device, &row)?;
        }
        if let Some((old, row)) = replaced {
            let because = DeviceEnd::REPLACED.to_owned();
            let end = DeviceEnd { at: self.now, because, by: None, replaced_by: Some(device) };
            self.end_device(&mut work, *old, row, end)?;
        }
        Ok(Registered { device, step: Step::of(work.finish()) })
    }

    /// Takes a computer away from the school: it begins no session, none that it has goes on, and no restored log waits
    /// for it. `because` is a code such as `stolen`, `by` the account that says so.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `device.unknown`, `device.removed` for one that was removed or replaced before,
    /// `device.reason`.
    pub fn remove_device(&self, by: &str, device: DeviceId, because: &str) -> Result<Step, CentreError> {
        let fits = |sign: u8| sign.is_ascii_lowercase() || sign == b'-';
        if because.is_empty() || because.len() > MAX_REASON || !because.bytes().all(fits) {
            return Err(CentreError::refused("device.reason"));
        }
        let row = self.device(device)?.ok_or_else(|| CentreError::refused("device.unknown").with("device", device))?;
        if !row.is_live() {
            return Err(CentreError::refused("device.removed").with("device", device));
        }
        let mut work = Work::new(self.store, self.rules);
        let (because, by) = (because.to_owned(), Some(by.to_owned()));
        self.end_device(&mut work, device, &row, DeviceEnd { at: self.now, because, by, replaced_by: None })?;
        Ok(Step::of(work.finish()))
    }

    fn end_device(
        &self,
        work: &mut Work<'_>,
        device: DeviceId,
        row: &DeviceRow,
        end: DeviceEnd,
    ) -> Result<(), CentreError> {
        put_device(work, device, &DeviceRow { ended: Some(end), ..row.clone() })?;
        self.wait_no_longer(work, device)
    }

    /// Ends the waiting for one computer, and with the last one the healing.
    fn wait_no_longer(&self, work: &mut Work<'_>, device: DeviceId) -> Result<(), CentreError> {
        let Some(Healing { mut waiting }) = self.healing()?.filter(|healing| healing.waiting.contains(&device)) else {
            return Ok(());
        };
        waiting.remove(&device);
        if waiting.is_empty() {
            work.remove(Key::State(StateName::Healing));
            return Ok(());
        }
        Ok(work.put_state(StateName::Healing, &Healing { waiting })?)
    }

    /// Whether an installation's name belongs to another device: by its registration, or by what it did here.
    pub(super) fn is_anothers(
        &self,
        replica: ReplicaId,
        device: DeviceId,
        devices: &[(DeviceId, DeviceRow)],
    ) -> Result<bool, StoreError> {
        let seen = match self.store.get(&Key::Replica(replica))? {
            Some(Row::Replica(ReplicaRow { device, .. })) => device,
            _ => None,
        };
        let registered = || devices.iter().any(|(id, row)| *id != device && row.replica == replica);
        Ok(seen.map_or_else(registered, |bound| bound != device))
    }

    /// Gives a registered computer.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn device(&self, device: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        registered_device(self.store, device)
    }

    /// Gives all registered computers.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn devices(&self) -> Result<Vec<(DeviceId, DeviceRow)>, StoreError> {
        local::all(self.store, DEVICES)
    }
}

/// Reads a registered computer from a school's rows, removed ones too: for a host that asks nothing else of the engine.
///
/// # Errors
/// As the store gives them.
pub fn registered_device(store: &dyn ReadStore, device: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
    local::read(store, &format!("{DEVICES}{device}"))
}

fn put_device(work: &mut Work<'_>, device: DeviceId, row: &DeviceRow) -> Result<(), StoreError> {
    let (key, row) = local::row(&format!("{DEVICES}{device}"), row)?;
    work.put(key, row);
    Ok(())
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
