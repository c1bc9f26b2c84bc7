//! Handing entries back at the level of the wire: parts of any size, in any order, true ones and made-up ones. Large
//! entries are cut at 1 MiB by the school's half; the rules for parts do not depend on how large they are.

use std::collections::BTreeMap;

use prost::Message as _;
use selaras_merge::Edit;
use selaras_model::{EntryHash, LogVersion, RecordKey, ReplicaId, Value};
use selaras_sync::store::{EditsAt, EntryRow};
use selaras_sync::{Bundle, EditSet, Key, ReadStore, Row, bundle, entry_hash, wire};

use super::disaster::Failed;
use crate::stage::{CentreStage, Computer};

/// An entry that the centre signed, with its edits, as any computer of the school may hold it.
pub(super) struct Entry {
    version: LogVersion,
    row: EntryRow,
    edits: Vec<(RecordKey, Edit)>,
}

impl Entry {
    /// The newest entry of a log, which a bundle became.
    pub(super) fn newest(centre: &CentreStage) -> Self {
        let version = centre.centre().head().unwrap().version;
        let Some(Row::Entry(row)) = centre.store.get(&Key::Entry(version)).unwrap() else { panic!("it has an entry") };
        let EditsAt::Inline(frozen) = &row.edits else { panic!("a small bundle's") };
        let Bundle { edits, .. } = bundle::decode(frozen).unwrap();
        Self { version, edits: edits.into_edits(), row }
    }

    pub(super) fn hash(&self) -> EntryHash {
        entry_hash(&self.row.entry)
    }

    /// True edits from a place on, at most so many.
    pub(super) fn part(&self, from: u32, most: usize) -> wire::Handed {
        let rest = &self.edits[from as usize..];
        let taken = &rest[..rest.len().min(most)];
        self.handed(from, taken.len() == rest.len(), taken.to_vec())
    }

    /// Edits that are in no entry, at a place of this one: the true ones with another number in them.
    pub(super) fn lie(&self, from: u32, most: usize, ends: bool) -> wire::Handed {
        let lies = self.edits[from as usize..].iter().take(most).map(|(key, edit)| {
            let fields: BTreeMap<_, _> = edit.fields.iter().map(|(name, _)| (name.clone(), Value::Int(66))).collect();
            (*key, Edit { fields: fields.into_iter().collect(), ..edit.clone() })
        });
        self.handed(from, ends, lies.collect())
    }

    fn handed(&self, from: u32, ends: bool, edits: Vec<(RecordKey, Edit)>) -> wire::Handed {
        let edits = EditSet::new(edits).unwrap().to_wire().unwrap();
        let entry = self.hash().as_bytes().to_vec();
        wire::Handed { entry, from, ends, edits: Some(edits), approval: Vec::new() }
    }

    pub(super) fn run(&self) -> wire::Run {
        let signature = self.row.signature.clone().unwrap();
        wire::Run { entries: vec![self.row.entry.clone()], signature }
    }

    /// How a computer asks whether the centre lacks it.
    fn item(&self) -> Vec<u8> {
        [self.version.get().to_be_bytes().as_slice(), self.hash().as_bytes()].concat()
    }
}

/// Who hands back: a computer, under its own name.
pub(super) fn name_of(computer: &Computer) -> ReplicaId {
    computer.school().installation().unwrap().unwrap().replica
}

/// One request of healing under a name, and its answer.
pub(super) fn say(
    computer: &Computer,
    replica: ReplicaId,
    centre: &CentreStage,
    request: wire::HealRequest,
) -> Result<wire::HealResponse, Failed> {
    let request = wire::HealRequest { replica: replica.as_bytes().to_vec(), ..request };
    let body = zstd::encode_all(request.encode_to_vec().as_slice(), 3).unwrap();
    let mut handing = centre.centre().heal(computer.device, &body)?;
    while let Some(step) = centre.centre().heal_step(&mut handing)? {
        centre.drive(Some(step));
    }
    let answer = centre.centre().heal_answer(&handing)?;
    Ok(wire::HealResponse::decode(zstd::decode_all(answer.as_slice()).unwrap().as_slice()).unwrap())
}

/// Hands a part of an entry back.
pub(super) fn hand(
    computer: &Computer,
    centre: &CentreStage,
    entry: &Entry,
    part: wire::Handed,
) -> Result<wire::HealResponse, Failed> {
    let request = wire::HealRequest { runs: vec![entry.run()], handed: vec![part], ..wire::HealRequest::default() };
    say(computer, name_of(computer), centre, request)
}

/// Hands an entry back in parts of so many edits, as a computer does: it asks whether the centre lacks it and where its
/// parts stand, and goes on there, until the centre has it.
pub(super) fn hand_back(computer: &Computer, centre: &CentreStage, entry: &Entry, most: usize) -> Result<(), Failed> {
    let ask = || wire::HealRequest { inventory: entry.item(), ..wire::HealRequest::default() };
    for _ in 0..20 {
        let told = say(computer, name_of(computer), centre, ask())?;
        if told.lacking == [0] {
            let done = wire::HealRequest { done: true, ..wire::HealRequest::default() };
            return say(computer, name_of(computer), centre, done).map(drop);
        }
        let from = if told.staged == entry.hash().as_bytes() { told.staged_edits } else { 0 };
        hand(computer, centre, entry, entry.part(from, most))?;
    }
    panic!("the centre has it after so many parts");
}
