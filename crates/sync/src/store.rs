//! What the engine asks of a store: typed keys and rows, a read half, and one batch to write.
//!
//! The engine reads through [`ReadStore`] and gives back a [`Batch`]; the host commits it. Every
//! store is the records of one school: at the school there is one, at the centre one for each.

use std::collections::BTreeMap;

use selaras_model::{
    BundleId, ChangeHash, ContentHash, DeviceId, EntityCode, EntryHash, Fields, LogVersion, RecordId, RecordKey,
    ReplicaId, Sequence, Value,
};
use serde::{Deserialize, Serialize};

/// The largest number of writes in one batch (a batch of 60,000 peaked at 375-529 MB in sled).
pub const MAX_BATCH_WRITES: usize = 1_000;
/// The largest number of bytes of keys and values in one batch.
pub const MAX_BATCH_BYTES: usize = 1 << 20;

/// Edits of an entry up to this size are kept in the entry's row, larger ones in a blob.
pub(crate) const MAX_INLINE: usize = 64 << 10;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process owns the store.
    #[error("the store is in use by another process")]
    Busy,
    /// The disk is full; nothing of the batch was written.
    #[error("the disk is full")]
    Full,
    /// What was read is not what was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// A batch over [`MAX_BATCH_WRITES`] or [`MAX_BATCH_BYTES`].
    #[error("a batch of {writes} writes and {bytes} bytes is over the limit")]
    TooLarge {
        /// Writes in the batch.
        writes: usize,
        /// Bytes in the batch.
        bytes: usize,
    },
    /// The store was written by a version that this one does not know.
    #[error("the store has format {found}, this version knows up to {known}")]
    Version {
        /// The number found.
        found: u32,
        /// The largest number known here.
        known: u32,
    },
    /// The disk or the system failed.
    #[error("the store could not be read or written")]
    Io(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Goes on with a scan, or ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Give the next row.
    Continue,
    /// No more rows are wanted.
    Stop,
}

/// The name of a row that exists once for a school.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StateName {
    /// Who this computer is: replica, device, the centre's key.
    Installation,
    /// Where in the school's log this side stands, and the counters that move with it.
    Position,
    /// The sealed, unsettled bundle.
    Sealed,
    /// The modules of the sealed bundle, where it is not of all.
    SealedModules,
    /// Large work that was decided and is being done in steps.
    Intent,
    /// Under what pack, rulebook and date the stored findings were judged.
    Judged,
    /// At the school: the rules that were in force before, and those that the centre has announced.
    Releases,
    /// At the centre: it was restored, and waits for what the school's computers hold.
    Healing,
    /// At the centre, by a version before this one: the parts of a large entry that a school is handing back.
    Staged,
    /// At the school: the names that this installation bore before its present one.
    EarlierNames,
    /// Beside `Sealed`: how that bundle was frozen.
    Frozen,
    /// At the centre: entries that were decided together with the one that is being made, and follow it.
    Following,
}

/// The key of a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A row that exists once.
    State(StateName),
    /// A record's automerge document, as saved, with appended changes.
    Document(RecordKey),
    /// What of a document is needed without loading it.
    Base(RecordKey),
    /// The record as people see it.
    View(RecordKey),
    /// The edits of a record made in one generation.
    Draft(RecordKey, u32),
    /// A live record that has a value in an indexed field; see [`index_bucket`].
    Index(EntityCode, [u8; 16], RecordId),
    /// A record with open conflicts.
    Conflict(RecordKey),
    /// The findings of one subject of one rule (`SubjectKey::to_bytes`).
    Finding(Vec<u8>),
    /// A module's digest lanes, by the module's place in the pack.
    Lanes(u16),
    /// An entry of the school's log.
    Entry(LogVersion),
    /// The answer that a bundle was given.
    Answer(BundleId),
    /// The head's approval of a bundle, as it travels; kept as long as the log.
    Approval(BundleId),
    /// What the centre knows of a replica.
    Replica(ReplicaId),
    /// A line of the readable log.
    History(u64),
    /// The text of a pack or rulebook, by its hash.
    Text32([u8; 32]),
    /// At the school, what a restored centre may have lost: by order of coming, the entry (part 0) and parts of its edits
    /// (the place of the first edit, plus 1).
    Kept(u64, u32),
    /// At the centre, an entry of an earlier life of the log that is in this one.
    Replayed(EntryHash),
    /// At the school, an entry whose place in the log another took when the centre was restored.
    Past(EntryHash),
    /// A row of the host's own (accounts, devices, keys); 1 to 128 bytes.
    Local(String),
}

