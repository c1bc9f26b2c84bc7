//! A bundle counts once, however often it is sent and whatever is lost.

use prost::Message as _;
use selaras_model::Value;
use selaras_sync::wire::ExchangeRequest;
use selaras_sync::{Outcome, Phase, Purpose};

use crate::stage::{Stage, assert_equal};

#[test]
fn the_same_request_twice_gets_the_same_answer_and_counts_once() {
    let stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(99));
    stage.first.approve(&stage.centre);
    let body = stage.first.request(Purpose::Sync);
    let lost = stage.centre.serve(stage.first.device, &body);
    let head = stage.centre.centre().head().unwrap();
    let again = stage.centre.serve(stage.first.device, &body);
    assert_eq!(stage.centre.centre().head().unwrap(), head);
    assert_eq!(lost, again);
    let incoming = stage.first.absorb(&again);
    assert!(matches!(incoming.outcome, Outcome::Receipt(_)));
    stage.first.settle();
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn after_a_lost_answer_a_pull_settles_the_bundle() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    stage.first.set(student, "rt", Value::Int(99));
    stage.first.approve(&stage.centre);
    let body = stage.first.request(Purpose::Sync);
    drop(stage.centre.serve(stage.first.device, &body));
    assert_eq!(stage.first.school().sealed().unwrap().unwrap().phase, Phase::Offered);
    stage.first.pull(&stage.centre);
    assert!(stage.first.school().sealed().unwrap().is_none());
    assert!(stage.first.school().receipt().unwrap().is_some());
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn a_request_that_comes_shortened_makes_nobody_a_copy() {
    let stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(99));
    stage.first.approve(&stage.centre);
    let body = stage.first.request(Purpose::Sync);
    drop(stage.centre.serve(stage.first.device, &body));
    // As the centre reads it, this computer knows of no bundle.
    let mut shortened = ExchangeRequest::decode(body.as_slice()).unwrap();
    (shortened.approval, shortened.bundle, shortened.held) = (None, Vec::new(), Vec::new());
    let answer = stage.centre.serve(stage.first.device, &shortened.encode_to_vec());
    assert!(!stage.first.absorb(&answer).copied);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn an_answer_taken_twice_changes_nothing_more() {
    let stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(99));
    stage.first.approve(&stage.centre);
    let body = stage.first.request(Purpose::Sync);
    let answer = stage.centre.serve(stage.first.device, &body);
    stage.first.absorb(&answer);
    // The page begins where this side no longer stands.
    assert!(stage.first.school().answer(&answer).is_err());
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn a_copied_disk_is_told_so_and_goes_on_under_another_name() {
    let stage = Stage::in_step(12);
    let engine_copy = crate::stage::Computer::new(&stage.centre, 1);
    // The copy knows nothing of the bundles that its twin sent.
    let body = engine_copy.request(Purpose::Pull);
    let incoming = engine_copy.absorb(&stage.centre.serve(engine_copy.device, &body));
    assert!(incoming.copied);
    engine_copy.pull(&stage.centre);
    engine_copy.set(stage.student(), "rw", Value::Int(88));
    engine_copy.approve(&stage.centre);
    assert!(matches!(engine_copy.sync(&stage.centre), Outcome::Receipt(_)));
    assert_equal(&engine_copy, &stage.centre);
}
