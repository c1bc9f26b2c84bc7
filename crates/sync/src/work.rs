//! One batch in the making: changes of documents, views, indexes, digests and findings, read as if committed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use selaras_merge::{Document, Edit, MergeError, Resolved, append, mint};
use selaras_model::limits::{MAX_FIELDS, MAX_MODULES};
use selaras_model::{Actor, ChangeHash, Digest, ModuleDigest, Record, RecordKey, element};
use selaras_policy::{Changed, Judge, PolicyError, ViewError};

use crate::Rules;
use crate::edits::MAX_EDIT_BYTES;
use crate::pending::Pending;
use crate::state::{self, Judged};
use crate::store::{
    BaseRow, Batch, FindingRow, Key, MAX_BATCH_BYTES, MAX_BATCH_WRITES, MAX_INLINE, ReadStore, Row, StateName,
    StoreError,
};
use crate::view::{self, StoreView};

/// A document is written anew after so many appended changes.
const MAX_APPENDED: u32 = 16;
/// The largest saved document that an edit may make.
const MAX_DOCUMENT: usize = 512 << 10;
/// The largest record that an edit may make, by the values of its fields.
pub(crate) const MAX_RECORD: usize = 64 << 10;
/// By how much a document that was accepted may be larger here: the same changes take other room in a document that was
/// written whole at another time.
const ACCEPTED_SLACK: usize = 16 << 10;
/// Whatever one record writes: its document; its view, which is the base with a draft over it; the draft; the edit as it
/// is kept; its indexes.
const LARGEST_RECORD: usize =
    MAX_DOCUMENT + ACCEPTED_SLACK + (MAX_RECORD + MAX_EDIT_BYTES) + 2 * MAX_EDIT_BYTES + (16 << 10);
/// The writes that those are: two for each index, and its own rows.
const LARGEST_WRITES: usize = 2 * MAX_FIELDS + 8;
/// Rows that belong to a step and not to a record: position, intent, entry, digests.
const REST: usize = 64 << 10;
const REST_WRITES: usize = MAX_MODULES + 8;
/// Writes after which a step ends.
const STEP_WRITES: usize = 680;
/// Bytes up to which a step has room for any record.
const STEP_BYTES: usize = 144 << 10;
/// Bytes up to which a step takes a record that it knows to be small.
const FULL_BYTES: usize = 600 << 10;
/// Writes and bytes of work that is one commit, with room left for its findings and its entry.
const SMALL_WRITES: usize = 700;
const SMALL_BYTES: usize = 600 << 10;
/// Writes and bytes of a batch with its findings; what is left is for the entry and for rows that every step writes.
const JUDGED_WRITES: usize = 950;
const JUDGED_BYTES: usize = 800 << 10;

// Whatever a step holds already, the largest record fits behind it: a step never fails because of its size.
const _: () = assert!(STEP_BYTES + LARGEST_RECORD + REST <= MAX_BATCH_BYTES);
const _: () = assert!(STEP_WRITES + LARGEST_WRITES + REST_WRITES <= MAX_BATCH_WRITES);
// What is judged and made an entry in one commit fits it, too.
const _: () = assert!(FULL_BYTES <= JUDGED_BYTES && SMALL_BYTES <= JUDGED_BYTES);
const _: () = assert!(JUDGED_BYTES + MAX_INLINE + REST <= MAX_BATCH_BYTES);
const _: () = assert!(SMALL_WRITES <= JUDGED_WRITES && JUDGED_WRITES + REST_WRITES <= MAX_BATCH_WRITES);

/// Why something could not be worked out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The edit of this record cannot be minted.
    #[error("record {record}: {error}")]
    Merge { record: RecordKey, error: MergeError },
    /// The record's document would not fit a commit.
    #[error("record {0} has been changed too often or is too large")]
    TooLarge(RecordKey),
    /// More stand beside each other in the record than an edit can name.
    #[error("record {0} has too many heads")]
    TooManyHeads(RecordKey),
}

impl From<PolicyError> for WorkError {
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::View(ViewError(cause)) => match cause.downcast::<StoreError>() {
                Ok(error) => Self::Store(*error),
                Err(other) => Self::Store(StoreError::Io(other)),
            },
            error @ PolicyError::Data { .. } => Self::Store(StoreError::Damaged(error.to_string())),
        }
    }
}

