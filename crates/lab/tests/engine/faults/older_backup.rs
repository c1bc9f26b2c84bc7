//! An older backup is restored than one that was reported as covering: what the school had let go of is gone at the
//! centre, and is still in the school's records.

use selaras_model::{Fields, ModuleDigest, Record, RecordId, RecordKey, Value, element};
use selaras_sync::{Batch, Flow, HistoryKind, HistoryLine, Key, Purpose, ReadStore as _, Row, Store as _, TypedEdit};

use super::disaster::{
    assert_accepted, back_up, back_up_and_cover, change, contact, found, kept, restore, send, students, text,
};
use crate::stage::{Computer, Stage, assert_equal, typed};

const STREET: &str = "alamat_jalan";
const TYPED: &str = "Jalan Yang Diketik";

/// A school that sent something and let go of it, because a later backup holds it; only the earlier one can be read.
/// `after` happens when that backup was made.
fn older_backup(act: impl FnOnce(&mut Stage), after: impl FnOnce(&mut Stage)) -> Stage {
    let mut stage = Stage::in_step(12);
    let early = back_up_and_cover(&stage.centre);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    act(&mut stage);
    drop(back_up_and_cover(&stage.centre));
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    assert_eq!(kept(&stage.first), 0, "all of it is in a backup");
    after(&mut stage);
    restore(&mut stage.centre, &early, 2, &[&stage.first]);
    stage
}

/// A copy of a piece of equipment, as a clerk types another one.
fn another(stage: &Stage, entity: &str) -> Record {
    let like = stage.first.record(stage.any(entity));
    Record { id: RecordId::from_bytes([0x42; 16]), ..like }
}

fn edit_street(stage: &mut Stage) {
    let student = stage.student();
    change(&mut stage.first, &stage.centre, student, STREET, text(TYPED));
}

/// Nothing was told, and the repair put the old value back: `equal`, nothing pending, no conflict.
#[test]
fn fault_02_an_older_backup_leaves_typed_values_as_drafts() {
    let mut stage = older_backup(edit_street, |_| ());
    let student = stage.student();
    contact(&mut stage.first, &stage.centre, Purpose::Sync).unwrap();
    assert!(found(&stage.first, student, STREET).contains(&text(TYPED)), "what was typed is still there");
    // What the log does not know waits to be sent, and the next bundle brings it.
    assert_eq!(stage.first.school().pending().unwrap().records, 1);
    assert_accepted(&send(&mut stage.first, &stage.centre));
    assert_eq!(stage.centre.record(student).unwrap().get(STREET), &text(TYPED));
    assert_equal(&stage.first, &stage.centre);
}

/// What was let go of is a record that was created.
fn older_backup_without_a_record() -> (Stage, RecordKey) {
    let mut made = None;
    let stage = older_backup(
        |stage| {
            let record = another(stage, "alat");
            stage.first.edit(typed(&record));
            assert_accepted(&send(&mut stage.first, &stage.centre));
            made = Some(record.key());
        },
        |_| (),
    );
    (stage, made.unwrap())
}

/// The repair takes the whole record away: the log of the older backup has never heard of it.
#[test]
fn fault_02_an_older_backup_leaves_a_record_that_was_created() {
    let (mut stage, made) = older_backup_without_a_record();
    let before = stage.first.school().record(made).unwrap();
    assert!(before.is_some());
    contact(&mut stage.first, &stage.centre, Purpose::Sync).unwrap();
    assert_eq!(stage.first.school().record(made).unwrap(), before, "the record is still there");
    assert_accepted(&send(&mut stage.first, &stage.centre));
    assert_eq!(stage.centre.record(made), before);
}

/// The repair brings back what people had deleted, and tells nobody.
#[test]
fn fault_02_an_older_backup_leaves_a_deletion() {
    let mut gone = None;
    let mut stage = older_backup(
        |stage| {
            let key = stage.any("alat");
            stage.first.edit(TypedEdit { key, fields: Fields::new(), deleted: Some(true) });
            assert_accepted(&send(&mut stage.first, &stage.centre));
            gone = Some(key);
        },
        |_| (),
    );
    let gone: RecordKey = gone.unwrap();
    contact(&mut stage.first, &stage.centre, Purpose::Sync).unwrap();
    assert!(stage.first.record(gone).deleted, "it is still deleted");
    assert_accepted(&send(&mut stage.first, &stage.centre));
    assert!(stage.centre.record(gone).unwrap().deleted);
}

