//! Rows of schools: they come back as they were, in order, and one school's are not another's.

use std::sync::Arc;

use selaras_model::{EntityCode, LogVersion, Npsn, Value};
use selaras_storage::{Changelog, Engine, Fault, FaultyEngine, MAX_COMMIT_WRITES, MemoryEngine, Space, Write};
use selaras_sync::store::{
    Batch, EditsAt, EntryRow, Flow, Key, Range, ReadStore, Row, StateName, Store, StoreError, ViewRow,
};

use crate::sample::{self, draft, id, record};

fn npsn(text: &str) -> Npsn {
    text.parse().unwrap()
}

fn memory() -> (Arc<MemoryEngine>, Changelog) {
    let engine = Arc::new(MemoryEngine::new());
    (Arc::clone(&engine), Changelog::new(engine).unwrap())
}

fn put(store: &impl Store, key: Key, row: Row) {
    let mut batch = Batch::default();
    batch.put(key, row);
    store.commit(&batch).unwrap();
}

fn keys(store: &impl ReadStore, range: &Range) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut push = |key, _| {
        keys.push(key);
        Ok(Flow::Continue)
    };
    store.scan(range, &mut push).unwrap();
    keys
}

#[test]
fn every_kind_of_row_comes_back() {
    let (_, changelog) = memory();
    let store = changelog.school(npsn("99999999"));
    let mut batch = Batch::default();
    for (_, key, row) in sample::every_kind() {
        batch.put(key, row);
    }
    store.commit(&batch).unwrap();
    for (name, key, row) in sample::every_kind() {
        assert_eq!(store.get(&key).unwrap(), Some(row), "{name}");
    }
    changelog.verify().unwrap();
    let mut batch = Batch::default();
    sample::every_kind().into_iter().for_each(|(_, key, _)| batch.remove(key));
    store.commit(&batch).unwrap();
    for (name, key, _) in sample::every_kind() {
        assert_eq!(store.get(&key).unwrap(), None, "{name}");
    }
}

#[test]
fn schools_do_not_see_each_other() {
    let (_, changelog) = memory();
    let (a, b) = (changelog.school(npsn("10000001")), changelog.school(npsn("10000002")));
    put(&a, Key::Local("x".to_owned()), Row::Bytes(b"a".to_vec()));
    put(&a, Key::View(record(1, 1)), sample::view(false));
    assert_eq!(b.get(&Key::Local("x".to_owned())).unwrap(), None);
    assert_eq!(keys(&b, &Range::Locals(String::new())), []);
    assert_eq!(keys(&a, &Range::Views(EntityCode(1), None)), [Key::View(record(1, 1))]);
    assert_eq!(a.npsn(), npsn("10000001"));
}

#[test]
fn schools_are_listed_once_each_in_order() {
    let (_, changelog) = memory();
    for (school, key) in [("20000000", 1), ("00000000", 1), ("10000001", 1), ("99999999", 2), ("10000001", 2)] {
        put(&changelog.school(npsn(school)), Key::History(key), Row::Bytes(Vec::new()));
    }
    put(&changelog.school(npsn("10000003")), Key::State(StateName::Position), Row::Bytes(Vec::new()));
    let mut listed = Vec::new();
    let mut push = |npsn: Npsn| {
        listed.push(npsn.to_string());
        Flow::Continue
    };
    changelog.schools(&mut push).unwrap();
    assert_eq!(listed, ["10000001", "10000003", "20000000", "99999999"]);
    let mut seen = 0;
    let mut first = |_| {
        seen += 1;
        Flow::Stop
    };
    changelog.schools(&mut first).unwrap();
    assert_eq!(seen, 1);
}