/// What an edit makes of a record.
struct Made {
    old: Option<BaseRow>,
    /// The document to save, and how many changes are appended to it; none where the edit was minted before.
    document: Option<(Vec<u8>, u32)>,
    applied: Applied,
}

/// What became of an edit.
pub(crate) struct Applied {
    pub(crate) resolved: Resolved,
    pub(crate) change: ChangeHash,
}

pub(crate) struct Work<'a> {
    store: &'a dyn ReadStore,
    rules: &'a Rules,
    batch: Batch,
    bytes: usize,
    /// Whether its edits were accepted before, by a limit of then.
    accepted: bool,
    /// With how many heads an edit may leave a record.
    heads: usize,
    lanes: BTreeMap<usize, ModuleDigest>,
    /// Records whose view changed, and that were not judged since.
    changed: BTreeMap<RecordKey, Changed>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(store: &'a dyn ReadStore, rules: &'a Rules) -> Self {
        Self {
            store,
            rules,
            batch: Batch::default(),
            bytes: 0,
            accepted: false,
            heads: usize::MAX,
            lanes: BTreeMap::new(),
            changed: BTreeMap::new(),
        }
    }

    /// Work whose edits were accepted before: nobody may refuse them any more for what they make too large.
    pub(crate) fn of_accepted(store: &'a dyn ReadStore, rules: &'a Rules) -> Self {
        Self { accepted: true, ..Self::new(store, rules) }
    }

    /// Work whose edits leave no record with more heads than this; one that has more may get fewer.
    pub(crate) fn with_heads(self, heads: usize) -> Self {
        Self { heads, ..self }
    }

    /// The same work, not begun.
    pub(crate) fn anew(&self) -> Self {
        Self { accepted: self.accepted, heads: self.heads, ..Self::new(self.store, self.rules) }
    }

    pub(crate) fn read(&self) -> Pending<'_> {
        Pending { store: self.store, batch: &self.batch }
    }

    pub(crate) fn put(&mut self, key: Key, row: Row) {
        self.bytes += size_of(&key, &row);
        self.batch.put(key, row);
    }

    /// Counts bytes that a later row of this work will take.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    pub(crate) fn remove(&mut self, key: Key) {
        self.bytes += 64;
        self.batch.remove(key);
    }

    pub(crate) fn put_state<T: serde::Serialize>(&mut self, name: StateName, value: &T) -> Result<(), StoreError> {
        self.put(Key::State(name), state::encode(value)?);
        Ok(())
    }

    /// Writes a row of the registry's kind.
    pub(crate) fn put_local<T: serde::Serialize>(&mut self, name: &str, value: &T) -> Result<(), StoreError> {
        let (key, row) = crate::local::row(name, value)?;
        self.put(key, row);
        Ok(())
    }

    /// Whether there is room for another record, and be it the largest. There is at the beginning.
    pub(crate) fn has_room(&self) -> bool {
        self.batch.len() < STEP_WRITES && self.bytes < STEP_BYTES
    }

    /// Whether there is room for this record with one more edit.
    pub(crate) fn has_room_for(&self, key: RecordKey, edit: &Edit) -> Result<bool, StoreError> {
        if self.has_room() || self.batch.len() >= STEP_WRITES || self.bytes >= FULL_BYTES {
            return Ok(self.has_room());
        }
        let document = match self.read().get(&Key::Document(key))? {
            Some(Row::Blob(bytes)) => bytes.len(),
            _ => 0,
        };
        // Behind a document of this size everything of the record but the document may still be as large as it gets.
        let rest = LARGEST_RECORD - MAX_DOCUMENT;
        Ok(self.bytes + document + 2 * crate::edits::size_of(edit) + rest + REST <= MAX_BATCH_BYTES)
    }

    /// Whether this is one commit, with its findings and its entry still to come.
    pub(crate) fn is_small(&self) -> bool {
        self.batch.len() <= SMALL_WRITES && self.bytes <= SMALL_BYTES
    }

    pub(crate) fn changed_records(&self) -> usize {
        self.changed.len()
    }

    /// What people will see otherwise than before, and was not judged yet.
    pub(crate) fn changes(&self) -> Vec<Changed> {
        self.changed.values().cloned().collect()
    }

    pub(crate) fn document(&self, key: RecordKey) -> Result<Option<Document>, WorkError> {
        match self.read().get(&Key::Document(key))? {
            Some(Row::Blob(bytes)) => {
                Document::load(&bytes).map(Some).map_err(|error| StoreError::Damaged(format!("{key}: {error}")).into())
            }
            _ => Ok(None),
        }
    }

    pub(crate) fn base(&self, key: RecordKey) -> Result<Option<BaseRow>, StoreError> {
        match self.read().get(&Key::Base(key))? {
            Some(Row::Base(row)) => Ok(Some(row)),
            _ => Ok(None),
        }
    }

    pub(crate) fn view(&self, key: RecordKey) -> Result<Option<Record>, StoreError> {
        StoreView { store: &self.read(), rules: self.rules }.read(key)
    }

    /// Mints an edit into the base: document, base row, digest. Minting one again changes nothing.
    pub(crate) fn apply(&mut self, key: RecordKey, actor: &Actor, edit: &Edit) -> Result<Applied, WorkError> {
        let Made { old, document, applied } = self.make(key, actor, edit)?;
        if let Some(document) = document {
            self.put_base(key, old.as_ref(), document, &applied.resolved)?;
        }
        Ok(applied)
    }

    /// Says what [`Work::apply`] would do, and fails as it would.
    pub(crate) fn peek(&self, key: RecordKey, actor: &Actor, edit: &Edit) -> Result<Applied, WorkError> {
        Ok(self.make(key, actor, edit)?.applied)
    }

    fn make(&self, key: RecordKey, actor: &Actor, edit: &Edit) -> Result<Made, WorkError> {
        let saved = match self.read().get(&Key::Document(key))? {
            Some(Row::Blob(bytes)) => Some(bytes),
            _ => None,
        };
        let loaded = saved.as_deref().map(Document::load).transpose();
        let before = loaded.map_err(|error| StoreError::Damaged(format!("{key}: {error}")))?;
        let failed = |error| WorkError::Merge { record: key, error };
        let old = self.base(key)?;
        let place = (&*self.rules.pack, key.entity, key.id);
        let appended = match (&old, &saved) {
            (Some(old), Some(_)) if old.appended < MAX_APPENDED => Some(old.appended + 1),
            (None, None) => Some(0),
            // It is written anew.
            _ => None,
        };
        // One that would be too large with a change appended may be small enough when it is written anew.
        let joined = |chunk: &[u8]| {
            let bytes = [saved.as_deref().unwrap_or_default(), chunk].concat();
            appended.map(|appended| (bytes, appended)).filter(|(bytes, _)| bytes.len() <= MAX_DOCUMENT)
        };
        let fast = if appended.is_some() { append(before.as_ref(), actor, edit, place).map_err(failed)? } else { None };
        let fast = fast.and_then(|(resolved, minted)| Some((joined(&minted.chunk)?, resolved, minted)));
        let (document, resolved, minted) = match fast {
            Some((document, resolved, minted)) => (Some(document), resolved, minted),
            None => {
                let (document, minted) = mint(before.as_ref(), actor, edit).map_err(failed)?;
                let resolved = document.resolve(&self.rules.pack, key.entity, key.id).map_err(failed)?;
                let known = before.as_ref().is_some_and(|before| before.heads() == resolved.heads);
                let saved = match joined(&minted.chunk) {
                    _ if known => None,
                    Some(saved) => Some(saved),
                    None => Some((document.save().map_err(failed)?, 0)),
                };
                (saved, resolved, minted)
            }
        };
        if let Some((document, _)) = &document {
            self.check_size(key, document, &resolved)?;
            let heads = resolved.heads.len();
            if heads > self.heads && old.as_ref().is_none_or(|old| heads > old.heads.len()) {
                return Err(WorkError::TooManyHeads(key));
            }
        }
        Ok(Made { old, document, applied: Applied { resolved, change: minted.change } })
    }

    fn check_size(&self, key: RecordKey, document: &[u8], resolved: &Resolved) -> Result<(), WorkError> {
        let too_large = if self.accepted {
            document.len() > MAX_DOCUMENT + ACCEPTED_SLACK
        } else {
            document.len() > MAX_DOCUMENT || sizes(&resolved.record.fields) > MAX_RECORD
        };
        if too_large { Err(WorkError::TooLarge(key)) } else { Ok(()) }
    }

    /// Writes a document with one more change, and how many were appended to it since it was written as a whole.
    fn put_base(
        &mut self,
        key: RecordKey,
        old: Option<&BaseRow>,
        (document, appended): (Vec<u8>, u32),
        resolved: &Resolved,
    ) -> Result<(), WorkError> {
        let new = BaseRow {
            heads: resolved.heads.clone(),
            content: view::hash(self.rules, &resolved.record),
            deleted: resolved.record.deleted,
            conflicts: u32::try_from(resolved.conflicts.len()).unwrap_or(u32::MAX),
            appended,
        };
        self.count_in_digest(key, old, &new)?;
        self.put(Key::Document(key), Row::Blob(document));
        self.put(Key::Base(key), Row::Base(new));
        Ok(())
    }

    /// Puts a record's base as this document says, whatever was there; none takes it away. The digests are not changed:
    /// see [`Work::set_sums`].
    pub(crate) fn put_anew(
        &mut self,
        key: RecordKey,
        document: Option<&Document>,
    ) -> Result<Option<Resolved>, WorkError> {
        let Some(document) = document else {
            self.remove(Key::Document(key));
            self.remove(Key::Base(key));
            return Ok(None);
        };
        let failed = |error| WorkError::Merge { record: key, error };
        let resolved = document.resolve(&self.rules.pack, key.entity, key.id).map_err(failed)?;
        let bytes = document.save().map_err(failed)?;
        // It is what the log says, whoever was the first to find it too large.
        if bytes.len() > MAX_DOCUMENT + ACCEPTED_SLACK {
            return Err(WorkError::TooLarge(key));
        }
        let base = BaseRow {
            heads: resolved.heads.clone(),
            content: view::hash(self.rules, &resolved.record),
            deleted: resolved.record.deleted,
            conflicts: u32::try_from(resolved.conflicts.len()).unwrap_or(u32::MAX),
            appended: 0,
        };
        self.put(Key::Document(key), Row::Blob(bytes));
        self.put(Key::Base(key), Row::Base(base));
        Ok(Some(resolved))
    }

    /// Replaces the sums of all modules, by ones that were computed from all records.
    pub(crate) fn set_sums(&mut self, sums: Vec<ModuleDigest>) {
        self.lanes = sums.into_iter().enumerate().collect();
    }

    fn count_in_digest(&mut self, key: RecordKey, old: Option<&BaseRow>, new: &BaseRow) -> Result<(), StoreError> {
        // An entity that the pack does not know belongs to no module: nobody could have made its record.
        let Some(entity) = self.rules.pack.entity(key.entity) else { return Ok(()) };
        let of = |row: &BaseRow| element(&entity.name, key.id, row.deleted, &row.content, &row.heads);
        let (old, new) = (old.map(of), of(new));
        let lanes = match self.lanes.entry(entity.module) {
            Entry::Occupied(lanes) => lanes.into_mut(),
            Entry::Vacant(place) => {
                self.bytes += LANES_ROW;
                place.insert(stored_lanes(&Pending { store: self.store, batch: &self.batch }, entity.module)?)
            }
        };
        if let Some(old) = old {
            lanes.remove(&old);
        }
        lanes.add(&new);
        Ok(())
    }

    /// Writes what people see of a record; none where it has never been.
    pub(crate) fn set_view(&mut self, key: RecordKey, after: Option<Record>) -> Result<(), StoreError> {
        let before = self.view(key)?;
        if before == after {
            return Ok(());
        }
        let old: Vec<Key> = before.iter().flat_map(|record| view::index_keys(self.rules, record)).collect();
        let new: Vec<Key> = after.iter().flat_map(|record| view::index_keys(self.rules, record)).collect();
        for key in old.iter().filter(|key| !new.contains(key)) {
            self.remove(key.clone());
        }
        for key in new.iter().filter(|key| !old.contains(key)) {
            self.put(key.clone(), Row::Mark);
        }
        match &after {
            Some(record) => self.put(Key::View(key), Row::View(view::row(self.rules, record))),
            None => self.remove(Key::View(key)),
        }
        match self.changed.entry(key) {
            Entry::Vacant(place) => drop(place.insert(Changed { before, after })),
            Entry::Occupied(mut changed) => changed.get_mut().after = after,
        }
        Ok(())
    }

    /// Marks or unmarks a record whose conflicts a person has to see.
    pub(crate) fn mark_conflict(&mut self, key: RecordKey, open: bool) -> Result<(), StoreError> {
        let marked = self.read().get(&Key::Conflict(key))?.is_some();
        match (marked, open) {
            (false, true) => self.put(Key::Conflict(key), Row::Mark),
            (true, false) => self.remove(Key::Conflict(key)),
            _ => {}
        }
        Ok(())
    }

    /// The digests of all modules as they are after this work.
    pub(crate) fn digests(&self) -> Result<Vec<Digest>, StoreError> {
        let modules = 0..self.rules.pack.modules().len();
        modules
            .map(|module| match self.lanes.get(&module) {
                Some(lanes) => Ok(lanes.digest()),
                None => stored_lanes(&self.read(), module).map(|lanes| lanes.digest()),
            })
            .collect()
    }

    /// Judges what changed since the last time and replaces the findings of all subjects that it touches.
    ///
    /// Findings that stay keep the version that raised them; new ones get `raised`.
    pub(crate) fn judge(&mut self, judged: &mut Judged, raised: selaras_model::LogVersion) -> Result<(), WorkError> {
        let changed = std::mem::take(&mut self.changed);
        let fresh = {
            let read = self.read();
            let view = StoreView { store: &read, rules: self.rules };
            let changed: Vec<Changed> = changed.into_values().collect();
            Judge::new(&self.rules.pack, &self.rules.rulebook, judged.date).incremental(&view, &changed)?
        };
        let mut writes = Vec::new();
        let mut bytes = self.bytes;
        let mut invalid = judged.invalid;
        for (subject, findings) in fresh {
            let key = Key::Finding(subject.to_bytes());
            let old = stored_findings(&self.read(), &key)?;
            let new = carry_over(&old, findings, raised);
            invalid = (invalid + invalid_in(&new)).saturating_sub(invalid_in(&old));
            if old != new {
                let row = Row::Findings(new);
                bytes += size_of(&key, &row);
                writes.push((key, row));
            }
        }
        if self.batch.len() + writes.len() > JUDGED_WRITES || bytes > JUDGED_BYTES && !writes.is_empty() {
            // They do not fit this commit; a full run follows, in steps.
            judged.complete = false;
            return Ok(());
        }
        judged.invalid = invalid;
        for (key, row) in writes {
            let none = matches!(&row, Row::Findings(rows) if rows.is_empty());
            if none { self.remove(key) } else { self.put(key, row) }
        }
        Ok(())
    }

    /// Ends the batch.
    pub(crate) fn finish(mut self) -> Batch {
        for (module, lanes) in std::mem::take(&mut self.lanes) {
            let module = u16::try_from(module).unwrap_or(u16::MAX);
            self.batch.put(Key::Lanes(module), Row::Lanes(lanes.to_bytes()));
        }
        self.batch
    }
}