/// Another computer typed it and is lost; the one that pulled it holds the only copy, and throws it away.
#[test]
fn fault_02_an_older_backup_leaves_what_another_computer_had_typed() {
    let mut stage = older_backup(
        |stage| {
            let mut second = Computer::new(&stage.centre, 2);
            contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
            change(&mut second, &stage.centre, stage.student(), STREET, text(TYPED));
        },
        |_| (),
    );
    let student = stage.student();
    contact(&mut stage.first, &stage.centre, Purpose::Sync).unwrap();
    assert!(found(&stage.first, student, STREET).contains(&text(TYPED)), "what was typed is still there");
}

/// Everything comes into step, and what was typed is found.
fn comes_into_step(stage: &mut Stage, key: RecordKey, name: &str, value: &Value) {
    contact(&mut stage.first, &stage.centre, Purpose::Sync).unwrap();
    assert!(found(&stage.first, key, name).contains(value), "what was typed is still there");
    if stage.first.school().pending().unwrap().records > 0 {
        assert_accepted(&send(&mut stage.first, &stage.centre));
    }
    assert_equal(&stage.first, &stage.centre);
}

/// The second edit stands on a change that the centre does not have: `record.unmergeable`, for ever.
#[test]
fn fault_03_an_entry_that_builds_on_a_lost_one_does_not_end_healing() {
    let mut stage = older_backup(edit_street, |stage| {
        let student = stage.student();
        change(&mut stage.first, &stage.centre, student, "rt", Value::Int(91));
    });
    let student = stage.student();
    comes_into_step(&mut stage, student, "rt", &Value::Int(91));
}

/// The same with an act of the centre on top of the lost edit.
#[test]
fn fault_03_an_act_of_the_centre_that_builds_on_a_lost_entry_does_not_end_healing() {
    let mut stage = older_backup(edit_street, |stage| {
        let mut record = Record::new(stage.student());
        record.fields.insert("rt".parse().unwrap(), Value::Int(92));
        stage.centre.act(&[record]);
        contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    });
    let student = stage.student();
    comes_into_step(&mut stage, student, "rt", &Value::Int(92));
}

/// The entry after the one that cannot be taken is of another record, and could be taken.
#[test]
fn fault_03_an_entry_that_cannot_be_taken_does_not_stop_the_next_one() {
    let mut stage = older_backup(edit_street, |stage| {
        let students = students(stage);
        change(&mut stage.first, &stage.centre, students[0], "rt", Value::Int(93));
        change(&mut stage.first, &stage.centre, students[1], "rt", Value::Int(94));
    });
    let students = students(&stage);
    assert_eq!(students[0], stage.student());
    // Whatever became of the first, the second is at the centre after one contact, without anybody signing again.
    let met = contact(&mut stage.first, &stage.centre, Purpose::Pull);
    assert_eq!(stage.centre.record(students[1]).unwrap().get("rt"), &Value::Int(94), "{met:?}");
    met.unwrap();
}

/// What was typed since is locked in: nothing can be sent while healing fails.
#[test]
fn fault_03_unsent_work_is_not_locked_in_by_an_entry_that_cannot_be_taken() {
    let mut stage = older_backup(edit_street, |stage| {
        let student = stage.student();
        change(&mut stage.first, &stage.centre, student, "rt", Value::Int(95));
    });
    let other = students(&stage)[1];
    stage.first.set(other, "rw", Value::Int(96));
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    assert_accepted(&send(&mut stage.first, &stage.centre));
    assert_eq!(stage.centre.record(other).unwrap().get("rw"), &Value::Int(96));
}

/// What is not covered is kept, and comes back: the same world with the order of backup and edit turned round.
#[test]
fn fault_03_what_was_not_covered_yet_comes_back_with_what_builds_on_it() {
    let mut stage = Stage::in_step(12);
    let early = back_up(&stage.centre);
    edit_street(&mut stage);
    let student = stage.student();
    change(&mut stage.first, &stage.centre, student, "rt", Value::Int(97));
    restore(&mut stage.centre, &early, 2, &[&stage.first]);
    contact(&mut stage.first, &stage.centre, Purpose::Sync).unwrap();
    let record = stage.centre.record(student).unwrap();
    assert_eq!((record.get(STREET), record.get("rt")), (&text(TYPED), &Value::Int(97)));
    assert_equal(&stage.first, &stage.centre);
}

