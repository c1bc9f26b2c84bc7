//! Rows that exist once for a school: who this side is, where it stands, what it is in the middle of.
//!
//! They are bincode with a format number in front, and never leave the store.

use std::collections::{BTreeMap, VecDeque};

use selaras_model::{
    BundleId, Date, DeviceId, EntryHash, EpochId, LogVersion, Npsn, PackHash, RecordKey, ReplicaId, RulebookHash,
    Sequence,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::entry::FirstLife;
use crate::release::Release;
use crate::store::{Batch, EditsAt, Key, ReadStore, ReplicaRow, Row, StateName, StoreError};

const FORMAT: u8 = 1;
const MAX_STATE_BYTES: usize = 256 << 10;

/// Who this computer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    /// The school.
    pub npsn: Npsn,
    /// This installation.
    pub replica: ReplicaId,
    /// This device at the centre.
    pub device: DeviceId,
    /// The centre's Ed25519 key, by which its entries and refusals are known.
    pub centre_key: [u8; 32],
    /// Where the centre is.
    pub centre_url: String,
    /// What it calls itself.
    pub centre_name: String,
    /// The only certificate authority that is trusted for it (PEM), where one was given.
    pub centre_ca: Option<String>,
}

impl Installation {
    /// Reads who a computer is out of its rows alone; none in an empty store.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn read(store: &dyn ReadStore) -> Result<Option<Self>, StoreError> {
        read(store, StateName::Installation)
    }
}

/// Where a side stands in the school's log, and the counters that move with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The life of the centre's database; none before the first contact.
    pub epoch: Option<EpochId>,
    /// The newest entry that is in the base whole; 0 for none.
    pub version: LogVersion,
    /// That entry's hash.
    pub entry: Option<EntryHash>,
    /// Of the next entry: how many edits are in the base already, and the running hash over them.
    pub partial: Option<(u32, [u8; 32])>,
    /// The centre's date at the last contact, by which rules about dates are judged.
    pub judged_on: Date,
    /// This computer's clock at the last contact; shown, never used to decide.
    pub last_contact: Option<i64>,
    /// Whether both sides computed the same digests, at the last comparison.
    pub equal: Option<bool>,
    /// The greatest sequence that this replica used.
    pub last_sequence: Sequence,
    /// The last bundle of this replica that the centre accepted.
    pub previous: Option<BundleId>,
    /// The version of the last receipt.
    pub receipt: Option<LogVersion>,
    /// The generation into which people type now.
    pub generation: u32,
    /// The number of the next line of the readable log.
    pub history: u64,
    /// The pack in force.
    pub pack: PackHash,
    /// The rulebook in force.
    pub rulebook: RulebookHash,
    /// What is kept, or need not be, because the centre's disk may be lost.
    pub(crate) keeping: Keeping,
}

/// What a side knows of backups of the centre, and what the school keeps because of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Keeping {
    /// Entries up to this version are in verified backups of the centre.
    pub(crate) covered: LogVersion,
    /// At the school: the place that the next kept entry gets.
    pub(crate) next: u64,
    /// At the school: the first place that is still kept.
    pub(crate) first: u64,
    /// At the school: what is kept before this place is of an earlier life of the log, and covered when this version is.
    pub(crate) past: Option<(u64, LogVersion)>,
    /// At the school: the records are further than the cursor, which goes over the log of the restored centre again.
    pub(crate) again: bool,
    /// At the school: the last receipt, where it is of an earlier life of the log (`Key::Past`).
    pub(crate) receipt: Option<EntryHash>,
    /// At the school: the blob with the rest of a page's entries and their signature, while the page is being taken.
    pub(crate) proof: Option<[u8; 32]>,
}

/// The centre's database was restored, and waits for what the school's computers hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Healing {
    /// Devices that have not told yet what they hold.
    pub(crate) waiting: std::collections::BTreeSet<DeviceId>,
}

/// The parts of a large entry that a school is handing back, as a version before this one kept them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Staged {
    pub(crate) entry: EntryHash,
    pub(crate) edits: u32,
    pub(crate) chain: [u8; 32],
    pub(crate) parts: Vec<[u8; 32]>,
}

