//! A child commits and reports, and is killed by SIGKILL at random; whatever it reported is there, and nothing is half
//! done.
//!
//! Both engines take it. `SELARAS_KILLS=N` for more than the 300 of the usual run of each, `SELARAS_SEED=N` to repeat one.
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

mod workload;

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use selaras_storage::EngineKind;
use workload::{Reported, Worker, check, next, number_of, seed};

fn say(words: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{words}").unwrap();
    out.flush().unwrap();
}

/// Works for ever.
fn child(place: &Path) -> ! {
    let mut report = say;
    let mut worker = Worker::open(place, &mut report);
    loop {
        worker.step();
    }
}

fn run_and_kill(place: &Path, after: Duration, mut reported: Reported) -> Reported {
    let executable = std::env::current_exe().unwrap();
    let mut child = Command::new(executable).arg("--child").arg(place).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let killer = std::thread::spawn(move || {
        let until = Instant::now() + after;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            std::thread::park_timeout(left);
        }
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        assert_eq!(ended.code(), None, "the child ended by itself");
    });
    for line in lines {
        reported.hear(&line.unwrap());
    }
    killer.join().unwrap();
    reported
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
    let mut seed = seed();
    println!("killing {kills} times, SELARAS_SEED={seed}");
    let directory = tempfile::tempdir().unwrap();
    for kind in EngineKind::ALL {
        killed(&directory.path().join(kind.to_string()), kills, &mut seed);
    }
}

fn killed(place: &Path, kills: u64, seed: &mut u64) {
    std::fs::create_dir(place).unwrap();
    let mut reported = Reported::default();
    let (mut in_large, mut unreported) = (0, 0);
    for _ in 0..kills {
        let after = Duration::from_micros(next(seed) % 60_000);
        let told = run_and_kill(place, after, reported);
        reported = check(place, told);
        in_large += u64::from(reported.step.is_some());
        unreported += u64::from(reported.done > told.done);
    }
    assert!(reported.done > 0 && in_large > 0, "the kills came at no moment of interest");
    println!(
        "{}: {} operations; {in_large} kills within large work, {unreported} between commit and report",
        place.file_name().unwrap().display(),
        reported.done
    );
}
