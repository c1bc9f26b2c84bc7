//! The JSON bodies of the operators' endpoints; written down in `proto/openapi.yaml` too.

use std::collections::BTreeMap;

use selaras_model::{Date, DeviceId, EntryHash, KeyId, LogVersion, Npsn, PackHash, RecordId, ReplicaId, RulebookHash};
use selaras_sync::Mover;
use serde::{Deserialize, Serialize};

use crate::access::{Area, StaffRole};

/// Fields as a person writes them: every value as text, as the pack reads it.
pub(crate) type TextFields = BTreeMap<String, String>;

/// Makes a school known.
#[derive(Serialize, Deserialize)]
pub(crate) struct SchoolAdd {
    pub(crate) npsn: Npsn,
    pub(crate) name: String,
}

/// A school's secret code, shown once.
#[derive(Serialize, Deserialize)]
pub(crate) struct KodeShown {
    pub(crate) npsn: Npsn,
    pub(crate) kode_registrasi: String,
}

/// A school as operators see it.
#[derive(Serialize, Deserialize)]
pub(crate) struct SchoolLine {
    pub(crate) npsn: Npsn,
    pub(crate) name: String,
    pub(crate) version: LogVersion,
    pub(crate) root_digest: String,
    pub(crate) devices: u32,
    /// Seconds since 1970 by the centre's clock.
    pub(crate) last_exchange: Option<i64>,
    /// What the application called itself then.
    pub(crate) last_agent: Option<String>,
    /// The versions that devices had when they were registered.
    pub(crate) app_versions: Vec<String>,
}

/// A page of schools in order of their NPSN.
#[derive(Serialize, Deserialize)]
pub(crate) struct SchoolPage {
    pub(crate) schools: Vec<SchoolLine>,
    /// Those of the page whose turn did not come, or whose rows cannot be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) failed: Vec<FailedSchool>,
    /// Where the next page begins.
    pub(crate) next: Option<Npsn>,
}

/// A school of which a list cannot say anything now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FailedSchool {
    pub(crate) npsn: Npsn,
    /// The code of the problem.
    pub(crate) failed: String,
}

/// What an act of the centre led to.
#[derive(Serialize, Deserialize, Default)]
pub(crate) struct Acted {
    pub(crate) version: u64,
    pub(crate) records: usize,
    /// Ids of records that the act made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) created: Vec<RecordId>,
    /// Head keys that ended with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) revoked: Vec<KeyId>,
    /// Why it was done although the rulebook speaks against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// Changes one record; without an id it is made.
#[derive(Serialize, Deserialize)]
pub(crate) struct RecordEdit {
    pub(crate) entity: String,
    pub(crate) id: Option<RecordId>,
    #[serde(default)]
    pub(crate) fields: TextFields,
    #[serde(default)]
    pub(crate) deleted: Option<bool>,
}

/// Verifies a record's identity, with corrections where there are any.
#[derive(Serialize, Deserialize)]
pub(crate) struct IdentityEdit {
    pub(crate) entity: String,
    pub(crate) id: RecordId,
    #[serde(default)]
    pub(crate) fields: TextFields,
}

/// Assigns a head.
#[derive(Serialize, Deserialize)]
pub(crate) struct HeadAssign {
    pub(crate) ptk: RecordId,
    pub(crate) plt: bool,
    pub(crate) sk: String,
    pub(crate) from: Date,
}

/// Ends a head's assignment; the last day is `until`.
#[derive(Serialize, Deserialize)]
pub(crate) struct HeadEnd {
    pub(crate) ptk: RecordId,
    pub(crate) until: Date,
}

/// Ends the keys of a PTK, whatever the records say.
#[derive(Serialize, Deserialize)]
pub(crate) struct HeadRevoke {
    pub(crate) ptk: RecordId,
}

/// The heads' keys of a school.
#[derive(Serialize, Deserialize)]
pub(crate) struct HeadKeys {
    pub(crate) keys: Vec<HeadKeyLine>,
}

/// A head's key.
#[derive(Serialize, Deserialize)]
pub(crate) struct HeadKeyLine {
    pub(crate) key: KeyId,
    pub(crate) ptk: RecordId,
    /// Seconds since 1970 by the centre's clock.
    pub(crate) enrolled_at: i64,
    pub(crate) revoked_at: Option<i64>,
    /// Conditions that were no longer met, or `by-hand`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) revoked_because: Vec<String>,
    /// The account that revoked it by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revoked_by: Option<String>,
}

/// The computers of a school.
#[derive(Serialize, Deserialize)]
pub(crate) struct DeviceList {
    pub(crate) devices: Vec<DeviceLine>,
}

/// A computer of a school; times are seconds since 1970 by the centre's clock.
#[derive(Serialize, Deserialize)]
pub(crate) struct DeviceLine {
    pub(crate) device: DeviceId,
    /// None where its registration is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replica: Option<ReplicaId>,
    /// The version of its application when it was registered.
    pub(crate) app_version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) registered_at: Option<i64>,
    /// Its last visit, exact to a day.
    pub(crate) seen_at: Option<i64>,
    /// Since when it is none of the school's any more.
    pub(crate) ended_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended_because: Option<String>,
    /// The account that removed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended_by: Option<String>,
    /// What it was registered as by `recover`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replaced_by: Option<DeviceId>,
}

/// Takes a computer away from its school.
#[derive(Serialize, Deserialize)]
pub(crate) struct DeviceRemove {
    /// A code such as `stolen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<String>,
    /// Also one that this centre does not know: a restored one may have lost its registration.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) lost: bool,
}

impl DeviceRemove {
    /// Nobody said why.
    pub(crate) const OTHER: &str = "other";
}

