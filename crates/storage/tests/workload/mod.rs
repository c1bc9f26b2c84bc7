//! Work on a store of which the state after operation `k` depends on `k` alone, so that what is found after a crash is
//! either right or it is not: edits with their index, large work in steps, bundles in files that a row names.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use selaras_model::{EntityCode, Npsn, RecordId, RecordKey, Value};
use selaras_storage::{Changelog, EngineKind, FileBlobs, SchoolStore, open_store};
use selaras_sync::store::{Batch, Blobs, Flow, Key, Range, ReadStore, Row, StateName, Store, ViewRow, index_bucket};

/// Every tenth operation is large work: an intent, steps with their progress, an end.
const LARGE_EVERY: u64 = 10;
const STEPS: u64 = 6;
const ROWS_A_STEP: u64 = 200;
const RECORDS: u64 = 50;
/// Every fourth edit puts a bundle in the place of the last one.
const BUNDLE_EVERY: u64 = 4;
const BUNDLE_BYTES: usize = 20_000;
const ENTITY: EntityCode = EntityCode(401);

/// What was reported before a crash.
#[derive(Default, Debug, Clone, Copy)]
pub(crate) struct Reported {
    /// The last operation that was said to be done.
    pub(crate) done: u64,
    /// Of large work under way, its number and the steps done.
    pub(crate) step: Option<(u64, u64)>,
}

impl Reported {
    /// Takes in a line that a worker said.
    pub(crate) fn hear(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["done", k] => *self = Self { done: k.parse().unwrap(), step: None },
            ["step", k, step] => self.step = Some((k.parse().unwrap(), step.parse().unwrap())),
            other => panic!("{other:?}"),
        }
    }
}

/// One who works on a store and says what is done.
pub(crate) struct Worker<'a> {
    changelog: Changelog,
    store: SchoolStore,
    blobs: FileBlobs,
    say: &'a mut dyn FnMut(&str),
}

fn npsn() -> Npsn {
    "99999999".parse().unwrap()
}

/// The store in a place is of the engine that the place is named after.
fn open(place: &Path) -> (Changelog, SchoolStore, FileBlobs) {
    let kind: EngineKind = place.file_name().unwrap().to_str().unwrap().parse().unwrap();
    let opened = open_store(&place.join("store"), kind, 64 << 20).expect("the store does not open");
    let changelog = Changelog::new(opened.engine).expect("the store has another format");
    let school = changelog.school(npsn());
    let blobs = FileBlobs::open(&place.join("bundles")).expect("the bundles do not open");
    (changelog, school, blobs)
}

fn record(number: u64) -> RecordKey {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    RecordKey { entity: ENTITY, id: RecordId::from_bytes(id) }
}

fn value(k: u64) -> Value {
    // Some rows are longer than one value of the engine.
    Value::text("x".repeat(if k.is_multiple_of(7) { 4_000 } else { 20 }) + &k.to_string())
}

fn view(k: u64) -> ViewRow {
    let fields = [("nama".parse().unwrap(), value(k))].into_iter().collect();
    let content = *blake3::hash(&k.to_be_bytes()).as_bytes();
    ViewRow { deleted: false, fields, content: selaras_model::ContentHash::from_bytes(content) }
}

fn is_large(k: u64) -> bool {
    k % LARGE_EVERY == LARGE_EVERY - 1
}

fn has_bundle(k: u64) -> bool {
    !is_large(k) && k.is_multiple_of(BUNDLE_EVERY)
}

fn bundle(k: u64) -> ([u8; 32], Vec<u8>) {
    let mut bytes = vec![0; BUNDLE_BYTES];
    blake3::Hasher::new().update(&k.to_be_bytes()).finalize_xof().fill(&mut bytes);
    (*blake3::hash(&bytes).as_bytes(), bytes)
}

/// The last operation up to `k` that wrote a record.
fn wrote(number: u64, k: u64) -> Option<u64> {
    (1..=k).rev().find(|k| !is_large(*k) && k % RECORDS == number)
}

fn numbers(values: &[u64]) -> Row {
    Row::Bytes(values.iter().flat_map(|value| value.to_be_bytes()).collect())
}

fn read(store: &SchoolStore, key: &Key) -> Option<Vec<u64>> {
    match store.get(key).unwrap()? {
        Row::Bytes(bytes) => Some(bytes.chunks(8).map(|bytes| u64::from_be_bytes(bytes.try_into().unwrap())).collect()),
        other => panic!("{other:?}"),
    }
}

fn counter() -> Key {
    Key::State(StateName::Position)
}

fn intent() -> Key {
    Key::State(StateName::Intent)
}

fn named_bundle() -> Key {
    Key::Local("bundle".to_owned())
}

fn large_row(number: u64) -> Key {
    Key::Local(format!("large/{number:05}"))
}

impl<'a> Worker<'a> {
    /// Opens the store in a place, and ends what was begun there.
    pub(crate) fn open(place: &Path, say: &'a mut dyn FnMut(&str)) -> Self {
        let (changelog, store, blobs) = open(place);
        let mut worker = Self { changelog, store, blobs, say };
        if let Some(row) = read(&worker.store, &intent()) {
            worker.large(row[0], row[1]);
        }
        worker
    }

