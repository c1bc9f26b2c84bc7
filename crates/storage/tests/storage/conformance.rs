//! One suite for every engine: what the changelog counts on.

use std::sync::Arc;

use selaras_storage::{
    Engine, EngineError, EngineKind, FaultyEngine, MAX_COMMIT_BYTES, MAX_COMMIT_WRITES, MAX_KEY_BYTES, MemoryEngine,
    OpenStore, Space, Write, open_store,
};
use selaras_sync::store::Flow;

/// An engine under test; one on disk can be closed and opened again.
pub(crate) trait Subject {
    fn new() -> Self;
    fn engine(&self) -> &dyn Engine;
    fn reopened(self) -> Self;
}

/// A store on disk, of redb's or of sled's.
pub(crate) struct OnDisk<const REDB: bool> {
    engine: Option<Arc<dyn Engine>>,
    directory: tempfile::TempDir,
}

pub(crate) type OnSled = OnDisk<false>;
pub(crate) type OnRedb = OnDisk<true>;

impl<const REDB: bool> OnDisk<REDB> {
    pub(crate) const KIND: EngineKind = if REDB { EngineKind::Redb } else { EngineKind::Sled };

    pub(crate) fn directory(&self) -> std::path::PathBuf {
        self.directory.path().join("store")
    }

    pub(crate) fn close(&mut self) {
        self.engine = None;
    }

    pub(crate) fn open(&self) -> Result<OpenStore, EngineError> {
        open_store(&self.directory(), Self::KIND, 8 << 20)
    }
}

impl<const REDB: bool> Subject for OnDisk<REDB> {
    fn new() -> Self {
        let mut subject = Self { engine: None, directory: tempfile::tempdir().unwrap() };
        subject.engine = Some(subject.open().unwrap().engine);
        subject
    }

    fn engine(&self) -> &dyn Engine {
        self.engine.as_deref().unwrap()
    }

    fn reopened(mut self) -> Self {
        self.close();
        self.engine = Some(self.open().unwrap().engine);
        self
    }
}

pub(crate) struct InMemory(MemoryEngine);

impl Subject for InMemory {
    fn new() -> Self {
        Self(MemoryEngine::new())
    }

    fn engine(&self) -> &dyn Engine {
        &self.0
    }

    fn reopened(self) -> Self {
        Self(self.0.fork())
    }
}

pub(crate) struct Faultless(FaultyEngine);

impl Subject for Faultless {
    fn new() -> Self {
        Self(FaultyEngine::new(Arc::new(MemoryEngine::new())))
    }

    fn engine(&self) -> &dyn Engine {
        &self.0
    }

    fn reopened(self) -> Self {
        self.0.restart();
        self
    }
}

pub(crate) fn rows(engine: &dyn Engine, space: Space, from: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    let mut push = |key: &[u8], value: &[u8]| {
        rows.push((key.to_vec(), value.to_vec()));
        Ok(Flow::Continue)
    };
    engine.scan(space, from, &mut push).unwrap();
    rows
}

fn keys(engine: &dyn Engine, space: Space, from: &[u8]) -> Vec<Vec<u8>> {
    rows(engine, space, from).into_iter().map(|(key, _)| key).collect()
}

fn what_is_committed_is_read<S: Subject>() {
    let subject = S::new();
    subject.engine().commit(&[Write::put(Space::View, b"a", b"1"), Write::put(Space::View, b"b", b"")]).unwrap();
    let subject = subject.reopened();
    let engine = subject.engine();
    assert_eq!(engine.get(Space::View, b"a").unwrap().as_deref(), Some(b"1".as_slice()));
    assert_eq!(engine.get(Space::View, b"b").unwrap().as_deref(), Some(b"".as_slice()), "an empty value is a value");
    assert_eq!(engine.get(Space::View, b"c").unwrap(), None);
    engine.verify().unwrap();
    engine.compact().unwrap();
}

