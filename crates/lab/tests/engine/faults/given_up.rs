//! A restored centre waits for a computer that will never come: the head says so.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use selaras_model::{DeviceId, EpochId, KeyId, LogVersion, Value};
use selaras_sync::{CentreError, GivenUp, Purpose};

use super::disaster::{Backup, assert_accepted, back_up, contact, restore, send};
use crate::stage::{CentreStage, Computer, Stage};

/// A log that was put back, and waits for the second computer, which is gone.
struct Waiting {
    stage: Stage,
    gone: Computer,
}

fn waiting() -> Waiting {
    let mut stage = Stage::in_step(12);
    let mut gone = Computer::new(&stage.centre, 2);
    contact(&mut gone, &stage.centre, Purpose::Pull).unwrap();
    let backup: Backup = back_up(&stage.centre);
    restore(&mut stage.centre, &backup, 2, &[&stage.first, &gone]);
    Waiting { stage, gone }
}

/// The word of the head of this centre's school, about these computers.
fn word(centre: &CentreStage, devices: &[DeviceId]) -> GivenUp {
    let devices: BTreeSet<DeviceId> = devices.iter().copied().collect();
    GivenUp::sign(centre.npsn, centre.epoch.get(), devices, (centre.head_key(), &centre.head))
}

fn give_up(centre: &CentreStage, by: &Computer, word: &GivenUp) -> Result<(), String> {
    let enrolled = |key: KeyId| Ok((key == centre.head_key()).then(|| centre.known()));
    let step = centre.centre().give_up(by.device, word, &enrolled);
    centre.drive(Some(step.map_err(|error: CentreError| error.code().to_owned())?));
    Ok(())
}

#[test]
fn a_head_ends_the_waiting_for_a_computer_that_will_not_come() {
    let Waiting { mut stage, mut gone } = waiting();
    let student = stage.student();
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    stage.first.set(student, "rt", Value::Int(91));
    assert_eq!(send(&mut stage.first, &stage.centre).unwrap_err().code, "center.healing");

    let word = word(&stage.centre, &[gone.device]);
    assert_eq!(give_up(&stage.centre, &stage.first, &word), Ok(()));
    assert!(stage.centre.centre().waits_for().unwrap().is_empty());
    assert_accepted(&contact(&mut stage.first, &stage.centre, Purpose::Sync));
    assert_eq!(give_up(&stage.centre, &stage.first, &word), Ok(()), "said twice is said once");
    // Should it come after all, what it holds is taken.
    contact(&mut gone, &stage.centre, Purpose::Pull).unwrap();
    crate::stage::assert_equal(&gone, &stage.centre);
}

#[test]
fn only_those_that_the_head_named_are_given_up() {
    let Waiting { mut stage, gone } = waiting();
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    let stranger = DeviceId::from_bytes([77; 8]);
    assert_eq!(give_up(&stage.centre, &stage.first, &word(&stage.centre, &[stranger])), Ok(()));
    assert_eq!(stage.centre.centre().waits_for().unwrap(), [gone.device].into());
}

#[test]
fn a_word_that_is_not_the_heads_of_this_life_ends_nothing() {
    let Waiting { mut stage, gone } = waiting();
    let said = word(&stage.centre, &[gone.device]);
    let refused = |code: &str| Err(code.to_owned());
    assert_eq!(give_up(&stage.centre, &stage.first, &said), refused("center.restored"), "it has not told itself");
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();

    let other = DeviceId::from_bytes([78; 8]);
    let more = GivenUp { devices: [gone.device, other].into(), ..said.clone() };
    assert_eq!(give_up(&stage.centre, &stage.first, &more), refused("heal.not-the-heads"));
    let before = EpochId::from_bytes(*b"epoch-01");
    let earlier =
        GivenUp::sign(stage.centre.npsn, before, [gone.device].into(), (stage.centre.head_key(), &stage.centre.head));
    assert_eq!(give_up(&stage.centre, &stage.first, &earlier), refused("center.restored"));
    let renamed = GivenUp { epoch: stage.centre.epoch.get(), ..earlier };
    assert_eq!(give_up(&stage.centre, &stage.first, &renamed), refused("heal.not-the-heads"));
    let stranger = SigningKey::from_bytes(&[66; 32]);
    let own = GivenUp::sign(
        stage.centre.npsn,
        stage.centre.epoch.get(),
        [gone.device].into(),
        (stage.centre.head_key(), &stranger),
    );
    assert_eq!(give_up(&stage.centre, &stage.first, &own), refused("heal.not-the-heads"));
    let unknown = GivenUp { key: KeyId::from_bytes([9; 8]), ..said.clone() };
    assert_eq!(give_up(&stage.centre, &stage.first, &unknown), refused("heal.not-the-heads"));
    stage.centre.revoked = true;
    assert_eq!(give_up(&stage.centre, &stage.first, &said), refused("heal.not-the-heads"));
    assert_eq!(stage.centre.centre().waits_for().unwrap(), [gone.device].into());
}

/// After a restore from before which nothing is confirmed, a head's key ends no waiting either.
#[test]
fn a_key_that_nobody_has_confirmed_ends_nothing() {
    let mut stage = Stage::in_step(12);
    let mut gone = Computer::new(&stage.centre, 2);
    contact(&mut gone, &stage.centre, Purpose::Pull).unwrap();
    let backup = back_up(&stage.centre);
    crate::backup::put_back(&mut stage.centre, &backup);
    stage.centre.epoch.set(EpochId::from_bytes([2; 8]));
    stage.centre.drive(None);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    let said = word(&stage.centre, &[gone.device]);
    assert_eq!(give_up(&stage.centre, &stage.first, &said), Err("center.unconfirmed".to_owned()));
    assert!(stage.centre.centre().waits_for().unwrap().contains(&gone.device));
    stage.centre.drive(Some(stage.centre.centre().confirm().unwrap()));
    assert_eq!(give_up(&stage.centre, &stage.first, &said), Ok(()));
    assert!(stage.centre.centre().waits_for().unwrap().is_empty());
    assert!(stage.centre.centre().head().unwrap().version > LogVersion::new(0));
}
