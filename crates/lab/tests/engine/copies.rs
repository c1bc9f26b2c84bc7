//! A disk that is copied while both go on, an earlier image of it, and one that a backup was restored to: each is
//! recognised at the next contact, goes on under a name of its own, and nothing typed at either is lost.

use selaras_model::{ReplicaId, Value};
use selaras_sync::{Outcome, Phase, Purpose};

use crate::stage::{Computer, Stage, assert_equal};

fn name(computer: &Computer) -> ReplicaId {
    computer.school().installation().unwrap().unwrap().replica
}

fn restore(computer: &Computer) {
    let step = computer.school().restored(ReplicaId::from_bytes([0x99; 8])).unwrap();
    computer.drive(Some(step));
}

#[test]
fn of_two_copies_that_each_sealed_one_more_the_second_learns_it_by_a_pull_and_keeps_what_was_typed() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    let copy = stage.first.copy();
    stage.first.set(student, "rt", Value::Int(11));
    stage.first.approve(&stage.centre);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    // The same number under the same name, for the same record.
    copy.set(student, "rw", Value::Int(22));
    copy.approve(&stage.centre);
    copy.pull(&stage.centre);
    assert_ne!(name(&copy), name(&stage.first));
    let seen = copy.record(student);
    assert_eq!((seen.get("rt"), seen.get("rw")), (&Value::Int(11), &Value::Int(22)));
    assert!(copy.school().sealed().unwrap().is_none(), "what can never take effect is a draft again");
    copy.approve(&stage.centre);
    assert!(matches!(copy.sync(&stage.centre), Outcome::Receipt(_)));
    stage.first.pull(&stage.centre);
    assert_equal(&copy, &stage.centre);
    assert_equal(&stage.first, &stage.centre);
    assert_eq!(stage.first.record(student).get("rw"), &Value::Int(22));
}

#[test]
fn the_second_of_two_copies_may_also_send_first() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    let copy = stage.first.copy();
    for (computer, field) in [(&stage.first, "rt"), (&copy, "rw")] {
        computer.set(student, field, Value::Int(33));
        computer.approve(&stage.centre);
    }
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    assert!(matches!(copy.sync(&stage.centre), Outcome::Refusal(_)));
    assert_ne!(name(&copy), name(&stage.first));
    copy.approve(&stage.centre);
    assert!(matches!(copy.sync(&stage.centre), Outcome::Receipt(_)));
    assert_equal(&copy, &stage.centre);
    // The first never had to change its name.
    stage.first.set(student, "rt", Value::Int(34));
    stage.first.approve(&stage.centre);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    assert_eq!(name(&stage.first), ReplicaId::from_bytes([1; 8]));
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn an_image_put_back_pulls_what_it_once_sent_and_goes_on() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    stage.first.set(student, "rt", Value::Int(41));
    let image = stage.first.copy();
    stage.first.approve(&stage.centre);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    image.set(student, "rw", Value::Int(42));
    image.pull(&stage.centre);
    assert_ne!(name(&image), name(&stage.first));
    assert_eq!(image.school().pending().unwrap().records, 1);
    image.approve(&stage.centre);
    assert!(matches!(image.sync(&stage.centre), Outcome::Receipt(_)));
    assert_equal(&image, &stage.centre);
    let record = stage.centre.record(student).unwrap();
    assert_eq!((record.get("rt"), record.get("rw")), (&Value::Int(41), &Value::Int(42)));
}

#[test]
fn a_restored_draft_that_was_sent_meanwhile_is_not_sent_again() {
    let stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(51));
    let backup = stage.first.copy();
    stage.first.approve(&stage.centre);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    restore(&backup);
    backup.pull(&stage.centre);
    assert_eq!(backup.school().pending().unwrap().records, 0);
    assert!(backup.school().conflicts().unwrap().is_empty());
    assert_equal(&backup, &stage.centre);
}

#[test]
fn a_bundle_in_a_restored_outbox_that_was_sent_meanwhile_settles_by_a_pull() {
    let stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(61));
    stage.first.approve(&stage.centre);
    let backup = stage.first.copy();
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    let head = stage.centre.centre().head().unwrap();
    restore(&backup);
    assert_eq!(backup.school().sealed().unwrap().unwrap().phase, Phase::Offered);
    assert!(backup.school().withdraw().is_err(), "only the centre knows its fate");
    backup.pull(&stage.centre);
    assert!(backup.school().sealed().unwrap().is_none());
    assert!(backup.school().receipt().unwrap().is_some());
    assert_eq!(stage.centre.centre().head().unwrap(), head, "it counts once");
    backup.set(stage.student(), "rt", Value::Int(62));
    backup.approve(&stage.centre);
    assert!(matches!(backup.sync(&stage.centre), Outcome::Receipt(_)));
    assert_equal(&backup, &stage.centre);
}

