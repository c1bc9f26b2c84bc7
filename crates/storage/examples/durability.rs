//! What a durable edit costs: a commit of three rows on either engine, and, in turns with it in one run, an
//! append of 4 KiB with an fsync on the same disk.
//!
//! `cargo run --release -p selaras-storage --example durability [-- DIRECTORY]`
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use selaras_storage::{Engine, EngineKind, Space, Write, open_store};

const ROUNDS: u32 = 2_000;
const CACHE: u64 = 64 << 20;
/// Rows of about the size of an edited student's: draft, view, a state row.
const ROWS: [(Space, usize); 3] = [(Space::Draft, 160), (Space::View, 900), (Space::State, 60)];

fn main() -> Result<(), Box<dyn Error>> {
    let temporary = tempfile::tempdir()?;
    let directory = std::env::args_os().nth(1).map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    for kind in EngineKind::ALL {
        let engine = open_store(&directory.join(kind.to_string()), kind, CACHE)?.engine;
        measured(kind, engine.as_ref(), &directory)?;
    }
    Ok(())
}

fn measured(kind: EngineKind, engine: &dyn Engine, directory: &Path) -> Result<(), Box<dyn Error>> {
    let mut file = OpenOptions::new().create(true).append(true).open(directory.join("append"))?;
    let (mut commits, mut appends) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let key = [b"99999999".as_slice(), &(round % 500).to_be_bytes()].concat();
        let mut writes = Vec::new();
        for (space, size) in ROWS {
            let mut value = vec![0; size];
            value.iter_mut().zip(blake3::hash(&round.to_be_bytes()).as_bytes()).for_each(|(to, from)| *to = *from);
            writes.push(Write::put(space, key.clone(), value));
        }
        let began = Instant::now();
        engine.commit(&writes)?;
        commits.push(began.elapsed());
        let began = Instant::now();
        file.write_all(&[7; 4_096])?;
        file.sync_all()?;
        appends.push(began.elapsed());
    }
    let (commit, append) = (quantiles(commits), quantiles(appends));
    println!("durable edit (3 rows, {kind}): p50 {:.2} ms, p99 {:.2} ms", ms(commit.0), ms(commit.1));
    println!("4 KiB append and fsync:        p50 {:.2} ms, p99 {:.2} ms", ms(append.0), ms(append.1));
    println!("ratio of the p99: {:.2} (goal: at most 4)", commit.1.as_secs_f64() / append.1.as_secs_f64());
    Ok(())
}

fn quantiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    (at(50), at(99))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