#[test]
fn ranges_are_in_order_and_end_where_they_should() {
    let (_, changelog) = memory();
    let store = changelog.school(npsn("99999999"));
    let mut batch = Batch::default();
    for (entity, number) in [(1, 1), (1, 2), (2, 1), (256, 1)] {
        batch.put(Key::View(record(entity, number)), sample::view(false));
        batch.put(Key::Conflict(record(entity, number)), Row::Mark);
        for generation in [1, 2, 300] {
            batch.put(Key::Draft(record(entity, number), generation), draft());
        }
        batch.put(Key::Index(EntityCode(entity), [number; 16], id(1)), Row::Mark);
        batch.put(Key::Index(EntityCode(entity), [number; 16], id(2)), Row::Mark);
    }
    for number in [1, 255, 256, 70_000] {
        batch.put(Key::History(number), Row::Bytes(Vec::new()));
    }
    for name in ["account/a", "account/b", "accountant", "key"] {
        batch.put(Key::Local(name.to_owned()), Row::Bytes(Vec::new()));
    }
    store.commit(&batch).unwrap();
    let view = |entity, number| Key::View(record(entity, number));
    assert_eq!(keys(&store, &Range::Views(EntityCode(1), None)), [view(1, 1), view(1, 2)]);
    assert_eq!(keys(&store, &Range::Views(EntityCode(1), Some(id(2)))), [view(1, 2)]);
    let generations = |key| [1, 2, 300].map(|generation| Key::Draft(key, generation));
    assert_eq!(keys(&store, &Range::DraftsOf(record(1, 2))), generations(record(1, 2)));
    let from_two = [generations(record(2, 1)), generations(record(256, 1))].concat();
    assert_eq!(keys(&store, &Range::Drafts(Some(record(2, 0)))), from_two);
    assert_eq!(keys(&store, &Range::Drafts(None)).len(), 12);
    let bucket = |entity, number| [1, 2].map(|at| Key::Index(EntityCode(entity), [number; 16], id(at)));
    assert_eq!(keys(&store, &Range::Index(EntityCode(1), [2; 16])), bucket(1, 2));
    assert_eq!(keys(&store, &Range::Conflicts).len(), 4);
    assert_eq!(keys(&store, &Range::History(256)), [256, 70_000].map(Key::History));
    let locals = ["account/a", "account/b"].map(|name| Key::Local(name.to_owned()));
    assert_eq!(keys(&store, &Range::Locals("account/".to_owned())), locals);
}

#[test]
fn a_batch_over_the_limits_is_refused_whole() {
    let (_, changelog) = memory();
    let store = changelog.school(npsn("99999999"));
    let mut batch = Batch::default();
    for number in 0..=MAX_COMMIT_WRITES as u64 {
        batch.put(Key::History(number), Row::Bytes(Vec::new()));
    }
    assert!(matches!(store.commit(&batch), Err(StoreError::TooLarge { writes: 1_001, .. })));
    let mut batch = Batch::default();
    batch.put(Key::Text32([1; 32]), Row::Blob(vec![0; 1 << 20]));
    assert!(matches!(store.commit(&batch), Err(StoreError::TooLarge { .. })));
    assert_eq!(keys(&store, &Range::History(0)), []);
}

#[test]
fn rows_that_nobody_could_read_are_not_written() {
    let (_, changelog) = memory();
    let store = changelog.school(npsn("99999999"));
    let not_nfc = Row::View(ViewRow {
        deleted: false,
        fields: [("nama".parse().unwrap(), Value::Text("e\u{301}".to_owned()))].into_iter().collect(),
        content: selaras_model::ContentHash::from_bytes([0; 32]),
    });
    let rows = [
        (Key::View(record(1, 1)), not_nfc),
        (Key::View(record(1, 1)), Row::Mark),
        (Key::Local(String::new()), Row::Bytes(Vec::new())),
        (Key::Local("x".repeat(129)), Row::Bytes(Vec::new())),
        (Key::Finding(Vec::new()), sample::finding()),
    ];
    for (key, row) in rows {
        let mut batch = Batch::default();
        batch.put(Key::History(1), Row::Bytes(Vec::new()));
        batch.put(key, row);
        assert!(matches!(store.commit(&batch), Err(StoreError::Io(_))));
    }
    assert_eq!(keys(&store, &Range::History(0)), []);
}

#[test]
fn a_store_of_a_later_version_is_not_touched() {
    let (engine, _) = memory();
    let mut rows = Vec::new();
    let mut take = |key: &[u8], value: &[u8]| {
        rows.push((key.to_vec(), value.to_vec()));
        Ok(Flow::Continue)
    };
    engine.scan(Space::Format, b"", &mut take).unwrap();
    assert_eq!(rows.len(), 1);
    // format number 2 in the frame that every version writes around it
    let mut row = vec![1];
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[1, 0, 6]).update(b"format").update(&[1, 0, 0, 0, 2]);
    row.extend_from_slice(&hasher.finalize().as_bytes()[..8]);
    row.extend_from_slice(&[0, 0, 0, 2]);
    engine.commit(&[Write::put(Space::Format, b"format", row)]).unwrap();
    assert!(matches!(Changelog::new(engine), Err(StoreError::Version { found: 2, known: 1 })));
}

