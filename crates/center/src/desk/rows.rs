//! The centre's own rows in a school's scope, as JSON under `Key::Local`, and those of no school.
//!
//! | key | row |
//! |---|---|
//! | `centre` | [`CentreRow`], in the scope of NPSN 00000000 |
//! | `staff/<name>` | [`StaffRow`], there too |
//! | `registration` | [`RegistrationRow`] |
//! | `device/<id>` | [`DeviceRow`] |
//! | `key/<id>` | [`HeadKeyRow`] |
//! | `seen` | [`SeenRow`] |

use selaras_model::{DeviceId, EpochId, KeyId, RecordId, ReplicaId};
use selaras_sync::{Batch, Flow, Key, Range, ReadStore, Row, StoreError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::access::{Guesses, HashedKode, StaffRow};

pub(crate) const CENTRE: &str = "centre";
pub(crate) const REGISTRATION: &str = "registration";
pub(crate) const SEEN: &str = "seen";
const DEVICES: &str = "device/";
const KEYS: &str = "key/";
const STAFF: &str = "staff/";

/// What holds for the whole centre.
#[derive(Serialize, Deserialize)]
pub(crate) struct CentreRow {
    /// This life of the database.
    pub(crate) epoch: EpochId,
    /// BLAKE3 of the operators' token, which has 256 random bits.
    pub(crate) admin_token: [u8; 32],
}

/// A school's name and secret.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RegistrationRow {
    pub(crate) name: String,
    pub(crate) kode: HashedKode,
    pub(crate) guesses: Guesses,
}

/// A registered installation.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DeviceRow {
    pub(crate) public: [u8; 32],
    pub(crate) replica: ReplicaId,
    pub(crate) app_version: String,
    pub(crate) registered_at: i64,
}

/// A head's key.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct HeadKeyRow {
    pub(crate) ptk: RecordId,
    pub(crate) public: [u8; 32],
    pub(crate) enrolled_at: i64,
    /// Once set, for ever: who becomes head again activates again.
    pub(crate) revoked_at: Option<i64>,
    /// Why: the conditions that the person no longer met, or [`HeadKeyRow::BY_HAND`].
    #[serde(default)]
    pub(crate) revoked_because: Vec<String>,
    /// Who revoked it by hand: an account's name.
    #[serde(default)]
    pub(crate) revoked_by: Option<String>,
}

impl HeadKeyRow {
    /// Revoked by somebody who said so, whatever the records say: a computer was lost, a password is known.
    pub(crate) const BY_HAND: &str = "by-hand";
}

/// When the school was last here.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SeenRow {
    pub(crate) at: i64,
    pub(crate) device: DeviceId,
    pub(crate) agent: String,
}

pub(crate) fn device(id: DeviceId) -> String {
    format!("{DEVICES}{id}")
}

pub(crate) fn key(id: KeyId) -> String {
    format!("{KEYS}{id}")
}

pub(crate) fn staff_key(name: &str) -> String {
    format!("{STAFF}{name}")
}

/// Reads a row.
pub(crate) fn read<T: DeserializeOwned>(store: &dyn ReadStore, name: &str) -> Result<Option<T>, StoreError> {
    store.get(&Key::Local(name.to_owned()))?.map(|row| decode(name, &row)).transpose()
}

/// Adds a row to a batch.
pub(crate) fn put<T: Serialize>(batch: &mut Batch, name: &str, value: &T) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec(value).map_err(|error| StoreError::Io(Box::new(error)))?;
    batch.put(Key::Local(name.to_owned()), Row::Bytes(bytes));
    Ok(())
}

/// All devices.
pub(crate) fn devices(store: &dyn ReadStore) -> Result<Vec<(DeviceId, DeviceRow)>, StoreError> {
    all(store, DEVICES)
}

/// All head keys.
pub(crate) fn keys(store: &dyn ReadStore) -> Result<Vec<(KeyId, HeadKeyRow)>, StoreError> {
    all(store, KEYS)
}

/// All accounts of the Dinas and the centre.
pub(crate) fn staff(store: &dyn ReadStore) -> Result<Vec<(String, StaffRow)>, StoreError> {
    all(store, STAFF)
}

fn all<I: std::str::FromStr, T: DeserializeOwned>(
    store: &dyn ReadStore,
    prefix: &str,
) -> Result<Vec<(I, T)>, StoreError> {
    let mut found = Vec::new();
    store.scan(&Range::Locals(prefix.to_owned()), &mut |key, row| {
        let Key::Local(name) = key else { return Ok(Flow::Continue) };
        let id = name.strip_prefix(prefix).and_then(|id| id.parse().ok());
        let id = id.ok_or_else(|| StoreError::Damaged(format!("the key of row {name}")))?;
        found.push((id, decode(&name, &row)?));
        Ok(Flow::Continue)
    })?;
    Ok(found)
}

fn decode<T: DeserializeOwned>(name: &str, row: &Row) -> Result<T, StoreError> {
    let Row::Bytes(bytes) = row else { return Err(StoreError::Damaged(format!("the kind of row {name}"))) };
    serde_json::from_slice(bytes).map_err(|_| StoreError::Damaged(format!("row {name}")))
}
