//! The names of installations: who may speak under one while a restored centre waits, and under which name a sequence is
//! settled.

use selaras_model::{DeviceId, ReplicaId, Sequence, Value};
use selaras_sync::store::ReplicaRow;
use selaras_sync::{Batch, DeviceRow, Key, Outcome, Phase, Purpose, Row, Rules, Store as _, local, wire};

use super::disaster::{Backup, assert_accepted, back_up, change, contact, declare_healed, restore, send};
use super::handing::{name_of, say};
use super::rules::{another_rulebook, begin};
use crate::stage::{CentreStage, Computer, Stage, assert_equal};

/// A school whose computers first spoke after the backup: only their entries, which they hand back, tell their names.
struct Unseen {
    stage: Stage,
    backup: Backup,
    /// Another device of the school; it has read the first one's name in the log.
    thief: Computer,
}

fn unseen() -> Unseen {
    let mut stage = Stage::bare(12);
    stage.assign_head();
    register(&stage.centre, 1);
    let backup = back_up(&stage.centre);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    stage.first.import(&stage.sample.school);
    assert_accepted(&send(&mut stage.first, &stage.centre));
    let mut thief = Computer::new(&stage.centre, 2);
    contact(&mut thief, &stage.centre, Purpose::Pull).unwrap();
    Unseen { stage, backup, thief }
}

/// The centre knows a computer by its registration, also where nobody has spoken under its name.
fn register(centre: &CentreStage, number: u8) {
    let row = DeviceRow {
        public: [number; 32],
        replica: ReplicaId::from_bytes([number; 8]),
        app_version: String::new(),
        registered_at: 0,
        ended: None,
    };
    let mut batch = Batch::default();
    local::put(&mut batch, &format!("device/{}", DeviceId::from_bytes([number; 8])), &row).unwrap();
    centre.store.commit(&batch).unwrap();
}

/// Everything that a device can say under a name: that all of its numbers are used, and that it has told all.
fn all_is_settled() -> wire::HealRequest {
    wire::HealRequest { settled: u64::MAX, done: true, ..wire::HealRequest::default() }
}

/// The owner of the name is waited for, heals, and works on.
fn owner_works_on(stage: &mut Stage) {
    let student = stage.student();
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    // Nobody waits for the thief, which may have told nothing for itself.
    declare_healed(&stage.centre);
    change(&mut stage.first, &stage.centre, student, "rt", Value::Int(91));
    assert_equal(&stage.first, &stage.centre);
    assert_eq!(name_of(&stage.first), ReplicaId::from_bytes([1; 8]), "under its own name");
}

/// The name is bound to whoever speaks it first; its owner is `replica.other-device`, for ever.
#[test]
fn fault_20_nobody_takes_a_computers_name_before_it_has_healed() {
    let Unseen { mut stage, backup, thief } = unseen();
    restore(&mut stage.centre, &backup, 2, &[&stage.first, &thief]);
    drop(say(&thief, name_of(&stage.first), &stage.centre, all_is_settled()));
    owner_works_on(&mut stage);
}

/// The entries are back, by the hands of a third computer: their name is known and still bound to nobody.
#[test]
fn fault_20_nobody_takes_the_name_of_entries_that_came_back() {
    let Unseen { mut stage, backup, thief } = unseen();
    let mut third = Computer::new(&stage.centre, 3);
    contact(&mut third, &stage.centre, Purpose::Pull).unwrap();
    restore(&mut stage.centre, &backup, 2, &[&stage.first, &thief, &third]);
    contact(&mut third, &stage.centre, Purpose::Pull).unwrap();
    drop(say(&thief, name_of(&stage.first), &stage.centre, all_is_settled()));
    owner_works_on(&mut stage);
}

/// The same by an exchange: the first sight of a name binds it, whoever shows it.
#[test]
fn fault_20_nobody_takes_a_computers_name_by_an_exchange() {
    use prost::Message as _;
    let Unseen { mut stage, backup, thief } = unseen();
    restore(&mut stage.centre, &backup, 2, &[]);
    let stolen = wire::ExchangeRequest {
        replica: name_of(&stage.first).as_bytes().to_vec(),
        last_sequence: 1,
        ..wire::ExchangeRequest::default()
    };
    drop(stage.centre.try_serve(thief.device, &stolen.encode_to_vec()));
    owner_works_on(&mut stage);
}

#[test]
fn fault_20_a_name_that_the_backup_knows_is_not_taken() {
    let mut stage = Stage::in_step(12);
    let mut thief = Computer::new(&stage.centre, 2);
    contact(&mut thief, &stage.centre, Purpose::Pull).unwrap();
    let backup = back_up(&stage.centre);
    restore(&mut stage.centre, &backup, 2, &[&stage.first, &thief]);
    let refused = say(&thief, name_of(&stage.first), &stage.centre, all_is_settled()).map(drop).unwrap_err();
    assert_eq!(refused.code, "replica.other-device");
    contact(&mut thief, &stage.centre, Purpose::Pull).unwrap();
    owner_works_on(&mut stage);
}

/// The name that an installation gets when it is brought back from a backup of its own.
const BROUGHT_BACK: [u8; 8] = [0x99; 8];

/// A computer whose disk was replaced: its backup has an approved bundle, and it has another name now.
fn brought_back(backup: &Computer) -> Computer {
    let computer = backup.copy();
    let step = computer.school().restored(ReplicaId::from_bytes(BROUGHT_BACK)).unwrap();
    computer.drive(Some(step));
    computer
}

