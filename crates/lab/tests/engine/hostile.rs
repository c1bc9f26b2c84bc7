//! Any byte from a peer: a clear refusal, and nothing is changed.

use selaras_model::{DeviceId, Value};
use selaras_sync::{Purpose, SchoolError};

use crate::stage::{Computer, Stage};

#[test]
fn a_flipped_or_cut_answer_is_not_taken() {
    let stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(99));
    stage.first.approve(&stage.centre);
    let body = stage.first.request(Purpose::Sync);
    let answer = stage.centre.serve(stage.first.device, &body);
    let before = stage.first.school().position().unwrap();
    for at in (0..answer.len()).step_by(3) {
        let mut flipped = answer.clone();
        flipped[at] ^= 0x10;
        // A flip in what only informs (the date, the head's number) may pass; in what counts it does not.
        if let Ok(incoming) = stage.first.school().answer(&flipped) {
            drop(incoming);
        }
        assert!(stage.first.school().answer(&answer[..at]).is_err(), "cut at {at}");
    }
    assert_eq!(stage.first.school().position().unwrap(), before);
}

#[test]
fn an_answer_of_another_centre_is_not_taken() {
    let mut stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(99));
    stage.first.approve(&stage.centre);
    stage.centre.keys.signing = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
    let body = stage.first.request(Purpose::Sync);
    let answer = stage.centre.serve(stage.first.device, &body);
    assert!(matches!(stage.first.school().answer(&answer), Err(SchoolError::NotOurCentre(_))));
}

#[test]
fn a_damaged_bundle_is_refused_and_a_damaged_request_is_not_answered() {
    let stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(99));
    stage.first.approve(&stage.centre);
    let body = stage.first.request(Purpose::Sync);
    let head = stage.centre.centre().head().unwrap();
    for at in (0..body.len()).step_by(7) {
        let mut flipped = body.clone();
        flipped[at] ^= 0x40;
        if flipped != body {
            let _ = stage.centre.try_serve(DeviceId::from_bytes([1; 8]), &flipped);
        }
        let _ = stage.centre.try_serve(DeviceId::from_bytes([1; 8]), &body[..at]);
    }
    assert_eq!(stage.centre.centre().head().unwrap(), head, "nothing that was altered took effect");
}

#[test]
fn a_stranger_does_not_speak_for_another_computer() {
    let stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(99));
    stage.first.approve(&stage.centre);
    let body = stage.first.request(Purpose::Sync);
    let error = stage.centre.try_serve(DeviceId::from_bytes([66; 8]), &body).unwrap_err();
    assert_eq!(error.code(), "replica.other-device");
}

#[test]
fn a_cursor_of_another_log_is_not_served() {
    let stage = Stage::in_step(12);
    let other = Stage::in_step(13);
    let body = other.first.request(Purpose::Pull);
    let error = stage.centre.try_serve(stage.first.device, &body).unwrap_err();
    // Both call their log by one name, so to the centre this is its own log in another version.
    assert!(["cursor.ahead", "log.forked"].contains(&error.code()), "{error}");
    drop(Computer::new(&stage.centre, 3));
}
