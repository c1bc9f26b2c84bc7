//! Runs simulated worlds: `cargo run --release -p selaras-lab --example simulate -- --seeds 100000 [--from S] [--calm]`,
//! or one of them: `-- --seed S`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use selaras_lab::world::{Plan, run};

fn number(arguments: &[String], name: &str) -> Option<u64> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1)?.parse().ok()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let plan = Plan { calm: arguments.iter().any(|argument| argument == "--calm"), ..Plan::default() };
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
    let (restored, handed_back) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + seeds {
                        return;
                    }
                    match run(seed, &plan) {
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