fn spaces_do_not_see_each_other<S: Subject>() {
    let subject = S::new();
    let engine = subject.engine();
    for space in Space::ALL {
        engine.commit(&[Write::put(space, b"key", vec![space.prefix()])]).unwrap();
    }
    for space in Space::ALL {
        assert_eq!(rows(engine, space, b""), [(b"key".to_vec(), vec![space.prefix()])]);
    }
}

fn the_last_write_of_a_key_counts<S: Subject>() {
    let subject = S::new();
    let engine = subject.engine();
    let writes = [Write::put(Space::Base, b"a", b"1"), Write::put(Space::Base, b"a", b"2")];
    engine.commit(&writes).unwrap();
    assert_eq!(engine.get(Space::Base, b"a").unwrap().as_deref(), Some(b"2".as_slice()));
    engine.commit(&[Write::put(Space::Base, b"a", b"3"), Write::remove(Space::Base, b"a")]).unwrap();
    assert_eq!(engine.get(Space::Base, b"a").unwrap(), None);
}

fn removing_what_is_not_there_is_allowed<S: Subject>() {
    let subject = S::new();
    subject.engine().commit(&[Write::remove(Space::Base, b"a")]).unwrap();
    subject.engine().commit(&[]).unwrap();
    assert_eq!(rows(subject.engine(), Space::Base, b""), []);
}

fn a_scan_gives_keys_in_order_from_a_key_on<S: Subject>() {
    let subject = S::new();
    let engine = subject.engine();
    let all: Vec<Vec<u8>> = (0..700_u16).map(|number| number.to_be_bytes().to_vec()).collect();
    let writes: Vec<Write> = all.iter().rev().map(|key| Write::put(Space::Entry, key.clone(), b"x")).collect();
    engine.commit(&writes).unwrap();
    assert_eq!(keys(engine, Space::Entry, b""), all);
    assert_eq!(keys(engine, Space::Entry, &all[699]), all[699..]);
    assert_eq!(keys(engine, Space::Entry, &all[13]), all[13..]);
    assert_eq!(keys(engine, Space::Entry, &[0, 12, 0]), all[13..], "from between two keys");
    assert_eq!(keys(engine, Space::Entry, &[9, 9]), Vec::<Vec<u8>>::new());
}

fn a_scan_stops_when_told<S: Subject>() {
    let subject = S::new();
    let engine = subject.engine();
    let writes: Vec<Write> = (0..50_u8).map(|key| Write::put(Space::Entry, [key], b"x")).collect();
    engine.commit(&writes).unwrap();
    let mut seen = 0;
    let stop_at_20 = &mut |_: &[u8], _: &[u8]| {
        seen += 1;
        Ok(if seen == 20 { Flow::Stop } else { Flow::Continue })
    };
    engine.scan(Space::Entry, b"", stop_at_20).unwrap();
    assert_eq!(seen, 20);
    let failed = engine.scan(Space::Entry, b"", &mut |_, _| Err(EngineError::Busy));
    assert!(matches!(failed, Err(EngineError::Busy)), "the visitor's error is the scan's");
}

fn a_visitor_may_read_and_commit<S: Subject>() {
    let subject = S::new();
    let engine = subject.engine();
    let writes: Vec<Write> = (0..40_u8).map(|key| Write::put(Space::Draft, [key], b"x")).collect();
    engine.commit(&writes).unwrap();
    let settle = &mut |key: &[u8], _: &[u8]| {
        assert!(engine.get(Space::Draft, key)?.is_some());
        engine.commit(&[Write::remove(Space::Draft, key), Write::put(Space::Base, key, b"y")])?;
        Ok(Flow::Continue)
    };
    engine.scan(Space::Draft, b"", settle).unwrap();
    assert_eq!(rows(engine, Space::Draft, b"").len(), 0);
    assert_eq!(rows(engine, Space::Base, b"").len(), 40);
}