/// Findings of a subject as they were, without the row where there are none.
pub(crate) fn stored_findings(store: &dyn ReadStore, key: &Key) -> Result<Vec<FindingRow>, StoreError> {
    match store.get(key)? {
        Some(Row::Findings(rows)) => Ok(rows),
        _ => Ok(Vec::new()),
    }
}

/// New findings of a subject; those that were there keep the version that raised them.
pub(crate) fn carry_over(
    old: &[FindingRow],
    findings: Vec<selaras_policy::Finding>,
    raised: selaras_model::LogVersion,
) -> Vec<FindingRow> {
    let same = |row: &&FindingRow, finding: &selaras_policy::Finding| {
        row.finding.rule == finding.rule && row.finding.record == finding.record && row.finding.field == finding.field
    };
    findings
        .into_iter()
        .map(|finding| {
            let raised = old.iter().find(|row| same(row, &finding)).map_or(raised, |row| row.raised);
            FindingRow { finding, raised }
        })
        .collect()
}

pub(crate) fn invalid_in(rows: &[FindingRow]) -> u32 {
    let invalid = rows.iter().filter(|row| row.finding.level == selaras_policy::Level::Invalid).count();
    u32::try_from(invalid).unwrap_or(u32::MAX)
}

fn stored_lanes(store: &dyn ReadStore, module: usize) -> Result<ModuleDigest, StoreError> {
    let module = u16::try_from(module).unwrap_or(u16::MAX);
    match store.get(&Key::Lanes(module))? {
        Some(Row::Lanes(bytes)) => {
            ModuleDigest::from_bytes(&bytes).map_err(|error| StoreError::Damaged(error.to_string()))
        }
        _ => Ok(ModuleDigest::default()),
    }
}

