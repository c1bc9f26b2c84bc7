//! A restored centre: it commits nothing for a school until the school's computers have told what they hold, and takes
//! back what it once signed, each entry once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ed25519_dalek::{Signature, VerifyingKey};
use prost::Message;
use selaras_model::{DeviceId, EntryHash, EpochId, LogVersion, ReplicaId, Sequence};

use super::sound::DAMAGED;
use super::{Centre, confirm};
use crate::edits::EditSet;
use crate::entry::{LogEntry, Origin, entry_hash};
use crate::error::CentreError;
use crate::page::{compress, decompress};
use crate::release::{PromisedRelease, ReturnedRelease};
use crate::state::{self, Healing, Position};
use crate::step::Step;
use crate::store::{AnswerRow, Flow, Key, Range, ReplicaRow, Row, StateName, StoreError};
use crate::wire;
use crate::work::Work;

/// The largest request of healing, compressed.
pub const MAX_HEAL_BYTES: usize = 8 << 20;
/// The largest, decompressed: a part of edits, and the entries that prove it.
const MAX_HEAL_OPEN: usize = 24 << 20;
/// Entries of an inventory in one request.
pub(crate) const MAX_INVENTORY: usize = 2_000;
/// Bytes of one entry in an inventory.
pub(crate) const INVENTORY_ITEM: usize = 40;
/// Entries that prove what one request hands back.
pub(crate) const MAX_PROOF: usize = 4_000;
/// Earlier names of an installation in one request; more than that many renamings are no accident.
pub(crate) const MAX_NAMES: usize = 16;
/// Places of a locator: they double, so that more would be none.
const MAX_LOCATOR: usize = 128;

/// A request of healing that is being done.
pub struct Handing {
    pub(super) device: DeviceId,
    replica: ReplicaId,
    /// By name, the greatest sequence whose fate is known; the installation's present name first.
    settled: Vec<(ReplicaId, Sequence)>,
    done: bool,
    ancestor: LogVersion,
    lacking: Vec<u8>,
    unapproved: Vec<u8>,
    pieces: VecDeque<wire::Handed>,
    proven: BTreeMap<EntryHash, LogEntry>,
    /// What was handed back is not what was signed: refused, once that has been let go of.
    pub(super) unproven: bool,
    /// Releases that this side may lack, and those of them that it does.
    pub(super) told: Vec<PromisedRelease>,
    pub(super) wanted: Vec<u8>,
    pub(super) returned: Option<ReturnedRelease>,
}

impl std::fmt::Debug for Handing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handing").field("pieces", &self.pieces.len()).field("done", &self.done).finish_non_exhaustive()
    }
}

impl Handing {
    /// The newest place of this log that the computer stood at or beyond when it asked; 0 where it did not say.
    pub(crate) fn ancestor(&self) -> LogVersion {
        self.ancestor
    }
}

pub(super) fn damaged() -> CentreError {
    CentreError::refused("heal.damaged")
}

pub(super) fn unproven() -> CentreError {
    CentreError::refused("heal.unproven")
}

