//! The file of a bundle is flipped or lost before its fate is known: nothing that nobody signed leaves, and the school goes
//! on. A bundle is a function of its header and the sealed drafts, so that it can be frozen again.

use prost::Message as _;
use selaras_model::Value;
use selaras_sync::{Batch, Blobs, Flow, Key, Order, Outcome, Phase, Purpose, StateName, Store, bundle, wire};

use super::disaster::{assert_accepted, back_up, change, contact, found, restore, send, students, text};
use super::rules::newcomers;
use crate::stage::{Computer, Stage, assert_equal, typed};

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
fn fault_13_a_school_whose_bundle_was_flipped_goes_on() {
    let mut stage = approved();
    flip(&stage.first, 40);
    goes_on(&mut stage);
}

/// `bundle.lost`, for ever; it cannot be withdrawn either.
#[test]
fn fault_13_a_school_whose_bundle_was_lost_goes_on() {
    let mut stage = approved();
    drop(stage.first.request(Purpose::Sync));
    lose(&stage.first);
    goes_on(&mut stage);
}

/// It took effect, and the answer was lost: the centre leaves the edits out, because this side holds them.
#[test]
fn fault_13_a_bundle_that_was_lost_after_it_took_effect_settles() {
    let mut stage = approved();
    drop(stage.centre.serve(stage.first.device, &stage.first.request(Purpose::Sync)));
    lose(&stage.first);
    goes_on(&mut stage);
}

/// A bundle that waits for a head's signature elsewhere is frozen again: the head is shown what was sealed.
#[test]
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

/// The bundle's file is lost, and what it was frozen of cannot be had again: an earlier version sealed it.
fn lose_for_good(computer: &Computer) {
    lose(computer);
    let mut batch = Batch::default();
    batch.remove(Key::State(StateName::Frozen));
    computer.store.commit(&batch).unwrap();
}

fn refusal(outcome: &Outcome) -> &str {
    let Outcome::Refusal(refusal) = outcome else { panic!("{outcome:?}") };
    &refusal.code
}

/// It never reached the centre: the centre says that it never will take effect, and its edits are drafts again.
#[test]
fn fault_13_a_bundle_that_is_lost_for_good_is_ended_by_the_centre() {
    let mut stage = approved();
    drop(stage.first.request(Purpose::Sync));
    let whole = stage.first.copy();
    lose_for_good(&stage.first);
    assert!(stage.first.school().mend().unwrap().lost.is_some());
    // A pull sends nothing, and ends nothing.
    assert!(matches!(contact(&mut stage.first, &stage.centre, Purpose::Pull), Ok(Outcome::None)));
    let sealed = stage.first.school().sealed().unwrap().unwrap();
    assert_eq!(sealed.phase, Phase::Offered);
    assert_eq!(refusal(&contact(&mut stage.first, &stage.centre, Purpose::Sync).unwrap()), "bundle.lost");
    assert_eq!(stage.first.school().pending().unwrap().records, 1);
    // A copy of the disk still holds the bytes: the answer stays what it is.
    let body = whole.request(Purpose::Sync);
    assert_eq!(refusal(&whole.absorb(&stage.centre.serve(whole.device, &body)).outcome), "bundle.lost");
    assert_ne!(stage.centre.record(stage.student()).unwrap().get(STREET), &text(TYPED));
    goes_on(&mut stage);
}

/// It took effect before: the receipt comes, and with it the edits, which are not here any more.
#[test]
fn fault_13_a_bundle_that_took_effect_and_is_lost_for_good_settles() {
    for purpose in [Purpose::Sync, Purpose::Pull] {
        let mut stage = approved();
        drop(stage.centre.serve(stage.first.device, &stage.first.request(Purpose::Sync)));
        lose_for_good(&stage.first);
        let met = contact(&mut stage.first, &stage.centre, purpose);
        let met = if purpose == Purpose::Pull { contact(&mut stage.first, &stage.centre, Purpose::Sync) } else { met };
        assert_accepted(&met);
        goes_on(&mut stage);
    }
}

