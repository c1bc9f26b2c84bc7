//! One owner at a time, a store that is made whole or not at all, and one that is known again by what it is.

use std::fs;

use selaras_storage::{EngineError, EngineKind, LastStop, Space, Write, engine_of, open_store};

use crate::conformance::{OnDisk, OnSled, Subject};

const CACHE: u64 = 8 << 20;

fn a_second_owner_is_turned_away<const REDB: bool>() {
    let mut subject = OnDisk::<REDB>::new();
    assert!(matches!(subject.open(), Err(EngineError::Busy)));
    subject.close();
    assert_eq!(subject.open().unwrap().last_stop, LastStop::Clean);
}

#[test]
fn a_second_owner_is_turned_away_until_the_first_is_gone() {
    a_second_owner_is_turned_away::<false>();
    a_second_owner_is_turned_away::<true>();
}

#[test]
fn the_remains_of_a_cut_creation_do_not_matter() {
    for kind in EngineKind::ALL {
        let directory = tempfile::tempdir().unwrap();
        let unfinished = directory.path().join("store.creating");
        fs::create_dir_all(unfinished.join("blobs")).unwrap();
        fs::write(unfinished.join("conf"), b"half").unwrap();
        let opened = open_store(&directory.path().join("store"), kind, CACHE).unwrap();
        assert_eq!((opened.kind, opened.last_stop), (kind, LastStop::New));
        opened.engine.commit(&[Write::put(Space::Local, b"a", b"1")]).unwrap();
        assert!(!unfinished.exists());
    }
}

#[test]
fn a_store_is_opened_by_the_engine_that_made_it_whatever_is_asked_for() {
    for kind in EngineKind::ALL {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        assert_eq!(engine_of(&path).unwrap(), None);
        drop(open_store(&path, kind, CACHE).unwrap());
        assert_eq!(engine_of(&path).unwrap(), Some(kind));
        for other in EngineKind::ALL {
            assert_eq!(open_store(&path, other, CACHE).unwrap().kind, kind);
        }
    }
}

#[test]
fn an_empty_directory_is_no_store_yet_and_a_full_one_is_no_place_for_one() {
    for kind in EngineKind::ALL {
        let directory = tempfile::tempdir().unwrap();
        open_store(&directory.path().join("deep/er/store"), kind, CACHE).unwrap();
        let empty = directory.path().join("empty");
        fs::create_dir(&empty).unwrap();
        open_store(&empty, kind, CACHE).unwrap();
        let other = directory.path().join("other");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("letter.txt"), b"dear").unwrap();
        assert!(matches!(open_store(&other, kind, CACHE), Err(EngineError::Corrupt(_))));
        assert_eq!(fs::read(other.join("letter.txt")).unwrap(), b"dear");
    }
}

#[test]
fn a_store_that_lost_its_end_while_it_was_closed_is_damaged() {
    for kind in EngineKind::ALL {
        let directory = tempfile::tempdir().unwrap();
        let (path, earlier) = (directory.path().join("store"), directory.path().join("earlier"));
        let commit = |value: &[u8]| {
            let opened = open_store(&path, kind, CACHE).unwrap();
            opened.engine.commit(&[Write::put(Space::Local, b"a", value)]).unwrap();
        };
        commit(b"1");
        crate::damage::copy(&path, &earlier);
        commit(b"2");
        fs::remove_dir_all(&path).unwrap();
        fs::rename(&earlier, &path).unwrap();
        let opened = open_store(&path, kind, CACHE).map(drop);
        assert!(matches!(opened, Err(EngineError::Corrupt(_))), "{kind}: {opened:?}");
    }
}

#[test]
fn a_half_written_snapshot_does_not_keep_a_store_from_opening() {
    let mut subject = OnSled::new();
    subject.engine().commit(&[Write::put(Space::Local, b"a", b"1")]).unwrap();
    subject.close();
    let half = subject.directory().join("snap.00000000FFFFFFFF.generating");
    fs::write(&half, b"half of it").unwrap();
    let engine = subject.open().unwrap().engine;
    assert_eq!(engine.get(Space::Local, b"a").unwrap().as_deref(), Some(b"1".as_slice()));
    assert!(!half.exists());
}
