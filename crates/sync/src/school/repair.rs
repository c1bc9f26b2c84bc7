//! Repair at the school: the records that are not what the signed log says are made anew from its edits. What was typed
//! stays, and nothing is taken that does not give the digests which the centre signed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use prost::Message;
use selaras_merge::{Document, mint};
use selaras_model::{Actor, RecordKey};
use selaras_policy::Who;

use super::School;
use super::aside::ASIDE;
use super::ground::Ground;
use super::layers::overlay;
use super::unlogged;
use crate::edits::EditSet;
use crate::entry::LogEntry;
use crate::error::{Refusal, SchoolError};
use crate::page::{MAX_ANSWER_BYTES, MAX_ANSWER_OPEN, compress, decompress, entry_at};
use crate::repair::{self, BUCKET_BYTES, Elements, LISTED, MAX_FETCHED, RECORDS_AT_ONCE, Stored};
use crate::state::{self, HistoryKind, Judged, Position};
use crate::step::Step;
use crate::store::{Key, Row, StateName};
use crate::wire;
use crate::work::{Work, WorkError};

/// A conversation in which this side finds its damaged records.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Repair {
    elements: Elements,
    /// Records that are to be made anew; none before the centre has answered.
    wanted: Option<BTreeSet<RecordKey>>,
    /// Those of them that the log has, and whose edits are still to be asked for.
    unasked: VecDeque<RecordKey>,
    /// What their edits make, as saved documents: they take a tenth of the memory.
    documents: BTreeMap<RecordKey, Vec<u8>>,
    /// Those that are to be written, once all of them are proven.
    unwritten: Option<VecDeque<RecordKey>>,
    /// The centre's own records were wrong: what it signed at this place is not to be reached.
    mended_there: bool,
}

impl std::fmt::Debug for Repair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repair").field("mended_there", &self.mended_there).finish_non_exhaustive()
    }
}

impl Repair {
    /// Says whether everything was told.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.wanted.is_some() && self.unasked.is_empty()
    }

    /// Says whether all records were made anew.
    #[must_use]
    pub fn is_mended(&self) -> bool {
        self.unwritten.as_ref().is_some_and(VecDeque::is_empty)
    }

    /// Gives how many records of this side are made anew.
    #[must_use]
    pub fn records(&self) -> usize {
        self.wanted.as_ref().map_or(0, BTreeSet::len)
    }

    /// The records whose edits the next request asks for.
    fn asked(&self) -> impl Iterator<Item = &RecordKey> {
        self.unasked.iter().take(RECORDS_AT_ONCE)
    }

    /// Says whether the centre mended its own records.
    #[must_use]
    pub fn mended_there(&self) -> bool {
        self.mended_there
    }
}

fn foreign(what: &'static str) -> SchoolError {
    SchoolError::NotOurCentre(what)
}