/// Makes an account of the Dinas or the centre.
#[derive(Serialize, Deserialize)]
pub(crate) struct StaffAdd {
    pub(crate) name: String,
    pub(crate) role: StaffRole,
    #[serde(default)]
    pub(crate) area: Area,
}

/// An account's token, shown once.
#[derive(Serialize, Deserialize)]
pub(crate) struct StaffToken {
    pub(crate) name: String,
    pub(crate) token: String,
}

/// An account.
#[derive(Serialize, Deserialize)]
pub(crate) struct StaffLine {
    pub(crate) name: String,
    pub(crate) role: StaffRole,
    pub(crate) area: Area,
    pub(crate) disabled: bool,
    /// Its token is void until it is confirmed after a restore.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) unconfirmed: bool,
    /// Seconds since 1970 by the centre's clock.
    pub(crate) made_at: i64,
}

/// All accounts.
#[derive(Serialize, Deserialize)]
pub(crate) struct StaffList {
    pub(crate) accounts: Vec<StaffLine>,
}

/// Disables an account, or enables it again.
#[derive(Serialize, Deserialize)]
pub(crate) struct StaffDisable {
    pub(crate) disabled: bool,
}

/// Adds a student with a registration.
#[derive(Serialize, Deserialize)]
pub(crate) struct StudentAdd {
    pub(crate) fields: TextFields,
    #[serde(default)]
    pub(crate) registrasi: TextFields,
}

/// Offers a person to another school.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct MoveAsked {
    pub(crate) who: Mover,
    pub(crate) id: RecordId,
    pub(crate) to: Npsn,
    pub(crate) on: Date,
}

/// Takes back the offer of a person that no school has accepted.
#[derive(Serialize, Deserialize)]
pub(crate) struct MoveWithdrawn {
    pub(crate) who: Mover,
    pub(crate) id: RecordId,
}

/// A page of records.
#[derive(Serialize, Deserialize)]
pub(crate) struct RecordPage {
    /// The log version that the page was read at; pages of one listing belong together when it is the same.
    pub(crate) version: u64,
    pub(crate) records: Vec<serde_json::Value>,
    /// `entity/id` where the next page begins.
    pub(crate) next: Option<String>,
}

/// The digests of a school.
#[derive(Serialize, Deserialize)]
pub(crate) struct Digests {
    pub(crate) version: u64,
    pub(crate) entry: Option<EntryHash>,
    pub(crate) root: String,
    pub(crate) modules: BTreeMap<String, String>,
}

/// Computers of a school that a restored centre waits for; where healing was declared done, those that were given up.
#[derive(Serialize, Deserialize)]
pub(crate) struct HealingState {
    pub(crate) npsn: Npsn,
    pub(crate) waiting: Vec<DeviceId>,
}

/// What an operator confirmed of a school after a restore.
#[derive(Serialize, Deserialize)]
pub(crate) struct SchoolConfirmed {
    pub(crate) npsn: Npsn,
    pub(crate) devices: Vec<DeviceId>,
    pub(crate) keys: Vec<KeyId>,
    /// The number of the kode in force, where it was from before.
    pub(crate) kode: Option<u32>,
}

/// Accounts whose tokens an operator confirmed after a restore.
#[derive(Serialize, Deserialize)]
pub(crate) struct AccountsConfirmed {
    pub(crate) accounts: Vec<String>,
}

/// Where to write a backup, on the centre's machine.
#[derive(Serialize, Deserialize)]
pub(crate) struct BackupAsked {
    pub(crate) to: std::path::PathBuf,
}

/// A backup that was written and verified.
#[derive(Serialize, Deserialize)]
pub(crate) struct BackupDone {
    pub(crate) schools: usize,
    pub(crate) to: std::path::PathBuf,
    /// Schools that could not be copied, and why: this backup does not cover them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) left_out: Vec<LeftOut>,
}

/// A school that a backup does not hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LeftOut {
    pub(crate) npsn: Npsn,
    /// Why it could not be copied; no data of anybody.
    pub(crate) reason: String,
}

/// Publishes a pack, a rulebook, or both; what is left out stays as it is.
#[derive(Serialize, Deserialize)]
pub(crate) struct RulesPublish {
    /// The first day, by the centre's date; today at the earliest.
    pub(crate) from: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pack: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rulebook: Option<String>,
    /// Examples of every rule; those of the program where they are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) examples: Option<String>,
}

/// Takes back what has not begun.
#[derive(Serialize, Deserialize)]
pub(crate) struct RulesWithdraw {
    pub(crate) from: Date,
}

/// A release of pack and rulebook.
#[derive(Serialize, Deserialize)]
pub(crate) struct ReleaseLine {
    /// The first day; none for those that came with the program or its configuration.
    pub(crate) from: Option<Date>,
    pub(crate) pack_version: String,
    pub(crate) rulebook_version: String,
    pub(crate) pack: PackHash,
    pub(crate) rulebook: RulebookHash,
    /// Seconds since 1970 by the centre's clock.
    pub(crate) published_at: Option<i64>,
    pub(crate) in_force: bool,
}

/// What the centre's clock shows, and by which date it works.
#[derive(Serialize, Deserialize)]
pub(crate) struct ClockState {
    /// The date that the clock shows.
    pub(crate) clock: Date,
    /// The date by which the centre works.
    pub(crate) today: Date,
    /// False while the clock is so far past the last date that an operator has to confirm it.
    pub(crate) confirmed: bool,
}

/// An evidence file.
#[derive(Serialize, Deserialize)]
pub(crate) struct EvidenceShown {
    pub(crate) version: u64,
    /// In hexadecimal.
    pub(crate) file: String,
}

/// The key by which everybody knows this centre.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeyShown {
    /// Ed25519, in hexadecimal.
    pub(crate) public: String,
}
