//! A copied disk and a restored centre: both twins sealed under one name and number, one in each life of the log.

use selaras_model::{RecordKey, Value};
use selaras_sync::{Outcome, Purpose, TypedEdit};

use super::disaster::{Failed, assert_accepted, back_up, change, contact, found, restore, send, students, text};
use crate::stage::{Computer, Stage, assert_equal};

/// The first sent before the disk was lost; its copy heals the centre, whose waiting ends with the word of their common
/// device, and sends under the same number in the new life.
fn twins(one: impl FnOnce(&Stage, &Computer), other: impl FnOnce(&Stage, &Computer)) -> (Stage, Computer) {
    let mut stage = Stage::in_step(12);
    let mut copy = stage.first.copy();
    let backup = back_up(&stage.centre);
    one(&stage, &stage.first);
    assert_accepted(&send(&mut stage.first, &stage.centre));
    restore(&mut stage.centre, &backup, 2, &[&stage.first]);
    contact(&mut copy, &stage.centre, Purpose::Pull).unwrap();
    other(&stage, &copy);
    assert_accepted(&send(&mut copy, &stage.centre));
    (stage, copy)
}

/// Both come into step, after as many bundles as they want to send.
fn come_into_step(stage: &mut Stage, copy: &mut Computer) -> Result<(), Failed> {
    for _ in 0..2 {
        for computer in [&mut stage.first, &mut *copy] {
            contact(computer, &stage.centre, Purpose::Sync)?;
            if computer.school().pending()?.records > 0 {
                assert!(matches!(send(computer, &stage.centre)?, Outcome::Receipt(_) | Outcome::Refusal(_)));
            }
        }
    }
    contact(&mut stage.first, &stage.centre, Purpose::Pull)?;
    contact(copy, &stage.centre, Purpose::Pull)?;
    assert_equal(&stage.first, &stage.centre);
    assert_equal(copy, &stage.centre);
    Ok(())
}

#[test]
fn fault_12_twins_that_wrote_different_records_both_come_into_step() {
    let (mut stage, mut copy) = twins(
        |stage, first| first.set(students(stage)[0], "rt", Value::Int(11)),
        |stage, copy| copy.set(students(stage)[1], "rt", Value::Int(12)),
    );
    come_into_step(&mut stage, &mut copy).unwrap();
    for (key, rt) in students(&stage).into_iter().zip([11, 12]) {
        assert_eq!(stage.centre.record(key).unwrap().get("rt"), &Value::Int(rt));
    }
}

/// What the first signed has a receipt and cannot be minted beside its twin's: `record.unmergeable`, for ever.
#[test]
fn fault_12_twins_that_wrote_one_record_both_come_into_step() {
    let (mut stage, mut copy) = twins(
        |stage, first| first.set(stage.student(), "rt", Value::Int(13)),
        |stage, copy| copy.set(stage.student(), "rw", Value::Int(14)),
    );
    let student = stage.student();
    come_into_step(&mut stage, &mut copy).unwrap();
    let record = stage.centre.record(student).unwrap();
    assert_eq!((record.get("rt"), record.get("rw")), (&Value::Int(13), &Value::Int(14)));
}

/// One field of one record: both values are kept until a person decides.
#[test]
fn fault_12_two_values_of_twins_for_one_field_are_both_kept() {
    const STREET: &str = "alamat_jalan";
    let (mut stage, mut copy) = twins(
        |stage, first| first.set(stage.student(), STREET, text("Jalan Pertama")),
        |stage, copy| copy.set(stage.student(), STREET, text("Jalan Salinan")),
    );
    let student = stage.student();
    contact(&mut stage.first, &stage.centre, Purpose::Sync).unwrap();
    contact(&mut copy, &stage.centre, Purpose::Sync).unwrap();
    for value in ["Jalan Pertama", "Jalan Salinan"] {
        assert!(found(&stage.first, student, STREET).contains(&text(value)), "{value}");
    }
}

/// An edit that meets a twin's deletion.
#[test]
fn fault_12_an_edit_of_one_twin_meets_the_deletion_of_the_other() {
    let equipment = |stage: &Stage| -> RecordKey { stage.any("alat") };
    let (mut stage, mut copy) = twins(
        |stage, first| first.set(equipment(stage), "spesifikasi", text("Ditulis sebelum cakram hilang")),
        |stage, copy| {
            copy.edit(TypedEdit { key: equipment(stage), fields: selaras_model::Fields::new(), deleted: Some(true) });
        },
    );
    let key = equipment(&stage);
    contact(&mut stage.first, &stage.centre, Purpose::Sync).unwrap();
    contact(&mut copy, &stage.centre, Purpose::Sync).unwrap();
    let open = stage.first.school().conflicts().unwrap();
    assert!(open.iter().any(|conflict| conflict.key == key), "a person decides: {open:?}");
}

/// What the first had sent after that, of other records, comes back all the same, and so does what it types now.
#[test]
fn fault_12_the_rest_of_the_first_twins_work_is_not_locked_in() {
    let mut stage = Stage::in_step(12);
    let students = students(&stage);
    let mut copy = stage.first.copy();
    let backup = back_up(&stage.centre);
    for (key, rt) in [(students[0], 15), (students[1], 16)] {
        change(&mut stage.first, &stage.centre, key, "rt", Value::Int(rt));
    }
    restore(&mut stage.centre, &backup, 2, &[&stage.first]);
    contact(&mut copy, &stage.centre, Purpose::Pull).unwrap();
    change(&mut copy, &stage.centre, students[0], "rw", Value::Int(17));
    stage.first.set(students[2], "rt", Value::Int(18));
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    assert_eq!(stage.centre.record(students[1]).unwrap().get("rt"), &Value::Int(16));
    if stage.first.school().pending().unwrap().records > 0 {
        assert_accepted(&send(&mut stage.first, &stage.centre));
    }
    assert_eq!(stage.centre.record(students[2]).unwrap().get("rt"), &Value::Int(18));
}