impl School<'_> {
    /// Begins; none where this side stands within an entry, whose digests are not known yet.
    ///
    /// # Errors
    /// As the store gives them; [`SchoolError::Refused`] while large work is not done.
    pub(crate) fn repair(&self) -> Result<Option<Repair>, SchoolError> {
        let position = self.at_rest()?;
        if position.partial.is_some() || position.version.get() == 0 {
            return Ok(None);
        }
        let elements = repair::elements(self.store, self.rules)?;
        Ok(Some(Repair {
            elements,
            wanted: None,
            unasked: VecDeque::new(),
            documents: BTreeMap::new(),
            unwritten: None,
            mended_there: false,
        }))
    }

    /// Makes the next request of the conversation.
    ///
    /// # Errors
    /// As the store gives them.
    pub(crate) fn repair_request(&self, repair: &Repair) -> Result<Vec<u8>, SchoolError> {
        let position = self.at_rest()?;
        let cursor = wire::Cursor {
            epoch: position.epoch.map(|epoch| epoch.as_bytes().to_vec()).unwrap_or_default(),
            version: position.version.get(),
            entry: position.entry.map(|entry| entry.as_bytes().to_vec()).unwrap_or_default(),
            ..wire::Cursor::default()
        };
        let mut request = wire::RepairRequest { cursor: Some(cursor), ..wire::RepairRequest::default() };
        match &repair.wanted {
            None => request.buckets = repair::buckets(&repair.elements),
            Some(_) => request.records = repair.asked().flat_map(RecordKey::to_bytes).collect(),
        }
        Ok(compress(&request.encode_to_vec())?)
    }

    /// Takes an answer of the conversation; nothing is changed by it yet.
    ///
    /// # Errors
    /// [`SchoolError::NotOurCentre`] for an answer that is none, `repair.too-many` where beginning anew is the better way.
    pub(crate) fn repair_answer(&self, repair: &mut Repair, bytes: &[u8]) -> Result<(), SchoolError> {
        let open = if bytes.len() > MAX_ANSWER_BYTES { None } else { decompress(bytes, MAX_ANSWER_OPEN) };
        let open = open.ok_or_else(|| foreign("it cannot be decompressed"))?;
        let answer = wire::RepairResponse::decode(open.as_slice()).map_err(|_| foreign("it cannot be read"))?;
        repair.mended_there |= answer.mended;
        if repair.wanted.is_none() {
            let Differing { wanted, logged } = differing(&repair.elements, &answer)?;
            if logged.len() > MAX_FETCHED {
                return Err(Refusal::new("repair.too-many", Who::Operator).with("records", logged.len()).into());
            }
            (repair.wanted, repair.unasked) = (Some(wanted), logged);
            return Ok(());
        }
        let asked: BTreeSet<RecordKey> = repair.asked().copied().collect();
        for (key, document) in made_anew(&asked, answer)? {
            let saved = document.save().map_err(|error| WorkError::Merge { record: key, error })?;
            repair.documents.insert(key, saved);
        }
        repair.unasked.drain(..asked.len());
        Ok(())
    }

    /// Gives the next step that makes records anew, once everything was told; none where nothing is to be done here. All of
    /// them are proven before the first is written; should the last not be reached, they differ again.
    ///
    /// # Errors
    /// `repair.unproven` where the result would not have the digests that the centre signed; nothing is changed then.
    pub(crate) fn repaired(&self, repair: &mut Repair) -> Result<Option<Step>, SchoolError> {
        let mut position = self.at_rest()?;
        let (entry, _) = entry_at(self.store, position.version)?;
        if repair.unwritten.is_none() && !self.prove_repair(repair, &entry)? {
            return Ok(None);
        }
        let mut work = Work::new(self.store, self.rules);
        while work.has_room() {
            let Some(key) = repair.unwritten.as_mut().and_then(VecDeque::pop_front) else { break };
            let document = repair.documents.get(&key).map(|saved| load(key, saved)).transpose()?;
            self.put_record(&mut work, key, document.as_ref())?;
        }
        if repair.is_mended() {
            work.set_sums(repair::sums(self.rules, &repair.elements));
            self.note_repair(&mut work, &mut position, &entry, repair.records())?;
        }
        Ok(Some(Step::of(work.finish())))
    }

    /// Whether the records as they are to be have the digests that the centre signed; then they may be written.
    fn prove_repair(&self, repair: &mut Repair, entry: &LogEntry) -> Result<bool, SchoolError> {
        let wanted: VecDeque<RecordKey> = repair.wanted.iter().flatten().copied().collect();
        // As they are now: sums of what was there when the conversation began would hide what was lost since.
        let mut elements = repair::elements(self.store, self.rules)?;
        for key in &wanted {
            let document = repair.documents.get(key).map(|saved| load(*key, saved)).transpose()?;
            let found = document.and_then(|document| repair::element_of(self.rules, *key, &document));
            match found {
                Some(found) => elements.insert(*key, Stored { element: Some(found), sound: true }),
                None => elements.remove(key),
            };
        }
        if repair::digests(&repair::sums(self.rules, &elements)) == entry.digests {
            (repair.elements, repair.unwritten) = (elements, Some(wanted));
            return Ok(true);
        }
        // A centre that mended itself signs other digests with its next entry; there the rest is found.
        if wanted.is_empty() || repair.mended_there {
            Ok(false)
        } else {
            Err(Refusal::new("repair.unproven", Who::Centre).with("records", wanted.len()).into())
        }
    }

    /// Puts a record's base as the log has it under whatever was typed.
    pub(super) fn put_record(
        &self,
        work: &mut Work<'_>,
        key: RecordKey,
        document: Option<&Document>,
    ) -> Result<(), SchoolError> {
        let before = work.document(key).ok().flatten();
        // Of one that cannot be read any more, what people see of it is left.
        let seen = work.view(key).ok().flatten();
        let resolved = work.put_anew(key, document)?;
        let (pack, after) = (&self.rules.pack, document.zip(resolved.as_ref()));
        let unlogged = match (&before, &seen) {
            (Some(before), _) => unlogged::of(pack, key, before, after)?,
            (None, Some(seen)) => unlogged::of_seen(pack, seen, after)?,
            (None, None) => None,
        };
        let (mut drafts, floor) = self.layers(work, key, document)?;
        let ground = Ground::of(key, before.as_ref(), document)?;
        if let Some(ground) = &ground {
            self.keep_ground(work, &mut drafts, &floor, ground)?;
        }
        if let Some(unlogged) = unlogged.and_then(|unlogged| unlogged.beneath(drafts.sealed.as_ref())) {
            let draft = unlogged.under(drafts.open.take(), ground.as_ref(), floor.prefixes(), self.now)?;
            let makes = floor.record.is_none().then(|| overlay(pack, key, None, &draft));
            let is_ours = makes.is_none_or(|made| pack.breaches(None, &made).is_empty());
            // What the school may not make is kept, and is in no bundle.
            let generation = if is_ours { self.position()?.generation } else { ASIDE };
            self.drop_rows(work, key, &drafts.generations)?;
            work.put(Key::Draft(key, generation), Row::Draft(draft.clone()));
            drafts.generations = vec![generation];
            drafts.open = Some(draft);
        }
        self.refresh(work, key, drafts, &floor)
    }

    fn note_repair(
        &self,
        work: &mut Work<'_>,
        position: &mut Position,
        entry: &LogEntry,
        records: usize,
    ) -> Result<(), SchoolError> {
        let args = [("version", entry.version.to_string()), ("records", records.to_string())];
        self.tell(work, position, HistoryKind::Repaired, "", &args)?;
        position.equal = Some(true);
        work.put_state(StateName::Position, position)?;
        let mut judged: Judged = state::need(self.store, StateName::Judged)?;
        judged.complete = false;
        Ok(work.put_state(StateName::Judged, &judged)?)
    }
}

