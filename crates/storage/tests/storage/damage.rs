//! A store damaged at rest is said to be damaged, or gives what was written: never a panic, a hang or wrong rows.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use selaras_model::Npsn;
use selaras_storage::{Changelog, SledEngine, SledOptions, Space, Write};
use selaras_sync::store::{Batch, Key, ReadStore, Row, Store, StoreError};

use crate::conformance::{OnDisk, Subject};

fn school() -> Npsn {
    "99999999".parse().unwrap()
}

fn row(number: u64) -> Row {
    Row::Bytes(vec![number as u8; 40 + (number as usize % 7) * 900])
}

fn open(path: &Path) -> Result<Changelog, StoreError> {
    Changelog::new(Arc::new(SledEngine::open(path, SledOptions { cache_bytes: 4 << 20 })?))
}

fn written(path: &Path) {
    let store = open(path).unwrap().school(school());
    for batch in 0..12 {
        let mut writes = Batch::default();
        for number in batch * 40..batch * 40 + 40 {
            writes.put(Key::History(number), row(number));
        }
        store.commit(&writes).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Reads all it can; says how many rows were there.
fn read_all(path: &Path) -> Result<usize, StoreError> {
    let changelog = open(path)?;
    let verified = changelog.verify();
    let store = changelog.school(school());
    let mut found = 0;
    for number in 0..480 {
        match store.get(&Key::History(number))? {
            Some(read) => {
                assert_eq!(read, row(number), "a wrong row was given out");
                found += 1;
            }
            None => continue,
        }
    }
    verified.map(|()| found)
}

#[test]
fn damage_is_an_error_or_harmless() {
    let directory = tempfile::tempdir().unwrap();
    let whole = directory.path().join("whole");
    written(&whole);
    assert_eq!(read_all(&whole).unwrap(), 480);
    let length = fs::metadata(whole.join("db")).unwrap().len();
    let mut seed = 20_261_123_u64;
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let (mut refused, mut intact) = (0, 0);
    for trial in 0..36 {
        let path = directory.path().join(format!("trial-{trial}"));
        copy(&whole, &path);
        let mut bytes = fs::read(path.join("db")).unwrap();
        let at = next(length) as usize;
        match trial % 3 {
            0 => bytes[at] ^= 1 << next(8),
            1 => {
                let page = at / 4_096 * 4_096;
                let end = (page + 4_096).min(bytes.len());
                bytes[page..end].fill(0);
            }
            _ => bytes.truncate(at),
        }
        fs::write(path.join("db"), bytes).unwrap();
        let begun = Instant::now();
        match read_all(&path) {
            Ok(480) => intact += 1,
            // The end of a log that was cut off is a loss that only the log's own head, which is a row, can show.
            Ok(_) => {}
            Err(StoreError::Damaged(_)) => refused += 1,
            Err(error) => panic!("trial {trial}: {error:?}"),
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "trial {trial} took {:?}", begun.elapsed());
    }
    assert!(refused > 0 && intact > 0, "{refused} refused, {intact} intact");
}

#[test]
fn a_store_whose_log_is_gone_is_damaged_and_not_new() {
    let mut subject = OnDisk::new();
    subject.engine().commit(&[Write::put(Space::Local, b"a", b"1")]).unwrap();
    subject.close();
    let log = subject.directory().join("db");
    let bytes = fs::read(&log).unwrap();
    for cut in [None, Some(0), Some(1), Some(40)] {
        match cut {
            None => fs::remove_file(&log).unwrap(),
            Some(len) => fs::write(&log, &bytes[..len]).unwrap(),
        }
        let opened = subject.open().map(drop).map_err(StoreError::from);
        assert!(matches!(opened, Err(StoreError::Damaged(_))), "{cut:?}: {opened:?}");
    }
}

#[test]
fn damage_says_what_to_do() {
    let mut subject = OnDisk::new();
    subject.close();
    fs::remove_file(subject.directory().join("db")).unwrap();
    let error = subject.open().err().unwrap().to_string();
    assert_eq!(
        error,
        "the store is damaged (its log is gone); restore a backup, or recover the school from the centre"
    );
}
