//! Repair at the school: the records that are not what the signed log says are made anew from its edits. What was typed
//! stays, and nothing is taken that does not give the digests which the centre signed.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use selaras_merge::{Document, mint};
use selaras_model::{Actor, RecordKey};
use selaras_policy::Who;

use super::School;
use super::layers::Floor;
use crate::edits::EditSet;
use crate::entry::LogEntry;
use crate::error::{Refusal, SchoolError};
use crate::page::{MAX_ANSWER_BYTES, MAX_ANSWER_OPEN, compress, decompress, entry_at};
use crate::repair::{self, BUCKET_BYTES, Elements, LISTED, MAX_RECORDS, Stored};
use crate::state::{self, HistoryKind, Judged, Position};
use crate::step::Step;
use crate::store::{Key, Row, StateName};
use crate::wire;
use crate::work::Work;

/// A conversation in which this side finds its damaged records.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Repair {
    elements: Elements,
    /// Records that are to be made anew; none before the centre has answered.
    wanted: Option<BTreeSet<RecordKey>>,
    documents: Option<BTreeMap<RecordKey, Document>>,
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
        self.documents.is_some() || self.wanted.as_ref().is_some_and(BTreeSet::is_empty)
    }

    /// Gives how many records of this side are made anew.
    #[must_use]
    pub fn records(&self) -> usize {
        self.wanted.as_ref().map_or(0, BTreeSet::len)
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
        Ok(Some(Repair { elements, wanted: None, documents: None, mended_there: false }))
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
            Some(wanted) => request.records = wanted.iter().flat_map(RecordKey::to_bytes).collect(),
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
        match &repair.wanted {
            None => {
                let wanted = differing(&repair.elements, &answer)?;
                if wanted.len() > MAX_RECORDS {
                    return Err(Refusal::new("repair.too-many", Who::Operator).with("records", wanted.len()).into());
                }
                repair.wanted = Some(wanted);
            }
            Some(wanted) => repair.documents = Some(made_anew(wanted, answer)?),
        }
        Ok(())
    }

    /// Gives the step that makes the records anew, once everything was told; none where nothing is to be done here.
    ///
    /// # Errors
    /// `repair.unproven` where the result would not have the digests that the centre signed; nothing is changed then.
    pub(crate) fn repaired(&self, repair: &Repair) -> Result<Option<Step>, SchoolError> {
        let mut position = self.at_rest()?;
        let (entry, _) = entry_at(self.store, position.version)?;
        let nothing = BTreeSet::new();
        let wanted = repair.wanted.as_ref().unwrap_or(&nothing);
        let empty = BTreeMap::new();
        let documents = repair.documents.as_ref().unwrap_or(&empty);
        let mut elements = repair.elements.clone();
        for key in wanted {
            let found = documents.get(key).and_then(|document| repair::element_of(self.rules, *key, document));
            match found {
                Some(found) => elements.insert(*key, Stored { element: Some(found), sound: true }),
                None => elements.remove(key),
            };
        }
        let sums = repair::sums(self.rules, &elements);
        if repair::digests(&sums) != entry.digests {
            // A centre that mended itself signs other digests with its next entry; there the rest is found.
            return if wanted.is_empty() || repair.mended_there {
                Ok(None)
            } else {
                Err(Refusal::new("repair.unproven", Who::Centre).with("records", wanted.len()).into())
            };
        }
        let mut batches = Vec::new();
        let mut work = Work::of_accepted(self.store, self.rules);
        for key in wanted {
            if !work.has_room() {
                let next = work.anew();
                batches.push(std::mem::replace(&mut work, next).finish());
            }
            self.put_record(&mut work, *key, documents.get(key))?;
        }
        work.set_sums(sums);
        self.note_repair(&mut work, &mut position, &entry, wanted.len())?;
        batches.push(work.finish());
        Ok(Some(Step::of_all(batches)))
    }

    /// Puts a record's base as the log has it under whatever was typed.
    fn put_record(&self, work: &mut Work<'_>, key: RecordKey, document: Option<&Document>) -> Result<(), SchoolError> {
        work.put_anew(key, document)?;
        let (mut drafts, floor) = self.layers(work, key, document)?;
        if let Some(draft) = drafts.open.as_mut().filter(|draft| !stands(&floor, &draft.heads)) {
            // It was typed on what no log knows; it stands on the record now.
            draft.heads = floor.prefixes();
            self.drop_rows(work, key, &drafts.generations)?;
            let generation = self.position()?.generation;
            work.put(Key::Draft(key, generation), Row::Draft(draft.clone()));
            drafts.generations = vec![generation];
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

/// Whether a draft's heads are in the record.
fn stands(floor: &Floor, heads: &[selaras_merge::HeadPrefix]) -> bool {
    match &floor.document {
        Some(document) => document.resolve_heads_prefixes(heads).is_ok(),
        None => heads.is_empty(),
    }
}

/// The records in differing buckets that are not the same here and there, and those that are not sound here.
fn differing(elements: &Elements, answer: &wire::RepairResponse) -> Result<BTreeSet<RecordKey>, SchoolError> {
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
    let mut wanted = BTreeSet::new();
    for (key, stored) in elements {
        let prefix = stored.element.as_ref().and_then(|element| element.as_bytes().get(..BUCKET_BYTES));
        let listed = theirs.remove(key);
        let other = buckets.contains(&repair::bucket_of(*key)) && listed != prefix;
        if other || !stored.sound {
            wanted.insert(*key);
        }
    }
    wanted.extend(theirs.into_keys());
    Ok(wanted)
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
