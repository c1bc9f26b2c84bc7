//! What a computer holds of one life of the log says nothing of the next: places within entries, receipts, and the epoch
//! of a log that has nothing yet.

use selaras_model::{Record, Value};
use selaras_sync::{Outcome, Phase, Purpose};

use super::disaster::{
    Backup, Failed, assert_accepted, back_up, change, contact, declare_healed, heal, restore, send, text,
};
use crate::stage::{CentreStage, Computer, Stage, assert_equal};

/// A centre whose backup ends just before a large entry.
struct Within {
    stage: Stage,
    backup: Backup,
    /// It died within the entry: its cursor names a place between two edits.
    second: Computer,
}

/// The first computer sends everything that a school types at the beginning; the second dies while it takes that in.
fn within_an_entry() -> Within {
    let mut stage = Stage::bare(24);
    stage.assign_head();
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    let second = Computer::new(&stage.centre, 2);
    second.pull(&stage.centre);
    let backup = back_up(&stage.centre);
    stage.first.import(&stage.sample.school);
    assert_accepted(&send(&mut stage.first, &stage.centre));
    let body = second.request(Purpose::Pull);
    assert!(second.dies_taking(&stage.centre.serve(second.device, &body), 1));
    assert!(second.school().position().unwrap().partial.is_some(), "it stands within the entry");
    Within { stage, backup, second }
}

/// The operator no longer waits for anybody; then the computer comes. It is sent a page that begins at its place in
/// another entry: `answer.not-ours`.
#[test]
fn fault_10_a_computer_within_an_entry_heals_although_nobody_waits_for_it() {
    let Within { mut stage, backup, mut second } = within_an_entry();
    restore(&mut stage.centre, &backup, 2, &[&stage.first, &second]);
    declare_healed(&stage.centre);
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    assert_equal(&second, &stage.centre);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    assert_equal(&stage.first, &stage.centre);
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    assert_equal(&second, &stage.centre);
}

/// The entry is back already, at another version, and the place is still one of the old life.
#[test]
fn fault_10_a_computer_within_an_entry_that_came_back_already_comes_into_step() {
    let Within { mut stage, backup, mut second } = within_an_entry();
    restore(&mut stage.centre, &backup, 2, &[&stage.first, &second]);
    assert_eq!(heal(&mut stage.first, &stage.centre).unwrap(), 1);
    declare_healed(&stage.centre);
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    assert_equal(&second, &stage.centre);
}

/// The backup did not know the computer, so that nobody ever waited for it.
#[test]
fn fault_10_a_computer_within_an_entry_that_the_backup_did_not_know_comes_into_step() {
    let Within { mut stage, backup, mut second } = within_an_entry();
    restore(&mut stage.centre, &backup, 2, &[&stage.first]);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    assert_equal(&second, &stage.centre);
}

#[test]
fn fault_10_a_computer_within_an_entry_comes_into_step_while_it_is_waited_for() {
    let Within { mut stage, backup, mut second } = within_an_entry();
    restore(&mut stage.centre, &backup, 2, &[&stage.first, &second]);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    assert_equal(&second, &stage.centre);
}

/// Its digests differ until the entry is back, and a centre that waits repairs nothing: the pull works all the same.
#[test]
fn fault_10_a_computer_that_has_healed_pulls_while_another_one_is_waited_for() {
    let Within { mut stage, backup, mut second } = within_an_entry();
    restore(&mut stage.centre, &backup, 2, &[&stage.first, &second]);
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    assert_equal(&second, &stage.centre);
}

/// A computer holds a receipt whose entry it had not passed when the centre's disk was lost. Where it stands is the same
/// in both lives, so that it is never asked for what it holds; its bundle waits for an entry that no log has.
#[test]
fn fault_10_a_receipt_of_another_life_does_not_lose_its_bundle() {
    let mut stage = Stage::in_step(12);
    let student = stage.student();
    // More entries than one commit takes.
    for rt in 0..130 {
        let mut record = Record::new(stage.any("ptk"));
        record.fields.insert("rt".parse().unwrap(), Value::Int(rt));
        stage.centre.act(&[record]);
    }
    let backup = back_up(&stage.centre);
    stage.first.set(student, "alamat_jalan", text("Jalan Dengan Tanda Terima"));
    stage.first.approve(&stage.centre);
    let body = stage.first.request(Purpose::Sync);
    assert!(stage.first.dies_taking(&stage.centre.serve(stage.first.device, &body), 1));
    let sealed = stage.first.school().sealed().unwrap().unwrap();
    assert!(matches!(sealed.phase, Phase::Received(_)) && stage.first.school().position().unwrap().partial.is_none());

    restore(&mut stage.centre, &backup, 2, &[&stage.first]);
    declare_healed(&stage.centre);
    for _ in 0..2 {
        contact(&mut stage.first, &stage.centre, Purpose::Sync).unwrap();
    }
    assert!(stage.first.school().sealed().unwrap().is_none(), "its fate is known");
    assert_equal(&stage.first, &stage.centre);
    let record = stage.centre.record(student).unwrap();
    assert_eq!(record.get("alamat_jalan"), &text("Jalan Dengan Tanda Terima"));
    change(&mut stage.first, &stage.centre, student, "rt", Value::Int(91));
}

