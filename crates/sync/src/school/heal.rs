//! Healing a restored centre: this side tells what it keeps, hands back what the centre lacks, and goes over the log of
//! the centre's new life from where both still agree.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use prost::Message;
use selaras_merge::Edit;
use selaras_model::{EntryHash, LogVersion, RecordKey};
use selaras_policy::Who;

use super::School;
use super::common::CommonPlace;
use super::keep::Kept;
use crate::centre::{INVENTORY_ITEM, MAX_INVENTORY, MAX_PROOF};
use crate::edits::{EditSet, size_of};
use crate::entry::{LogEntry, entry_hash};
use crate::error::{Refusal, SchoolError};
use crate::page::{MAX_ANSWER_BYTES, MAX_ANSWER_OPEN, compress, decompress};
use crate::release::PromisedRelease;
use crate::state::{self, HistoryKind, Installation, Phase, Position};
use crate::step::Step;
use crate::store::{EditsAt, EntryRow, Flow, Key, Row, StateName, StoreError};
use crate::wire;
use crate::work::Work;

/// Edits of one request, before compression.
const MAX_HANDED: usize = 1 << 20;

/// Where a kept entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum At {
    Kept(u64),
    /// The receipt of the sealed bundle, whose entry this side has not passed.
    Ahead(LogVersion),
    /// A note of the log that was let go.
    Log(LogVersion),
}

/// A release, and the kept entry that promises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct KeptRelease {
    pub(super) at: At,
    pub(super) entry: EntryHash,
    pub(super) promised: PromisedRelease,
}

/// A conversation in which a restored centre is healed; what it holds is only how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Healing {
    inventory: Vec<(At, LogVersion, EntryHash)>,
    /// How many of them were asked about.
    asked: usize,
    common: CommonPlace,
    epoch: Vec<u8>,
    lacking: VecDeque<(At, EntryHash)>,
    /// Releases that kept entries promise, and those that the centre lacks; handed back before any entry.
    releases: Vec<KeptRelease>,
    wanted: VecDeque<KeptRelease>,
    /// Entries that the centre has without the approvals of their bundles, and those whose approvals it was given.
    unapproved: VecDeque<(At, EntryHash)>,
    approved: BTreeSet<EntryHash>,
    staged: Option<(EntryHash, u32)>,
    said_done: bool,
    head: LogVersion,
    handed: u32,
    waiting: u32,
}

impl Healing {
    /// Says whether everything was told and taken.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.said_done
    }

    /// Gives how many entries the centre got back from here.
    #[must_use]
    pub fn handed_back(&self) -> u32 {
        self.handed
    }

    /// Gives how many computers of the school the centre still waits for.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.waiting
    }
}

pub(super) fn damaged() -> StoreError {
    StoreError::Damaged("what is kept of the log".to_owned())
}

/// A request in the making.
#[derive(Default)]
pub(super) struct Parcel {
    pub(super) runs: Vec<wire::Run>,
    proven: BTreeSet<EntryHash>,
    pub(super) handed: Vec<wire::Handed>,
    pub(super) room: usize,
}