/// A name that an installation bore, and the greatest number that it sealed under it whose fate is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EarlierName {
    pub(crate) replica: ReplicaId,
    pub(crate) settled: Sequence,
}

impl Position {
    pub(crate) fn new(rules: &crate::Rules, epoch: Option<EpochId>, today: Date) -> Self {
        Self {
            epoch,
            version: LogVersion::new(0),
            entry: None,
            partial: None,
            judged_on: today,
            last_contact: None,
            equal: None,
            last_sequence: Sequence::new(0),
            previous: None,
            receipt: None,
            generation: 1,
            history: 0,
            pack: rules.pack.hash(),
            rulebook: rules.rulebook.hash(),
            keeping: Keeping::default(),
        }
    }
}

/// How far a sealed bundle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Signed, and never sent: it may be withdrawn.
    Approved,
    /// It may have reached the centre.
    Offered,
    /// The centre accepted it as this entry; it settles when this side has passed that entry.
    Received(LogVersion),
    /// It waits for the signature of a head whose key is on another computer: it may be withdrawn, and is not sent.
    Waiting,
}

/// The sealed, unsettled bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The bundle.
    pub bundle: BundleId,
    /// Under what name this installation sealed it; it keeps that name when the installation gets another.
    pub replica: ReplicaId,
    /// Its place among this replica's bundles.
    pub sequence: Sequence,
    /// Drafts up to this generation are in it.
    pub generation: u32,
    /// How far it is.
    pub phase: Phase,
    /// Records in it.
    pub records: u32,
    /// Its frozen bytes.
    pub bytes: u64,
    /// The version of the log that it was sealed on.
    pub sealed_on: LogVersion,
    /// The approval as it travels (protobuf).
    pub(crate) approval: Vec<u8>,
}

/// Large work that was decided and is being done in steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Intent {
    /// As an earlier version wrote it, whose steps were whole parts: now [`Intent::Importing`].
    Import { plan: Plan, author: String, at: i64 },
    /// Drafts of a bundle that was released are drafts again: views are made anew from this record on.
    Release { from: Option<RecordKey> },
    /// As an earlier version wrote it, whose steps were whole parts: now [`Intent::Entering`].
    Entry { plan: Plan, entry: Box<EntryIntent> },
    /// Lines that a person imported become drafts.
    Importing { progress: Progress, author: String, at: i64 },
    /// The centre makes an entry of the log.
    Entering { progress: Progress, entry: Box<EntryIntent> },
    /// Drafts that are not in the bundle that was just sealed are set aside, from this record on.
    SettingAside { from: Option<RecordKey> },
}

/// How far the edits of a plan are done. Counted by the edit: a step ends when its batch is full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) plan: Plan,
    /// Edits of the plan's next part that are done already.
    pub(crate) within: u32,
}

impl From<Plan> for Progress {
    fn from(plan: Plan) -> Self {
        Self { plan, within: 0 }
    }
}

/// Entries that follow the one that is being made, in order: before they are made nothing else is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Following {
    pub(crate) entries: VecDeque<(Progress, Box<EntryIntent>)>,
}

/// Edits in a blob, cut into parts that are read one at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) blob: [u8; 32],
    /// The part that is next.
    pub(crate) part: u32,
    pub(crate) done: u64,
    pub(crate) total: u64,
}

/// An entry that was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EntryIntent {
    pub(crate) origin: EntryOrigin,
    pub(crate) edits_at: EditsAt,
    pub(crate) edits: [u8; 32],
    pub(crate) at: i64,
    /// The entry that it replays.
    pub(crate) first: Option<FirstLife>,
    /// The hash under which it was handed back; of a second life that of the first is another.
    pub(crate) handed: Option<EntryHash>,
}

impl EntryIntent {
    /// An entry that says only what happened.
    pub(crate) fn without_edits(origin: EntryOrigin, at: i64) -> Self {
        let edits = crate::edits::EditsChain::default().value();
        Self { origin, edits_at: EditsAt::Absent, edits, at, first: None, handed: None }
    }
}

