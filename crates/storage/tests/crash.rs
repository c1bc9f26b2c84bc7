//! A child commits and reports, and is killed by SIGKILL at random; whatever it reported is there, and nothing is half
//! done. State after operation `k` depends on `k` alone, so what is found is either right or it is not.
//!
//! `SELARAS_KILLS=N` for more than the 300 of the usual run, `SELARAS_SEED=N` to repeat one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use selaras_model::{EntityCode, Npsn, RecordId, RecordKey, Value};
use selaras_storage::{Changelog, SchoolStore, SledEngine, SledOptions};
use selaras_sync::store::{Batch, Flow, Key, Range, ReadStore, Row, StateName, Store, ViewRow, index_bucket};

/// Every tenth operation is large work: an intent, steps with their progress, an end.
const LARGE_EVERY: u64 = 10;
const STEPS: u64 = 6;
const ROWS_A_STEP: u64 = 200;
const RECORDS: u64 = 50;
const ENTITY: EntityCode = EntityCode(401);

fn npsn() -> Npsn {
    "99999999".parse().unwrap()
}

fn open(place: &Path) -> (Changelog, SchoolStore) {
    let engine = SledEngine::open(&place.join("store"), SledOptions::default()).expect("the store does not open");
    let changelog = Changelog::new(Arc::new(engine)).expect("the store has another format");
    let school = changelog.school(npsn());
    (changelog, school)
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
    let fields = [("nama".parse().unwrap(), value(k))].into();
    let content = *blake3::hash(&k.to_be_bytes()).as_bytes();
    ViewRow { deleted: false, fields, content: selaras_model::ContentHash::from_bytes(content) }
}

fn is_large(k: u64) -> bool {
    k % LARGE_EVERY == LARGE_EVERY - 1
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

fn large_row(number: u64) -> Key {
    Key::Local(format!("large/{number:05}"))
}

fn say(words: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{words}").unwrap();
    out.flush().unwrap();
}

fn edit(store: &SchoolStore, k: u64) {
    let number = k % RECORDS;
    let key = record(number);
    let mut batch = Batch::default();
    if let Some(before) = wrote(number, k - 1) {
        batch.remove(Key::Index(ENTITY, index_bucket("nama", &value(before)), key.id));
    }
    batch.put(Key::Index(ENTITY, index_bucket("nama", &value(k)), key.id), Row::Mark);
    batch.put(Key::View(key), Row::View(view(k)));
    batch.put(counter(), numbers(&[k]));
    store.commit(&batch).unwrap();
}

fn large(store: &SchoolStore, k: u64, from: u64) {
    if from == 0 {
        let mut batch = Batch::default();
        batch.put(intent(), numbers(&[k, 0]));
        store.commit(&batch).unwrap();
        say(&format!("step {k} 0"));
    }
    for step in from..STEPS {
        let mut batch = Batch::default();
        for row in step * ROWS_A_STEP..(step + 1) * ROWS_A_STEP {
            batch.put(large_row(row), numbers(&[k]));
        }
        batch.put(intent(), numbers(&[k, step + 1]));
        store.commit(&batch).unwrap();
        say(&format!("step {k} {}", step + 1));
    }
    let mut batch = Batch::default();
    batch.remove(intent());
    batch.put(counter(), numbers(&[k]));
    store.commit(&batch).unwrap();
}

/// Works for ever.
fn child(place: &Path) -> ! {
    let (_, store) = open(place);
    say("ready");
    let mut k = read(&store, &counter()).map_or(0, |row| row[0]);
    if let Some(row) = read(&store, &intent()) {
        large(&store, row[0], row[1]);
        k = row[0];
        say(&format!("done {k}"));
    }
    loop {
        k += 1;
        if is_large(k) {
            large(&store, k, 0);
        } else {
            edit(&store, k);
        }
        say(&format!("done {k}"));
    }
}

/// What a child reported before it was killed.
#[derive(Default, Debug, Clone, Copy)]
struct Reported {
    done: u64,
    step: Option<(u64, u64)>,
}

fn run_and_kill(place: &Path, after: Duration, mut reported: Reported) -> Reported {
    let executable = std::env::current_exe().unwrap();
    let mut child = Command::new(executable).arg("--child").arg(place).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().expect("the child did not open the store").unwrap(), "ready");
    let killer = std::thread::spawn(move || {
        let until = Instant::now() + after;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            std::thread::park_timeout(left);
        }
        child.kill().unwrap();
        child.wait().unwrap();
    });
    for line in lines {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        // A line that was cut by the kill was not reported.
        match words.as_slice() {
            ["done", k] => reported = Reported { done: k.parse().unwrap(), step: None },
            ["step", k, step] => reported.step = Some((k.parse().unwrap(), step.parse().unwrap())),
            other => panic!("{other:?}"),
        }
    }
    killer.join().unwrap();
    reported
}

/// Holds the store to the model.
fn check(place: &Path, reported: Reported) -> Reported {
    let (changelog, store) = open(place);
    changelog.verify().expect("the store is not sound");
    let k = read(&store, &counter()).map_or(0, |row| row[0]);
    assert!(k == reported.done || k == reported.done + 1, "operation {k} after a report of {reported:?}");
    let under_way = read(&store, &intent()).map(|row| (row[0], row[1]));
    if let Some((large, step)) = reported.step.filter(|_| k == reported.done) {
        let (found, at) = under_way.expect("decided work is forgotten");
        assert!(found == large && (at == step || at == step + 1), "step {at} of {found} after {reported:?}");
    }
    check_records(&store, k);
    let before = (1..=k).rev().find(|k| is_large(*k));
    for row in 0..STEPS * ROWS_A_STEP {
        let expected = match under_way {
            Some((large, step)) if row < step * ROWS_A_STEP => Some(large),
            _ => before,
        };
        assert_eq!(read(&store, &large_row(row)).map(|row| row[0]), expected, "row {row} of large work");
    }
    Reported { done: k, step: under_way }
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
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn number_of(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, place] = arguments.as_slice()
        && flag == "--child"
    {
        child(Path::new(place));
    }
    // Asked by tools that list tests.
    if arguments.iter().any(|argument| argument == "--list") {
        return;
    }
    let kills = number_of("SELARAS_KILLS").unwrap_or(300);
    let by_clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let mut seed = number_of("SELARAS_SEED").unwrap_or(by_clock);
    println!("killing {kills} times, SELARAS_SEED={seed}");
    let directory = tempfile::tempdir().unwrap();
    let mut reported = Reported::default();
    let (mut in_large, mut unreported) = (0, 0);
    for _ in 0..kills {
        let after = Duration::from_micros(next(&mut seed) % 60_000);
        let told = run_and_kill(directory.path(), after, reported);
        reported = check(directory.path(), told);
        in_large += u64::from(reported.step.is_some());
        unreported += u64::from(reported.done > told.done);
    }
    assert!(reported.done > 0 && in_large > 0, "the kills came at no moment of interest");
    println!(
        "{} operations; {in_large} kills within large work, {unreported} between commit and report",
        reported.done
    );
}
