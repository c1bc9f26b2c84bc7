//! What the faults' worlds share: a backup and its restore, one contact as the shipped program makes it, and where a
//! typed value may be found. Errors are codes: what a person would be told.

use std::collections::BTreeSet;
use std::sync::Arc;

use selaras_model::{DeviceId, EpochId, FieldName, RecordKey, Value};
use selaras_storage::{Changelog, MemoryBlobs, MemoryEngine, RawWriter, SchoolStore};
use selaras_sync::{Outcome, Purpose, Subject};

pub(super) use crate::restored::kept;
use crate::stage::{CentreStage, Computer, Stage};
pub(super) use crate::talk::Failed;

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
    centre.epoch = EpochId::from_bytes([life; 8]);
    let step = centre.centre().restored(devices).unwrap();
    centre.drive(Some(step));
}

/// An operator gives up the computers that have not come.
pub(super) fn declare_healed(centre: &CentreStage) {
    centre.drive(Some(centre.centre().declare_healed().unwrap()));
}

/// One contact, until this side is at the tip of the log.
pub(super) fn contact(computer: &mut Computer, centre: &CentreStage, purpose: Purpose) -> Result<Outcome, Failed> {
    computer.settle();
    Ok(computer.try_exchange(centre, purpose)?.outcome())
}

/// One conversation of healing to its end; gives the number of entries handed back.
pub(super) fn heal(computer: &mut Computer, centre: &CentreStage) -> Result<u32, Failed> {
    Ok(computer.try_heal(centre)?.1)
}

/// The head approves, and the bundle is sent.
pub(super) fn send(computer: &mut Computer, centre: &CentreStage) -> Result<Outcome, Failed> {
    computer.settle();
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
