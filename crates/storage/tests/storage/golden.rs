//! The bytes of every kind of row, as written by the first version: a later one must read them for ever.

use std::sync::Arc;

use selaras_storage::{Changelog, Engine, MemoryEngine, Space};
use selaras_sync::store::{Batch, Flow, Key, ReadStore, Row, Store};

use crate::sample;

const GOLDEN: &str = include_str!("golden.txt");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn all_rows(engine: &MemoryEngine) -> Vec<String> {
    let mut lines = Vec::new();
    for space in Space::ALL {
        let mut push = |key: &[u8], value: &[u8]| {
            lines.push(format!("{:02x} {} {}", space.prefix(), hex(key), hex(value)));
            Ok(Flow::Continue)
        };
        engine.scan(space, b"", &mut push).unwrap();
    }
    lines
}

#[test]
fn rows_are_written_as_ever() {
    let engine = Arc::new(MemoryEngine::new());
    let store = Changelog::new(engine.clone()).unwrap().school("99999999".parse().unwrap());
    let mut batch = Batch::default();
    for (_, key, row) in sample::every_kind() {
        batch.put(key, row);
    }
    store.commit(&batch).unwrap();
    let written = all_rows(&engine).join("\n");
    assert_eq!(written.trim(), GOLDEN.trim(), "the format of a row changed");
}

#[test]
fn rows_of_the_first_version_are_read() {
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    };
    let engine = Arc::new(MemoryEngine::new());
    for line in GOLDEN.lines() {
        let mut parts = line.split(' ').map(bytes);
        let (prefix, key, value) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let space = Space::ALL.into_iter().find(|space| space.prefix() == prefix[0]).unwrap();
        engine.commit(&[selaras_storage::Write::put(space, key, value)]).unwrap();
    }
    let changelog = Changelog::new(engine).unwrap();
    changelog.verify().unwrap();
    let store = changelog.school("99999999".parse().unwrap());
    for (name, key, row) in sample::every_kind() {
        assert_eq!(store.get(&key).unwrap(), Some(row), "{name}");
    }
}

/// A later version may add fields to rows that hold values; this version reads the ones it knows.
#[test]
fn fields_of_a_later_version_are_skipped() {
    let engine = Arc::new(MemoryEngine::new());
    let changelog = Changelog::new(engine.clone()).unwrap();
    let store = changelog.school("99999999".parse().unwrap());
    for (key, row) in
        [(Key::View(sample::record(1, 1)), sample::view(false)), (Key::Draft(sample::record(1, 1), 1), sample::draft())]
    {
        let mut batch = Batch::default();
        batch.put(key.clone(), row.clone());
        store.commit(&batch).unwrap();
        append_unknown_field(&engine, if matches!(row, Row::View(_)) { Space::View } else { Space::Draft });
        assert_eq!(store.get(&key).unwrap(), Some(row));
    }
}

fn append_unknown_field(engine: &MemoryEngine, space: Space) {
    let mut found = None;
    let mut take = |key: &[u8], value: &[u8]| {
        found = Some((key.to_vec(), value.to_vec()));
        Ok(Flow::Stop)
    };
    engine.scan(space, b"", &mut take).unwrap();
    let (key, row) = found.unwrap();
    let mut body = row[9..].to_vec();
    body.extend_from_slice(&[0xA2, 0x06, 3, b'n', b'e', b'w']); // field 100, 3 bytes
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[space.prefix()]).update(&u16::try_from(key.len()).unwrap().to_be_bytes()).update(&key);
    hasher.update(&[1]).update(&body);
    let row = [&[1], &hasher.finalize().as_bytes()[..8], &body].concat();
    engine.commit(&[selaras_storage::Write::put(space, key, row)]).unwrap();
}