/// The first bundles of an installation are in the lost backup alone: the centre knows of none, and each that comes names
/// one before it. `bundle.previous`, as often as the head approves.
#[test]
fn a_computer_whose_every_accepted_bundle_is_lost_sends_on() {
    let mut stage = Stage::in_step(12);
    let mut second = Computer::new(&stage.centre, 2);
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    let early = back_up_and_cover(&stage.centre);
    let student = stage.student();
    change(&mut second, &stage.centre, student, STREET, text(TYPED));
    drop(back_up_and_cover(&stage.centre));
    for computer in [&mut stage.first, &mut second] {
        contact(computer, &stage.centre, Purpose::Pull).unwrap();
    }
    restore(&mut stage.centre, &early, 2, &[&stage.first, &second]);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    second.set(student, "rt", Value::Int(98));
    // What waits is refused once at most: then it has another name, under which nothing came before.
    drop(send(&mut second, &stage.centre));
    if second.school().pending().unwrap().records > 0 {
        assert_accepted(&send(&mut second, &stage.centre));
    }
    assert_eq!(stage.centre.record(student).unwrap().get("rt"), &Value::Int(98));
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    assert_equal(&second, &stage.centre);
}

/// A disk has lost a record but for what people see of it.
fn lose_but_for_the_view(computer: &Computer, key: RecordKey) {
    let entity = computer.rules().pack.entity(key.entity).unwrap();
    let lanes_key = Key::Lanes(u16::try_from(entity.module).unwrap());
    let Some(Row::Lanes(lanes)) = computer.store.get(&lanes_key).unwrap() else { panic!("the module has sums") };
    let Some(Row::Base(base)) = computer.store.get(&Key::Base(key)).unwrap() else { panic!("the record is there") };
    let mut sums = ModuleDigest::from_bytes(&lanes).unwrap();
    sums.remove(&element(&entity.name, key.id, base.deleted, &base.content, &base.heads));
    let mut batch = Batch::default();
    batch.put(lanes_key, Row::Lanes(sums.to_bytes()));
    batch.remove(Key::Document(key));
    batch.remove(Key::Base(key));
    computer.store.commit(&batch).unwrap();
}

/// The record cannot be read any more, and what people see of it is the only copy of what was typed.
#[test]
fn fault_02_an_older_backup_and_a_lost_record_leave_what_people_see() {
    let mut stage = older_backup(edit_street, |_| ());
    let student = stage.student();
    lose_but_for_the_view(&stage.first, student);
    for _ in 0..2 {
        contact(&mut stage.first, &stage.centre, Purpose::Sync).unwrap();
    }
    assert_eq!(stage.first.record(student).get(STREET), &text(TYPED), "what was typed is still there");
    let draft = stage.first.school().draft(student).unwrap().unwrap();
    assert_eq!(draft.fields.len(), 1, "and nothing that the log knows");
    assert_accepted(&send(&mut stage.first, &stage.centre));
    assert_eq!(stage.centre.record(student).unwrap().get(STREET), &text(TYPED));
    assert_equal(&stage.first, &stage.centre);
}

/// The log has never heard of the record and the disk has lost it, so that no digest differs; people see it for ever.
#[test]
fn fault_02_what_only_people_see_is_a_draft_once_the_log_was_gone_over() {
    let (mut stage, made) = older_backup_without_a_record();
    let before = stage.first.school().record(made).unwrap();
    lose_but_for_the_view(&stage.first, made);
    contact(&mut stage.first, &stage.centre, Purpose::Sync).unwrap();
    assert_eq!(stage.first.school().record(made).unwrap(), before, "it is still there");
    assert!(stage.first.school().draft(made).unwrap().is_some(), "to be sent again");
    assert_accepted(&send(&mut stage.first, &stage.centre));
    assert_eq!(stage.centre.record(made), before);
    assert_equal(&stage.first, &stage.centre);
}

/// Places that were told doubled after the newest ones, and the newest that both had was taken for where they agree: of
/// what the backup held, half was called lost and made a draft.
#[test]
fn a_log_far_beyond_the_backup_goes_back_to_the_backup_and_no_farther() {
    let mut stage = Stage::in_step(12);
    let acts = |stage: &mut Stage, count: i64| {
        for number in 0..count {
            let mut record = Record::new(stage.student());
            record.fields.insert("rt".parse().unwrap(), Value::Int(number));
            stage.centre.act(&[record]);
        }
        contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    };
    acts(&mut stage, 40);
    let early = back_up_and_cover(&stage.centre);
    let head = stage.centre.centre().head().unwrap().version;
    acts(&mut stage, 150);
    restore(&mut stage.centre, &early, 2, &[&stage.first]);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    let mut healed = None;
    let mut look = |line: &HistoryLine| {
        assert_ne!(line.what, HistoryKind::Uncovered, "the backup held what it covered");
        healed = (line.what == HistoryKind::Healed).then(|| line.args["version"].clone()).or(healed.take());
        Flow::Continue
    };
    stage.first.school().history(0, &mut look).unwrap();
    assert_eq!(healed, Some(head.to_string()));
    assert_equal(&stage.first, &stage.centre);
}
