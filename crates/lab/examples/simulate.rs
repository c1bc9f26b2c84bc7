//! Runs simulated worlds: `cargo run --release -p selaras-lab --example simulate -- --seeds 100000 [--from S] [--calm]
//! [--mixed | --only NAME,NAME]`, or one of them: `-- --seed S`. `--mixed` lets dimensions meet as each seed draws them,
//! and says how often each two of them met; `--only` gives every world the dimensions that are named.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use selaras_lab::world::{Dimension, Mixture, Plan, UnknownDimension, run};

/// How many worlds had both of two dimensions; beside itself, how many had it at all.
type Met = BTreeMap<(Dimension, Dimension), u64>;

fn number(arguments: &[String], name: &str) -> Option<u64> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1)?.parse().ok()
}

fn only(arguments: &[String]) -> Result<Option<Mixture>, UnknownDimension> {
    let named = arguments.iter().position(|argument| argument == "--only").and_then(|at| arguments.get(at + 1));
    named.map(|names| names.split(',').map(str::parse::<Dimension>).collect()).transpose()
}

fn meet(met: &mut Met, mixture: Mixture) {
    for (at, one) in Dimension::ALL.into_iter().enumerate() {
        for other in Dimension::ALL.into_iter().skip(at) {
            *met.entry((one, other)).or_default() += u64::from(mixture.has(one) && mixture.has(other));
        }
    }
}

/// A row and a column for each dimension.
fn print_met(met: &Met) {
    println!("worlds in which both met:");
    print!("{:>12}", "");
    for column in Dimension::ALL {
        print!(" {column:>10}");
    }
    println!();
    for (at, row) in Dimension::ALL.into_iter().enumerate() {
        print!("{row:>12}");
        for column in Dimension::ALL.into_iter().take(at + 1) {
            print!(" {:>10}", met.get(&(column, row)).copied().unwrap_or(0));
        }
        println!();
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let flag = |name: &str| arguments.iter().any(|argument| argument == name);
    let only = match only(&arguments) {
        Ok(only) => only,
        Err(unknown) => {
            eprintln!("{unknown}; there are {}", Dimension::ALL.map(|dimension| dimension.to_string()).join(", "));
            return ExitCode::FAILURE;
        }
    };
    let plan = Plan { calm: flag("--calm"), mixed: flag("--mixed"), only, ..Plan::default() };
    if let Some(seed) = number(&arguments, "--seed") {
        return match run(seed, &plan) {
            Ok(ended) => {
                println!("seed {seed}: {ended:?}");
                ExitCode::SUCCESS
            }
            Err(failure) => {
                for line in &failure.story {
                    println!("{line}");
                }
                println!("{failure}");
                ExitCode::FAILURE
            }
        };
    }
    let from = number(&arguments, "--from").unwrap_or(0);
    let seeds = number(&arguments, "--seeds").unwrap_or(2_000);
    let began = Instant::now();
    let next = AtomicU64::new(from);
    let failed = AtomicU64::new(0);
    let (accepted, refused, crashes) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let met = Mutex::new(Met::new());
    let (restored, handed_back) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + seeds {
                        return;
                    }
                    let ended = run(seed, &plan);
                    let mixture = ended.as_ref().map_or_else(|failure| failure.mixture, |ended| ended.mixture);
                    if let Ok(mut met) = met.lock() {
                        meet(&mut met, mixture);
                    }
                    match ended {
                        Ok(ended) => {
                            accepted.fetch_add(ended.accepted, Ordering::Relaxed);
                            refused.fetch_add(ended.refused, Ordering::Relaxed);
                            crashes.fetch_add(ended.crashes, Ordering::Relaxed);
                            restored.fetch_add(ended.restored, Ordering::Relaxed);
                            handed_back.fetch_add(ended.handed_back, Ordering::Relaxed);
                        }
                        Err(failure) => {
                            println!("{failure}");
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    if let (true, Ok(met)) = (plan.mixed, met.into_inner()) {
        print_met(&met);
    }
    let failed = failed.into_inner();
    println!(
        "{seeds} worlds in {:.1} s: {} bundles accepted, {} refused, {} crashes, {} centres restored with {} entries handed back, {failed} worlds failed",
        began.elapsed().as_secs_f64(),
        accepted.into_inner(),
        refused.into_inner(),
        crashes.into_inner(),
        restored.into_inner(),
        handed_back.into_inner(),
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
