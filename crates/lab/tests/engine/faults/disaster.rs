//! What the faults' worlds share: a backup and its restore, one contact as the shipped program makes it, and where a
//! typed value may be found. Errors are codes: what a person would be told.

use std::collections::BTreeSet;
use std::sync::Arc;

use selaras_model::{DeviceId, EpochId, FieldName, RecordKey, ReplicaId, Value};
use selaras_storage::{Changelog, MemoryBlobs, MemoryEngine, RawWriter, SchoolStore};
use selaras_sync::{
    Blobs, CentreError, Effect, Flow, Incoming, Offer, Outcome, Purpose, Range, ReadStore, Rules, SchoolError,
    Snapshot, Step, Store, StoreError, Subject,
};

use crate::stage::{CentreStage, Computer, Stage};

/// Why something could not be done, as a code and a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) code: String,
    said: String,
}

impl From<CentreError> for Failed {
    fn from(error: CentreError) -> Self {
        Self { code: error.code().to_owned(), said: format!("{error:?}") }
    }
}

impl From<SchoolError> for Failed {
    fn from(error: SchoolError) -> Self {
        Self { code: error.code().to_owned(), said: format!("{error:?}") }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        SchoolError::from(error).into()
    }
}

/// A verified backup of a centre: its rows and its files.
pub(super) struct Backup(SchoolStore, MemoryBlobs);

fn copy_of(store: &SchoolStore) -> SchoolStore {
    let changelog = Changelog::new(Arc::new(MemoryEngine::new())).unwrap();
    let mut writer = RawWriter::new(&changelog);
    store.each_raw(&mut |row| writer.row(row)).unwrap();
    writer.finish().unwrap();
    changelog.school(store.npsn())
}

pub(super) fn back_up(centre: &CentreStage) -> Backup {
    Backup(copy_of(&centre.store), centre.blobs.fork())
}

/// A verified backup after which the centre tells schools that they may let go of what they keep.
pub(super) fn back_up_and_cover(centre: &CentreStage) -> Backup {
    let backup = back_up(centre);
    let head = centre.centre().head().unwrap().version;
    centre.drive(Some(centre.centre().cover(head).unwrap()));
    backup
}

/// The centre's disk is lost and a backup restored: another life, which waits for these computers.
pub(super) fn restore(centre: &mut CentreStage, backup: &Backup, life: u8, computers: &[&Computer]) {
    (centre.store, centre.blobs) = (copy_of(&backup.0), backup.1.fork());
    let devices: BTreeSet<DeviceId> = computers.iter().map(|computer| computer.device).collect();
    let step = centre.centre().restored(EpochId::from_bytes([life; 8]), devices).unwrap();
    centre.drive(Some(step));
}

/// An operator gives up the computers that have not come.
pub(super) fn declare_healed(centre: &CentreStage) {
    centre.drive(Some(centre.centre().declare_healed().unwrap()));
}

/// Commits a step and all that follows it, with its effects.
pub(super) fn carry_out(computer: &mut Computer, first: Option<Step>) -> Result<(), Failed> {
    let mut next = first;
    loop {
        let Some(step) = (match next.take() {
            Some(step) => Some(step),
            None => computer.school().resume()?,
        }) else {
            return Ok(());
        };
        for batch in std::iter::once(&step.batch).chain(&step.rest) {
            computer.store.commit(batch)?;
        }
        for effect in step.effects {
            match effect {
                Effect::RemoveBlob(name) => computer.blobs.remove(&name)?,
                Effect::RulesChanged => computer.rules = Rules::load(&computer.store)?.unwrap(),
                Effect::Progress { .. } => {}
            }
        }
    }
}

fn settle(computer: &mut Computer) -> Result<(), Failed> {
    carry_out(computer, None)?;
    while let Some(step) = computer.school().ensure_judged()? {
        carry_out(computer, Some(step))?;
    }
    Ok(())
}

/// Answers a request.
pub(super) type Serve<'s> = dyn Fn(DeviceId, &[u8]) -> Result<Vec<u8>, CentreError> + 's;

/// One contact, until this side is at the head of the log: heals and repairs where that is asked for.
pub(super) fn contact(computer: &mut Computer, centre: &CentreStage, purpose: Purpose) -> Result<Outcome, Failed> {
    contact_over(computer, centre, purpose, &|device, body| centre.try_serve(device, body))
}

/// The same with another way to answer the requests of the exchange.
pub(super) fn contact_over(
    computer: &mut Computer,
    centre: &CentreStage,
    purpose: Purpose,
    serve: &Serve<'_>,
) -> Result<Outcome, Failed> {
    settle(computer)?;
    let (mut outcome, mut purpose) = (Outcome::None, purpose);
    let (mut repairs, mut asked) = (3, 3);
    for _ in 0..50 {
        let carry = computer.land(centre);
        let outgoing = computer.school().request(purpose, carry)?;
        carry_out(computer, outgoing.step)?;
        let answer = match serve(computer.device, &outgoing.body) {
            Err(error) if ["cursor.unknown", "center.restored"].contains(&error.code()) => {
                heal(computer, centre)?;
                continue;
            }
            answer => answer?,
        };
        let mut incoming = computer.school().answer(&answer)?;
        if incoming.differs() && repairs > 0 {
            repairs -= 1;
            if repair(computer, centre)? {
                continue;
            }
        }
        absorb(computer, &mut incoming)?;
        if let Some(offer) = incoming.offer() {
            take_snapshot(computer, centre, &offer)?;
            purpose = Purpose::Pull;
            continue;
        }
        if *incoming.outcome() != Outcome::None {
            outcome = incoming.outcome().clone();
        }
        purpose = Purpose::Pull;
        if incoming.more() {
            continue;
        }
        // Asking once more tells the centre digests that are not its own, and the repair begins.
        if incoming.summary().equal != Some(false) || asked == 0 {
            settle(computer)?;
            return Ok(outcome);
        }
        asked -= 1;
    }
    panic!("the contact comes to an end");
}