fn load(key: RecordKey, saved: &[u8]) -> Result<Document, WorkError> {
    Document::load(saved).map_err(|error| WorkError::Merge { record: key, error })
}

/// Records that are not the same here and there, or not sound here.
struct Differing {
    wanted: BTreeSet<RecordKey>,
    /// Those of them that the log may have.
    logged: VecDeque<RecordKey>,
}

/// Compares the records in differing buckets.
fn differing(elements: &Elements, answer: &wire::RepairResponse) -> Result<Differing, SchoolError> {
    let malformed = || foreign("records that cannot be read");
    if !answer.records.len().is_multiple_of(LISTED) {
        return Err(malformed());
    }
    let mut theirs = BTreeMap::new();
    for item in answer.records.chunks_exact(LISTED) {
        let (key, prefix) = item.split_at_checked(RecordKey::LEN).ok_or_else(malformed)?;
        theirs.insert(RecordKey::from_bytes(key).map_err(|_| malformed())?, prefix);
    }
    let buckets: BTreeSet<usize> = answer.buckets.iter().filter_map(|bucket| usize::try_from(*bucket).ok()).collect();
    let (mut wanted, mut logged) = (BTreeSet::new(), VecDeque::new());
    for (key, stored) in elements {
        let prefix = stored.element.as_ref().and_then(|element| element.as_bytes().get(..BUCKET_BYTES));
        let compared = buckets.contains(&repair::bucket_of(*key));
        let listed = theirs.remove(key);
        if compared && listed != prefix || !stored.sound {
            wanted.insert(*key);
            logged.extend((listed.is_some() || !compared).then_some(*key));
        }
    }
    logged.extend(theirs.keys().copied());
    wanted.extend(theirs.into_keys());
    Ok(Differing { wanted, logged })
}

/// The documents that edits of the log make, from nothing.
fn made_anew(
    wanted: &BTreeSet<RecordKey>,
    answer: wire::RepairResponse,
) -> Result<BTreeMap<RecordKey, Document>, SchoolError> {
    let malformed = || foreign("edits that cannot be read");
    let mut documents = BTreeMap::new();
    for authored in answer.history {
        let actor = Actor::from_bytes(&authored.actor).map_err(|_| malformed())?;
        let edits = EditSet::from_wire(authored.edits.ok_or_else(malformed)?).map_err(|_| malformed())?;
        for (key, edit) in edits.into_edits() {
            if !wanted.contains(&key) {
                return Err(foreign("edits of records that were not asked for"));
            }
            let minted = mint(documents.get(&key), &actor, &edit);
            let (document, _) = minted.map_err(|_| foreign("edits that do not fit each other"))?;
            documents.insert(key, document);
        }
    }
    Ok(documents)
}

const _: () = assert!(
    MAX_FETCHED / RECORDS_AT_ONCE < crate::exchange::MAX_REPAIR_REQUESTS as usize,
    "the edits of all records that may be fetched are asked for in one conversation"
);