/// Whose entry it becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum EntryOrigin {
    Bundle {
        bundle: BundleId,
        replica: ReplicaId,
        sequence: Sequence,
        after: ReplicaRow,
    },
    Act {
        kind: String,
    },
    /// An act by which the centre promises something; it edits nothing.
    Promise {
        kind: String,
        promises: Vec<u8>,
    },
}

/// Under what the stored findings were judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Judged {
    pub(crate) pack: PackHash,
    pub(crate) rulebook: RulebookHash,
    pub(crate) date: Date,
    /// Whether they are those of all records; after large work a full run has to follow.
    pub(crate) complete: bool,
    /// How many of them are invalid.
    pub(crate) invalid: u32,
}

/// What the school knows of other rules than those in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Releases {
    /// Those that were in force before: what they do not find is new.
    pub(crate) before: Option<(PackHash, RulebookHash)>,
    /// Those that the centre has announced.
    pub(crate) next: Option<Release>,
}

/// A line of the readable log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryLine {
    /// Its number.
    pub number: u64,
    /// By this computer's clock, in seconds since 1970.
    pub at: i64,
    /// What happened.
    pub what: HistoryKind,
    /// The code, where something was refused.
    pub code: String,
    /// Counts and identifiers; never a person's data.
    pub args: BTreeMap<String, String>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HistoryKind {
    /// This computer was registered.
    Installed,
    /// A file was imported.
    Imported,
    /// The head approved a bundle.
    Approved,
    /// A bundle was taken back before it was sent.
    Withdrawn,
    /// The centre accepted a bundle.
    Receipt,
    /// The centre refused a bundle.
    Refused,
    /// Entries of the log came.
    Pulled,
    /// Both sides' digests are equal again, or for the first time.
    Equal,
    /// Both sides' digests are not equal.
    Differs,
    /// A new pack or rulebook came.
    Rules,
    /// This installation turned out to be a copy and has a new name.
    Renewed,
    /// The centre was restored, and got back what it lacked.
    Healed,
    /// Records here were not what the log says, and were made anew.
    Repaired,
    /// This installation was brought back from a backup and has a new name.
    Restored,
    /// A bundle was sealed for a head whose key is on another computer.
    Sealed,
    /// The centre was restored from a backup that is older than it had said: what this computer had let go of is not there.
    Uncovered,
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Row, StoreError> {
    let mut bytes = vec![FORMAT];
    let body = bincode::serde::encode_to_vec(value, config()).map_err(|error| StoreError::Io(Box::new(error)))?;
    bytes.extend_from_slice(&body);
    Ok(Row::Bytes(bytes))
}

pub(crate) fn decode<T: DeserializeOwned>(row: &Row) -> Result<T, StoreError> {
    let damaged = || StoreError::Damaged("a state row cannot be read".to_owned());
    let Row::Bytes(bytes) = row else { return Err(damaged()) };
    let Some((&FORMAT, body)) = bytes.split_first() else { return Err(damaged()) };
    match bincode::serde::decode_from_slice(body, config()) {
        Ok((value, read)) if read == body.len() => Ok(value),
        _ => Err(damaged()),
    }
}

fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<MAX_STATE_BYTES>()
}

pub(crate) fn read<T: DeserializeOwned>(store: &dyn ReadStore, name: StateName) -> Result<Option<T>, StoreError> {
    store.get(&Key::State(name))?.map(|row| decode(&row)).transpose()
}

pub(crate) fn put<T: Serialize>(batch: &mut Batch, name: StateName, value: &T) -> Result<(), StoreError> {
    batch.put(Key::State(name), encode(value)?);
    Ok(())
}

pub(crate) fn need<T: DeserializeOwned>(store: &dyn ReadStore, name: StateName) -> Result<T, StoreError> {
    read(store, name)?.ok_or_else(|| StoreError::Damaged("the store belongs to no school yet".to_owned()))
}
