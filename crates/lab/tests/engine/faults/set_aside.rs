//! Drafts of what became the centre's meanwhile are set aside, however many they are: they stay, and stop nothing else.

use selaras_model::{Record, RecordKey, Value};
use selaras_sync::{Blobs, Purpose, Rules, Store};

use super::disaster::{Failed, assert_accepted, contact, send, text};
use super::rules::{begin, centres, lenient, newcomers};
use crate::stage::Stage;

/// More drafts than one bundle could set aside.
const MANY: u16 = 320;

fn fields(name: &str, value: Value) -> selaras_model::Fields {
    [(name.parse().unwrap(), value)].into_iter().collect()
}

/// A school of so many more students, in step.
fn with_newcomers(count: u16) -> (Stage, Vec<RecordKey>) {
    let mut stage = Stage::in_step(12);
    begin(&mut stage.centre, &lenient()).unwrap();
    let newcomers = newcomers(count, |number| fields("nama", text(&format!("Siswa Nomor {number}"))));
    stage.centre.act(&newcomers);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    let keys = newcomers.iter().map(Record::key).collect();
    (stage, keys)
}

/// The school types a field of all of them.
fn type_into(stage: &Stage, keys: &[RecordKey], name: &str) {
    let typed = |key: &RecordKey| Record { fields: fields(name, text("Sedang Diperbaiki")), ..Record::new(*key) };
    stage.first.import(&keys.iter().map(typed).collect::<Vec<_>>());
}

/// The Dinas verifies them: their names are the centre's.
fn verify(stage: &mut Stage, keys: &[RecordKey]) {
    let verified = |key: &RecordKey| Record { fields: fields("terverifikasi", Value::Bool(true)), ..Record::new(*key) };
    stage.centre.act(&keys.iter().map(verified).collect::<Vec<_>>());
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
}

/// Something else of the same module can be approved and sent, and the drafts are still there.
fn sends_something_else(stage: &mut Stage, keys: &[RecordKey], name: &str) -> Result<(), Failed> {
    let student = stage.student();
    let rt = Value::Int(1 + stage.first.record(student).int("rt").unwrap_or_default());
    stage.first.set(student, "rt", rt.clone());
    assert_accepted(&Ok(send(&mut stage.first, &stage.centre)?));
    assert_eq!(stage.centre.record(student).unwrap().get("rt"), &rt);
    for key in keys {
        let draft = stage.first.school().draft(*key)?.expect("what was typed is kept");
        assert_eq!(draft.fields.get(name), Some(&text("Sedang Diperbaiki")));
    }
    Ok(())
}

/// `seal.set-aside`, until somebody undoes twenty drafts by hand.
#[test]
fn fault_19_drafts_of_many_verified_students_do_not_stop_the_rest() {
    let (mut stage, keys) = with_newcomers(MANY);
    type_into(&stage, &keys, "nama");
    verify(&mut stage, &keys);
    sends_something_else(&mut stage, &keys, "nama").unwrap();
}

/// A pack gives the field to the centre, for all of them at once.
#[test]
fn fault_19_drafts_of_a_field_that_a_pack_gave_away_do_not_stop_the_rest() {
    let (mut stage, keys) = with_newcomers(MANY);
    type_into(&stage, &keys, "alamat_jalan");
    let next = Rules::from_texts(centres(&["alamat_jalan"]).pack.source(), lenient().rulebook.source()).unwrap();
    begin(&mut stage.centre, &next).unwrap();
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    sends_something_else(&mut stage, &keys, "alamat_jalan").unwrap();
}

/// What one bundle has set aside is counted again by the next.
#[test]
fn fault_19_drafts_that_were_set_aside_before_are_not_counted_again() {
    let (mut stage, keys) = with_newcomers(MANY);
    let (half, rest) = keys.split_at(keys.len() / 2);
    type_into(&stage, half, "nama");
    verify(&mut stage, half);
    sends_something_else(&mut stage, half, "nama").unwrap();
    type_into(&stage, rest, "nama");
    verify(&mut stage, rest);
    sends_something_else(&mut stage, &keys, "nama").unwrap();
}

/// Of a draft that is both sides' the school's part is sent, and the other stays.
#[test]
fn fault_19_the_schools_part_of_many_mixed_drafts_is_sent() {
    let (mut stage, keys) = with_newcomers(MANY);
    type_into(&stage, &keys, "nama");
    type_into(&stage, &keys, "nama_dusun");
    verify(&mut stage, &keys);
    sends_something_else(&mut stage, &keys, "nama").unwrap();
    for key in &keys {
        assert_eq!(stage.centre.record(*key).unwrap().get("nama_dusun"), &text("Sedang Diperbaiki"));
    }
}

#[test]
fn fault_19_a_few_drafts_of_verified_students_do_not_stop_the_rest() {
    let (mut stage, keys) = with_newcomers(12);
    type_into(&stage, &keys, "nama");
    verify(&mut stage, &keys);
    sends_something_else(&mut stage, &keys, "nama").unwrap();
}

/// A power cut between any two commits: nothing is lost, nothing is sent that is the centre's, and the bundle that was
/// sealed can still be frozen again.
#[test]
fn fault_19_setting_aside_may_be_interrupted_anywhere() {
    // Each is two writes.
    let (mut stage, keys) = with_newcomers(MANY + MANY / 4);
    type_into(&stage, &keys, "nama");
    type_into(&stage, &keys, "nama_dusun");
    verify(&mut stage, &keys);
    stage.first.settle();
    let facts = stage.first.facts(&stage.centre);
    let order = selaras_sync::Order { modules: None, facts: &facts, author: "operator" };
    let enrolled = stage.centre.enrolled();
    let signer =
        selaras_sync::Signer { key: &stage.centre.head, id: stage.centre.head_key(), enrolled: Some(&enrolled) };
    let approved = stage.first.school().approve(&order, &signer).unwrap();
    stage.first.store.commit(&approved.step.batch).unwrap();
    let mut steps = 0;
    while let Some(step) = stage.first.school().resume().unwrap() {
        // Made once and lost with the power, made again and committed.
        drop(step);
        let step = stage.first.school().resume().unwrap().unwrap();
        stage.first.store.commit(&step.batch).unwrap();
        steps += 1;
    }
    assert!(steps > 1, "{steps}");
    stage.first.blobs.remove(approved.bundle.as_bytes()).unwrap();
    assert_accepted(&contact(&mut stage.first, &stage.centre, Purpose::Sync));
    for key in &keys {
        assert_eq!(stage.centre.record(*key).unwrap().get("nama_dusun"), &text("Sedang Diperbaiki"));
        let draft = stage.first.school().draft(*key).unwrap().expect("what was typed is kept");
        assert_eq!(draft.fields.keys().map(ToString::to_string).collect::<Vec<_>>(), ["nama"]);
    }
}

/// A refused bundle gives its edits back beside what was set aside.
#[test]
fn fault_19_what_was_set_aside_and_what_was_withdrawn_are_one_draft_again() {
    let (mut stage, keys) = with_newcomers(12);
    type_into(&stage, &keys, "nama");
    type_into(&stage, &keys, "nama_dusun");
    verify(&mut stage, &keys);
    stage.first.approve(&stage.centre);
    stage.first.drive(Some(stage.first.school().withdraw().unwrap()));
    for key in &keys {
        let draft = stage.first.school().draft(*key).unwrap().expect("what was typed is kept");
        assert_eq!(draft.fields.keys().map(ToString::to_string).collect::<Vec<_>>(), ["nama", "nama_dusun"]);
    }
    sends_something_else(&mut stage, &keys, "nama").unwrap();
}
