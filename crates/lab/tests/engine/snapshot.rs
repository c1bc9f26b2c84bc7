//! A snapshot of the log brings an empty computer into step, is checked before it is used, and may be interrupted.

use selaras_sync::exchange::{Event, Exchange, Outside, advance};
use selaras_sync::{Batch, Blobs, Key, Offer, Purpose, ReadStore, Row, School, SchoolError, Snapshot, Store};

use crate::stage::{CentreStage, Computer, Stage, assert_equal};
use crate::talk::{DIED, Hands, talk};

fn snapshot(centre: &CentreStage) -> (Offer, Vec<u8>) {
    let file = centre.centre().snapshot(Vec::new()).unwrap();
    let version = centre.centre().head().unwrap().version;
    (Offer { version, hash: *blake3::hash(&file).as_bytes(), bytes: file.len() as u64 }, file)
}

fn check(school: School<'_>, offer: &Offer, file: &[u8]) -> Result<(), SchoolError> {
    let mut snapshot = Snapshot::open(file).map_err(|_| SchoolError::NotOurCentre("no snapshot"))?;
    school.check_snapshot(offer, &mut snapshot)
}

/// Takes a file in that was checked, without a look at its name, and compares with the centre before anything is asked.
fn says_the_same(centre: &CentreStage, offer: &Offer, file: &[u8]) -> bool {
    let computer = Computer::new(centre, 9);
    computer.blobs.put(&offer.hash, file).unwrap();
    let mut batch = Batch::default();
    batch.put(Key::Local("snapshot".to_owned()), Row::Bytes(offer.hash.to_vec()));
    computer.store.commit(&batch).unwrap();
    let mut hands = Hands::of(&computer).trusting_files();
    let asked = advance(&mut Exchange::new(Purpose::Pull), &mut hands, Event::Begin);
    assert!(matches!(asked, Ok(Outside::Send(_))), "whatever the file holds, the centre is asked next");
    computer.school().digests().unwrap() == centre.centre().digests().unwrap()
}

#[test]
fn an_empty_computer_comes_into_step_however_often_it_is_interrupted() {
    let stage = Stage::in_step(120);
    let second = Computer::new(&stage.centre, 2);
    stage.centre.offers.set(true);
    let tip = stage.centre.centre().head().unwrap().version;
    let mut rounds = 0;
    while second.school().position().unwrap().version < tip {
        let hands = Hands::of(&second).to(&stage.centre).dying_after(2);
        let Err(failed) = talk(hands, Purpose::Pull) else { panic!("there is more to commit") };
        assert_eq!(failed.code, DIED);
        rounds += 1;
    }
    second.pull(&stage.centre);
    assert!(rounds > 3, "the snapshot has several commits: {rounds}");
    assert_equal(&second, &stage.centre);
}

#[test]
fn it_is_offered_to_one_who_begins_and_to_nobody_else() {
    let stage = Stage::in_step(12);
    stage.centre.offers.set(true);
    let asks = |computer: &Computer| {
        let body = computer.request(Purpose::Pull);
        computer.school().answer(&stage.centre.serve(computer.device, &body)).unwrap().offer().is_some()
    };
    assert!(asks(&Computer::new(&stage.centre, 2)));
    assert!(!asks(&stage.first));
}

#[test]
fn a_snapshot_that_is_cut_altered_or_of_another_centre_is_not_used() {
    let stage = Stage::in_step(12);
    let (offer, file) = snapshot(&stage.centre);
    let computer = Computer::new(&stage.centre, 2);
    assert!(check(computer.school(), &offer, &file[..file.len() / 2]).is_err());
    for at in (0..file.len()).step_by(97) {
        let mut altered = file.clone();
        altered[at] ^= 0x20;
        // A few bits say the same either way: what compression pads with, a yes that is not written as 1.
        let harmless = || says_the_same(&stage.centre, &offer, &altered);
        assert!(check(computer.school(), &offer, &altered).is_err() || harmless(), "byte {at} of {}", file.len());
    }
    let later = Offer { version: offer.version.next(), ..offer };
    assert!(check(computer.school(), &later, &file).is_err());
    let other = Stage::in_step(13);
    let (others, theirs) = snapshot(&other.centre);
    // The same school's number and key in these tests, but another head of the log: only the offer's is taken.
    assert!(check(computer.school(), &offer, &theirs).is_err() || others.version == offer.version);
    let mut stranger = Stage::in_step(12);
    stranger.centre.keys.signing = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    let (offer, forged) = snapshot(&stranger.centre);
    let foreign = Computer::new(&stranger.centre, 3);
    assert!(check(foreign.school(), &offer, &forged).is_err(), "signed by a key that is not this centre's");
    assert!(check(computer.school(), &offer, b"selaras").is_err());
}

#[test]
fn the_same_log_gives_the_same_bytes() {
    let stage = Stage::in_step(12);
    assert_eq!(snapshot(&stage.centre).1, snapshot(&stage.centre).1);
}

/// A computer that has checked a snapshot and taken a part of it in.
fn within_a_snapshot(stage: &Stage) -> (Computer, [u8; 32]) {
    let computer = Computer::new(&stage.centre, 2);
    stage.centre.offers.set(true);
    let hands = Hands::of(&computer).to(&stage.centre).dying_after(3);
    assert_eq!(talk(hands, Purpose::Pull).err().unwrap().code, DIED);
    let Some(Row::Bytes(name)) = computer.store.get(&Key::Local("snapshot".to_owned())).unwrap() else { panic!() };
    (computer, name.try_into().unwrap())
}

/// A checked snapshot whose file is gone, flipped or cut since: what of it is in stays, and pages bring the rest.
#[test]
fn fault_51_a_checked_snapshot_that_cannot_be_read_any_more_is_let_go_of() {
    let stage = Stage::in_step(120);
    let (whole, name) = within_a_snapshot(&stage);
    let file = whole.blobs.unchecked(&name).unwrap().unwrap();
    let mut damages: Vec<Option<Vec<u8>>> = vec![None, Some(Vec::new()), Some(file[..file.len() / 2].to_vec())];
    for at in (0..file.len()).step_by(file.len() / 9) {
        let mut flipped = file.clone();
        flipped[at] ^= 0x10;
        damages.push(Some(flipped));
    }
    for damage in damages {
        let computer = whole.copy();
        computer.blobs.remove(&name).unwrap();
        if let Some(bytes) = damage {
            computer.blobs.put(&name, &bytes).unwrap();
        }
        computer.pull(&stage.centre);
        assert_equal(&computer, &stage.centre);
        assert_eq!(computer.store.get(&Key::Local("snapshot".to_owned())).unwrap(), None);
        assert!(computer.blobs.unchecked(&name).unwrap().is_none());
    }
}

/// The same where the file reads otherwise than it was checked: whoever opens it does not look at its name again.
#[test]
fn fault_51_a_frame_that_is_not_what_it_was_is_not_taken() {
    let stage = Stage::in_step(120);
    let (computer, name) = within_a_snapshot(&stage);
    let other = Stage::in_step(13);
    let (_, theirs) = snapshot(&other.centre);
    computer.blobs.put(&name, &theirs).unwrap();
    let hands = Hands::of(&computer).to(&stage.centre).trusting_files();
    talk(hands, Purpose::Pull).unwrap();
    assert_equal(&computer, &stage.centre);
}