#[test]
fn rows_without_a_format_are_damage() {
    let engine = Arc::new(MemoryEngine::new());
    engine.commit(&[Write::put(Space::Entry, b"99999999", b"x")]).unwrap();
    assert!(matches!(Changelog::new(engine), Err(StoreError::Damaged(_))));
}

#[test]
fn a_changed_row_is_never_given_out() {
    let (engine, changelog) = memory();
    let store = changelog.school(npsn("99999999"));
    put(&store, Key::View(record(1, 1)), sample::view(false));
    let mut row = None;
    let mut take = |key: &[u8], value: &[u8]| {
        row = Some((key.to_vec(), value.to_vec()));
        Ok(Flow::Continue)
    };
    engine.scan(Space::View, b"", &mut take).unwrap();
    let (key, value) = row.unwrap();
    for at in 0..value.len() {
        let mut damaged = value.clone();
        damaged[at] ^= 0x10;
        engine.commit(&[Write::put(Space::View, key.clone(), damaged)]).unwrap();
        assert!(matches!(store.get(&Key::View(record(1, 1))), Err(StoreError::Damaged(_))));
        let scanned = store.scan(&Range::Views(EntityCode(1), None), &mut |_, _| Ok(Flow::Continue));
        assert!(matches!(scanned, Err(StoreError::Damaged(_))));
        assert!(matches!(changelog.verify(), Err(StoreError::Damaged(_))));
    }
}

#[test]
fn a_log_with_a_gap_does_not_verify() {
    let (_, changelog) = memory();
    let store = changelog.school(npsn("99999999"));
    let entry = || Row::Entry(EntryRow { entry: Vec::new(), signature: None, edits: EditsAt::Absent });
    for version in [5, 6, 8] {
        put(&store, Key::Entry(LogVersion::new(version)), entry());
    }
    put(&changelog.school(npsn("10000001")), Key::Entry(LogVersion::new(2)), entry());
    let error = changelog.verify().unwrap_err().to_string();
    assert_eq!(error, "the store is damaged: the log of 99999999 has a gap after 6");
    put(&store, Key::Entry(LogVersion::new(7)), entry());
    changelog.verify().unwrap();
}

#[test]
fn a_fork_keeps_what_was_there_and_sees_nothing_later() {
    let (engine, changelog) = memory();
    let store = changelog.school(npsn("99999999"));
    put(&store, Key::History(1), Row::Bytes(Vec::new()));
    let earlier = Changelog::new(Arc::new(engine.fork())).unwrap().school(npsn("99999999"));
    put(&store, Key::History(2), Row::Bytes(Vec::new()));
    assert_eq!(keys(&earlier, &Range::History(0)).len(), 1);
    assert_eq!(keys(&store, &Range::History(0)).len(), 2);
}

#[test]
fn injected_faults_do_what_they_say() {
    let memory = Arc::new(MemoryEngine::new());
    let faulty = Arc::new(FaultyEngine::new(memory));
    let store = Changelog::new(faulty.clone()).unwrap().school(npsn("99999999"));
    let commit = |number| {
        let mut batch = Batch::default();
        batch.put(Key::History(number), Row::Bytes(Vec::new()));
        store.commit(&batch)
    };
    let written = || keys(&store, &Range::History(0)).len();
    faulty.fail_after(1, Fault::Refused);
    commit(1).unwrap();
    assert!(matches!(commit(2), Err(StoreError::Full)));
    commit(2).unwrap();
    assert_eq!(written(), 2);
    faulty.fail_after(0, Fault::CrashBefore);
    commit(3).unwrap_err();
    commit(3).unwrap_err();
    store.get(&Key::History(1)).unwrap_err();
    faulty.restart();
    assert_eq!(written(), 2);
    faulty.fail_after(0, Fault::CrashAfter);
    commit(3).unwrap_err();
    faulty.restart();
    assert_eq!(written(), 3);
    assert_eq!(faulty.commits(), 6, "a dead process asks for nothing");
}
