//! Repair at the centre: what its log says a record is, its own records held to that, and the edits of what a school has
//! otherwise.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use prost::Message;
use selaras_merge::{Document, Edit, mint};
use selaras_model::{LogVersion, RecordKey};

use super::Centre;
use crate::edits::EditSet;
use crate::entry::{LogEntry, entry_hash};
use crate::error::CentreError;
use crate::page::{MAX_ANSWER_OPEN, compress, decompress, edits_of, entry_at};
use crate::repair::{self, BUCKET_BYTES, BUCKETS, BUCKETS_AT_ONCE, Elements, RECORDS_AT_ONCE, Stored};
use crate::state::{self, EntryIntent, EntryOrigin, Judged};
use crate::step::Step;
use crate::store::{StateName, StoreError};
use crate::wire;
use crate::work::Work;

/// The largest request of repair, compressed.
pub const MAX_REPAIR_BYTES: usize = 64 << 10;
/// The largest, decompressed.
const MAX_REPAIR_OPEN: usize = 256 << 10;
/// What the log says when the centre's own records were held to it.
const MENDED: &str = "centre.mended";

/// Whether an entry says that the centre's records were held to the log, and signs what they are now.
pub(super) fn mends(entry: &EntryIntent) -> bool {
    matches!(&entry.origin, EntryOrigin::Act { kind } if kind == MENDED)
}

/// A request of repair that is being answered.
pub struct Repairing {
    answer: wire::RepairResponse,
    /// Records of the centre that are not what its log says, as they should be.
    wrong: VecDeque<(RecordKey, Option<Document>)>,
    /// All records as they are when those are mended; none where the request does not ask for that.
    elements: Option<Elements>,
}

impl std::fmt::Debug for Repairing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repairing").field("wrong", &self.wrong.len()).finish_non_exhaustive()
    }
}

/// Documents as the log makes them.
type Truth = BTreeMap<RecordKey, Document>;

fn damaged() -> CentreError {
    CentreError::refused("repair.damaged")
}