/// The head's next approvals are taken, under the computer's own new name.
fn next_approvals_are_taken(computer: &mut Computer, stage: &Stage) {
    let student = stage.student();
    for rt in [91, 92] {
        computer.set(student, "rt", Value::Int(rt));
        let outcome = send(computer, &stage.centre).unwrap();
        if let Outcome::Refusal(refusal) = &outcome {
            panic!("refused: {}", refusal.code);
        }
        assert!(matches!(outcome, Outcome::Receipt(_)));
        assert_eq!(name_of(computer), ReplicaId::from_bytes(BROUGHT_BACK), "it is no copy");
    }
    assert_equal(computer, &stage.centre);
}

/// What the old name had settled is told for the new one, whose first numbers are burnt: `bundle.sequence`.
#[test]
fn fault_21_a_computer_that_was_brought_back_does_not_burn_its_own_new_name() {
    let mut stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rw", Value::Int(81));
    stage.first.approve(&stage.centre);
    let (backup, own) = (back_up(&stage.centre), stage.first.copy());
    let mut computer = brought_back(&own);
    restore(&mut stage.centre, &backup, 2, &[&computer]);
    assert_accepted(&contact(&mut computer, &stage.centre, Purpose::Sync));
    next_approvals_are_taken(&mut computer, &stage);
}

/// The same where the bundle had been sent, and its answer was lost with the disk.
#[test]
fn fault_21_a_frozen_bundle_that_was_sent_before_burns_no_new_name() {
    let mut stage = Stage::in_step(12);
    let backup = back_up(&stage.centre);
    stage.first.set(stage.student(), "rw", Value::Int(82));
    stage.first.approve(&stage.centre);
    let own = stage.first.copy();
    drop(stage.centre.serve(stage.first.device, &stage.first.request(Purpose::Sync)));
    let mut computer = brought_back(&own);
    assert_eq!(computer.school().sealed().unwrap().unwrap().phase, Phase::Offered);
    restore(&mut stage.centre, &backup, 2, &[&computer]);
    assert_accepted(&contact(&mut computer, &stage.centre, Purpose::Sync));
    next_approvals_are_taken(&mut computer, &stage);
}

/// A bundle was refused under the old name, and nobody says so under it: an old copy of it takes effect in the new life,
/// although its edits are drafts again.
#[test]
fn fault_21_a_bundle_that_was_refused_under_an_old_name_stays_refused() {
    let mut stage = Stage::in_step(12);
    let student = stage.student();
    let backup = back_up(&stage.centre);
    stage.first.set(student, "rw", Value::Int(83));
    stage.first.approve(&stage.centre);
    let old = stage.first.copy();
    begin(&mut stage.centre, &another_rulebook(&Rules::builtin())).unwrap();
    let outcome = contact(&mut stage.first, &stage.centre, Purpose::Sync).unwrap();
    assert!(matches!(outcome, Outcome::Refusal(refusal) if refusal.code == "bundle.rulebook"));
    let own = stage.first.copy();
    let mut computer = brought_back(&own);
    // The release is lost with the disk, and the rules of the backup are in force again.
    stage.centre.rules = Rules::builtin();
    restore(&mut stage.centre, &backup, 2, &[&computer]);
    contact(&mut computer, &stage.centre, Purpose::Pull).unwrap();
    let head = stage.centre.centre().head().unwrap();
    // The old disk is put into another computer, which says what it has been told to say.
    let mut old = old;
    let outcome = contact(&mut old, &stage.centre, Purpose::Sync);
    assert_eq!(stage.centre.centre().head().unwrap(), head, "it does not take effect: {outcome:?}");
}

/// Without another name the number is burnt, as it should be.
#[test]
fn fault_21_a_bundle_that_was_refused_stays_refused_after_a_restore() {
    let mut stage = Stage::in_step(12);
    let student = stage.student();
    let backup = back_up(&stage.centre);
    stage.first.set(student, "rw", Value::Int(84));
    stage.first.approve(&stage.centre);
    let mut old = stage.first.copy();
    begin(&mut stage.centre, &another_rulebook(&Rules::builtin())).unwrap();
    let outcome = contact(&mut stage.first, &stage.centre, Purpose::Sync).unwrap();
    assert!(matches!(outcome, Outcome::Refusal(_)));
    stage.centre.rules = Rules::builtin();
    restore(&mut stage.centre, &backup, 2, &[&stage.first]);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    let head = stage.centre.centre().head().unwrap();
    let outcome = contact(&mut old, &stage.centre, Purpose::Sync);
    assert_eq!(stage.centre.centre().head().unwrap(), head, "it does not take effect: {outcome:?}");
}

/// A name that was taken by renaming is in no registration: where the centre lost its row, another device may have it.
#[test]
fn who_lost_its_name_to_another_device_takes_another_one_and_works_on() {
    let mut stage = Stage::in_step(12);
    let student = stage.student();
    stage.first.set(student, "rt", Value::Int(91));
    stage.first.approve(&stage.centre);
    let name = stage.first.school().installation().unwrap().unwrap().replica;
    let mut batch = Batch::default();
    let row =
        ReplicaRow { device: Some(DeviceId::from_bytes([7; 8])), last_sequence: Sequence::new(9), last_accepted: None };
    batch.put(Key::Replica(name), Row::Replica(row));
    stage.centre.store.commit(&batch).unwrap();
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::None), "what was sealed under the name is drafts again");
    assert_ne!(stage.first.school().installation().unwrap().unwrap().replica, name);
    assert_accepted(&send(&mut stage.first, &stage.centre));
    assert_eq!(stage.centre.record(student).unwrap().get("rt"), &Value::Int(91));
    assert_equal(&stage.first, &stage.centre);
}
