//! What a computer holds and the log of a restored centre does not know becomes a draft again. It is older than what people
//! have typed since in the new life: it must not silently stand in the place of that, nor be dropped.

use selaras_model::{RecordKey, Value};
use selaras_sync::{Batch, Flow, Key, Outcome, Purpose, Range, ReadStore as _, Store as _};

use super::disaster::{assert_accepted, back_up_and_cover, change, contact, found, kept, restore, send, text};
use super::rules::{begin, centres};
use crate::stage::{Computer, Stage, assert_equal};

const STREET: &str = "alamat_jalan";
const LOST: &str = "Jalan Yang Hilang";
const NEWER: &str = "Jalan Yang Lebih Baru";
const NEWEST: &str = "Jalan Yang Terbaru";

/// Two computers; the first sent a street that is in a later backup than the one that is restored, and both let go of it.
/// The second has pulled it or not; after `after` the centre waits for the second alone.
fn lost_at_the_centre(pulled: bool, after: impl FnOnce(&mut Stage)) -> (Stage, Computer, RecordKey) {
    let mut stage = Stage::in_step(12);
    let student = stage.student();
    let mut second = Computer::new(&stage.centre, 2);
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    let early = back_up_and_cover(&stage.centre);
    change(&mut stage.first, &stage.centre, student, STREET, text(LOST));
    drop(back_up_and_cover(&stage.centre));
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    if pulled {
        contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    }
    assert_eq!(kept(&stage.first), 0, "all of it is in a backup");
    after(&mut stage);
    restore(&mut stage.centre, &early, 2, &[&second]);
    (stage, second, student)
}

/// Everybody sends what waits, until nothing does.
fn come_into_step(stage: &mut Stage, second: &mut Computer) {
    for _ in 0..2 {
        for computer in [&mut stage.first, &mut *second] {
            contact(computer, &stage.centre, Purpose::Sync).unwrap();
            if computer.school().pending().unwrap().records > 0 {
                assert!(matches!(send(computer, &stage.centre), Ok(Outcome::Receipt(_) | Outcome::Refusal(_))));
            }
        }
    }
    for computer in [&mut stage.first, &mut *second] {
        contact(computer, &stage.centre, Purpose::Pull).unwrap();
        assert_eq!(computer.school().pending().unwrap().records, 0);
        assert_equal(computer, &stage.centre);
    }
}

/// All of these wait for a person's decision, or one of them is there.
#[track_caller]
fn assert_found(stage: &Stage, student: RecordKey, values: &[&str]) {
    let found = found(&stage.first, student, STREET);
    for value in values {
        assert!(found.contains(&text(value)), "{value} is still there: {found:?}");
    }
}

/// The second had the value on its disk too: the first has sent it again, and typed another over it.
#[test]
fn a_value_that_another_computer_brought_back_does_not_come_a_second_time() {
    let (mut stage, mut second, student) = lost_at_the_centre(true, |_| ());
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    assert_accepted(&send(&mut second, &stage.centre));
    change(&mut second, &stage.centre, student, STREET, text(NEWER));
    come_into_step(&mut stage, &mut second);
    assert_eq!(stage.centre.record(student).unwrap().get(STREET), &text(NEWER));
    assert!(stage.first.school().conflicts().unwrap().is_empty(), "it was typed over what had come back");
}

/// Somebody types a value in the new life who has never seen the lost one.
#[test]
fn a_value_that_the_log_does_not_know_stands_beside_a_newer_one() {
    let (mut stage, mut second, student) = lost_at_the_centre(false, |_| ());
    change(&mut second, &stage.centre, student, STREET, text(NEWER));
    come_into_step(&mut stage, &mut second);
    assert_found(&stage, student, &[LOST, NEWER]);
}