/// A row's content; its variant is fixed by the key's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// For `State`, `History` and `Local`: bytes that the owner of the row encodes.
    Bytes(Vec<u8>),
    /// For `Document`, `Text32`, `Approval` and the edits in `Kept`.
    Blob(Vec<u8>),
    /// For `Base`.
    Base(BaseRow),
    /// For `View`.
    View(ViewRow),
    /// For `Draft`.
    Draft(DraftRow),
    /// For `Index` and `Conflict`: nothing but the key.
    Mark,
    /// For `Finding`.
    Findings(Vec<FindingRow>),
    /// For `Lanes`: 2,048 bytes.
    Lanes(Vec<u8>),
    /// For `Entry`, `Past` and the entry in `Kept`.
    Entry(EntryRow),
    /// For `Replayed`: the version of the entry that replays it.
    Version(LogVersion),
    /// For `Answer`.
    Answer(AnswerRow),
    /// For `Replica`.
    Replica(ReplicaRow),
}

/// What of a document is needed for digests and pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseRow {
    /// The document's heads, sorted.
    pub heads: Vec<ChangeHash>,
    /// The content hash of the resolved record.
    pub content: ContentHash,
    /// Whether the record is deleted.
    pub deleted: bool,
    /// How many conflicts wait for a person.
    pub conflicts: u32,
    /// How many changes were appended since the document was written whole.
    pub appended: u32,
}

/// A record as people see it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewRow {
    /// Whether the record is deleted.
    pub deleted: bool,
    /// Its fields; null fields are left out.
    pub fields: Fields,
    /// The content hash, checked at every read.
    pub content: ContentHash,
}

impl std::fmt::Debug for ViewRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ViewRow").field("deleted", &self.deleted).field("fields", &self.fields.len()).finish()
    }
}

/// The edits of a record in one generation, durable the moment they are made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftRow {
    /// Prefixes of the heads that they were typed on; empty for a record that the base does not know.
    pub heads: Vec<[u8; 8]>,
    /// The fields that were written, cleared ones as null.
    pub fields: Fields,
    /// The deleted flag, when it was written.
    pub deleted: Option<bool>,
    /// Who typed last (an account's name), for the person's own screen.
    pub author: String,
    /// When, in seconds since 1970 by this computer's clock; shown, never used to decide.
    pub typed_at: i64,
}

impl std::fmt::Debug for DraftRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DraftRow").field("fields", &self.fields.len()).field("deleted", &self.deleted).finish()
    }
}

/// A finding and the log version that raised it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRow {
    /// The finding.
    pub finding: selaras_policy::Finding,
    /// The version of the log at which it arose.
    pub raised: LogVersion,
}

/// An entry of the log as kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRow {
    /// The entry's bytes (protobuf), over which its hash runs.
    pub entry: Vec<u8>,
    /// The centre's signature, where this side has it.
    pub signature: Option<Vec<u8>>,
    /// Where its edits are.
    pub edits: EditsAt,
}

/// Where the edits of an entry are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EditsAt {
    /// Not kept on this side.
    Absent,
    /// In the row itself: a compressed block of edits.
    Inline(Vec<u8>),
    /// In the blob of this name: a bundle, or a compressed block of edits.
    Blob([u8; 32]),
    /// In the row itself, for a bundle that came back from a school as its edits: a compressed block of edits.
    Block(Vec<u8>),
    /// In the blobs of these names, one after another: compressed blocks of edits.
    Parts(Vec<[u8; 32]>),
    /// In rows beside this one (`Key::Kept`).
    Kept,
}

/// The recorded answer to a bundle; final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnswerRow {
    /// It took effect at this version; the receipt is that entry, signed.
    Receipt(LogVersion),
    /// It was refused; the signed refusal's bytes.
    Refusal(Vec<u8>),
}

/// What the centre knows of a replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaRow {
    /// The device that it belongs to; none until it is seen, where only its bundles are known.
    pub device: Option<DeviceId>,
    /// The greatest sequence seen, accepted or refused.
    pub last_sequence: Sequence,
    /// The last accepted bundle.
    pub last_accepted: Option<BundleId>,
}

impl ReplicaRow {
    /// Whether this replica was seen elsewhere than one that says it used these sequences, knows this bundle to be
    /// accepted and still holds that one: then what speaks is a copy, or an earlier image of it, or its bundles went with
    /// a backup. Whichever it is, what it seals next names a bundle that nobody knows, and needs another name.
    ///
    /// Sequences alone do not tell: two copies may each have sealed one more.
    #[must_use]
    pub fn is_ahead_of(&self, last: Sequence, previous: Option<BundleId>, held: Option<BundleId>) -> bool {
        let knows = previous == self.last_accepted || self.last_accepted.is_some_and(|accepted| held == Some(accepted));
        last < self.last_sequence || !knows
    }
}

