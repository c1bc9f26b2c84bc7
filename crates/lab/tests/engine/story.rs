//! A school's life in short: everything once.

use selaras_model::Value;
use selaras_sync::{Outcome, Purpose, SchoolError};

use crate::stage::{Computer, Stage, assert_equal};

#[test]
fn a_school_comes_into_step_and_back_from_nothing() {
    let stage = Stage::bare(24);
    let (centre, school) = (&stage.centre, &stage.first);
    school.pull(centre);
    assert_equal(school, centre);
    school.import(&stage.sample.school);

    // Without the Dinas's assignment nobody may approve, and the condition is named.
    let SchoolError::Gate(gate) = school.try_approve(centre).unwrap_err() else { panic!("not the gate") };
    assert!(gate.invalid.is_empty(), "{:?}", gate.invalid);
    assert_eq!(gate.unmet.iter().map(|unmet| unmet.condition.as_str()).collect::<Vec<_>>(), ["head-role-unassigned"]);

    stage.assign_head();
    school.pull(centre);
    let records = school.approve(centre);
    assert!(records > 100);
    let Outcome::Receipt(receipt) = school.sync(centre) else { panic!("no receipt") };
    assert_eq!(school.school().receipt().unwrap().unwrap(), *receipt);
    assert_equal(school, centre);
    assert_eq!(school.school().pending().unwrap().records, 0);
    assert!(school.school().sealed().unwrap().is_none());

    // The computer is gone; another one begins with a pull from nothing.
    let again = Computer::new(centre, 2);
    again.pull(centre);
    assert_equal(&again, centre);
    for key in stage.sample.whole().keys() {
        assert_eq!(again.record(*key), school.record(*key));
        assert_eq!(Some(again.record(*key)), centre.record(*key));
    }
}

#[test]
fn nothing_new_is_one_request_and_changes_nothing() {
    let stage = Stage::in_step(12);
    let head = stage.centre.centre().head().unwrap();
    let body = stage.first.request(Purpose::Sync);
    let answer = stage.centre.serve(stage.first.device, &body);
    assert!(body.len() + answer.len() < 400, "{} + {}", body.len(), answer.len());
    let incoming = stage.first.absorb(&answer);
    assert!(!incoming.more);
    assert_eq!(stage.centre.centre().head().unwrap(), head);
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn a_pull_keeps_what_was_typed_and_sends_nothing() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    stage.first.set(student, "alamat_jalan", Value::text("Jl. Baru 5"));
    let before = stage.centre.record(student);
    stage.first.pull(&stage.centre);
    assert_eq!(stage.first.record(student).text("alamat_jalan"), Some("Jl. Baru 5"));
    assert_eq!(stage.first.school().pending().unwrap().records, 1);
    assert_eq!(stage.centre.record(student), before);
}
