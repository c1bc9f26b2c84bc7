//! Both sides edit at once.

use selaras_model::{Fields, Side, Value};
use selaras_sync::{Outcome, Subject, TypedEdit};

use crate::stage::{Computer, Stage, assert_equal};

fn act(stage: &Stage, key: selaras_model::RecordKey, name: &str, value: Value) {
    let fields: Fields = [(name.parse().unwrap(), value)].into_iter().collect();
    let edit = TypedEdit { key, fields, deleted: None };
    stage.centre.drive(Some(stage.centre.centre().act("test.act", vec![edit]).unwrap()));
}

#[test]
fn different_fields_of_a_record_both_stand() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    stage.first.set(student, "alamat_jalan", Value::text("Jl. Sekolah 1"));
    act(&stage, student, "nama_dusun", Value::text("Dusun Pusat"));
    stage.first.approve(&stage.centre);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    for record in [stage.first.record(student), stage.centre.record(student).unwrap()] {
        assert_eq!(record.text("alamat_jalan"), Some("Jl. Sekolah 1"));
        assert_eq!(record.text("nama_dusun"), Some("Dusun Pusat"));
    }
    assert_equal(&stage.first, &stage.centre);
    assert!(stage.first.school().conflicts().unwrap().is_empty());
}

#[test]
fn the_same_field_is_a_conflict_that_keeps_both_values_until_a_person_decides() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    stage.first.set(student, "alamat_jalan", Value::text("Jl. Sekolah 1"));
    act(&stage, student, "alamat_jalan", Value::text("Jl. Pusat 2"));
    stage.first.approve(&stage.centre);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    assert_equal(&stage.first, &stage.centre);
    let conflicts = stage.first.school().conflicts().unwrap();
    assert_eq!(conflicts.len(), 1);
    let conflict = &conflicts[0];
    assert_eq!((conflict.owner, conflict.pending), (Side::School, false));
    assert_eq!(conflict.winner.value, Value::text("Jl. Sekolah 1"));
    assert_eq!(conflict.others[0].value, Value::text("Jl. Pusat 2"));

    // The decision is an ordinary edit, also where it chooses what holds already.
    let step = stage.first.school().resolve(student, &conflict.subject, conflict.winner.value.clone(), "head").unwrap();
    stage.first.drive(Some(step));
    assert!(stage.first.school().conflicts().unwrap().is_empty());
    stage.first.approve(&stage.centre);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    assert!(stage.first.school().conflicts().unwrap().is_empty());
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn a_conflict_in_the_making_is_shown_before_anything_is_sent() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    stage.first.set(student, "alamat_jalan", Value::text("Jl. Sekolah 1"));
    act(&stage, student, "alamat_jalan", Value::text("Jl. Pusat 2"));
    stage.first.pull(&stage.centre);
    assert_eq!(stage.first.record(student).text("alamat_jalan"), Some("Jl. Sekolah 1"));
    let conflicts = stage.first.school().conflicts().unwrap();
    assert_eq!(conflicts.len(), 1);
    assert!(conflicts[0].pending);
    assert_eq!(conflicts[0].subject, Subject::Field("alamat_jalan".parse().unwrap()));

    let step =
        stage.first.school().resolve(student, &conflicts[0].subject, Value::text("Jl. Pusat 2"), "operator").unwrap();
    stage.first.drive(Some(step));
    assert!(stage.first.school().conflicts().unwrap().is_empty());
    assert_eq!(stage.first.record(student).text("alamat_jalan"), Some("Jl. Pusat 2"));
}

#[test]
fn two_computers_and_the_centre_end_in_step() {
    let stage = Stage::in_step(12);
    let second = Computer::new(&stage.centre, 2);
    second.pull(&stage.centre);
    let student = stage.student();
    stage.first.set(student, "rt", Value::Int(99));
    second.set(student, "rw", Value::Int(88));
    act(&stage, student, "nama_dusun", Value::text("Dusun Pusat"));
    for computer in [&stage.first, &second] {
        computer.approve(&stage.centre);
        assert!(matches!(computer.sync(&stage.centre), Outcome::Receipt(_)));
    }
    stage.first.pull(&stage.centre);
    for computer in [&stage.first, &second] {
        let record = computer.record(student);
        assert_eq!((record.int("rt"), record.int("rw")), (Some(99), Some(88)));
        assert_equal(computer, &stage.centre);
    }
}