/// The sum of a module's records, as it is remembered.
pub(crate) fn stored_sum(store: &dyn ReadStore, module: usize) -> Result<ModuleDigest, StoreError> {
    stored_lanes(store, module)
}

/// The digests of all modules, in the pack's order.
pub(crate) fn stored_digests(store: &dyn ReadStore, rules: &Rules) -> Result<Vec<Digest>, StoreError> {
    (0..rules.pack.modules().len()).map(|module| stored_lanes(store, module).map(|lanes| lanes.digest())).collect()
}

/// A row of a module's digest, with its key.
const LANES_ROW: usize = 2_048 + 64;

/// About how many bytes a row takes with its key.
pub(crate) fn size_of(key: &Key, row: &Row) -> usize {
    let key = match key {
        Key::Finding(subject) => 64 + subject.len(),
        Key::Local(name) => 64 + name.len(),
        _ => 64,
    };
    key + size_of_row(row)
}

fn size_of_row(row: &Row) -> usize {
    match row {
        Row::Bytes(bytes) | Row::Blob(bytes) | Row::Lanes(bytes) => bytes.len(),
        Row::Base(row) => 64 + 32 * row.heads.len(),
        Row::View(row) => 48 + sizes(&row.fields),
        Row::Draft(row) => 48 + sizes(&row.fields),
        Row::Findings(rows) => rows.iter().map(|row| size_of_finding(&row.finding)).sum(),
        Row::Entry(row) => {
            use crate::store::EditsAt;
            let edits = match &row.edits {
                EditsAt::Inline(bytes) | EditsAt::Block(bytes) => bytes.len(),
                EditsAt::Parts(names) => 32 * names.len(),
                EditsAt::Blob(_) | EditsAt::Kept | EditsAt::Absent => 0,
            };
            128 + row.entry.len() + edits
        }
        Row::Answer(crate::store::AnswerRow::Refusal(bytes)) => bytes.len(),
        Row::Mark | Row::Answer(_) | Row::Replica(_) | Row::Version(_) => 64,
    }
}

