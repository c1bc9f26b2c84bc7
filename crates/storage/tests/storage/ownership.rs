//! One owner at a time, and a store that is made whole or not at all.

use std::fs;

use selaras_storage::{Engine, EngineError, SledEngine, SledOptions, Space, Write};

use crate::conformance::{OnDisk, Subject};

#[test]
fn a_second_owner_is_turned_away_until_the_first_is_gone() {
    let mut subject = OnDisk::new();
    assert!(matches!(subject.open(), Err(EngineError::Busy)));
    subject.close();
    subject.open().unwrap();
}

#[test]
fn the_remains_of_a_cut_creation_do_not_matter() {
    let directory = tempfile::tempdir().unwrap();
    let unfinished = directory.path().join("store.creating");
    fs::create_dir_all(unfinished.join("blobs")).unwrap();
    fs::write(unfinished.join("conf"), b"half").unwrap();
    let path = directory.path().join("store");
    let engine = SledEngine::open(&path, SledOptions::default()).unwrap();
    engine.commit(&[Write::put(Space::Local, b"a", b"1")]).unwrap();
    assert!(!unfinished.exists());
}

#[test]
fn an_empty_directory_is_no_store_yet_and_a_full_one_is_no_place_for_one() {
    let directory = tempfile::tempdir().unwrap();
    SledEngine::open(&directory.path().join("deep/er/store"), SledOptions::default()).unwrap();
    let empty = directory.path().join("empty");
    fs::create_dir(&empty).unwrap();
    SledEngine::open(&empty, SledOptions::default()).unwrap();
    let other = directory.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("letter.txt"), b"dear").unwrap();
    assert!(matches!(SledEngine::open(&other, SledOptions::default()), Err(EngineError::Corrupt(_))));
    assert_eq!(fs::read(other.join("letter.txt")).unwrap(), b"dear");
}

#[test]
fn a_half_written_snapshot_does_not_keep_a_store_from_opening() {
    let mut subject = OnDisk::new();
    subject.engine().commit(&[Write::put(Space::Local, b"a", b"1")]).unwrap();
    subject.close();
    let half = subject.directory().join("snap.00000000FFFFFFFF.generating");
    fs::write(&half, b"half of it").unwrap();
    let engine = subject.open().unwrap();
    assert_eq!(engine.get(Space::Local, b"a").unwrap().as_deref(), Some(b"1".as_slice()));
    assert!(!half.exists());
}
