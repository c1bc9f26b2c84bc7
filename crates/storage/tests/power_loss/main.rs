//! The power fails: what was not synced is lost, torn or comes in another order; what was acknowledged is there.
//!
//! A process works on a store while `strace` records every write, name, sync and word of it in one order. For a cut
//! before any of these calls the files are made as a disk may have left them, and the real engine opens them.
//!
//! Both engines take it. `SELARAS_CUTS=N` for more than the 300 of the usual run of each, `SELARAS_SEED=N` to repeat one.
//! Not covered: drives that lie about a sync, and a sync that fails.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    dead_code,
    reason = "tests; each takes what it needs of the workload"
)]

mod disk;
mod trace;
#[path = "../workload/mod.rs"]
mod workload;

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use disk::{Disk, Fate};
use selaras_storage::EngineKind;
use trace::{Act, Event};
use workload::{Reported, Worker, check, next, number_of, seed};

/// One process goes on where another ended, from what was then in memory and is not yet on the disk.
const PROCESSES: u64 = 3;
/// Operations of each at the least; one in ten is large.
const OPERATIONS: u64 = 60;
/// The store is closed and opened again after so many, and gives space back before.
const REOPEN_EVERY: u64 = 20;
/// One cut in so many is worked on after, and opened once more.
const CONTINUE_EVERY: u64 = 4;
const OPERATIONS_AFTER: u64 = 12;
/// Cuts are tried on so many threads.
const THREADS: u64 = 2;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, place] = arguments.as_slice()
        && flag == "--child"
    {
        return child(Path::new(place));
    }
    // Asked by tools that list tests.
    if arguments.iter().any(|argument| argument == "--list") {
        return;
    }
    let cuts = number_of("SELARAS_CUTS").unwrap_or(300);
    let seed = seed();
    println!("cutting {cuts} times, SELARAS_SEED={seed}");
    for kind in EngineKind::ALL {
        cut(kind, cuts, seed);
    }
}

/// Works, closes and opens again, and is gone in the middle of the next operation.
fn child(place: &Path) {
    let (told, tell) = std::sync::mpsc::channel();
    let place = place.to_owned();
    std::thread::spawn(move || {
        let mut say = |words: &str| {
            // In one call, because the process may end between two.
            std::io::stdout().lock().write_all(format!("{words}\n").as_bytes()).unwrap();
        };
        for _ in 0..OPERATIONS / REOPEN_EVERY {
            let mut worker = Worker::open(&place, &mut say);
            for _ in 0..REOPEN_EVERY {
                worker.step();
            }
            worker.compact();
        }
        let mut worker = Worker::open(&place, &mut say);
        told.send(()).unwrap();
        loop {
            worker.step();
        }
    });
    tell.recv().unwrap();
    std::process::exit(0);
}

fn cut(kind: EngineKind, cuts: u64, seed: u64) {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("recorded").join(kind.to_string());
    std::fs::create_dir_all(&place).unwrap();
    let mut events = Vec::new();
    for _ in 0..PROCESSES {
        trace::record(&place, &["--child", place.to_str().unwrap()], &directory.path().join("record"), &mut events);
    }
    let whole = replayed(&events, events.len());
    same_as_on_disk(&whole.0, &place, directory.path());
    assert!(whole.1.done >= PROCESSES * OPERATIONS);
    let failed = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (events, directory) = (&events, directory.path().join(format!("cut-{thread}")));
                scope.spawn(move || {
                    (thread..cuts).step_by(THREADS as usize).for_each(|number| {
                        let case = Case { kind, number, seed };
                        case.run(events, &directory);
                    });
                })
            })
            .collect();
        threads.into_iter().map(std::thread::ScopedJoinHandle::join).filter(Result::is_err).count()
    });
    assert_eq!(failed, 0, "a store did not come through");
    println!("{kind}: {cuts} cuts among {} calls, all came through", events.len());
}

struct Case {
    kind: EngineKind,
    number: u64,
    seed: u64,
}

impl Case {
    fn run(&self, events: &[Event], directory: &Path) {
        let mut seed = self.seed ^ self.number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let before = (next(&mut seed) % events.len() as u64) as usize;
        let fate = Fate::ALL[(self.number % 3) as usize];
        let (disk, reported) = replayed(events, before);
        let place = directory.join(self.kind.to_string());
        disk.lose_power(fate, &mut seed, &place);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let found = check(&place, reported);
            if self.number.is_multiple_of(CONTINUE_EVERY) {
                go_on(&place, found);
            }
        }));
        std::fs::remove_dir_all(directory).unwrap();
        if outcome.is_err() {
            panic!(
                "{}: cut {} (SELARAS_SEED={}) before call {before} of {}, {fate:?}",
                self.kind,
                self.number,
                self.seed,
                events.len()
            );
        }
    }
}

fn go_on(place: &Path, found: Reported) {
    let mut reported = found;
    let mut hear = |line: &str| reported.hear(line);
    let mut worker = Worker::open(place, &mut hear);
    for _ in 0..OPERATIONS_AFTER {
        worker.step();
    }
    drop(worker);
    let after = check(place, reported);
    assert!(after.done >= found.done + OPERATIONS_AFTER);
}

/// The disk before a call, and what had been said by then.
fn replayed(events: &[Event], before: usize) -> (Disk, Reported) {
    let mut disk = Disk::new();
    let mut reported = Reported::default();
    for event in &events[..before] {
        match &event.act {
            Act::Say(line) => reported.hear(line),
            _ => disk.take(event),
        }
    }
    (disk, reported)
}

/// A record that was read wrongly would test nothing: replayed to its end it gives the files that are there.
fn same_as_on_disk(disk: &Disk, place: &Path, directory: &Path) {
    let replayed = directory.join("replayed");
    disk.keep_everything(&replayed);
    let (expected, found) = (files(place), files(&replayed));
    assert_eq!(expected.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>(), "the names differ");
    for (path, bytes) in expected {
        assert!(found[&path] == bytes, "{path:?} was not replayed as it is");
    }
}

fn files(directory: &Path) -> std::collections::BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut files = std::collections::BTreeMap::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                files.insert(path.strip_prefix(directory).unwrap().to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}
