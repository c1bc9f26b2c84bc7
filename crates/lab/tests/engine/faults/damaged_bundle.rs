//! The file of a bundle is flipped or lost before its fate is known: nothing that nobody signed leaves, and the school goes
//! on. A bundle is a function of its header and the sealed drafts, so that it can be frozen again.

use prost::Message as _;
use selaras_model::Value;
use selaras_sync::{Blobs, Order, Outcome, Purpose, bundle, wire};

use super::disaster::{assert_accepted, back_up, change, contact, found, restore, send, students, text};
use crate::stage::{Computer, Stage, assert_equal};

const STREET: &str = "alamat_jalan";
const TYPED: &str = "Jalan Yang Disetujui";

/// What a disk does to the file of the sealed bundle.
fn flip(computer: &Computer, at: usize) {
    let name = *computer.school().sealed().unwrap().unwrap().bundle.as_bytes();
    let mut bytes = computer.blobs.get(&name).unwrap().unwrap();
    let place = at % bytes.len();
    bytes[place] ^= 0x10;
    computer.blobs.remove(&name).unwrap();
    computer.blobs.put(&name, &bytes).unwrap();
}

fn lose(computer: &Computer) {
    let name = *computer.school().sealed().unwrap().unwrap().bundle.as_bytes();
    computer.blobs.remove(&name).unwrap();
}

/// A street was typed and approved.
fn approved() -> Stage {
    let stage = Stage::in_step(12);
    stage.first.set(stage.student(), STREET, text(TYPED));
    stage.first.approve(&stage.centre);
    stage
}

/// A patient operator tries again and has the head approve anew where that is asked for: in the end it is at the centre,
/// and the next bundle goes its way.
fn goes_on(stage: &mut Stage) {
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(contact(&mut stage.first, &stage.centre, Purpose::Sync).map(drop));
        let pending = stage.first.school().pending().unwrap().records > 0;
        if pending && stage.first.school().sealed().unwrap().is_none() {
            told.push(send(&mut stage.first, &stage.centre).map(drop));
        }
    }
    let student = stage.student();
    assert_eq!(stage.centre.record(student).unwrap().get(STREET), &text(TYPED), "{told:?}");
    assert!(stage.first.school().sealed().unwrap().is_none(), "{told:?}");
    change(&mut stage.first, &stage.centre, student, "rt", Value::Int(91));
    assert_equal(&stage.first, &stage.centre);
}

/// The request carries bytes that no head has signed.
#[test]
#[ignore = "fault 13"]
fn fault_13_bytes_that_nobody_signed_do_not_leave() {
    let stage = approved();
    let sealed = stage.first.school().sealed().unwrap().unwrap();
    let whole = stage.first.copy();
    for at in (0..usize::try_from(sealed.bytes).unwrap()).step_by(37) {
        let computer = whole.copy();
        flip(&computer, at);
        let Ok((body, _)) = computer.try_begin(Purpose::Sync, u64::MAX) else { continue };
        let request = wire::ExchangeRequest::decode(body.as_slice()).unwrap();
        let signed = request.bundle.is_empty() || bundle::id(&request.bundle) == sealed.bundle;
        assert!(signed, "byte {at} was flipped, and the bundle leaves");
    }
}

/// The centre burns the sequence for a bundle that nobody knows, and the school says `answer.not-ours` for ever.
#[test]
#[ignore = "fault 13"]
fn fault_13_a_school_whose_bundle_was_flipped_goes_on() {
    let mut stage = approved();
    flip(&stage.first, 40);
    goes_on(&mut stage);
}

/// `bundle.lost`, for ever; it cannot be withdrawn either.
#[test]
#[ignore = "fault 13"]
fn fault_13_a_school_whose_bundle_was_lost_goes_on() {
    let mut stage = approved();
    drop(stage.first.request(Purpose::Sync));
    lose(&stage.first);
    goes_on(&mut stage);
}

/// It took effect, and the answer was lost: the centre leaves the edits out, because this side holds them.
#[test]
#[ignore = "fault 13"]
fn fault_13_a_bundle_that_was_lost_after_it_took_effect_settles() {
    let mut stage = approved();
    drop(stage.centre.serve(stage.first.device, &stage.first.request(Purpose::Sync)));
    lose(&stage.first);
    goes_on(&mut stage);
}

/// A bundle that waits for a head's signature elsewhere is frozen again: the head is shown what was sealed.
#[test]
#[ignore = "fault 13"]
fn fault_13_a_bundle_that_waits_for_a_signature_is_frozen_again() {
    let stage = Stage::in_step(12);
    stage.first.set(stage.student(), STREET, text(TYPED));
    stage.first.settle();
    let facts = stage.first.facts(&stage.centre);
    let order = Order { modules: None, facts: &facts, author: "operator" };
    let step = stage.first.school().seal_for_head(&order).unwrap().step;
    stage.first.drive(Some(step));
    let asked = stage.first.school().to_be_signed().unwrap();
    assert!(asked.is_some());
    lose(&stage.first);
    assert_eq!(stage.first.school().to_be_signed().unwrap(), asked);
}

/// The file of an accepted bundle is gone that a restored centre lacks: what this side kept besides comes back, and what
/// was in the file is still in its records.
#[test]
#[ignore = "fault 13"]
fn fault_13_a_kept_bundle_that_was_lost_does_not_end_healing() {
    let mut stage = Stage::in_step(12);
    let (students, backup) = (students(&stage), back_up(&stage.centre));
    stage.first.set(students[0], STREET, text(TYPED));
    stage.first.approve(&stage.centre);
    let name = *stage.first.school().sealed().unwrap().unwrap().bundle.as_bytes();
    assert_accepted(&contact(&mut stage.first, &stage.centre, Purpose::Sync));
    change(&mut stage.first, &stage.centre, students[1], "rt", Value::Int(92));
    stage.first.blobs.remove(&name).unwrap();

    restore(&mut stage.centre, &backup, 2, &[&stage.first]);
    let met = contact(&mut stage.first, &stage.centre, Purpose::Pull);
    assert!(met.is_ok(), "{met:?}");
    assert_eq!(stage.centre.record(students[1]).unwrap().get("rt"), &Value::Int(92));
    assert!(found(&stage.first, students[0], STREET).contains(&text(TYPED)));
}

#[test]
fn fault_13_a_whole_bundle_is_sent_after_any_number_of_tries() {
    let mut stage = approved();
    drop(stage.first.request(Purpose::Sync));
    assert!(matches!(contact(&mut stage.first, &stage.centre, Purpose::Pull), Ok(Outcome::None)));
    goes_on(&mut stage);
}