fn size_of_finding(finding: &selaras_policy::Finding) -> usize {
    let args: usize = finding.args.iter().map(|(name, value)| name.len() + value.len() + 8).sum();
    let field = finding.field.as_ref().map_or(0, |field| field.len());
    64 + finding.rule.as_str().len() + field + args
}

/// About how many bytes the values of a record take.
pub(crate) fn sizes(fields: &selaras_model::Fields) -> usize {
    let of = |(name, value): (&selaras_model::FieldName, &selaras_model::Value)| {
        let text = match value {
            selaras_model::Value::Text(text) | selaras_model::Value::Code(text) => text.len(),
            _ => 16,
        };
        name.len() + text + 6
    };
    fields.iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::{
        ACCEPTED_SLACK, LARGEST_RECORD, LARGEST_WRITES, MAX_DOCUMENT, REST, REST_WRITES, STEP_BYTES, STEP_WRITES,
    };
    use crate::store::{MAX_BATCH_BYTES, MAX_BATCH_WRITES};

    /// A step that has room left takes one more record, which may be the largest: at the centre and at the school.
    #[test]
    fn fault_23_the_largest_document_fits_behind_a_step_that_has_room() {
        let needed = STEP_BYTES + MAX_DOCUMENT;
        assert!(needed < MAX_BATCH_BYTES, "{needed} bytes");
    }

    /// The same with all that a record and a step write besides. Compiling asserts what this says with figures.
    #[test]
    fn limits_fit_into_each_other() {
        let step = STEP_BYTES + LARGEST_RECORD + REST;
        assert!(LARGEST_RECORD > MAX_DOCUMENT + ACCEPTED_SLACK && step <= MAX_BATCH_BYTES, "{step} bytes");
        let writes = STEP_WRITES + LARGEST_WRITES + REST_WRITES;
        assert!(writes <= MAX_BATCH_WRITES, "{writes} writes");
    }
}