/// One that was never sent is taken back; nobody has to be asked.
#[test]
fn fault_13_a_bundle_that_is_lost_for_good_before_it_was_offered_is_taken_back() {
    let mut stage = approved();
    lose_for_good(&stage.first);
    assert!(matches!(contact(&mut stage.first, &stage.centre, Purpose::Sync), Ok(Outcome::None)));
    assert!(stage.first.school().sealed().unwrap().is_none());
    goes_on(&mut stage);
}

/// Whoever knows the bundle's name cannot end it for the computer that sealed it.
#[test]
fn fault_13_a_bundle_is_lost_for_nobody_but_who_says_so() {
    let mut stage = approved();
    let other = Computer::new(&stage.centre, 2);
    let sealed = stage.first.school().sealed().unwrap().unwrap();
    let mut request = wire::ExchangeRequest::decode(other.request(Purpose::Pull).as_slice()).unwrap();
    request.held = sealed.bundle.as_bytes().to_vec();
    request.lost = true;
    drop(stage.centre.serve(other.device, &request.encode_to_vec()));
    assert!(matches!(contact(&mut stage.first, &stage.centre, Purpose::Pull), Ok(Outcome::None)));
    assert_accepted(&contact(&mut stage.first, &stage.centre, Purpose::Sync));
    goes_on(&mut stage);
}

/// A large bundle is held to its name before its first byte leaves.
#[test]
fn fault_13_a_large_bundle_that_was_flipped_or_lost_goes_on() {
    for harm in [lose as fn(&Computer), |computer| flip(computer, 40), lose_for_good] {
        let mut stage = approved();
        drop(stage.first.request_by(Purpose::Sync, selaras_sync::Carry::Landed));
        harm(&stage.first);
        let (body, _) = stage.first.try_begin(Purpose::Sync, 0).unwrap();
        let request = wire::ExchangeRequest::decode(body.as_slice()).unwrap();
        assert_eq!(request.lost, request.approval.is_none());
        goes_on(&mut stage);
    }
}

/// The plan of large work at the centre is a file, too, and is made again of the edits that the entry keeps.
#[test]
fn fault_13_the_plan_of_an_entry_that_was_lost_is_made_again() {
    for flipped in [false, true] {
        let mut stage = Stage::in_step(12);
        let fields = || [("nama".parse().unwrap(), text("Siswa Baru"))].into_iter().collect();
        let records = newcomers(400, |_| fields());
        let before = stage.centre.blobs.names().unwrap();
        let step = stage.centre.centre().act("test.act", records.iter().map(typed).collect()).unwrap();
        stage.centre.store.commit(&step.batch).unwrap();
        let plans: Vec<_> =
            stage.centre.blobs.names().unwrap().into_iter().filter(|name| !before.contains(name)).collect();
        assert_eq!(plans.len(), 1, "the work takes steps, and its edits are in its row");
        for name in plans {
            stage.centre.blobs.remove(&name).unwrap();
            if flipped {
                stage.centre.blobs.put(&name, b"something else").unwrap();
            }
        }
        stage.centre.drive(None);
        contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
        assert_equal(&stage.first, &stage.centre);
    }
}

/// An import whose file is lost before its end stops nothing else, and the person is told how much of it is missing.
#[test]
fn fault_13_an_import_that_was_lost_half_way_ends_and_says_so() {
    let mut stage = Stage::in_step(12);
    let fields = || [("nama".parse().unwrap(), text("Siswa Baru"))].into_iter().collect();
    let records = newcomers(400, |_| fields());
    let before = stage.first.blobs.names().unwrap();
    let step = stage.first.school().import(records.iter().map(typed).collect(), "operator").unwrap();
    stage.first.store.commit(&step.batch).unwrap();
    let step = stage.first.school().resume().unwrap().unwrap();
    stage.first.store.commit(&step.batch).unwrap();
    for name in stage.first.blobs.names().unwrap().into_iter().filter(|name| !before.contains(name)) {
        stage.first.blobs.remove(&name).unwrap();
    }
    stage.first.drive(None);
    let taken = u64::from(stage.first.school().pending().unwrap().records);
    let mut told = Vec::new();
    stage
        .first
        .school()
        .history(0, &mut |line| {
            told.extend((line.code == "work.lost").then(|| line.args["records"].clone()));
            Flow::Continue
        })
        .unwrap();
    assert!(taken > 0 && taken < 400, "{taken}");
    assert_eq!(told, [(400 - taken).to_string()]);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
}
