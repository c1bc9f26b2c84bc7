//! Nothing leaves without the gate, and the centre repeats every check.

use selaras_model::Value;
use selaras_sync::exchange::Notice;
use selaras_sync::{Outcome, Purpose, SchoolError, TypedEdit};

use crate::stage::{Stage, assert_equal, assignment};

fn refusal(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Refusal(refusal) => &refusal.code,
        other => panic!("{other:?} is no refusal"),
    }
}

#[test]
fn an_invalid_record_closes_the_gate_and_mending_it_opens_it() {
    let stage = Stage::in_step(12);
    let student = stage.any("peserta_didik_periodik");
    let good = stage.first.record(student).get("tinggi_badan").clone();
    stage.first.set(student, "tinggi_badan", Value::Decimal(50));
    let closed = stage.first.try_approve(&stage.centre).unwrap_err();
    let SchoolError::Gate(gate) = closed else { panic!("{closed:?}") };
    assert!(gate.invalid.iter().any(|finding| finding.record == student));
    assert!(gate.unmet.is_empty());
    stage.first.set(student, "tinggi_badan", good);
    let nothing = stage.first.try_approve(&stage.centre).unwrap_err();
    assert_eq!(nothing.code(), "seal.nothing", "a draft that says what the centre has is none");
}

#[test]
fn the_centre_refuses_for_ever_when_the_head_is_no_longer_entitled() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    stage.first.set(student, "rt", Value::Int(99));
    stage.first.approve(&stage.centre);
    let mut ended = assignment(stage.sample.head);
    ended.fields =
        [("tst_tambahan".parse().unwrap(), Value::Date("2026-10-01".parse().unwrap()))].into_iter().collect();
    stage.centre.act(&[ended]);
    let outcome = stage.first.sync(&stage.centre);
    assert_eq!(refusal(&outcome), "approval.not-entitled");
    // The edits are drafts again, and nothing of them is at the centre.
    assert_eq!(stage.first.record(student).int("rt"), Some(99));
    assert_eq!(stage.first.school().pending().unwrap().records, 1);
    assert!(stage.first.school().sealed().unwrap().is_none());
    assert_ne!(stage.centre.record(student).unwrap().int("rt"), Some(99));
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn a_revoked_key_approves_nothing() {
    let mut stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(99));
    stage.first.approve(&stage.centre);
    stage.centre.revoked = true;
    assert_eq!(refusal(&stage.first.sync(&stage.centre)), "approval.key-revoked");
}

#[test]
fn a_key_that_was_activated_at_another_school_approves_nothing_here() {
    let mut stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(99));
    stage.first.approve(&stage.centre);
    stage.centre.elsewhere = true;
    assert_eq!(refusal(&stage.first.sync(&stage.centre)), "approval.key-unknown");
}

#[test]
fn an_approval_by_an_old_date_is_refused() {
    let mut stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(99));
    stage.first.approve(&stage.centre);
    stage.centre.today = "2027-01-20".parse().unwrap();
    assert_eq!(refusal(&stage.first.sync(&stage.centre)), "approval.date");
}

#[test]
fn the_school_does_not_edit_what_is_the_centres() {
    let stage = Stage::in_step(12);
    let centres = stage.sample.centre.iter().find(|record| {
        let pack = selaras_model::Pack::builtin();
        pack.entity(record.entity).is_some_and(|entity| entity.name == "ptk")
    });
    let key = centres.unwrap().key();
    let edit = TypedEdit {
        key,
        fields: [("nama".parse().unwrap(), Value::text("Lain"))].into_iter().collect(),
        deleted: None,
    };
    let error = stage.first.try_edit(edit).unwrap_err();
    assert_eq!(error.code(), "ownership.field");
    assert_eq!(stage.first.school().pending().unwrap().records, 0);
}

#[test]
fn what_the_pack_does_not_know_is_not_taken() {
    let stage = Stage::in_step(12);
    let key = stage.student();
    let of = |name: &str, value| TypedEdit {
        key,
        fields: [(name.parse().unwrap(), value)].into_iter().collect(),
        deleted: None,
    };
    for (edit, code) in [
        (of("warna", Value::text("biru")), "edit.unknown-field"),
        (of("rt", Value::text("tujuh")), "edit.wrong-type"),
        (TypedEdit { key, fields: [].into_iter().collect(), deleted: None }, "edit.empty"),
    ] {
        assert_eq!(stage.first.try_edit(edit).unwrap_err().code(), code);
    }
}

#[test]
fn an_approved_bundle_may_be_withdrawn_until_it_is_offered() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    stage.first.set(student, "rt", Value::Int(99));
    stage.first.approve(&stage.centre);
    assert_eq!(stage.first.try_approve(&stage.centre).unwrap_err().code(), "seal.pending");
    let step = stage.first.school().withdraw().unwrap();
    stage.first.drive(Some(step));
    assert_eq!(stage.first.school().pending().unwrap().records, 1);
    stage.first.approve(&stage.centre);
    let _lost = stage.first.request(Purpose::Sync);
    assert_eq!(stage.first.school().withdraw().unwrap_err().code(), "withdraw.offered");
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn a_bundle_that_the_centres_news_made_invalid_is_withdrawn_before_it_is_sent() {
    let stage = Stage::in_step(12);
    let keys: Vec<_> = stage.sample.whole().into_keys().filter(|key| key.entity == stage.student().entity).collect();
    let (one, two) = (keys[0], keys[1]);
    stage.first.set(one, "rt", Value::Int(99));
    stage.first.approve(&stage.centre);
    // The centre gives another student the same NIK: the school's records are no longer valid.
    let mut twin = selaras_model::Record::new(two);
    twin.fields.insert("nik".parse().unwrap(), stage.first.record(one).get("nik").clone());
    stage.centre.act(&[twin]);
    stage.first.pull(&stage.centre);
    let (_, notices) = stage.first.try_begin(Purpose::Sync, u64::MAX).unwrap();
    assert!(notices.contains(&Notice::Withdrawn));
    assert!(stage.first.school().sealed().unwrap().is_none());
    assert_eq!(stage.first.record(one).int("rt"), Some(99));
}