/// A stretch of keys to read in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Range {
    /// The views of an entity, from a record on.
    Views(EntityCode, Option<RecordId>),
    /// All base rows, from a record on (in order of entity and id).
    Bases(Option<RecordKey>),
    /// All drafts, in order of record and generation, from a record on.
    Drafts(Option<RecordKey>),
    /// The drafts of one record, oldest generation first.
    DraftsOf(RecordKey),
    /// The records in a bucket of the index.
    Index(EntityCode, [u8; 16]),
    /// The whole index.
    AllIndex,
    /// Records with open conflicts.
    Conflicts,
    /// All findings.
    Findings,
    /// Entries of the log, from a version on.
    Entries(LogVersion),
    /// Lines of the readable log, from a number on.
    History(u64),
    /// Rows of the host's own whose key begins so.
    Locals(String),
    /// Replicas.
    Replicas,
    /// What is kept for a restored centre, from a place in the order on.
    Kept(u64),
}

/// What the engine reads.
pub trait ReadStore {
    /// Reads one row.
    ///
    /// # Errors
    /// As the store gives them; a missing row is `None`, never an error.
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError>;

    /// Gives the rows of a range in order of their keys.
    ///
    /// # Errors
    /// As the store or the visitor gives them.
    fn scan(
        &self,
        range: &Range,
        visit: &mut dyn FnMut(Key, Row) -> Result<Flow, StoreError>,
    ) -> Result<(), StoreError>;
}

/// A store that the host can also write.
pub trait Store: ReadStore {
    /// Makes all writes of a batch durable, or none.
    ///
    /// # Errors
    /// As the store gives them; after an error nothing of the batch is in effect.
    fn commit(&self, batch: &Batch) -> Result<(), StoreError>;
}

/// What is to be written at once. The last write of a key counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    writes: BTreeMap<Key, Option<Row>>,
}

impl Batch {
    /// Writes a row.
    pub fn put(&mut self, key: Key, row: Row) {
        self.writes.insert(key, Some(row));
    }

    /// Removes a row; removing one that is not there is allowed.
    pub fn remove(&mut self, key: Key) {
        self.writes.insert(key, None);
    }

    /// The writes in order of their keys; `None` removes.
    pub fn writes(&self) -> impl Iterator<Item = (&Key, Option<&Row>)> {
        self.writes.iter().map(|(key, row)| (key, row.as_ref()))
    }

    /// What this batch says about a key: not at all, removed, or written.
    #[must_use]
    pub fn pending(&self, key: &Key) -> Option<Option<&Row>> {
        self.writes.get(key).map(Option::as_ref)
    }

    /// How many rows it touches.
    #[must_use]
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Whether it touches nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }
}

/// Files beside the store, named by their content (BLAKE3): bundles, imports, snapshots.
pub trait Blobs {
    /// Makes a blob durable under its name; what else lies there is damage, and is replaced.
    ///
    /// # Errors
    /// As the disk gives them.
    fn put(&self, name: &[u8; 32], bytes: &[u8]) -> Result<(), StoreError>;
    /// Reads what lies under a name, whatever it is. Not to be used but by [`Blobs::get`] and by tests of damage.
    ///
    /// # Errors
    /// As the disk gives them.
    fn unchecked(&self, name: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError>;
    /// Reads a blob, and holds it to its name.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for what is not what its name says; as the disk gives them.
    fn get(&self, name: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(bytes) = self.unchecked(name)? else { return Ok(None) };
        if blake3::hash(&bytes).as_bytes() == name {
            return Ok(Some(bytes));
        }
        let name = blake3::Hash::from_bytes(*name).to_hex();
        Err(StoreError::Damaged(format!("the file {name} is not what its name says")))
    }
    /// Reads a blob that can be come by otherwise: none where it is missing, or is not what its name says.
    ///
    /// # Errors
    /// As the disk gives them.
    fn sound(&self, name: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.get(name) {
            Err(StoreError::Damaged(_)) => Ok(None),
            read => read,
        }
    }
    /// Removes a blob; removing one that is not there is allowed.
    ///
    /// # Errors
    /// As the disk gives them.
    fn remove(&self, name: &[u8; 32]) -> Result<(), StoreError>;
    /// The names of all blobs.
    ///
    /// # Errors
    /// As the disk gives them.
    fn names(&self) -> Result<Vec<[u8; 32]>, StoreError>;
}

/// The bucket of the index in which live records with this value in this field are found.
#[must_use]
pub fn index_bucket(field: &str, value: &Value) -> [u8; 16] {
    let mut bytes = Vec::with_capacity(64);
    bytes.extend_from_slice(field.as_bytes());
    bytes.push(0);
    selaras_model::encode_value(value, &mut bytes);
    let mut bucket = [0; 16];
    bucket.copy_from_slice(blake3::hash(&bytes).as_bytes().split_at(16).0);
    bucket
}