#[test]
fn what_was_typed_after_the_approval_stays_a_draft_on_what_was_sent() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    stage.first.set(student, "alamat_jalan", Value::text("Jl. Satu"));
    stage.first.approve(&stage.centre);
    stage.first.set(student, "alamat_jalan", Value::text("Jl. Dua"));
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    assert_eq!(stage.centre.record(student).unwrap().text("alamat_jalan"), Some("Jl. Satu"));
    assert_eq!(stage.first.record(student).text("alamat_jalan"), Some("Jl. Dua"));
    assert_eq!(stage.first.school().pending().unwrap().records, 1);
    stage.first.approve(&stage.centre);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    assert_eq!(stage.centre.record(student).unwrap().text("alamat_jalan"), Some("Jl. Dua"));
    assert!(stage.first.school().conflicts().unwrap().is_empty());
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn a_decision_decides_nothing_else_of_the_same_draft() {
    let stage = Stage::in_step(12);
    let second = Computer::new(&stage.centre, 2);
    second.pull(&stage.centre);
    let student = stage.student();
    stage.first.set(student, "alamat_jalan", Value::text("Jl. Satu"));
    stage.first.set(student, "nama_dusun", Value::text("Dusun Satu"));
    // The second computer and the centre do not know of each other: a conflict that the centre has.
    second.set(student, "alamat_jalan", Value::text("Jl. Dua"));
    act(&stage, student, "alamat_jalan", Value::text("Jl. Pusat"));
    second.approve(&stage.centre);
    assert!(matches!(second.sync(&stage.centre), Outcome::Receipt(_)));
    act(&stage, student, "nama_dusun", Value::text("Dusun Pusat"));
    stage.first.pull(&stage.centre);

    let open = stage.first.school().conflicts().unwrap();
    assert!(open.iter().all(|conflict| conflict.pending), "the draft is a side of each: {open:?}");
    let dusun = open.iter().find(|conflict| conflict.subject == Subject::Field("nama_dusun".parse().unwrap())).unwrap();
    let step = stage.first.school().resolve(student, &dusun.subject, Value::text("Dusun Satu"), "operator").unwrap();
    stage.first.drive(Some(step));
    stage.first.approve(&stage.centre);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    let open = stage.first.school().conflicts().unwrap();
    let alamat = open.iter().find(|conflict| conflict.subject == Subject::Field("alamat_jalan".parse().unwrap()));
    let sides: Vec<_> =
        alamat.map(|c| std::iter::once(&c.winner).chain(&c.others).map(|s| s.value.clone()).collect()).unwrap();
    for side in ["Jl. Satu", "Jl. Dua", "Jl. Pusat"] {
        assert!(sides.contains(&Value::text(side)), "{side} is lost: {sides:?}");
    }
}

#[test]
fn a_decision_can_be_taken_back_until_somebody_types_and_the_conflict_waits_again() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    stage.first.set(student, "alamat_jalan", Value::text("Jl. Sekolah 1"));
    act(&stage, student, "alamat_jalan", Value::text("Jl. Pusat 2"));
    stage.first.pull(&stage.centre);
    let before = stage.first.school().typed(student).unwrap();
    let conflict = stage.first.school().conflicts().unwrap().remove(0);
    let decided = Value::text("Jl. Pusat 2");
    let step = stage.first.school().resolve(student, &conflict.subject, decided, "operator").unwrap();
    stage.first.drive(Some(step));
    let after = stage.first.school().typed(student).unwrap();

    let step = stage.first.school().put_back(student, &before, &after).unwrap();
    stage.first.drive(Some(step));
    assert_eq!(stage.first.school().typed(student).unwrap(), before);
    assert_eq!(stage.first.record(student).text("alamat_jalan"), Some("Jl. Sekolah 1"));
    assert_eq!(stage.first.school().conflicts().unwrap().len(), 1);

    // What was typed since is nobody's to take away.
    stage.first.set(student, "nama_dusun", Value::text("Dusun Sekolah"));
    assert!(stage.first.school().put_back(student, &after, &before).is_err());
    assert_eq!(stage.first.record(student).text("nama_dusun"), Some("Dusun Sekolah"));
}

#[test]
fn an_edit_that_is_taken_back_leaves_nothing_to_send() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    let digest = stage.first.school().root_digest().unwrap();
    let before = stage.first.school().typed(student).unwrap();
    stage.first.set(student, "alamat_jalan", Value::text("Jl. Sekolah 1"));
    let after = stage.first.school().typed(student).unwrap();
    let step = stage.first.school().put_back(student, &before, &after).unwrap();
    stage.first.drive(Some(step));
    assert_eq!(stage.first.school().pending().unwrap().records, 0);
    assert_eq!(stage.first.school().root_digest().unwrap(), digest);
}

#[test]
fn an_undo_of_a_value_that_was_typed_away_is_over_when_another_has_come_into_its_place() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    let was = stage.first.record(student).text("alamat_jalan").map(str::to_owned);
    stage.first.set(student, "alamat_jalan", Value::text("Jl. Sekolah 1"));
    let before = stage.first.school().typed(student).unwrap();
    // Typed back to what stands below: no draft is left.
    stage.first.set(student, "alamat_jalan", was.map_or(Value::Null, |was| Value::text(&was)));
    let after = stage.first.school().typed(student).unwrap();
    act(&stage, student, "alamat_jalan", Value::text("Jl. Pusat 2"));
    stage.first.pull(&stage.centre);
    assert!(!stage.first.school().is_as_left(student, &after).unwrap());
    assert!(stage.first.school().put_back(student, &before, &after).is_err());
    assert_eq!(stage.first.record(student).text("alamat_jalan"), Some("Jl. Pusat 2"));
}
