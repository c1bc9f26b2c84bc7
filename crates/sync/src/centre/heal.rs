//! A restored centre: it commits nothing for a school until the school's computers have told what they hold, and takes
//! back what it once signed, each entry once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ed25519_dalek::{Signature, VerifyingKey};
use prost::Message;
use selaras_model::{DeviceId, EntryHash, EpochId, LogVersion, ReplicaId, Sequence};

use super::Centre;
use super::act::{MAX_INLINE, MAX_SMALL};
use crate::edits::{EditSet, EditsChain};
use crate::entry::{LogEntry, Origin, entry_hash};
use crate::error::CentreError;
use crate::page::{compress, decompress, freeze_edits};
use crate::plan;
use crate::state::{self, EntryIntent, EntryOrigin, Healing, Judged, Position, Staged};
use crate::step::{Effect, Step};
use crate::store::{AnswerRow, EditsAt, Flow, Key, Range, ReplicaRow, Row, StateName, StoreError};
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
/// Places of a locator: they double, so that more would be none.
const MAX_LOCATOR: usize = 128;
/// Parts of one large entry.
const MAX_PARTS: usize = 4_000;
/// What begins another life of the log.
const RESTORED: &str = "centre.restored";

/// A request of healing that is being done.
pub struct Handing {
    device: DeviceId,
    replica: ReplicaId,
    settled: Sequence,
    done: bool,
    ancestor: LogVersion,
    lacking: Vec<u8>,
    pieces: VecDeque<wire::Handed>,
    proven: BTreeMap<EntryHash, LogEntry>,
    /// Entries of earlier lives that are in the log, by what they were.
    lives: BTreeMap<(EpochId, LogVersion), EntryHash>,
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

fn damaged() -> CentreError {
    CentreError::refused("heal.damaged")
}

impl Centre<'_> {
    /// Gives the step that begins another life of a restored log; `devices` are the school's computers as the backup
    /// knows them. Whatever was decided before has to be at its end.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn restored(&self, epoch: EpochId, devices: BTreeSet<DeviceId>) -> Result<Step, CentreError> {
        let mut position = self.at_rest()?;
        // What the backup holds is in a verified backup.
        position.keeping.covered = position.version;
        position.epoch = Some(epoch);
        let mut work = Work::new(self.store, self.rules);
        let entry = EntryIntent {
            origin: EntryOrigin::Act { kind: RESTORED.to_owned() },
            edits_at: EditsAt::Absent,
            edits: EditsChain::default().value(),
            at: self.now,
            first: None,
            handed: None,
        };
        self.put_entry(&mut work, &mut position, entry, 0)?;
        if !devices.is_empty() {
            work.put_state(StateName::Healing, &Healing { waiting: devices })?;
        }
        Ok(Step::of(work.finish()))
    }

    /// Notes that a verified backup holds the log up to a version: schools may let go of what they keep of it.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn cover(&self, version: LogVersion) -> Result<Step, CentreError> {
        let mut position = self.at_rest()?;
        position.keeping.covered = position.keeping.covered.max(version.min(position.version));
        let mut work = Work::new(self.store, self.rules);
        work.put_state(StateName::Position, &position)?;
        Ok(Step::of(work.finish()))
    }

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
        let same_life = position.epoch.is_some_and(|epoch| request.epoch == epoch.as_bytes());
        if !same_life && !request.epoch.is_empty() {
            return Err(CentreError::refused("center.restored"));
        }
        let replica = ReplicaId::try_from(request.replica.as_slice()).map_err(|_| damaged())?;
        self.replica(replica, device)?;
        let proven = self.prove(&request.runs)?;
        let lives = if request.handed.is_empty() { BTreeMap::new() } else { self.lives()? };
        Ok(Handing {
            device,
            replica,
            settled: Sequence::new(request.settled),
            done: request.done,
            ancestor: self.ancestor(&request.locator)?,
            lacking: self.lacking(&request.inventory)?,
            pieces: request.handed.into(),
            proven,
            lives,
        })
    }

    /// Gives the next step of a request of healing; each is to be carried to its end before the next.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `log.forked` where the centre holds another entry in that place.
    pub fn heal_step(&self, handing: &mut Handing) -> Result<Option<Step>, CentreError> {
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
        let staged: Option<Staged> = state::read(self.store, StateName::Staged)?;
        let waiting = self.waits_for()?.len();
        let answer = wire::HealResponse {
            epoch: position.epoch.map(|epoch| epoch.as_bytes().to_vec()).unwrap_or_default(),
            head: position.version.get(),
            ancestor: handing.ancestor.get(),
            lacking: handing.lacking.clone(),
            staged: staged.as_ref().map(|staged| staged.entry.as_bytes().to_vec()).unwrap_or_default(),
            staged_edits: staged.map_or(0, |staged| staged.edits),
            waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
        };
        Ok(compress(&answer.encode_to_vec())?)
    }

    /// The entries of all runs, each proven by the signature at its run's end.
    fn prove(&self, runs: &[wire::Run]) -> Result<BTreeMap<EntryHash, LogEntry>, CentreError> {
        let unproven = || CentreError::refused("heal.unproven");
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

    fn lives(&self) -> Result<BTreeMap<(EpochId, LogVersion), EntryHash>, StoreError> {
        let mut lives = BTreeMap::new();
        self.store.scan(&Range::Entries(LogVersion::new(0)), &mut |_, row| {
            let Row::Entry(row) = row else { return Ok(Flow::Continue) };
            let entry = LogEntry::from_bytes(&row.entry)
                .map_err(|_| StoreError::Damaged("an entry of the log cannot be read".to_owned()))?;
            let first = entry.first_life(entry_hash(&row.entry));
            lives.insert((first.epoch, first.version), first.entry);
            lives.insert((entry.epoch, entry.version), entry_hash(&row.entry));
            Ok(Flow::Continue)
        })?;
        Ok(lives)
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

    fn take_back(&self, handing: &mut Handing, mut piece: wire::Handed) -> Result<Option<Step>, CentreError> {
        let hash = EntryHash::try_from(piece.entry.as_slice()).map_err(|_| damaged())?;
        let entry = handing.proven.get(&hash).ok_or_else(|| CentreError::refused("heal.unproven"))?.clone();
        if self.replayed(hash)?.is_some() || self.holds(entry.version, hash.as_bytes())? {
            return Ok(None);
        }
        if let Some(version) = self.known_otherwise(&entry, hash)? {
            let mut work = Work::new(self.store, self.rules);
            work.put(Key::Replayed(hash), Row::Version(version));
            return Ok(Some(Step::of(work.finish())));
        }
        self.check_fork(handing, &entry, hash)?;
        let edits = EditSet::from_wire(piece.edits.take().unwrap_or_default());
        let edits = edits.map_err(|_| damaged())?;
        let step = if piece.from == 0 && piece.ends {
            let at = self.keep_edits(&edits)?;
            self.replay(&entry, hash, &edits, at)?
        } else {
            self.stage(&entry, hash, &piece, &edits)?
        };
        let first = entry.first_life(hash);
        handing.lives.insert((first.epoch, first.version), first.entry);
        Ok(Some(step))
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

    /// Two entries that this centre signed for one place of one life: its database was put back without `restore`, and
    /// no computer can tell which of them is meant.
    fn check_fork(&self, handing: &Handing, entry: &LogEntry, hash: EntryHash) -> Result<(), CentreError> {
        let position = self.position()?;
        let first = entry.first_life(hash);
        let other = handing.lives.get(&(first.epoch, first.version)).is_some_and(|held| *held != first.entry);
        if other || position.epoch == Some(entry.epoch) {
            return Err(CentreError::refused("log.forked").with("version", first.version));
        }
        Ok(())
    }

    fn keep_edits(&self, edits: &EditSet) -> Result<EditsAt, CentreError> {
        let frozen = freeze_edits(edits)?;
        if frozen.len() <= MAX_INLINE {
            return Ok(EditsAt::Block(frozen));
        }
        let name = *blake3::hash(&frozen).as_bytes();
        self.blobs.put(&name, &frozen)?;
        Ok(EditsAt::Parts(vec![name]))
    }

    /// Makes an entry of this life of one that an earlier life signed, without judging entitlement again: the changes
    /// are the same, byte for byte, and findings are work.
    fn replay(
        &self,
        entry: &LogEntry,
        hash: EntryHash,
        edits: &EditSet,
        edits_at: EditsAt,
    ) -> Result<Step, CentreError> {
        if edits.hash() != entry.edits || usize::try_from(entry.records).ok() != Some(edits.edits().len()) {
            return Err(CentreError::refused("heal.unproven"));
        }
        let mut position = self.position()?;
        let origin = self.origin_again(&entry.origin)?;
        let first = Some(entry.first_life(hash));
        let intent = EntryIntent { origin, edits_at, edits: entry.edits, at: entry.at, first, handed: Some(hash) };
        if edits.edits().len() > MAX_SMALL || !plan::fits(&self.rules.pack, edits.edits()) {
            return self.intend(edits, intent);
        }
        let mut work = Work::new(self.store, self.rules);
        let actor = entry.actor();
        for (key, edit) in edits.edits() {
            self.take(&mut work, *key, &actor, edit)?;
        }
        self.derive(entry, &mut work)?;
        let raised = Self::next_version(&position);
        self.put_entry(&mut work, &mut position, intent, entry.records)?;
        let mut judged: Judged = state::need(self.store, StateName::Judged)?;
        if judged.complete {
            judged.date = self.today;
            work.judge(&mut judged, raised)?;
            work.put_state(StateName::Judged, &judged)?;
        }
        Ok(Step::of(work.finish()))
    }

    fn origin_again(&self, origin: &Origin) -> Result<EntryOrigin, StoreError> {
        let (bundle, replica, sequence) = match origin {
            Origin::Act { kind, promises } if promises.is_empty() => {
                return Ok(EntryOrigin::Act { kind: kind.clone() });
            }
            Origin::Act { kind, promises } => {
                return Ok(EntryOrigin::Promise { kind: kind.clone(), promises: promises.clone() });
            }
            Origin::Bundle { bundle, replica, sequence } => (*bundle, *replica, *sequence),
        };
        let row = match self.store.get(&Key::Replica(replica))? {
            Some(Row::Replica(row)) => row,
            _ => ReplicaRow { device: None, last_sequence: Sequence::new(0), last_accepted: None },
        };
        // Handed back out of order, an earlier bundle is not the last one.
        let after = if sequence > row.last_sequence {
            ReplicaRow { last_sequence: sequence, last_accepted: Some(bundle), ..row }
        } else {
            row
        };
        Ok(EntryOrigin::Bundle { bundle, replica, sequence, after })
    }

    /// Keeps a part of a large entry; with the last one the entry is replayed.
    fn stage(
        &self,
        entry: &LogEntry,
        hash: EntryHash,
        piece: &wire::Handed,
        edits: &EditSet,
    ) -> Result<Step, CentreError> {
        let held: Option<Staged> = state::read(self.store, StateName::Staged)?;
        let mut step = Step::default();
        let mut staged = match held {
            Some(held) if held.entry == hash => held,
            other => {
                let blobs = other.into_iter().flat_map(|other| other.parts).map(Effect::RemoveBlob);
                step.effects.extend(blobs);
                Staged { entry: hash, edits: 0, chain: EditsChain::default().value(), parts: Vec::new() }
            }
        };
        if piece.from != staged.edits {
            // Another computer was faster, or this one asks again: the answer says where to go on.
            return Ok(step);
        }
        let frozen = freeze_edits(edits)?;
        let name = *blake3::hash(&frozen).as_bytes();
        self.blobs.put(&name, &frozen)?;
        let mut chain = EditsChain::from_value(staged.chain);
        for (key, edit) in edits.edits() {
            chain.push(*key, edit);
        }
        staged.edits = staged.edits.saturating_add(u32::try_from(edits.edits().len()).unwrap_or(u32::MAX));
        staged.chain = chain.value();
        staged.parts.push(name);
        if staged.edits > entry.records || staged.parts.len() > MAX_PARTS {
            return Err(CentreError::refused("heal.unproven"));
        }
        if piece.ends {
            let all = crate::page::join(self.blobs, &staged.parts)?;
            let mut last = self.replay(entry, hash, &all, EditsAt::Parts(staged.parts))?;
            last.batch.remove(Key::State(StateName::Staged));
            last.effects.append(&mut step.effects);
            return Ok(last);
        }
        let mut work = Work::new(self.store, self.rules);
        work.put_state(StateName::Staged, &staged)?;
        step.batch = work.finish();
        Ok(step)
    }

    /// A computer has told all it holds. Sequences whose fate it knows are burnt, refused ones too: a copy of a refused
    /// bundle that comes late must not take effect now.
    fn told(&self, handing: &Handing) -> Result<Step, CentreError> {
        let mut work = Work::new(self.store, self.rules);
        let known = match self.store.get(&Key::Replica(handing.replica))? {
            Some(Row::Replica(row)) => row,
            _ => ReplicaRow { device: None, last_sequence: Sequence::new(0), last_accepted: None },
        };
        let last_sequence = known.last_sequence.max(handing.settled);
        let row = ReplicaRow { device: Some(handing.device), last_sequence, ..known };
        work.put(Key::Replica(handing.replica), Row::Replica(row));
        if let Some(mut healing) = self.healing()? {
            healing.waiting.remove(&handing.device);
            if healing.waiting.is_empty() {
                work.remove(Key::State(StateName::Healing));
            } else {
                work.put_state(StateName::Healing, &healing)?;
            }
        }
        Ok(Step::of(work.finish()))
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
