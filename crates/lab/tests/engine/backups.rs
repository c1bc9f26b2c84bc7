//! What a backup of the centre needs of a school, and what a school hears of it.

use selaras_sync::{Blobs as _, Purpose, StoreError};

use crate::restored::kept;
use crate::stage::{Computer, Stage};

/// Enough that the first bundle lies in a file beside the store.
const STUDENTS: u32 = 500;

fn is_damage<T>(read: &Result<T, StoreError>) -> bool {
    matches!(read, Err(StoreError::Damaged(_)))
}

#[test]
fn fault_42_a_copy_needs_the_files_that_its_rows_refer_to_and_not_those_that_are_there() {
    let stage = Stage::in_step(STUDENTS);
    let (centre, blobs) = (stage.centre.centre(), &stage.centre.blobs);
    let needed = centre.needed_blobs().unwrap();
    assert!(!needed.is_empty());
    for name in &needed {
        centre.whole_blob(name).unwrap();
        blobs.remove(name).unwrap();
        assert!(is_damage(&centre.whole_blob(name)), "a file that is gone is missed");
        blobs.put(name, b"what else lay there").unwrap();
        assert!(is_damage(&centre.whole_blob(name)), "other bytes are not taken for it");
    }
    assert_eq!(centre.needed_blobs().unwrap(), needed);
}

#[test]
fn fault_18_what_is_damaged_at_the_centre_is_not_sent_and_refuses_nothing() {
    let stage = Stage::in_step(STUDENTS);
    for name in stage.centre.centre().needed_blobs().unwrap() {
        stage.centre.blobs.remove(&name).unwrap();
        stage.centre.blobs.put(&name, b"what else lay there").unwrap();
    }
    let second = Computer::new(&stage.centre, 2);
    let body = second.request(Purpose::Pull);
    let told = stage.centre.try_serve(second.device, &body).unwrap_err();
    assert_eq!(told.code(), "store.damaged");
}

#[test]
fn fault_18_a_school_that_a_backup_left_out_hears_that_nothing_is_covered() {
    let stage = Stage::in_step(12);
    let version = stage.centre.centre().head().unwrap().version;
    stage.centre.drive(Some(stage.centre.centre().cover(version).unwrap()));
    let second = Computer::new(&stage.centre, 2);
    second.pull(&stage.centre);
    assert_eq!(kept(&second), 0, "a backup holds all of it");

    stage.centre.drive(Some(stage.centre.centre().left_out().unwrap()));
    let third = Computer::new(&stage.centre, 3);
    third.pull(&stage.centre);
    assert!(kept(&third) > 0, "no backup holds it any more");
}