impl Centre<'_> {
    /// Gives the computers that a restored centre waits for; none when it waits for nobody.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn waits_for(&self) -> Result<BTreeSet<DeviceId>, CentreError> {
        Ok(self.healing()?.map(|healing| healing.waiting).unwrap_or_default())
    }

    /// Ends the waiting, for computers that will never come. What they hold is still taken back should they come after
    /// all; what they alone know of refused bundles is lost.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn declare_healed(&self) -> Result<Step, CentreError> {
        let mut work = Work::new(self.store, self.rules);
        work.remove(Key::State(StateName::Healing));
        Ok(Step::of(work.finish()))
    }

    pub(super) fn healing(&self) -> Result<Option<Healing>, StoreError> {
        state::read(self.store, StateName::Healing)
    }

    /// Reads a request of healing and verifies what it hands back.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `center.restored` where the conversation began with another life of this database,
    /// `heal.damaged`, `heal.unproven` for entries that this centre never signed.
    pub fn heal(&self, device: DeviceId, body: &[u8]) -> Result<Handing, CentreError> {
        let position = self.at_rest()?;
        if body.len() > MAX_HEAL_BYTES {
            return Err(CentreError::refused("request.too-large").with("limit", MAX_HEAL_BYTES));
        }
        let open = decompress(body, MAX_HEAL_OPEN).ok_or_else(damaged)?;
        let request = wire::HealRequest::decode(open.as_slice()).map_err(|_| damaged())?;
        if !request.epoch.is_empty() && request.epoch != position.epoch()?.as_bytes() {
            return Err(CentreError::refused("center.restored"));
        }
        let replica = ReplicaId::try_from(request.replica.as_slice()).map_err(|_| damaged())?;
        self.replica(replica, device)?;
        let proven = self.prove(&request.runs)?;
        // It may change the rules by which entries are taken: it comes alone.
        if request.returned.is_some() && !request.handed.is_empty() {
            return Err(damaged());
        }
        let returned = request.returned.as_ref();
        Ok(Handing {
            told: Self::told_releases(&request.releases)?,
            wanted: Vec::new(),
            returned: returned.map(|returned| self.returned_release(returned, &proven)).transpose()?,
            device,
            replica,
            settled: settled(replica, &request)?,
            done: request.done,
            ancestor: self.ancestor(&request.locator)?,
            lacking: self.lacking(&request.inventory)?,
            unapproved: self.unapproved(&request.inventory)?,
            pieces: request.handed.into(),
            proven,
            unproven: false,
        })
    }

    /// Gives the next step of a request of healing; each is to be carried to its end before the next.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `log.forked` where the centre holds another entry in that place; `heal.unproven` for
    /// edits that are not the entry's; `center.damaged` where the records are not what this centre signed last: once they
    /// are mended it goes on.
    pub fn heal_step(&self, handing: &mut Handing) -> Result<Option<Step>, CentreError> {
        if handing.unproven {
            return Err(unproven());
        }
        while let Some(piece) = handing.pieces.pop_front() {
            if let Some(step) = self.take_back(handing, piece)? {
                return Ok(Some(step));
            }
        }
        if std::mem::take(&mut handing.done) { self.told(handing).map(Some) } else { Ok(None) }
    }

    /// Makes the answer, once all steps are done.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn heal_answer(&self, handing: &Handing) -> Result<Vec<u8>, CentreError> {
        let position = self.at_rest()?;
        let (staged, staged_edits) = self.parts_of(handing.device)?.unzip();
        let waiting = self.waits_for()?.len();
        let answer = wire::HealResponse {
            epoch: position.epoch()?.as_bytes().to_vec(),
            head: position.version.get(),
            ancestor: handing.ancestor.get(),
            lacking: handing.lacking.clone(),
            unapproved: handing.unapproved.clone(),
            staged: staged.map(|entry| entry.as_bytes().to_vec()).unwrap_or_default(),
            staged_edits: staged_edits.unwrap_or_default(),
            waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
            releases: handing.wanted.clone(),
        };
        Ok(compress(&answer.encode_to_vec())?)
    }

    /// The entries of all runs, each proven by the signature at its run's end.
    fn prove(&self, runs: &[wire::Run]) -> Result<BTreeMap<EntryHash, LogEntry>, CentreError> {
        if runs.iter().map(|run| run.entries.len()).sum::<usize>() > MAX_PROOF {
            return Err(damaged());
        }
        let key: VerifyingKey = self.keys.signing.verifying_key();
        let mut proven = BTreeMap::new();
        for run in runs {
            let mut last: Option<EntryHash> = None;
            for bytes in &run.entries {
                let entry = LogEntry::from_bytes(bytes).map_err(|_| damaged())?;
                if entry.npsn != self.npsn || last.is_some() && entry.previous != last {
                    return Err(unproven());
                }
                let hash = entry_hash(bytes);
                last = Some(hash);
                proven.insert(hash, entry);
            }
            let signed = last.zip(Signature::from_slice(&run.signature).ok());
            let (hash, signature) = signed.ok_or_else(unproven)?;
            key.verify_strict(hash.as_bytes(), &signature).map_err(|_| unproven())?;
        }
        Ok(proven)
    }

    /// Whether the entry of this version has this hash.
    fn holds(&self, version: LogVersion, hash: &[u8]) -> Result<bool, StoreError> {
        match self.store.get(&Key::Entry(version))? {
            Some(Row::Entry(row)) => Ok(entry_hash(&row.entry).as_bytes() == hash),
            _ => Ok(false),
        }
    }

    /// The version at which an entry of an earlier life is replayed.
    pub(super) fn replayed(&self, hash: EntryHash) -> Result<Option<LogVersion>, StoreError> {
        match self.store.get(&Key::Replayed(hash))? {
            Some(Row::Version(version)) => Ok(Some(version)),
            _ => Ok(None),
        }
    }

    fn ancestor(&self, locator: &[wire::Cursor]) -> Result<LogVersion, CentreError> {
        for place in locator.iter().take(MAX_LOCATOR) {
            let version = LogVersion::new(place.version);
            if self.holds(version, &place.entry)? {
                return Ok(version);
            }
        }
        Ok(LogVersion::new(0))
    }

    fn lacking(&self, inventory: &[u8]) -> Result<Vec<u8>, CentreError> {
        if inventory.len() > MAX_INVENTORY * INVENTORY_ITEM || !inventory.len().is_multiple_of(INVENTORY_ITEM) {
            return Err(damaged());
        }
        let mut lacking = Vec::with_capacity(inventory.len() / INVENTORY_ITEM);
        for item in inventory.chunks_exact(INVENTORY_ITEM) {
            let (version, hash) = item.split_first_chunk::<8>().ok_or_else(damaged)?;
            let entry = EntryHash::try_from(hash).map_err(|_| damaged())?;
            let version = LogVersion::new(u64::from_be_bytes(*version));
            let known = self.replayed(entry)?.is_some() || self.holds(version, hash)?;
            lacking.push(u8::from(!known));
        }
        Ok(lacking)
    }

    /// As [`Self::lacking`], which has looked at the inventory's form.
    fn unapproved(&self, inventory: &[u8]) -> Result<Vec<u8>, CentreError> {
        let mut unapproved = Vec::with_capacity(inventory.len() / INVENTORY_ITEM);
        for item in inventory.chunks_exact(INVENTORY_ITEM) {
            let hash = item.get(8..).and_then(|hash| EntryHash::try_from(hash).ok()).ok_or_else(damaged)?;
            unapproved.push(u8::from(self.lacks_approval(hash)?));
        }
        Ok(unapproved)
    }

    fn take_back(&self, handing: &mut Handing, mut piece: wire::Handed) -> Result<Option<Step>, CentreError> {
        let hash = EntryHash::try_from(piece.entry.as_slice()).map_err(|_| damaged())?;
        let entry = handing.proven.get(&hash).ok_or_else(unproven)?.clone();
        if self.replayed(hash)?.is_some() || self.holds(entry.version, hash.as_bytes())? {
            return Ok(self.approval_step(&entry, &piece.approval)?);
        }
        if let Some(version) = self.known_otherwise(&entry, hash)? {
            let mut work = Work::new(self.store, self.rules);
            if let Some((key, row)) = self.approval_of(&entry, &piece.approval)? {
                work.put(key, row);
            }
            work.put(Key::Replayed(hash), Row::Version(version));
            return Ok(Some(Step::of(work.finish())));
        }
        if self.living()?.epoch()? == entry.epoch {
            // This centre signed it in this very life and does not hold it: its database was put back without `restore`, and
            // no computer can tell which of two entries is meant. In the next life both are taken.
            return Err(CentreError::refused("log.forked").with("version", entry.version));
        }
        if self.begins_rules_of(&entry)? {
            // They began before this entry was signed; its digests, and who owns its fields, are by them.
            handing.pieces.push_front(piece);
            return self.rules_step(self.living()?).map(Some);
        }
        let edits = EditSet::from_wire(piece.edits.take().unwrap_or_default());
        let edits = edits.map_err(|_| damaged())?;
        let taken = self.under_its_rules(|centre| {
            if piece.from == 0 && piece.ends {
                let at = centre.keep_edits(&edits)?;
                centre.replay(&entry, hash, &edits, at)
            } else {
                centre.stage(handing, &entry, (hash, piece.from, piece.ends), &edits)
            }
        });
        if taken.as_ref().is_err_and(|error| error.code() == DAMAGED) {
            // It is taken once that is mended.
            let edits = EditSet::wire_of(edits.edits()).map_err(|error| StoreError::Io(Box::new(error)))?;
            handing.pieces.push_front(wire::Handed { edits: Some(edits), ..piece });
            return taken.map(Some);
        }
        let mut step = taken?;
        if let Some((key, row)) = self.approval_of(&entry, &piece.approval)? {
            step.batch.put(key, row);
        }
        Ok(Some(step))
    }

    /// Whether an entry was made under the rules in force, while the log still stands under others.
    fn begins_rules_of(&self, entry: &LogEntry) -> Result<bool, CentreError> {
        let in_force = (self.rules.pack.hash(), self.rules.rulebook.hash());
        Ok((entry.pack, entry.rulebook) == in_force && self.has_other_rules()?)
    }

    /// The version of an entry that is in the log by another name: handed back from an earlier life, or decided anew.
    fn known_otherwise(&self, entry: &LogEntry, hash: EntryHash) -> Result<Option<LogVersion>, StoreError> {
        let first = entry.first_life(hash);
        if let Some(version) = self.replayed(first.entry)? {
            return Ok(Some(version));
        }
        if self.holds(first.version, first.entry.as_bytes())? {
            return Ok(Some(first.version));
        }
        let Origin::Bundle { bundle, .. } = &entry.origin else { return Ok(None) };
        match self.store.get(&Key::Answer(*bundle))? {
            Some(Row::Answer(AnswerRow::Receipt(version))) => Ok(Some(version)),
            _ => Ok(None),
        }
    }

    /// A computer has told all it holds. Sequences whose fate it knows are burnt, refused ones too: a copy of a refused
    /// bundle that comes late must not take effect now.
    fn told(&self, handing: &Handing) -> Result<Step, CentreError> {
        let mut work = Work::new(self.store, self.rules);
        let mut told = Vec::new();
        for (name, settled) in &handing.settled {
            let known = match self.replica(*name, handing.device) {
                Ok(known) => known,
                // An earlier name that is another device's: this one was copied, and the copy has it now.
                Err(CentreError::Refused { .. }) if *name != handing.replica => continue,
                Err(error) => return Err(error),
            };
            let known =
                known.unwrap_or(ReplicaRow { device: None, last_sequence: Sequence::new(0), last_accepted: None });
            let last_sequence = known.last_sequence.max(*settled);
            let row = ReplicaRow { device: Some(handing.device), last_sequence, ..known };
            work.put(Key::Replica(*name), Row::Replica(row));
            told.push(*name);
        }
        self.note_told(&mut work, told)?;
        confirm::witnessed(&mut work, handing.device)?;
        let mut effects = Vec::new();
        self.drop_parts(&mut work, handing.device, &mut effects)?;
        if let Some(mut healing) = self.healing()? {
            healing.waiting.remove(&handing.device);
            if healing.waiting.is_empty() {
                work.remove(Key::State(StateName::Healing));
            } else {
                work.put_state(StateName::Healing, &healing)?;
            }
        }
        let mut step = Step::of(work.finish());
        step.effects = effects;
        Ok(step)
    }

    /// The version in this log of a place that a bundle was sealed on in any life.
    pub(super) fn sealed_place(
        &self,
        epoch: EpochId,
        version: LogVersion,
        position: &Position,
    ) -> Result<Option<LogVersion>, StoreError> {
        let none = LogVersion::new(0);
        if position.epoch == Some(epoch) {
            return Ok((version <= position.version).then_some(version));
        }
        let mut found = None;
        self.store.scan(&Range::Entries(none), &mut |_, row| {
            let Row::Entry(row) = row else { return Ok(Flow::Continue) };
            let hash = entry_hash(&row.entry);
            let entry = LogEntry::from_bytes(&row.entry)
                .map_err(|_| StoreError::Damaged("an entry of the log cannot be read".to_owned()))?;
            let first = entry.first_life(hash);
            let here = entry.epoch == epoch && entry.version == version;
            if here || first.epoch == epoch && (first.version == version || version == none) {
                found = Some(if version == none { none } else { entry.version });
                return Ok(Flow::Stop);
            }
            Ok(Flow::Continue)
        })?;
        Ok(found)
    }
}

/// Up to where the fate of bundles is known, under each name that the installation bore.
fn settled(replica: ReplicaId, request: &wire::HealRequest) -> Result<Vec<(ReplicaId, Sequence)>, CentreError> {
    if request.earlier.len() > MAX_NAMES {
        return Err(damaged());
    }
    let mut settled = vec![(replica, Sequence::new(request.settled))];
    for earlier in &request.earlier {
        let name = ReplicaId::try_from(earlier.replica.as_slice()).map_err(|_| damaged())?;
        settled.push((name, Sequence::new(earlier.settled)));
    }
    Ok(settled)
}
