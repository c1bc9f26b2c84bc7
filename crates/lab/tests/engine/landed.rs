//! A bundle that landed before is committed by its id, by the same approval, once.

use selaras_model::Value;
use selaras_sync::{Blobs, Carry, Outcome, Phase, Purpose};

use crate::stage::{Stage, assert_equal};

fn approved() -> Stage {
    let stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(99));
    stage.first.approve(&stage.centre);
    stage
}

fn land(stage: &Stage, alter: impl Fn(&mut Vec<u8>)) {
    let id = stage.first.school().sealed().unwrap().unwrap().bundle;
    let mut frozen = stage.first.blobs.get(id.as_bytes()).unwrap().unwrap();
    alter(&mut frozen);
    stage.centre.landed.put(id.as_bytes(), &frozen).unwrap();
}

#[test]
fn what_has_landed_takes_effect_when_it_is_named() {
    let stage = approved();
    land(&stage, |_| {});
    let body = stage.first.request_by(Purpose::Sync, Carry::Landed);
    let first = stage.centre.serve(stage.first.device, &body);
    let head = stage.centre.centre().head().unwrap();
    // The answer is lost, and what had landed is gone by now.
    let id = stage.first.school().sealed().unwrap().unwrap().bundle;
    stage.centre.landed.remove(id.as_bytes()).unwrap();
    let again = stage.centre.serve(stage.first.device, &body);
    assert_eq!((stage.centre.centre().head().unwrap(), &again), (head, &first));
    assert!(matches!(stage.first.absorb(&again).outcome, Outcome::Receipt(_)));
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn landed_bytes_alone_never_take_effect() {
    let stage = approved();
    land(&stage, |_| {});
    let head = stage.centre.centre().head().unwrap();
    let pull = stage.first.request(Purpose::Pull);
    stage.centre.serve(stage.first.device, &pull);
    assert_eq!(stage.centre.centre().head().unwrap(), head);
    assert_eq!(stage.first.school().sealed().unwrap().unwrap().phase, Phase::Approved);
}

#[test]
fn what_has_not_landed_whole_is_asked_for_and_nothing_is_burnt() {
    let stage = approved();
    let body = stage.first.request_by(Purpose::Sync, Carry::Landed);
    let missing = stage.centre.try_serve(stage.first.device, &body).unwrap_err();
    assert_eq!(missing.code(), "bundle.not-landed");
    land(&stage, |frozen| frozen.truncate(frozen.len() / 2));
    assert_eq!(stage.centre.try_serve(stage.first.device, &body).unwrap_err().code(), "bundle.not-landed");
    // Put again in its own form, it takes effect.
    let id = stage.first.school().sealed().unwrap().unwrap().bundle;
    stage.centre.landed.remove(id.as_bytes()).unwrap();
    land(&stage, |_| {});
    assert!(matches!(stage.first.absorb(&stage.centre.serve(stage.first.device, &body)).outcome, Outcome::Receipt(_)));
    assert_equal(&stage.first, &stage.centre);
}
