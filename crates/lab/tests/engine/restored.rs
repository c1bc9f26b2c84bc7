//! A centre that was restored from a backup takes back what it once signed, each entry once.

use std::collections::BTreeSet;
use std::sync::Arc;

use selaras_model::{DeviceId, EpochId, Value};
use selaras_storage::{Changelog, MemoryBlobs, MemoryEngine, RawWriter, SchoolStore};
use selaras_sync::{Flow, Key, Outcome, Purpose, Range, ReadStore};

use crate::stage::{CentreStage, Computer, Stage, assert_equal, assignment};
use crate::talk::Failed;

/// A copy of a centre's rows and files.
struct Backup(SchoolStore, MemoryBlobs);

fn back_up(centre: &CentreStage) -> Backup {
    let changelog = Changelog::new(Arc::new(MemoryEngine::new())).unwrap();
    let mut writer = RawWriter::new(&changelog);
    centre.store.each_raw(&mut |row| writer.row(row)).unwrap();
    writer.finish().unwrap();
    Backup(changelog.school(centre.npsn), centre.blobs.fork())
}

/// Puts a copy back as `restore` does.
fn restore(centre: &mut CentreStage, backup: Backup, epoch: [u8; 8], computers: &[&Computer]) {
    put_back(centre, backup);
    let devices: BTreeSet<DeviceId> = computers.iter().map(|computer| computer.device).collect();
    centre.epoch = EpochId::from_bytes(epoch);
    let step = centre.centre().restored(devices).unwrap();
    centre.drive(Some(step));
}

fn put_back(centre: &mut CentreStage, backup: Backup) {
    (centre.store, centre.blobs) = (backup.0, backup.1);
}

/// One conversation to its end; gives the number of requests and of entries handed back.
fn heal(computer: &Computer, centre: &CentreStage) -> Result<(u32, u32), Failed> {
    computer.try_heal(centre)
}

fn refusal(centre: &CentreStage, computer: &Computer, purpose: Purpose) -> String {
    let body = computer.request(purpose);
    centre.try_serve(computer.device, &body).unwrap_err().code().to_owned()
}

/// How many rows of the log this computer keeps for a restored centre.
pub(crate) fn kept(computer: &Computer) -> usize {
    let mut rows = 0;
    let mut count = |_, _| {
        rows += 1;
        Ok(Flow::Continue)
    };
    computer.store.scan(&Range::Kept(0), &mut count).unwrap();
    rows
}

#[test]
fn a_large_first_upload_comes_back_in_parts_from_a_computer_that_only_pulled_it() {
    let mut stage = Stage::bare(500);
    stage.assign_head();
    let backup = back_up(&stage.centre);
    stage.first.pull(&stage.centre);
    stage.first.import(&stage.sample.school);
    stage.first.approve(&stage.centre);
    let Outcome::Receipt(receipt) = stage.first.sync(&stage.centre) else { panic!("it is accepted") };
    let second = Computer::new(&stage.centre, 2);
    second.pull(&stage.centre);

    restore(&mut stage.centre, backup, *b"second-1", &[&second]);
    let (requests, entries) = heal(&second, &stage.centre).unwrap();
    assert!(requests > 4 && entries == 1, "{requests} requests, {entries} entries");
    second.pull(&stage.centre);
    assert_equal(&second, &stage.centre);

    // The one that sent it comes later: it is known, and nothing is doubled.
    let head = stage.centre.centre().head().unwrap();
    assert_eq!(refusal(&stage.centre, &stage.first, Purpose::Pull), "center.restored");
    assert_eq!(heal(&stage.first, &stage.centre).unwrap().1, 0);
    stage.first.pull(&stage.centre);
    assert_equal(&stage.first, &stage.centre);
    assert_eq!(stage.centre.centre().head().unwrap(), head);
    assert_eq!(stage.first.school().receipt().unwrap().as_ref(), Some(&*receipt));
}