/// The same with what was typed over the lost value and not sent.
#[test]
fn what_was_typed_over_a_value_that_the_log_does_not_know_stands_beside_a_newer_one() {
    let (mut stage, mut second, student) = lost_at_the_centre(false, |_| ());
    stage.first.set(student, STREET, text(NEWEST));
    change(&mut second, &stage.centre, student, STREET, text(NEWER));
    come_into_step(&mut stage, &mut second);
    assert_found(&stage, student, &[NEWEST, NEWER]);
}

/// The same with what was typed over it, and sealed: the bundle is refused, and its edits are drafts again.
#[test]
fn what_was_sealed_over_a_value_that_the_log_does_not_know_stands_beside_a_newer_one() {
    let (mut stage, mut second, student) = lost_at_the_centre(false, |stage| {
        let student = stage.student();
        stage.first.set(student, STREET, text(NEWEST));
        stage.first.approve(&stage.centre);
    });
    change(&mut second, &stage.centre, student, STREET, text(NEWER));
    come_into_step(&mut stage, &mut second);
    assert_found(&stage, student, &[NEWEST, NEWER]);
}

/// Nobody has typed into the field since: there is nothing to decide.
#[test]
fn a_value_that_the_log_does_not_know_comes_back_where_nobody_typed_another() {
    let (mut stage, mut second, student) = lost_at_the_centre(false, |_| ());
    change(&mut second, &stage.centre, student, "rt", Value::Int(91));
    come_into_step(&mut stage, &mut second);
    let record = stage.centre.record(student).unwrap();
    assert_eq!((record.get(STREET), record.get("rt")), (&text(LOST), &Value::Int(91)));
    assert!(stage.first.school().conflicts().unwrap().is_empty());
}

/// The field became the centre's in the new life: what people of the school typed into it is set aside, as any draft of it.
#[test]
fn a_value_that_the_log_does_not_know_is_set_aside_where_the_field_became_the_centres() {
    let (mut stage, mut second, student) = lost_at_the_centre(false, |_| ());
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    begin(&mut stage.centre, &centres(&[STREET])).unwrap();
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    stage.first.set(student, "rt", Value::Int(92));
    assert_accepted(&send(&mut stage.first, &stage.centre));
    assert_eq!(stage.centre.record(student).unwrap().get("rt"), &Value::Int(92));
    let draft = stage.first.school().draft(student).unwrap().expect("what was typed is kept");
    assert_eq!(draft.fields.get(STREET), Some(&text(LOST)));
    assert_equal(&stage.first, &stage.centre);
}

/// A computer whose disk has lost what it kept of the first of two entries hands the second one back; the first comes
/// later, from another. Both were typed over something that the restored centre has lost.
#[test]
fn an_entry_that_comes_back_late_does_not_stand_over_a_newer_one() {
    let mut stage = Stage::in_step(12);
    let student = stage.student();
    let mut second = Computer::new(&stage.centre, 2);
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    let early = back_up_and_cover(&stage.centre);
    change(&mut stage.first, &stage.centre, student, "rt", Value::Int(93));
    drop(back_up_and_cover(&stage.centre));
    for computer in [&mut stage.first, &mut second] {
        contact(computer, &stage.centre, Purpose::Pull).unwrap();
        assert_eq!(kept(computer), 0, "all of it is in a backup");
    }
    change(&mut stage.first, &stage.centre, student, STREET, text(LOST));
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    lose_kept(&second);
    change(&mut second, &stage.centre, student, STREET, text(NEWER));
    restore(&mut stage.centre, &early, 2, &[&second]);
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    come_into_step(&mut stage, &mut second);
    assert_found(&stage, student, &[NEWER]);
}

/// A disk loses the edits that are kept of the log.
fn lose_kept(computer: &Computer) {
    let mut batch = Batch::default();
    let mut lose = |key: Key, _| {
        if matches!(key, Key::Kept(_, part) if part > 0) {
            batch.remove(key);
        }
        Ok(Flow::Continue)
    };
    computer.store.scan(&Range::Kept(0), &mut lose).unwrap();
    assert!(!batch.is_empty());
    computer.store.commit(&batch).unwrap();
}