fn limits_are_errors_and_write_nothing<S: Subject>() {
    let subject = S::new();
    let engine = subject.engine();
    let refused = |writes: &[Write]| {
        assert!(matches!(engine.commit(writes), Err(EngineError::TooLarge { .. })));
    };
    let count = u16::try_from(MAX_COMMIT_WRITES).unwrap();
    let many: Vec<Write> = (0..=count).map(|key| Write::put(Space::Base, key.to_be_bytes(), b"")).collect();
    refused(&many);
    refused(&[Write::put(Space::Base, b"a", vec![0; MAX_COMMIT_BYTES])]);
    refused(&[Write::put(Space::Base, vec![0; MAX_KEY_BYTES + 1], b"")]);
    assert_eq!(rows(engine, Space::Base, b""), []);
    engine.commit(&many[1..]).unwrap();
    engine.commit(&[Write::put(Space::Document, b"", vec![7; MAX_COMMIT_BYTES - 1])]).unwrap();
    engine.commit(&[Write::put(Space::View, vec![0xFF; MAX_KEY_BYTES], b"")]).unwrap();
    let subject = subject.reopened();
    assert_eq!(rows(subject.engine(), Space::Base, b"").len(), MAX_COMMIT_WRITES);
    assert_eq!(subject.engine().get(Space::Document, b"").unwrap().unwrap().len(), MAX_COMMIT_BYTES - 1);
    assert_eq!(keys(subject.engine(), Space::View, b""), [vec![0xFF; MAX_KEY_BYTES]]);
    subject.engine().verify().unwrap();
}

fn large_values_grow_shrink_and_go<S: Subject>() {
    let mut subject = S::new();
    for len in [9_000, 40_000, 5_000, 4_095, 4_096, 100, 0, 70_000] {
        let value: Vec<u8> = (0..len).map(|at: usize| (at % 253) as u8).collect();
        subject.engine().commit(&[Write::put(Space::Document, b"k", value.clone())]).unwrap();
        assert_eq!(subject.engine().get(Space::Document, b"k").unwrap(), Some(value.clone()));
        subject = subject.reopened();
        assert_eq!(rows(subject.engine(), Space::Document, b""), [(b"k".to_vec(), value)]);
        subject.engine().verify().unwrap();
    }
    subject.engine().commit(&[Write::remove(Space::Document, b"k")]).unwrap();
    let subject = subject.reopened();
    assert_eq!(rows(subject.engine(), Space::Document, b""), []);
    subject.engine().verify().unwrap();
}

fn threads_share_an_engine<S: Subject + Sync>() {
    let subject = S::new();
    let engine = subject.engine();
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            scope.spawn(move || {
                for round in 0..50_u8 {
                    let len = if round % 2 == 0 { 9_000 } else { 10 };
                    engine.commit(&[Write::put(Space::View, [thread], vec![round; len])]).unwrap();
                    let next = [(thread + 1) % 4];
                    if let Some(value) = engine.get(Space::View, &next).unwrap() {
                        assert!(value.iter().all(|byte| *byte == value[0]), "never two values in one");
                    }
                }
            });
        }
    });
    assert_eq!(rows(engine, Space::View, b"").len(), 4);
}

macro_rules! suite {
    ($($engine:ident: $subject:ty),* => $tests:tt) => { $(suite!(@one $engine $subject $tests);)* };
    (@one $engine:ident $subject:ty { $($test:ident),* $(,)? }) => {
        mod $engine {
            $(#[test] fn $test() { super::$test::<$subject>() })*
        }
    };
}

suite!(memory: super::InMemory, sled: super::OnSled, redb: super::OnRedb, faulty: super::Faultless => {
    what_is_committed_is_read,
    spaces_do_not_see_each_other,
    the_last_write_of_a_key_counts,
    removing_what_is_not_there_is_allowed,
    a_scan_gives_keys_in_order_from_a_key_on,
    a_scan_stops_when_told,
    a_visitor_may_read_and_commit,
    limits_are_errors_and_write_nothing,
    large_values_grow_shrink_and_go,
    threads_share_an_engine,
});
