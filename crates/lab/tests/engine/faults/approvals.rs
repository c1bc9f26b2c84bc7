//! Who approved what a restored centre got back: the approval comes with the entry, from the computer that sealed the bundle.

use selaras_model::{LogVersion, Value};
use selaras_sync::evidence::Evidence;
use selaras_sync::{CentreError, Key, LogEntry, Origin, Outcome, Purpose, ReadStore, Row, wire};

use super::disaster::{Backup, back_up, change, contact, restore, send};
use super::handing::{Entry, name_of, say};
use crate::stage::{CentreStage, Computer, Stage};

/// A bundle that was accepted after the backup, and that two computers know.
struct Scene {
    stage: Stage,
    second: Computer,
    backup: Backup,
}

fn scene() -> Scene {
    let mut stage = Stage::in_step(12);
    let mut second = Computer::new(&stage.centre, 2);
    let backup = back_up(&stage.centre);
    let student = stage.student();
    change(&mut stage.first, &stage.centre, student, "rt", Value::Int(91));
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    Scene { stage, second, backup }
}

/// The evidence of the newest bundle in the log.
fn evidence(centre: &CentreStage) -> Result<Evidence, CentreError> {
    let mut version = centre.centre().head().unwrap().version;
    loop {
        let Some(Row::Entry(row)) = centre.store.get(&Key::Entry(version)).unwrap() else { panic!("a bundle") };
        if let Origin::Bundle { .. } = LogEntry::from_bytes(&row.entry).unwrap().origin {
            return centre.centre().evidence(version);
        }
        version = LogVersion::new(version.get() - 1);
    }
}

#[test]
fn evidence_of_what_was_receipted_before_a_restore_is_there_again() {
    let Scene { mut stage, mut second, backup } = scene();
    let before = evidence(&stage.centre).unwrap();
    restore(&mut stage.centre, &backup, 2, &[&stage.first, &second]);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    let after = evidence(&stage.centre).unwrap();
    after.verify().unwrap();
    assert_eq!((after.approval, after.key), (before.approval, before.key));
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    evidence(&stage.centre).unwrap().verify().unwrap();
}

#[test]
fn an_approval_comes_also_after_another_computer_has_handed_the_entry_back() {
    let Scene { mut stage, mut second, backup } = scene();
    restore(&mut stage.centre, &backup, 2, &[&stage.first, &second]);
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    assert_eq!(evidence(&stage.centre).unwrap_err().code(), "evidence.not-handed-back");
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    evidence(&stage.centre).unwrap().verify().unwrap();
    // In the next life as well, with what was handed back in this one.
    restore(&mut stage.centre, &backup, 3, &[&stage.first, &second]);
    for computer in [&mut second, &mut stage.first] {
        contact(computer, &stage.centre, Purpose::Pull).unwrap();
    }
    evidence(&stage.centre).unwrap().verify().unwrap();
}

/// Large entries come in parts, and the approval with the last of them.
#[test]
fn the_approval_of_a_large_bundle_comes_with_its_last_part() {
    let mut stage = Stage::bare(500);
    stage.assign_head();
    let backup = back_up(&stage.centre);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    stage.first.import(&stage.sample.school);
    assert!(matches!(send(&mut stage.first, &stage.centre), Ok(Outcome::Receipt(_))));
    restore(&mut stage.centre, &backup, 2, &[&stage.first]);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    evidence(&stage.centre).unwrap().verify().unwrap();
}

#[test]
fn what_is_no_approval_of_the_bundle_is_not_kept() {
    let Scene { mut stage, second, backup } = scene();
    let (entry, other) = (Entry::newest(&stage.centre), stage.student());
    let approval_of = |computer: &Computer| {
        let receipt = computer.school().receipt().unwrap().unwrap();
        let Origin::Bundle { bundle, .. } = receipt.entry().origin else { panic!("a bundle") };
        match computer.store.get(&Key::Approval(bundle)).unwrap() {
            Some(Row::Blob(file)) => file,
            other => panic!("{other:?}"),
        }
    };
    let right = approval_of(&stage.first);
    change(&mut stage.first, &stage.centre, other, "rw", Value::Int(7));
    let wrong = approval_of(&stage.first);
    restore(&mut stage.centre, &backup, 2, &[&stage.first, &second]);
    let hands_back = |approval: Vec<u8>| {
        let handed = wire::Handed { approval, ..entry.part(0, usize::MAX) };
        let request =
            wire::HealRequest { handed: vec![handed], runs: vec![entry.run()], ..wire::HealRequest::default() };
        say(&second, name_of(&second), &stage.centre, request).unwrap();
        evidence(&stage.centre).map(drop).map_err(|error| error.code().to_owned())
    };
    let none = Err("evidence.not-handed-back".to_owned());
    assert_eq!(hands_back(wrong), none, "of another bundle");
    let mut damaged = right.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(hands_back(damaged), none, "a flipped bit");
    assert_eq!(hands_back(Vec::new()), none);
    assert_eq!(hands_back(right), Ok(()));
}