/// A centre that offers a snapshot to whoever begins, as one with a long log does.
fn offering(computer: &mut Computer, centre: &CentreStage) -> Result<Outcome, Failed> {
    centre.offers.set(true);
    contact(computer, centre, Purpose::Pull)
}

/// A computer that was offered a snapshot and had fetched nothing of it yet.
fn offered(stage: &Stage) -> Computer {
    let second = Computer::new(&stage.centre, 2);
    stage.centre.offers.set(true);
    let answer = stage.centre.serve(second.device, &second.request(Purpose::Pull));
    stage.centre.offers.set(false);
    assert!(second.school().answer(&answer).unwrap().offer().is_some());
    second.absorb(&answer);
    assert_eq!(second.school().position().unwrap().version.get(), 0);
    second
}

/// Its second offer is of another epoch than its first: refused, for ever.
#[test]
fn fault_11_a_first_pull_goes_on_after_the_centre_was_restored() {
    let mut stage = Stage::in_step(12);
    let backup = back_up(&stage.centre);
    let mut second = offered(&stage);
    restore(&mut stage.centre, &backup, 2, &[&stage.first, &second]);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    offering(&mut second, &stage.centre).unwrap();
    assert_equal(&second, &stage.centre);
}

/// The same for one whom nobody waits for: it is not told to heal.
#[test]
fn fault_11_a_first_pull_of_a_computer_that_the_backup_did_not_know_goes_on() {
    let mut stage = Stage::in_step(12);
    let backup = back_up(&stage.centre);
    let mut second = offered(&stage);
    restore(&mut stage.centre, &backup, 2, &[]);
    offering(&mut second, &stage.centre).unwrap();
    assert_equal(&second, &stage.centre);
}

/// A school's centre with an empty log.
fn founded() -> Stage {
    let Stage { sample, first, .. } = Stage::bare(24);
    Stage { centre: CentreStage::new(sample.npsn, sample.head), sample, first }
}

/// It stood within the first entry: healing takes it back to the beginning, and leaves the old epoch there.
#[test]
fn fault_11_a_first_pull_that_was_interrupted_within_the_first_entry_goes_on() {
    let mut stage = founded();
    stage.centre.act(&stage.sample.whole().into_values().collect::<Vec<_>>());
    let backup = back_up(&stage.centre);
    let body = stage.first.request(Purpose::Pull);
    assert!(stage.first.dies_taking(&stage.centre.serve(stage.first.device, &body), 1));
    let position = stage.first.school().position().unwrap();
    assert!(position.version.get() == 0 && position.partial.is_some());
    restore(&mut stage.centre, &backup, 2, &[&stage.first]);
    offering(&mut stage.first, &stage.centre).unwrap();
    assert_equal(&stage.first, &stage.centre);
}

/// The log of the backup is older than anything that the computer has: it goes back to nothing, under the old epoch.
#[test]
fn fault_11_a_computer_that_goes_back_to_nothing_takes_a_snapshot_of_the_new_life() {
    let mut stage = founded();
    let backup = back_up(&stage.centre);
    stage.centre.act(&stage.sample.centre);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    restore(&mut stage.centre, &backup, 2, &[&stage.first]);
    let before = stage.centre.centre().head().unwrap().version;
    heal(&mut stage.first, &stage.centre).unwrap();
    assert!(stage.centre.centre().head().unwrap().version > before, "it came back");
    assert_eq!(stage.first.school().position().unwrap().version.get(), 0);
    offering(&mut stage.first, &stage.centre).unwrap();
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn fault_11_a_snapshot_of_a_log_that_was_not_restored_is_taken() {
    let stage = Stage::in_step(12);
    let mut second = offered(&stage);
    offering(&mut second, &stage.centre).unwrap();
    assert_equal(&second, &stage.centre);
}