#[test]
fn what_came_back_once_survives_a_second_restore() {
    let mut stage = Stage::in_step(12);
    let (early, student) = (back_up(&stage.centre), stage.student());
    let second = Computer::new(&stage.centre, 2);
    second.pull(&stage.centre);
    for (rt, computer) in [(91, &stage.first), (92, &second)] {
        computer.pull(&stage.centre);
        computer.set(student, "rt", Value::Int(rt));
        computer.approve(&stage.centre);
        assert!(matches!(computer.sync(&stage.centre), Outcome::Receipt(_)));
    }
    stage.first.pull(&stage.centre);
    let again = Backup(back_up(&CentreStage { store: early.0.clone(), ..blank(&stage.centre) }).0, early.1.fork());

    restore(&mut stage.centre, early, *b"second-1", &[&stage.first, &second]);
    assert_eq!(refusal(&stage.centre, &stage.first, Purpose::Pull), "center.restored");
    assert_eq!(heal(&stage.first, &stage.centre).unwrap().1, 2);
    // The other computer holds the same, and is still waited for.
    stage.first.set(student, "rw", Value::Int(93));
    stage.first.approve(&stage.centre);
    assert_eq!(refusal(&stage.centre, &stage.first, Purpose::Sync), "center.healing");
    assert_eq!(heal(&second, &stage.centre).unwrap().1, 0);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    second.pull(&stage.centre);

    restore(&mut stage.centre, again, *b"third--1", &[&stage.first, &second]);
    heal(&second, &stage.centre).unwrap();
    heal(&stage.first, &stage.centre).unwrap();
    for computer in [&stage.first, &second] {
        computer.pull(&stage.centre);
        assert_equal(computer, &stage.centre);
    }
    let record = stage.centre.record(student).unwrap();
    assert_eq!(record.get(&"rw".parse::<selaras_model::FieldName>().unwrap()), &Value::Int(93));
}

/// A centre's stage like this one, with a store of its own.
fn blank(centre: &CentreStage) -> CentreStage {
    let mut blank = CentreStage::new(centre.npsn, centre.head_ptk);
    blank.today = centre.today;
    blank
}

#[test]
fn a_log_that_was_signed_twice_is_told_to_the_centre() {
    let mut stage = Stage::in_step(12);
    let (silent, marked) = (back_up(&stage.centre), back_up(&stage.centre));
    let mut record = assignment(stage.sample.head);
    record.fields.insert("jumlah_jam".parse().unwrap(), Value::Int(20));
    stage.centre.act(&[record.clone()]);
    stage.first.pull(&stage.centre);

    // Put back as a copy of files, the centre does not know what it lost.
    put_back(&mut stage.centre, silent);
    assert_eq!(refusal(&stage.centre, &stage.first, Purpose::Pull), "cursor.ahead");
    record.fields.insert("jumlah_jam".parse().unwrap(), Value::Int(22));
    stage.centre.act(&[record.clone()]);
    assert_eq!(refusal(&stage.centre, &stage.first, Purpose::Pull), "log.forked");

    // Signed anew in the life of before, and then marked as restored: in the next life both entries have a place.
    put_back(&mut stage.centre, marked);
    stage.centre.act(&[record]);
    let forked = back_up(&stage.centre);
    restore(&mut stage.centre, forked, *b"second-1", &[&stage.first]);
    stage.first.pull(&stage.centre);
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn what_another_centre_signed_is_not_taken_back() {
    let mut stage = Stage::in_step(12);
    let backup = back_up(&stage.centre);
    stage.first.set(stage.student(), "rt", Value::Int(91));
    stage.first.approve(&stage.centre);
    stage.first.sync(&stage.centre);
    restore(&mut stage.centre, backup, *b"second-1", &[&stage.first]);
    let head = stage.centre.centre().head().unwrap();
    stage.centre.keys.signing = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
    assert_eq!(heal(&stage.first, &stage.centre).unwrap_err().code, "heal.unproven");
    assert_eq!(stage.centre.centre().head().unwrap(), head);
}

#[test]
fn a_computer_lets_go_of_what_backups_cover_and_of_nothing_else() {
    let stage = Stage::in_step(12);
    let second = Computer::new(&stage.centre, 2);
    second.pull(&stage.centre);
    let before = kept(&second);
    assert!(before > 0);
    let covered = stage.centre.centre().head().unwrap().version;
    stage.first.set(stage.student(), "rt", Value::Int(91));
    stage.first.approve(&stage.centre);
    stage.first.sync(&stage.centre);
    let step = stage.centre.centre().cover(covered).unwrap();
    stage.centre.drive(Some(step));

    second.pull(&stage.centre);
    // The entry after the backup and its one edit.
    assert_eq!(kept(&second), 2);
    stage.first.pull(&stage.centre);
    assert_eq!(kept(&stage.first), 1, "its own edits are in its own bundle");
    assert!(second.store.get(&Key::Entry(covered)).unwrap().is_some(), "the log itself stays");

    // What a new computer pulls of it need not be kept at all.
    let third = Computer::new(&stage.centre, 3);
    third.pull(&stage.centre);
    assert_eq!(kept(&third), 2);
}