pub(super) fn absorb(computer: &mut Computer, incoming: &mut Incoming) -> Result<(), Failed> {
    if incoming.copied() {
        let installation = computer.school().installation()?.unwrap();
        let name = ReplicaId::from_bytes(installation.replica.as_bytes().map(|byte| byte.wrapping_add(0x40)));
        let step = computer.school().renew(name, incoming)?;
        carry_out(computer, Some(step))?;
    }
    while let Some(step) = computer.school().absorb(incoming)? {
        carry_out(computer, Some(step))?;
    }
    Ok(())
}

fn take_snapshot(computer: &mut Computer, centre: &CentreStage, offer: &Offer) -> Result<(), Failed> {
    let file = centre.centre().snapshot(Vec::new())?;
    let mut whole = Snapshot::open(file.as_slice()).unwrap();
    computer.school().check_snapshot(offer, &mut whole)?;
    let mut snapshot = Snapshot::open(file.as_slice()).unwrap();
    while let Some(frame) = snapshot.next_frame().unwrap() {
        let Some(mut incoming) = computer.school().frame(&frame)? else { continue };
        absorb(computer, &mut incoming)?;
    }
    Ok(())
}

/// One conversation of healing to its end; gives the number of entries handed back.
pub(super) fn heal(computer: &mut Computer, centre: &CentreStage) -> Result<u32, Failed> {
    carry_out(computer, None)?;
    let mut healing = computer.school().heal()?;
    for _ in 0..100 {
        let body = computer.school().heal_request(&healing)?;
        let mut handing = centre.centre().heal(computer.device, &body)?;
        while let Some(step) = centre.centre().heal_step(&mut handing)? {
            centre.drive(Some(step));
        }
        let answer = centre.centre().heal_answer(&handing)?;
        computer.school().heal_answer(&mut healing, &answer)?;
        if healing.is_done() {
            let step = computer.school().healed(&healing)?;
            carry_out(computer, Some(step))?;
            return Ok(healing.handed_back());
        }
    }
    panic!("healing comes to an end");
}

/// One conversation of repair; says whether anything was changed at either side.
fn repair(computer: &mut Computer, centre: &CentreStage) -> Result<bool, Failed> {
    match converse(computer, centre) {
        // Why nothing could be mended is told, and the exchange goes on.
        Err(Failed { code, .. }) if code.starts_with("repair.") => Ok(false),
        mended => mended,
    }
}

fn converse(computer: &mut Computer, centre: &CentreStage) -> Result<bool, Failed> {
    carry_out(computer, None)?;
    let Some(mut repair) = computer.school().repair()? else { return Ok(false) };
    while !repair.is_done() {
        let body = computer.school().repair_request(&repair)?;
        let mut repairing = centre.centre().repair(&body)?;
        while let Some(step) = centre.centre().repair_step(&mut repairing)? {
            centre.drive(Some(step));
        }
        let answer = centre.centre().repair_answer(&repairing)?;
        computer.school().repair_answer(&mut repair, &answer)?;
    }
    let Some(step) = computer.school().repaired(&repair)? else { return Ok(repair.mended_there()) };
    carry_out(computer, Some(step))?;
    settle(computer)?;
    Ok(true)
}

/// How many rows of the log this computer keeps for a restored centre.
pub(super) fn kept(computer: &Computer) -> usize {
    let mut rows = 0;
    let mut count = |_, _| {
        rows += 1;
        Ok(Flow::Continue)
    };
    computer.store.scan(&Range::Kept(0), &mut count).unwrap();
    rows
}

/// The head approves, and the bundle is sent.
pub(super) fn send(computer: &mut Computer, centre: &CentreStage) -> Result<Outcome, Failed> {
    settle(computer)?;
    computer.try_approve(centre)?;
    contact(computer, centre, Purpose::Sync)
}

/// Types a value, and sends it; the world of a test is built of these.
pub(super) fn change(computer: &mut Computer, centre: &CentreStage, key: RecordKey, name: &str, value: Value) {
    computer.set(key, name, value);
    assert_accepted(&send(computer, centre));
}

#[track_caller]
pub(super) fn assert_accepted(outcome: &Result<Outcome, Failed>) {
    assert!(matches!(outcome, Ok(Outcome::Receipt(_))), "the bundle takes effect: {outcome:?}");
}

/// All values that people at this computer can find in a field: what they see, what waits to be sent, and every side of
/// a conflict that waits for a person.
pub(super) fn found(computer: &Computer, key: RecordKey, name: &str) -> Vec<Value> {
    let field: FieldName = name.parse().unwrap();
    let school = computer.school();
    let mut found: Vec<Value> = school.record(key).unwrap().iter().map(|record| record.get(name).clone()).collect();
    found.extend(school.draft(key).unwrap().and_then(|draft| draft.fields.get(&field).cloned()));
    for conflict in school.conflicts().unwrap() {
        if conflict.key == key && conflict.subject == Subject::Field(field.clone()) {
            found.push(conflict.winner.value.clone());
            found.extend(conflict.others.iter().map(|side| side.value.clone()));
        }
    }
    found
}

/// Students in order of their ids.
pub(super) fn students(stage: &Stage) -> Vec<RecordKey> {
    let entity = stage.student().entity;
    stage.sample.whole().into_keys().filter(|key| key.entity == entity).collect()
}

pub(super) fn text(value: &str) -> Value {
    Value::text(value)
}
