//! One suite for every engine, with a plain map as the model.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use selaras_storage::{
    Engine, EngineError, MAX_COMMIT_BYTES, MAX_COMMIT_WRITES, MemoryEngine, SledEngine, SledOptions, Space, Write,
};
use selaras_sync::store::Flow;

type Model = BTreeMap<(Space, Vec<u8>), Vec<u8>>;

fn write() -> impl Strategy<Value = Write> {
    // Lengths around the limit of a piece, so that values grow and shrink across it.
    let value =
        prop_oneof![Just(None), (0_usize..20_000, any::<u8>()).prop_map(|(length, byte)| Some(vec![byte; length]))];
    let key = proptest::collection::vec(0_u8..3, 0..4);
    let space = prop_oneof![Just(Space::State), Just(Space::Document), Just(Space::Local)];
    (space, key, value).prop_map(|(space, key, value)| Write { space, key, value })
}

fn commits() -> impl Strategy<Value = Vec<Vec<Write>>> {
    proptest::collection::vec(proptest::collection::vec(write(), 1..8), 1..8)
}

fn apply(model: &mut Model, writes: &[Write]) {
    for write in writes {
        let key = (write.space, write.key.clone());
        match &write.value {
            Some(value) => model.insert(key, value.clone()),
            None => model.remove(&key),
        };
    }
}

fn everything(engine: &dyn Engine) -> Model {
    let mut found = Model::new();
    for space in Space::ALL {
        let mut visit = |key: &[u8], value: &[u8]| {
            found.insert((space, key.to_vec()), value.to_vec());
            Ok(Flow::Continue)
        };
        engine.scan(space, &[], &mut visit).unwrap();
    }
    found
}

fn behaves_as_a_map(engine: &dyn Engine, commits: &[Vec<Write>]) -> Model {
    let mut model = Model::new();
    for writes in commits {
        engine.commit(writes).unwrap();
        apply(&mut model, writes);
        for write in writes {
            let expected = model.get(&(write.space, write.key.clone())).cloned();
            assert_eq!(engine.get(write.space, &write.key).unwrap(), expected);
        }
    }
    assert_eq!(everything(engine), model);
    engine.verify().unwrap();
    model
}

fn keeps_its_limits(engine: &dyn Engine) {
    let many: Vec<Write> = (0..=MAX_COMMIT_WRITES).map(|n| Write::put(Space::State, n.to_be_bytes(), [1])).collect();
    assert!(matches!(engine.commit(&many), Err(EngineError::TooLarge { .. })));
    let large = [Write::put(Space::State, *b"large", vec![0; MAX_COMMIT_BYTES])];
    assert!(matches!(engine.commit(&large), Err(EngineError::TooLarge { .. })));
    assert!(everything(engine).is_empty());
}

fn scans_in_order_from_a_key(engine: &dyn Engine) {
    let keys: [&[u8]; 4] = [b"", b"a", b"ab", b"b"];
    for key in keys {
        engine.commit(&[Write::put(Space::Document, key, vec![7; 9_000])]).unwrap();
    }
    engine.commit(&[Write::put(Space::Base, *b"a", *b"other")]).unwrap();
    let mut seen = Vec::new();
    let mut visit = |key: &[u8], value: &[u8]| {
        assert_eq!(value.len(), 9_000);
        seen.push(key.to_vec());
        Ok(if key == b"ab" { Flow::Stop } else { Flow::Continue })
    };
    engine.scan(Space::Document, b"a", &mut visit).unwrap();
    assert_eq!(seen, [b"a".to_vec(), b"ab".to_vec()]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn memory_behaves_as_a_map(commits in commits()) {
        let engine = MemoryEngine::new();
        let model = behaves_as_a_map(&engine, &commits);
        prop_assert_eq!(everything(&engine.fork()), model);
    }

    #[test]
    fn sled_behaves_as_a_map_and_keeps_it(commits in commits()) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        let engine = SledEngine::open(&path, SledOptions::default()).unwrap();
        let model = behaves_as_a_map(&engine, &commits);
        drop(engine);
        let engine = SledEngine::open(&path, SledOptions::default()).unwrap();
        prop_assert_eq!(everything(&engine), model);
    }
}

#[test]
fn limits_and_scans_are_the_same_for_all() {
    let directory = tempfile::tempdir().unwrap();
    let sled = SledEngine::open(&directory.path().join("store"), SledOptions::default()).unwrap();
    for engine in [&MemoryEngine::new() as &dyn Engine, &sled] {
        keeps_its_limits(engine);
        scans_in_order_from_a_key(engine);
    }
}

#[test]
fn a_store_has_one_owner() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let _owner = SledEngine::open(&path, SledOptions::default()).unwrap();
    assert!(matches!(SledEngine::open(&path, SledOptions::default()), Err(EngineError::Busy)));
}

#[test]
fn a_half_written_snapshot_and_a_cut_creation_do_no_harm() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    std::fs::create_dir(directory.path().join("store.new")).unwrap();
    std::fs::write(directory.path().join("store.new/conf"), b"half").unwrap();
    let engine = SledEngine::open(&path, SledOptions::default()).unwrap();
    engine.commit(&[Write::put(Space::State, *b"key", *b"value")]).unwrap();
    drop(engine);
    std::fs::write(path.join("snap.00000000000F.generating"), b"half").unwrap();
    let engine = SledEngine::open(&path, SledOptions::default()).unwrap();
    assert_eq!(engine.get(Space::State, b"key").unwrap(), Some(b"value".to_vec()));
}
