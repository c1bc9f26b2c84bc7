//! The rows of what the centre promises to others, as JSON under `Key::Local`. They follow from the entries of the log that
//! hold the promises.
//!
//! | key | row |
//! |---|---|
//! | `school` | [`SchoolRow`] |
//! | `device/<id>` | [`DeviceRow`] |
//! | `gone/<id>` | [`DeviceEnd`] of a computer of which nothing else is known, or any more |
//! | `visit/<id>` | when that computer was last here (`visits.rs`) |
//! | `key/<id>` | [`HeadKeyRow`] |
//! | `kode` | [`KodeRow`] |
//! | `promised` | [`PromisedRow`] |
//! | `released` | the releases that the log promises ([`PromisedRelease`]) |

use selaras_model::{DeviceId, KeyId, RecordId, ReplicaId};
use serde::{Deserialize, Serialize};

use crate::local;
use crate::release::{PromisedRelease, ReleaseStage};
use crate::store::{Batch, Key, ReadStore, StoreError};
use crate::work::Work;

const SCHOOL: &str = "school";
const DEVICES: &str = "device/";
const GONE: &str = "gone/";
const KEYS: &str = "key/";
const KODE: &str = "kode";
const PROMISED: &str = "promised";
const RELEASED: &str = "released";
/// Releases in that row; older ones began or were withdrawn long ago.
const MAX_RELEASED: usize = 64;

/// What a school was made known as.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchoolRow {
    /// Its name.
    pub name: String,
    /// The kode_wilayah of its place; empty where nobody knew it then.
    #[serde(default)]
    pub area: String,
    /// One more with each later name or area; 0 when it was made known.
    #[serde(default, skip_serializing_if = "is_first")]
    pub number: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_first(number: &u32) -> bool {
    *number == 0
}

impl KodeRow {
    /// Adds the first kode to the first commit of a school; [`Centre::promise_rows`](super::Centre::promise_rows)
    /// promises it.
    ///
    /// # Errors
    /// As [`local::put`].
    pub fn found(&self, batch: &mut Batch) -> Result<(), StoreError> {
        local::put(batch, KODE, self)
    }
}

/// How far the rows that had no entries have got theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PromisedRow {
    /// So many of them, in their order.
    pub(super) rows: usize,
    /// All of them; whatever came since was promised when it was made.
    pub(super) all: bool,
}

/// The kode registrasi in force, as schools may hand it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KodeRow {
    /// Greater with each new kode: 1 for the first, then the seconds since 1970 when it was made, or one more than before.
    /// Of two that schools hand back after a restore the later one holds.
    pub number: u32,
    /// A hash of the kode under a key of the centre's: nobody else can test guesses against it.
    pub proof: [u8; 32],
}

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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// Reads a registered computer from a school's rows, removed ones too: for a host that asks nothing else of the engine.
///
/// # Errors
/// As the store gives them.
pub fn registered_device(store: &dyn ReadStore, device: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
    local::read(store, &format!("{DEVICES}{device}"))
}

pub(super) fn put_device(work: &mut Work<'_>, device: DeviceId, row: &DeviceRow) -> Result<(), StoreError> {
    put(work, &format!("{DEVICES}{device}"), row)
}

/// Keeps of a computer that ended nothing but its end.
pub(super) fn forget_device(work: &mut Work<'_>, device: DeviceId, end: &DeviceEnd) -> Result<(), StoreError> {
    work.remove(Key::Local(format!("{DEVICES}{device}")));
    put_gone(work, device, end)
}

pub(super) fn gone(store: &dyn ReadStore, device: DeviceId) -> Result<Option<DeviceEnd>, StoreError> {
    local::read(store, &format!("{GONE}{device}"))
}

pub(super) fn put_gone(work: &mut Work<'_>, device: DeviceId, end: &DeviceEnd) -> Result<(), StoreError> {
    put(work, &format!("{GONE}{device}"), end)
}

pub(super) fn head_key(store: &dyn ReadStore, key: KeyId) -> Result<Option<HeadKeyRow>, StoreError> {
    local::read(store, &format!("{KEYS}{key}"))
}

pub(super) fn head_keys(store: &dyn ReadStore) -> Result<Vec<(KeyId, HeadKeyRow)>, StoreError> {
    local::all(store, KEYS)
}

pub(super) fn put_head_key(work: &mut Work<'_>, key: KeyId, row: &HeadKeyRow) -> Result<(), StoreError> {
    put(work, &format!("{KEYS}{key}"), row)
}

pub(super) fn devices(store: &dyn ReadStore) -> Result<Vec<(DeviceId, DeviceRow)>, StoreError> {
    local::all(store, DEVICES)
}

pub(super) fn school(store: &dyn ReadStore) -> Result<Option<SchoolRow>, StoreError> {
    local::read(store, SCHOOL)
}

pub(super) fn put_school(work: &mut Work<'_>, row: &SchoolRow) -> Result<(), StoreError> {
    put(work, SCHOOL, row)
}

pub(super) fn kode(store: &dyn ReadStore) -> Result<Option<KodeRow>, StoreError> {
    local::read(store, KODE)
}

pub(super) fn put_kode(work: &mut Work<'_>, row: &KodeRow) -> Result<(), StoreError> {
    put(work, KODE, row)
}

pub(super) fn released(store: &dyn ReadStore) -> Result<Vec<PromisedRelease>, StoreError> {
    Ok(local::read(store, RELEASED)?.unwrap_or_default())
}

/// Notes what the log promises of a release.
pub(super) fn put_released(work: &mut Work<'_>, promised: PromisedRelease) -> Result<(), StoreError> {
    let mut all = released(&work.read())?;
    promised.add_to(&mut all);
    if all.len() > MAX_RELEASED {
        // What was withdrawn goes first, and of the others what begins last stays.
        all.sort_by_key(|known| (known.stage != ReleaseStage::Withdrawn, known.release.from));
        all.remove(0);
    }
    put(work, RELEASED, &all)
}

pub(super) fn promised(store: &dyn ReadStore) -> Result<PromisedRow, StoreError> {
    Ok(local::read(store, PROMISED)?.unwrap_or_default())
}

pub(super) fn put_promised(work: &mut Work<'_>, row: &PromisedRow) -> Result<(), StoreError> {
    put(work, PROMISED, row)
}

/// The same in the first commit of a school.
pub(super) fn put_promised_first(batch: &mut Batch, row: &PromisedRow) -> Result<(), StoreError> {
    local::put(batch, PROMISED, row)
}

fn put<T: Serialize>(work: &mut Work<'_>, name: &str, row: &T) -> Result<(), StoreError> {
    let (key, row) = local::row(name, row)?;
    work.put(key, row);
    Ok(())
}
