//! What judging costs: a full run over a sample school, and one edit of each of its students.
//!
//! `cargo run --release -p selaras-lab --example judge [students]`
#![allow(clippy::print_stdout, reason = "a command that prints what it measures")]

use std::error::Error;
use std::time::{Duration, Instant};

use selaras_lab::{SampleOptions, sample};
use selaras_model::{Pack, Record, Value};
use selaras_policy::{Changed, Judge, MemoryView, Rulebook};

/// Full runs of which the middle one is told.
const RUNS: usize = 7;
/// Students of whom each is edited once.
const EDITS: usize = 500;

fn main() -> Result<(), Box<dyn Error>> {
    let students = std::env::args().nth(1).map_or(Ok(1_500), |text| text.parse())?;
    let pack = Pack::builtin();
    let book = Rulebook::builtin(&pack)?;
    let school = sample(&pack, &SampleOptions { students, ..SampleOptions::default() })?;
    let mut view = MemoryView::new(&pack, school.whole().into_values());
    let judge = Judge::new(&pack, &book, "2026-11-24".parse()?);

    let mut full = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let begin = Instant::now();
        judge.full(&view)?;
        full.push(begin.elapsed());
    }
    let mut edits = Vec::with_capacity(EDITS);
    for before in students_of(&view, &pack) {
        let mut after = before.clone();
        after.fields.insert("nik".parse()?, Value::text("3199990110100001"));
        view.insert(after.clone());
        let changed = [Changed { before: Some(before.clone()), after: Some(after) }];
        let begin = Instant::now();
        judge.incremental(&view, &changed)?;
        edits.push(begin.elapsed());
        view.insert(before);
    }
    println!("records      {:>10}", view.records().count());
    println!("full run     {:>10.1} ms, the middle of {RUNS}", milliseconds(&mut full, 50));
    println!("one edit     {:>10.3} ms, the middle of {}", milliseconds(&mut edits, 50), edits.len());
    println!("             {:>10.3} ms, the slowest", milliseconds(&mut edits, 100));
    Ok(())
}

fn students_of(view: &MemoryView, pack: &Pack) -> Vec<Record> {
    let code = pack.entity_named("peserta_didik").map(|entity| entity.code);
    view.records().filter(|record| Some(record.entity) == code).take(EDITS).cloned().collect()
}

fn milliseconds(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let place = (times.len().saturating_sub(1)) * percent / 100;
    times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}