    /// The last operation that was done.
    pub(crate) fn done(&self) -> u64 {
        read(&self.store, &counter()).map_or(0, |row| row[0])
    }

    /// Does the next operation.
    pub(crate) fn step(&mut self) {
        let k = self.done() + 1;
        if is_large(k) {
            self.large(k, 0);
        } else {
            self.edit(k);
        }
    }

    /// Gives space back.
    pub(crate) fn compact(&self) {
        self.changelog.compact().unwrap();
    }

    fn edit(&mut self, k: u64) {
        let number = k % RECORDS;
        let key = record(number);
        let mut batch = Batch::default();
        if let Some(before) = wrote(number, k - 1) {
            batch.remove(Key::Index(ENTITY, index_bucket("nama", &value(before)), key.id));
        }
        batch.put(Key::Index(ENTITY, index_bucket("nama", &value(k)), key.id), Row::Mark);
        batch.put(Key::View(key), Row::View(view(k)));
        batch.put(counter(), numbers(&[k]));
        let mut old = None;
        if has_bundle(k) {
            let (name, bytes) = bundle(k);
            self.blobs.put(&name, &bytes).unwrap();
            old = read(&self.store, &named_bundle()).map(|row| bundle(row[0]).0);
            batch.put(named_bundle(), numbers(&[k]));
        }
        self.store.commit(&batch).unwrap();
        if let Some(old) = old {
            self.blobs.remove(&old).unwrap();
        }
        (self.say)(&format!("done {k}"));
    }

    fn large(&mut self, k: u64, from: u64) {
        if from == 0 {
            let mut batch = Batch::default();
            batch.put(intent(), numbers(&[k, 0]));
            self.store.commit(&batch).unwrap();
            (self.say)(&format!("step {k} 0"));
        }
        for step in from..STEPS {
            let mut batch = Batch::default();
            for row in step * ROWS_A_STEP..(step + 1) * ROWS_A_STEP {
                batch.put(large_row(row), numbers(&[k]));
            }
            batch.put(intent(), numbers(&[k, step + 1]));
            self.store.commit(&batch).unwrap();
            (self.say)(&format!("step {k} {}", step + 1));
        }
        let mut batch = Batch::default();
        batch.remove(intent());
        batch.put(counter(), numbers(&[k]));
        self.store.commit(&batch).unwrap();
        (self.say)(&format!("done {k}"));
    }
}

/// Holds the store in a place to what was reported of it, and gives what it holds.
pub(crate) fn check(place: &Path, reported: Reported) -> Reported {
    let (changelog, store, blobs) = open(place);
    changelog.verify().expect("the store is not sound");
    let k = read(&store, &counter()).map_or(0, |row| row[0]);
    assert!(k == reported.done || k == reported.done + 1, "operation {k} after a report of {reported:?}");
    let under_way = read(&store, &intent()).map(|row| (row[0], row[1]));
    if let Some((large, step)) = reported.step.filter(|_| k == reported.done) {
        let (found, at) = under_way.expect("decided work is forgotten");
        assert!(found == large && (at == step || at == step + 1), "step {at} of {found} after {reported:?}");
    }
    check_records(&store, k);
    check_large(&store, k, under_way);
    let named = (1..=k).rev().find(|k| has_bundle(*k));
    assert_eq!(read(&store, &named_bundle()).map(|row| row[0]), named, "the bundle named at operation {k}");
    if let Some(named) = named {
        let (name, bytes) = bundle(named);
        assert!(blobs.get(&name).unwrap() == Some(bytes), "the bundle of {named} is gone or another at operation {k}");
    }
    Reported { done: k, step: under_way }
}

fn check_large(store: &SchoolStore, k: u64, under_way: Option<(u64, u64)>) {
    let before = (1..=k).rev().find(|k| is_large(*k));
    for row in 0..STEPS * ROWS_A_STEP {
        let expected = match under_way {
            Some((large, step)) if row < step * ROWS_A_STEP => Some(large),
            _ => before,
        };
        assert_eq!(read(store, &large_row(row)).map(|row| row[0]), expected, "row {row} of large work");
    }
}

fn check_records(store: &SchoolStore, k: u64) {
    for number in 0..RECORDS {
        let key = record(number);
        let expected = wrote(number, k);
        let found = store.get(&Key::View(key)).unwrap();
        assert_eq!(found, expected.map(|k| Row::View(view(k))), "record {number} at operation {k}");
        let Some(last) = expected else { continue };
        let earlier = wrote(number, last - 1);
        for (value_of, there) in [(Some(last), true), (earlier, false)] {
            let Some(value_of) = value_of else { continue };
            let mut ids = Vec::new();
            let range = Range::Index(ENTITY, index_bucket("nama", &value(value_of)));
            store
                .scan(&range, &mut |key, _| {
                    ids.push(key);
                    Ok(Flow::Continue)
                })
                .unwrap();
            assert_eq!(!ids.is_empty(), there, "index of record {number} at operation {k}");
        }
    }
}

/// SplitMix64: enough for moments.
pub(crate) fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Reads a number from the environment.
pub(crate) fn number_of(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// The seed that the environment names, or one of the clock's.
pub(crate) fn seed() -> u64 {
    let by_clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    number_of("SELARAS_SEED").unwrap_or(by_clock)
}