impl School<'_> {
    /// Begins to heal a centre that said `cursor.unknown` or `center.restored`.
    ///
    /// # Errors
    /// As the store gives them; [`SchoolError::Refused`] while large work is not done.
    pub(crate) fn heal(&self) -> Result<Healing, SchoolError> {
        let position = self.at_rest()?;
        let mut inventory = Vec::new();
        let mut releases = Vec::new();
        self.each_kept(position.keeping.first, &mut |kept| {
            if kept.is_handed_back() {
                inventory.push((At::Kept(kept.place), kept.entry.version, kept.hash));
            }
            self.note_releases(At::Kept(kept.place), kept.hash, &kept.entry, &mut releases)?;
            Ok(Flow::Continue)
        })?;
        let kept = inventory.iter().map(|(_, _, hash)| *hash).collect();
        for note in self.notes_let_go(&kept)? {
            inventory.push((At::Log(note.version), note.version, note.hash));
            self.note_releases(At::Log(note.version), note.hash, &note.entry, &mut releases)?;
        }
        if let Some((sealed, version)) = self.sealed()?.and_then(|sealed| match sealed.phase {
            Phase::Received(version) => Some((sealed, version)),
            Phase::Waiting | Phase::Approved | Phase::Offered => None,
        }) {
            let row = self.entry_row(version)?;
            let hash = entry_hash(&row.entry);
            // Met by a pull, it is among the kept ones, or in a backup and let go.
            let own = matches!(&row.edits, EditsAt::Blob(_)) && self.has_frozen(&sealed)?;
            if own && row.signature.is_some() && inventory.iter().all(|(.., known)| *known != hash) {
                inventory.push((At::Ahead(version), version, hash));
            }
        }
        Ok(Healing {
            inventory,
            asked: 0,
            common: CommonPlace::new(position.version),
            epoch: Vec::new(),
            lacking: VecDeque::new(),
            releases,
            wanted: VecDeque::new(),
            unapproved: VecDeque::new(),
            approved: BTreeSet::new(),
            staged: None,
            said_done: false,
            head: LogVersion::new(0),
            handed: 0,
            waiting: 0,
        })
    }

    pub(super) fn entry_row(&self, version: LogVersion) -> Result<EntryRow, StoreError> {
        match self.store.get(&Key::Entry(version))? {
            Some(Row::Entry(row)) => Ok(row),
            _ => Err(damaged()),
        }
    }

    /// Makes the next request of the conversation.
    ///
    /// # Errors
    /// As the store gives them.
    pub(crate) fn heal_request(&self, healing: &Healing) -> Result<Vec<u8>, SchoolError> {
        let position = self.at_rest()?;
        let installation: Installation = state::need(self.store, StateName::Installation)?;
        // A bundle that was sealed under an earlier name says nothing of the numbers of this one.
        let unanswered = self
            .sealed()?
            .filter(|sealed| !matches!(sealed.phase, Phase::Received(_)) && sealed.replica == installation.replica);
        let used = position.last_sequence.get();
        let settled = unanswered.map_or(used, |sealed| sealed.sequence.get().saturating_sub(1));
        let earlier = self
            .earlier_names()?
            .into_iter()
            .map(|name| wire::EarlierName { replica: name.replica.as_bytes().to_vec(), settled: name.settled.get() });
        let mut request = wire::HealRequest {
            replica: installation.replica.as_bytes().to_vec(),
            settled,
            earlier: earlier.collect(),
            epoch: healing.epoch.clone(),
            ..wire::HealRequest::default()
        };
        request.locator = self.locator(&healing.common)?;
        if healing.common.is_narrowed() {
            return Ok(compress(&request.encode_to_vec())?);
        }
        if healing.common.agrees().is_none() {
            request.releases = healing.releases.iter().map(|kept| kept.promised.to_wire()).collect();
        }
        if let Some(release) = healing.wanted.front() {
            (request.returned, request.runs) = self.return_release(release)?;
            return Ok(compress(&request.encode_to_vec())?);
        }
        for (_, version, hash) in healing.inventory.iter().skip(healing.asked).take(MAX_INVENTORY) {
            request.inventory.extend_from_slice(&version.get().to_be_bytes());
            request.inventory.extend_from_slice(hash.as_bytes());
        }
        if request.inventory.is_empty() && healing.common.agrees().is_some() {
            let parcel = self.parcel(healing)?;
            request.done = parcel.handed.is_empty();
            (request.runs, request.handed) = (parcel.runs, parcel.handed);
        }
        Ok(compress(&request.encode_to_vec())?)
    }

    /// Takes an answer of the conversation.
    ///
    /// # Errors
    /// [`SchoolError::NotOurCentre`] for an answer that is none.
    pub(crate) fn heal_answer(&self, healing: &mut Healing, bytes: &[u8]) -> Result<(), SchoolError> {
        let foreign = |what| SchoolError::NotOurCentre(what);
        let open = if bytes.len() > MAX_ANSWER_BYTES { None } else { decompress(bytes, MAX_ANSWER_OPEN) };
        let open = open.ok_or_else(|| foreign("it cannot be decompressed"))?;
        let answer = wire::HealResponse::decode(open.as_slice()).map_err(|_| foreign("it cannot be read"))?;
        if !healing.epoch.is_empty() && healing.epoch != answer.epoch {
            return Err(foreign("it is of another epoch"));
        }
        healing.epoch.clone_from(&answer.epoch);
        healing.head = LogVersion::new(answer.head);
        healing.waiting = answer.waiting;
        let begins = healing.common.agrees().is_none();
        let narrows = healing.common.is_narrowed();
        if begins || narrows {
            let place = healing.common.take(LogVersion::new(answer.ancestor));
            place.ok_or_else(|| foreign("it answers another question"))?;
        }
        if narrows {
            return Ok(());
        }
        let returned = healing.wanted.pop_front().is_some();
        let asked = healing.inventory.iter().skip(healing.asked).take(MAX_INVENTORY).count();
        if answer.lacking.len() != if returned { 0 } else { asked } {
            return Err(foreign("it answers another question"));
        }
        if returned {
            return Ok(());
        }
        if begins {
            let told = healing.releases.iter().zip(&answer.releases);
            healing.wanted = told.filter(|(_, wanted)| **wanted != 0).map(|(kept, _)| *kept).collect();
        }
        if asked == 0 && !begins {
            return self.handed(healing, &answer);
        }
        for (place, (at, _, hash)) in healing.inventory.iter().skip(healing.asked).take(asked).enumerate() {
            let says = |bytes: &[u8]| bytes.get(place).is_some_and(|byte| *byte != 0);
            if says(&answer.lacking) && !self.is_lost(*at)? {
                healing.lacking.push_back((*at, *hash));
            } else if says(&answer.unapproved) && !healing.approved.contains(hash) && self.approval_at(*at)?.is_some() {
                healing.unapproved.push_back((*at, *hash));
            }
        }
        healing.asked += asked;
        Ok(())
    }

    /// Notes what of the last request the centre has by now.
    fn handed(&self, healing: &mut Healing, answer: &wire::HealResponse) -> Result<(), SchoolError> {
        let parcel = self.parcel(healing)?;
        if parcel.handed.is_empty() {
            healing.said_done = true;
            return Ok(());
        }
        let staged = EntryHash::try_from(answer.staged.as_slice()).ok().map(|hash| (hash, answer.staged_edits));
        healing.staged = staged;
        for handed in &parcel.handed {
            let Some((_, hash)) = healing.lacking.front().copied() else {
                // Only approvals are left, of entries that the centre has.
                let given = healing.unapproved.pop_front().map(|(_, hash)| hash);
                healing.approved.extend(given);
                continue;
            };
            if !handed.ends && staged.is_some_and(|(staged, _)| staged == hash) {
                break;
            }
            // Where its parts are not there, another computer handed it back, or began another one: the next look at
            // the inventory tells.
            healing.lacking.pop_front();
            healing.handed += u32::from(handed.ends);
        }
        if healing.lacking.is_empty() && healing.unapproved.is_empty() {
            healing.asked = 0;
        }
        Ok(())
    }

    /// What the next request hands back: whole entries while there is room, or a part of a large one.
    fn parcel(&self, healing: &Healing) -> Result<Parcel, SchoolError> {
        let mut parcel = Parcel { room: MAX_HANDED, ..Parcel::default() };
        for (at, hash) in &healing.lacking {
            if parcel.room == 0 {
                break;
            }
            let (row, edits) = self.handed_back(*at)?;
            let from = healing.staged.filter(|(staged, _)| staged == hash).map_or(0, |(_, edits)| edits);
            let rest = edits.edits().get(usize::try_from(from).unwrap_or(usize::MAX)..).unwrap_or_default();
            let (taken, ends) = fitting(rest, parcel.room);
            // A part of a large entry goes alone.
            if !ends && !parcel.handed.is_empty() || !self.prove(&mut parcel, *at, *hash, &row)? {
                break;
            }
            let size: usize = taken.iter().map(|(_, edit)| size_of(edit)).sum();
            let edits = EditSet::wire_of(taken).map_err(|error| StoreError::Io(Box::new(error)))?;
            let approval = if ends { self.approval_at(*at)?.unwrap_or_default() } else { Vec::new() };
            parcel.room = if ends { parcel.room.saturating_sub(size + approval.len()) } else { 0 };
            let entry = hash.as_bytes().to_vec();
            parcel.handed.push(wire::Handed { entry, from, ends, edits: Some(edits), approval });
        }
        if healing.lacking.is_empty() {
            self.add_approvals(healing.unapproved.iter(), &mut parcel)?;
        }
        Ok(parcel)
    }

    /// Whether this disk has lost the edits of an entry: it cannot be handed back, and must not keep the rest here. A disk
    /// that fails for a moment has lost nothing.
    fn is_lost(&self, at: At) -> Result<bool, SchoolError> {
        match self.handed_back(at) {
            Ok(_) => Ok(false),
            Err(SchoolError::Store(StoreError::Damaged(_))) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Reads what is handed back: edits that are the entry's, whatever became of their file.
    fn handed_back(&self, at: At) -> Result<(EntryRow, EditSet), SchoolError> {
        let row = self.row_at(at)?;
        let edits = match at {
            At::Kept(place) => self.kept_edits(place, &row)?,
            At::Ahead(_) => self.kept_edits(0, &row)?,
            At::Log(_) => EditSet::default(),
        };
        let entry = LogEntry::from_bytes(&row.entry).map_err(|_| damaged())?;
        if edits.hash() == entry.edits { Ok((row, edits)) } else { Err(damaged().into()) }
    }

    /// Adds the entries through which the centre's signature proves this one; says whether there was room for them.
    pub(super) fn prove(
        &self,
        parcel: &mut Parcel,
        at: At,
        hash: EntryHash,
        row: &EntryRow,
    ) -> Result<bool, SchoolError> {
        if parcel.proven.contains(&hash) {
            return Ok(true);
        }
        let mut run =
            wire::Run { entries: vec![row.entry.clone()], signature: row.signature.clone().unwrap_or_default() };
        let mut hashes = vec![hash];
        if let (At::Kept(place), true) = (at, run.signature.is_empty()) {
            self.each_kept(place + 1, &mut |kept: Kept| {
                if kept.entry.previous != hashes.last().copied() {
                    return Ok(Flow::Stop);
                }
                hashes.push(kept.hash);
                run.entries.push(kept.row.entry);
                run.signature = kept.row.signature.unwrap_or_default();
                Ok(if run.signature.is_empty() { Flow::Continue } else { Flow::Stop })
            })?;
            if run.signature.is_empty() {
                self.prove_by_page(&mut run, &mut hashes)?;
            }
        }
        if let (At::Log(version), true) = (at, run.signature.is_empty()) {
            self.prove_by_log(&mut run, &mut hashes, version.next())?;
        }
        if run.signature.is_empty() {
            return Err(Refusal::new("heal.unproven", Who::Centre).into());
        }
        let entries = parcel.runs.iter().map(|run| run.entries.len()).sum::<usize>() + run.entries.len();
        if !parcel.runs.is_empty() && entries > MAX_PROOF {
            return Ok(false);
        }
        parcel.proven.extend(hashes);
        parcel.runs.push(run);
        Ok(true)
    }

    /// The last entries that were taken are of a page that was not taken whole: its other entries prove them.
    fn prove_by_page(&self, run: &mut wire::Run, hashes: &mut Vec<EntryHash>) -> Result<(), SchoolError> {
        let Some(proof) = self.proof(&self.position()?)? else { return Ok(()) };
        for bytes in proof.entries {
            let entry = LogEntry::from_bytes(&bytes).map_err(|_| damaged())?;
            if entry.previous == hashes.last().copied() {
                hashes.push(entry_hash(&bytes));
                run.entries.push(bytes);
            }
        }
        run.signature = proof.signature;
        Ok(())
    }

    /// Gives the step that goes back to where both logs still agree, once the conversation is done. The records stay as
    /// they are; the next pull goes over the new log, in which most edits are left out.
    ///
    /// # Errors
    /// As the store gives them.
    pub(crate) fn healed(&self, healing: &Healing) -> Result<Step, SchoolError> {
        let mut position = self.at_rest()?;
        let ancestor = healing.common.agrees().unwrap_or_default();
        let mut work = Work::new(self.store, self.rules);
        let args = [("entries", healing.handed.to_string()), ("version", ancestor.to_string())];
        self.tell(&mut work, &mut position, HistoryKind::Healed, "", &args)?;
        if ancestor < position.keeping.covered {
            // A repair will make drafts of it.
            let args = [("version", ancestor.to_string()), ("covered", position.keeping.covered.to_string())];
            self.tell(&mut work, &mut position, HistoryKind::Uncovered, "", &args)?;
        }
        if position.partial.take().is_some() {
            // The rest of that entry may never come; should it come, it comes from its first edit on.
            position.keeping.next += 1;
            position.keeping.again = true;
        }
        if ancestor < position.version {
            let before = if ancestor.get() > 0 { Some(self.entry_row(ancestor)?) } else { None };
            let entry = before.as_ref().map(|row| LogEntry::from_bytes(&row.entry)).transpose();
            // At the beginning of the log every life is as good as another.
            position.epoch = entry.map_err(|_| damaged())?.map(|entry| entry.epoch);
            position.entry = before.map(|row| entry_hash(&row.entry));
            position.version = ancestor;
            position.keeping.again = true;
            position.keeping.past = Some((position.keeping.next, healing.head));
            position.keeping.covered = position.keeping.covered.min(ancestor);
        } else if ancestor.get() == 0 && !self.defends_nothing() {
            position.epoch = None;
        }
        self.void_receipt(&mut work, &mut position, ancestor)?;
        self.look_for_unheld(&mut work)?;
        work.put_state(StateName::Position, &position)?;
        Ok(Step::of(work.finish()))
    }

    /// A receipt of another life of the log is no receipt in this one: it would be mistaken for that of another bundle. It
    /// stays what it is, beside the log, and the bundle is asked for again.
    fn void_receipt(
        &self,
        work: &mut Work<'_>,
        position: &mut Position,
        ancestor: LogVersion,
    ) -> Result<(), SchoolError> {
        if let Some(version) = position.receipt.take_if(|version| *version > ancestor) {
            let row = self.entry_row(version)?;
            let hash = entry_hash(&row.entry);
            work.put(Key::Past(hash), Row::Entry(row));
            position.keeping.receipt = Some(hash);
        }
        match self.sealed()? {
            Some(mut sealed) if matches!(sealed.phase, Phase::Received(version) if version > ancestor) => {
                sealed.phase = Phase::Offered;
                Ok(work.put_state(StateName::Sealed, &sealed)?)
            }
            _ => Ok(()),
        }
    }

    /// Hashes of entries of earlier lives whose edits are in the records, near the cursor.
    pub(super) fn holds(&self) -> Result<Vec<u8>, SchoolError> {
        let position = self.position()?;
        let mut holds = Vec::new();
        if !position.keeping.again {
            return Ok(holds);
        }
        let near = position.version.get().saturating_sub(1_000);
        self.each_kept(position.keeping.first, &mut |kept| {
            if kept.has_edits() && kept.entry.version.get() >= near {
                holds.extend_from_slice(kept.hash.as_bytes());
            }
            Ok(if holds.len() < MAX_INVENTORY * EntryHash::LEN { Flow::Continue } else { Flow::Stop })
        })?;
        Ok(holds)
    }

    /// What is kept, by hash: the hash of its edits and how many there are.
    pub(super) fn kept_by_hash(&self) -> Result<BTreeMap<EntryHash, ([u8; 32], u32)>, StoreError> {
        let mut kept_by_hash = BTreeMap::new();
        let position: crate::state::Position = state::need(self.store, StateName::Position)?;
        self.each_kept(position.keeping.first, &mut |kept| {
            if kept.has_edits() {
                kept_by_hash.insert(kept.hash, (kept.entry.edits, kept.entry.records));
            }
            Ok(Flow::Continue)
        })?;
        Ok(kept_by_hash)
    }
}

/// Edits while there is room, at least one; and whether these are all.
fn fitting(edits: &[(RecordKey, Edit)], mut room: usize) -> (&[(RecordKey, Edit)], bool) {
    let mut count = 0;
    for (_, edit) in edits {
        if room == 0 {
            break;
        }
        room = room.saturating_sub(size_of(edit));
        count += 1;
    }
    let (taken, rest) = edits.split_at_checked(count).unwrap_or((edits, &[]));
    (taken, rest.is_empty())
}

const _: () = assert!(INVENTORY_ITEM == 8 + EntryHash::LEN, "an item is a version and a hash");