impl Centre<'_> {
    /// Reads a request of repair and finds out what to say.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `repair.damaged`, `repair.too-many`, `repair.log` where the centre's own log is not whole,
    /// `cursor.unknown`.
    pub fn repair(&self, body: &[u8]) -> Result<Repairing, CentreError> {
        let position = self.at_rest()?;
        if self.healing()?.is_some() {
            return Err(CentreError::refused("center.healing"));
        }
        if body.len() > MAX_REPAIR_BYTES {
            return Err(CentreError::refused("request.too-large").with("limit", MAX_REPAIR_BYTES));
        }
        let open = decompress(body, MAX_REPAIR_OPEN).ok_or_else(damaged)?;
        let request = wire::RepairRequest::decode(open.as_slice()).map_err(|_| damaged())?;
        let cursor = request.cursor.unwrap_or_default();
        let version = LogVersion::new(cursor.version);
        let unknown = || CentreError::refused("cursor.unknown").with("version", version);
        if cursor.version == 0 || version > position.version {
            return Err(unknown());
        }
        if cursor.index != 0
            || entry_hash(&entry_at(self.store, version)?.1.entry).as_bytes() != cursor.entry.as_slice()
        {
            return Err(unknown());
        }
        if request.buckets.is_empty() {
            return self.history(&request.records, version);
        }
        if request.buckets.len() != BUCKETS * BUCKET_BYTES {
            return Err(damaged());
        }
        self.compare_buckets(&request.buckets, version, position.version)
    }

    /// Holds all of the centre's records to its log, where they are not what it signed: nobody has to ask for that. Also
    /// while a restored centre waits, before anything that comes back is built on them.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `repair.log` where the log itself is not whole.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method is one of a single lifetime")]
    pub fn mend(&self) -> Result<Repairing, CentreError> {
        self.under_its_rules(|centre| centre.hold_all())
    }

    fn hold_all(&self) -> Result<Repairing, CentreError> {
        let position = self.at_rest()?;
        let mut elements = repair::elements(self.store, self.rules)?;
        let all: BTreeSet<usize> = (0..BUCKETS).collect();
        let wrong = self.hold(&mut elements, &all, position.version, &mut |_, _| {})?;
        Ok(Repairing { answer: wire::RepairResponse::default(), wrong, elements: Some(elements) })
    }

    /// The edits of some records up to a version.
    fn history(&self, records: &[u8], until: LogVersion) -> Result<Repairing, CentreError> {
        if records.len() > RECORDS_AT_ONCE * RecordKey::LEN || !records.len().is_multiple_of(RecordKey::LEN) {
            return Err(damaged());
        }
        let keys = records.chunks_exact(RecordKey::LEN).map(RecordKey::from_bytes);
        let wanted: BTreeSet<RecordKey> = keys.collect::<Result<_, _>>().map_err(|_| damaged())?;
        let mut history = Vec::new();
        let mut room = MAX_ANSWER_OPEN / 2;
        self.each_entry(until, &mut |entry, edits| {
            let edits: Vec<(RecordKey, Edit)> =
                edits.into_edits().into_iter().filter(|(key, _)| wanted.contains(key)).collect();
            if edits.is_empty() {
                return Ok(());
            }
            let size: usize = edits.iter().map(|(_, edit)| crate::edits::size_of(edit)).sum();
            room = room.checked_sub(size).ok_or_else(|| CentreError::refused("repair.too-many"))?;
            let edits = EditSet::wire_of(&edits).map_err(|error| StoreError::Io(Box::new(error)))?;
            history.push(wire::AuthoredEdits { actor: entry.actor().to_bytes().to_vec(), edits: Some(edits) });
            Ok(())
        })?;
        let answer = wire::RepairResponse { history, ..wire::RepairResponse::default() };
        Ok(Repairing { answer, wrong: VecDeque::new(), elements: None })
    }

    fn compare_buckets(&self, theirs: &[u8], cursor: LogVersion, head: LogVersion) -> Result<Repairing, CentreError> {
        let mut elements = repair::elements(self.store, self.rules)?;
        let there = self.elements_at(&elements, cursor, head)?;
        let differing = repair::differing(&repair::buckets(&there), theirs);
        // Whatever the school says: what is not sound in itself is looked at too.
        let unsound = elements.iter().filter(|(_, stored)| !stored.sound).map(|(key, _)| repair::bucket_of(*key));
        let looked_at: BTreeSet<usize> = differing.iter().copied().chain(unsound).collect();
        let mut records = Vec::new();
        let mut wrong = VecDeque::new();
        let all: Vec<usize> = looked_at.iter().copied().collect();
        for some in all.chunks(BUCKETS_AT_ONCE) {
            let some = some.iter().copied().collect();
            wrong.append(&mut self.hold(&mut elements, &some, head, &mut |version, truth| {
                for (key, document) in truth.iter().filter(|_| version == cursor) {
                    let element = repair::element_of(self.rules, *key, document);
                    if let Some(element) = element.filter(|_| differing.contains(&repair::bucket_of(*key))) {
                        records.extend_from_slice(&key.to_bytes());
                        records.extend(element.as_bytes().iter().take(BUCKET_BYTES));
                    }
                }
            })?);
        }
        let (entry, _) = entry_at(self.store, head)?;
        if repair::digests(&repair::sums(self.rules, &elements)) != entry.digests {
            // What the centre signed last is not what its records say. Before it signs anything else all of them are held
            // to the log: one that is gone at both ends is in no bucket that differs.
            let rest: Vec<usize> = (0..BUCKETS).filter(|bucket| !looked_at.contains(bucket)).collect();
            for some in rest.chunks(BUCKETS_AT_ONCE) {
                let some = some.iter().copied().collect();
                wrong.append(&mut self.hold(&mut elements, &some, head, &mut |_, _| {})?);
            }
        }
        let buckets = differing.iter().filter_map(|bucket| u32::try_from(*bucket).ok()).collect();
        let answer = wire::RepairResponse { buckets, records, ..wire::RepairResponse::default() };
        Ok(Repairing { answer, wrong, elements: Some(elements) })
    }

    /// Holds the records in some buckets to the log: gives those that are otherwise, and puts them right in `elements`. The
    /// visitor sees what the log has made of them after each entry.
    fn hold(
        &self,
        elements: &mut Elements,
        buckets: &BTreeSet<usize>,
        head: LogVersion,
        visit: &mut dyn FnMut(LogVersion, &Truth),
    ) -> Result<VecDeque<(RecordKey, Option<Document>)>, CentreError> {
        let within = |key: &RecordKey| buckets.contains(&repair::bucket_of(*key));
        let mut truth = Truth::new();
        self.each_entry(head, &mut |entry, edits| {
            self.fold(&mut truth, entry, edits, &within)?;
            visit(entry.version, &truth);
            Ok(())
        })?;
        let mut wrong = VecDeque::new();
        let known: BTreeSet<RecordKey> =
            elements.keys().filter(|key| within(key)).chain(truth.keys()).copied().collect();
        for key in known {
            let document = truth.remove(&key);
            let element = document.as_ref().and_then(|document| repair::element_of(self.rules, key, document));
            let should = element.map(|element| Stored { element: Some(element), sound: true });
            if elements.get(&key).copied() == should {
                continue;
            }
            match should {
                Some(should) => elements.insert(key, should),
                None => elements.remove(&key),
            };
            wrong.push_back((key, document));
        }
        Ok(wrong)
    }

    /// The records as they were at a cursor: those that later entries touch, from the log.
    fn elements_at(&self, now: &Elements, cursor: LogVersion, head: LogVersion) -> Result<Elements, CentreError> {
        let mut then = now.clone();
        let mut touched = BTreeSet::new();
        let mut version = cursor;
        while version < head {
            version = version.next();
            let (entry, row) = entry_at(self.store, version)?;
            let edits = edits_of(self.blobs, &entry, &row)?;
            touched.extend(edits.edits().iter().map(|(key, _)| *key));
        }
        if touched.is_empty() {
            return Ok(then);
        }
        let mut truth = Truth::new();
        self.each_entry(cursor, &mut |entry, edits| self.fold(&mut truth, entry, edits, &|key| touched.contains(key)))?;
        for key in touched {
            match truth.get(&key).and_then(|document| repair::element_of(self.rules, key, document)) {
                Some(element) => then.insert(key, Stored { element: Some(element), sound: true }),
                None => then.remove(&key),
            };
        }
        Ok(then)
    }

    /// Mints an entry's edits of some records into what the entries before it made.
    fn fold(
        &self,
        truth: &mut Truth,
        entry: &LogEntry,
        edits: EditSet,
        wanted: &dyn Fn(&RecordKey) -> bool,
    ) -> Result<(), CentreError> {
        let actor = entry.actor();
        for (key, edit) in edits.into_edits().into_iter().filter(|(key, _)| wanted(key)) {
            let minted = mint(truth.get(&key), &actor, &edit);
            let (document, _) =
                minted.map_err(|_| CentreError::refused("repair.log").with("version", entry.version))?;
            truth.insert(key, document);
        }
        Ok(())
    }

    /// Gives the entries up to a version with their edits, held to the entry's own hash over them.
    fn each_entry(
        &self,
        until: LogVersion,
        visit: &mut dyn FnMut(&LogEntry, EditSet) -> Result<(), CentreError>,
    ) -> Result<(), CentreError> {
        let mut version = LogVersion::new(0);
        while version < until {
            version = version.next();
            let (entry, row) = entry_at(self.store, version)?;
            let broken = || CentreError::refused("repair.log").with("version", version);
            let edits = edits_of(self.blobs, &entry, &row).map_err(|_| broken())?;
            if edits.hash() != entry.edits {
                return Err(broken());
            }
            visit(&entry, edits)?;
        }
        Ok(())
    }

    /// Gives the next step that mends the centre's own records; none when they are as the log says.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn repair_step(&self, repairing: &mut Repairing) -> Result<Option<Step>, CentreError> {
        self.under_its_rules(|centre| centre.mending_step(repairing))
    }

    fn mending_step(&self, repairing: &mut Repairing) -> Result<Option<Step>, CentreError> {
        let Some(elements) = &repairing.elements else { return Ok(None) };
        let mut work = Work::of_accepted(self.store, self.rules);
        let mended = !repairing.wrong.is_empty();
        while work.has_room() {
            let Some((key, document)) = repairing.wrong.pop_front() else { break };
            let resolved = work.put_anew(key, document.as_ref())?;
            let open = resolved.as_ref().is_some_and(|resolved| !resolved.conflicts.is_empty());
            work.set_view(key, resolved.map(|resolved| resolved.record))?;
            work.mark_conflict(key, open)?;
        }
        let mut position = self.living()?;
        if repairing.wrong.is_empty() {
            let sums = repair::sums(self.rules, elements);
            repairing.elements = None;
            let (entry, _) = entry_at(self.store, position.version)?;
            let digests = repair::digests(&sums);
            if !mended && digests == work.digests()? && digests == entry.digests {
                return Ok(None);
            }
            work.set_sums(sums);
            if digests != entry.digests {
                let intent = EntryIntent::without_edits(EntryOrigin::Act { kind: MENDED.to_owned() }, self.now);
                self.put_entry(&mut work, &mut position, intent, 0)?;
            }
        }
        repairing.answer.mended = true;
        let mut judged: Judged = state::need(self.store, StateName::Judged)?;
        judged.complete = false;
        work.put_state(StateName::Judged, &judged)?;
        Ok(Some(Step::of(work.finish())))
    }

    /// Makes the answer, once all steps are done.
    ///
    /// # Errors
    /// When it cannot be compressed.
    pub fn repair_answer(&self, repairing: &Repairing) -> Result<Vec<u8>, CentreError> {
        Ok(compress(&repairing.answer.encode_to_vec())?)
    }
}
