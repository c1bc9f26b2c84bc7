//! A store damaged at rest is said to be damaged, or gives what was written: never a panic, a hang or wrong rows.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use selaras_model::Npsn;
use selaras_storage::{Changelog, EngineKind, Space, Write, open_store};
use selaras_sync::store::{Batch, Key, ReadStore, Row, Store, StoreError};

use crate::conformance::{OnDisk, Subject};

fn school() -> Npsn {
    "99999999".parse().unwrap()
}

fn row(number: u64) -> Row {
    Row::Bytes(vec![number as u8; 40 + (number as usize % 7) * 900])
}

/// The file in which an engine keeps what was written last.
fn file_of(kind: EngineKind) -> &'static str {
    match kind {
        EngineKind::Sled => "db",
        EngineKind::Redb => "records.redb",
    }
}

fn open(path: &Path, kind: EngineKind) -> Result<Changelog, StoreError> {
    Changelog::new(open_store(path, kind, 4 << 20)?.engine)
}

fn written(path: &Path, kind: EngineKind) {
    let store = open(path, kind).unwrap().school(school());
    for batch in 0..12 {
        let mut writes = Batch::default();
        for number in batch * 40..batch * 40 + 40 {
            writes.put(Key::History(number), row(number));
        }
        store.commit(&writes).unwrap();
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
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
fn read_all(path: &Path, kind: EngineKind) -> Result<usize, StoreError> {
    let changelog = open(path, kind)?;
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

fn number_of(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// `SELARAS_DAMAGES=1000` for more trials of each engine, `SELARAS_SEED` for others.
#[test]
fn damage_is_an_error_or_harmless() {
    for kind in EngineKind::ALL {
        damaged(kind, number_of("SELARAS_DAMAGES", 36), number_of("SELARAS_SEED", 20_261_123));
    }
}

fn damaged(kind: EngineKind, trials: u64, mut seed: u64) {
    let directory = tempfile::tempdir().unwrap();
    let whole = directory.path().join("whole");
    written(&whole, kind);
    assert_eq!(read_all(&whole, kind).unwrap(), 480);
    let length = fs::metadata(whole.join(file_of(kind))).unwrap().len();
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let (mut refused, mut intact, mut shorter) = (0, 0, 0);
    for trial in 0..trials {
        let path = directory.path().join("trial");
        copy(&whole, &path);
        let mut bytes = fs::read(path.join(file_of(kind))).unwrap();
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
        fs::write(path.join(file_of(kind)), bytes).unwrap();
        let begun = Instant::now();
        match read_all(&path, kind) {
            Ok(480) => intact += 1,
            // A log that was cut off where a commit ended: with the file that says how the store was closed beside it
            // this is noticed (ownership.rs), by the bytes alone it cannot be.
            Ok(_) => shorter += 1,
            Err(StoreError::Damaged(_)) => refused += 1,
            Err(error) => panic!("{kind}, trial {trial}: {error:?}"),
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{kind}, trial {trial} took {:?}", begun.elapsed());
        fs::remove_dir_all(&path).unwrap();
        let _ = fs::remove_file(directory.path().join("trial.closed"));
    }
    println!("{kind}: {trials} trials, {refused} refused, {intact} harmless, {shorter} shorter");
    assert!(refused > 0 && intact > 0, "{kind}: {refused} refused, {intact} intact");
}

fn a_store_without_its_file_is_damaged<const REDB: bool>() {
    let mut subject = OnDisk::<REDB>::new();
    subject.engine().commit(&[Write::put(Space::Local, b"a", b"1")]).unwrap();
    subject.close();
    let log = subject.directory().join(file_of(OnDisk::<REDB>::KIND));
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
fn a_store_whose_log_is_gone_is_damaged_and_not_new() {
    a_store_without_its_file_is_damaged::<false>();
    a_store_without_its_file_is_damaged::<true>();
}

fn gone<const REDB: bool>() -> String {
    let mut subject = OnDisk::<REDB>::new();
    subject.close();
    fs::remove_file(subject.directory().join(file_of(OnDisk::<REDB>::KIND))).unwrap();
    subject.open().err().unwrap().to_string()
}

#[test]
fn damage_says_what_to_do() {
    let way_out = "restore a backup, or recover the school from the centre";
    assert_eq!(gone::<false>(), format!("the store is damaged (its log is gone); {way_out}"));
    assert_eq!(gone::<true>(), format!("the store is damaged (its file is gone); {way_out}"));
}