#[test]
fn a_bundle_in_a_restored_outbox_that_nobody_sent_is_offered_under_the_name_it_bears() {
    let stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(71));
    stage.first.approve(&stage.centre);
    let backup = stage.first.copy();
    restore(&backup);
    backup.pull(&stage.centre);
    let waiting = backup.school().sealed().unwrap().unwrap();
    assert_eq!(waiting.phase, Phase::Offered, "a pull sends nothing");
    assert!(matches!(backup.sync(&stage.centre), Outcome::Receipt(_)));
    assert_eq!(name(&backup), ReplicaId::from_bytes([0x99; 8]));
    assert_equal(&backup, &stage.centre);
    // Should the computer that was thought lost come back, it gets the same answer, and both go on.
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    for (computer, rt) in [(&backup, 72), (&stage.first, 73)] {
        computer.pull(&stage.centre);
        computer.set(stage.student(), "rt", Value::Int(rt));
        computer.approve(&stage.centre);
        assert!(matches!(computer.sync(&stage.centre), Outcome::Receipt(_)));
        assert_equal(computer, &stage.centre);
    }
}

#[test]
fn a_bundle_in_a_restored_outbox_that_was_overtaken_becomes_drafts_again() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    stage.first.set(student, "rt", Value::Int(81));
    stage.first.approve(&stage.centre);
    let backup = stage.first.copy();
    stage.first.drive(Some(stage.first.school().withdraw().unwrap()));
    stage.first.set(student, "rw", Value::Int(82));
    stage.first.approve(&stage.centre);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    restore(&backup);
    backup.set(student, "alamat_jalan", Value::text("Jalan Sesudah Pulih"));
    assert!(matches!(backup.sync(&stage.centre), Outcome::Refusal(_)));
    assert!(backup.school().sealed().unwrap().is_none());
    let seen = backup.record(student);
    assert_eq!((seen.get("rt"), seen.get("rw")), (&Value::Int(81), &Value::Int(82)));
    backup.approve(&stage.centre);
    assert!(matches!(backup.sync(&stage.centre), Outcome::Receipt(_)));
    assert_equal(&backup, &stage.centre);
    let record = stage.centre.record(student).unwrap();
    assert_eq!(record.get("alamat_jalan"), &Value::text("Jalan Sesudah Pulih"));
}

#[test]
fn fault_41_a_bundle_in_a_restored_outbox_whose_number_a_clone_has_used_becomes_drafts_by_a_pull() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    let clone = stage.first.copy();
    stage.first.set(student, "rt", Value::Int(83));
    stage.first.approve(&stage.centre);
    let backup = stage.first.copy();
    clone.set(student, "rw", Value::Int(84));
    clone.approve(&stage.centre);
    assert!(matches!(clone.sync(&stage.centre), Outcome::Receipt(_)));
    restore(&backup);
    // Its bundle bears the old name and the number that the clone has used, and its own name is another by now.
    backup.pull(&stage.centre);
    assert!(backup.school().sealed().unwrap().is_none(), "what can never take effect is a draft again");
    let seen = backup.record(student);
    assert_eq!((seen.get("rt"), seen.get("rw")), (&Value::Int(83), &Value::Int(84)));
    backup.approve(&stage.centre);
    assert!(matches!(backup.sync(&stage.centre), Outcome::Receipt(_)));
    assert_equal(&backup, &stage.centre);
}

#[test]
fn a_request_whose_answer_was_lost_makes_nobody_a_copy() {
    let stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(91));
    stage.first.approve(&stage.centre);
    let body = stage.first.request(Purpose::Sync);
    drop(stage.centre.serve(stage.first.device, &body));
    for purpose in [Purpose::Pull, Purpose::Sync, Purpose::Pull] {
        stage.first.exchange(&stage.centre, purpose);
        assert_eq!(name(&stage.first), ReplicaId::from_bytes([1; 8]));
    }
    assert_equal(&stage.first, &stage.centre);
}
