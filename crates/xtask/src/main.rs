//! The project's own chores, in one place: what a person runs before handing a change over is what CI runs.
//!
//! Every chore is a list of steps; all of them run, whatever fails, and a summary with times ends the output. Nothing
//! here is part of the product, and no other crate may depend on it.

mod bench;
mod checks;
mod docs;
mod faults;
mod fuzz;
mod picture;
mod report;
mod step;
mod svg;
mod tool;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Formatting, lints, all tests, documentation, licences and sources of dependencies
    Test,
    /// What CI runs: the same, and cargo-deny installed, fuzz targets for a moment, the demonstration in release
    Ci,
    /// Benchmarks, each printing a table
    Bench {
        /// Only those whose name contains this
        filter: Option<String>,
    },
    /// The known faults: runs the tests that stand ignored until a fault is mended (`fault_NN_…`), and shows in a table which
    /// of them fail and which faults are mended; fails only where a test could not run
    Faults,
    /// Documentation of the crates with warnings as errors, links and lists of the documents
    Docs,
    /// Writes the documents that are made from the code: docs/errors and docs/rules.md
    Pages,
    /// Makes pictures: the main pages in a browser (target/pictures, three in docs/images), and what the demonstration prints
    Picture {
        /// Draws the terminal alone, from this file instead of a run of the demonstration
        #[arg(long)]
        from: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    // An unset `TERM` or a pipe must not matter: colours are left to cargo, which looks itself.
    let report = match Arguments::parse().chore {
        Chore::Test => step::run(&checks::test()),
        Chore::Ci => step::run(&checks::ci()),
        Chore::Bench { filter } => step::run(&bench::steps(filter.as_deref())),
        Chore::Faults => step::run(&faults::steps()),
        Chore::Docs => step::run(&checks::docs()),
        Chore::Pages => step::run(&[checks::pages("write")]),
        Chore::Picture { from: Some(file) } => step::run(&[picture::step(Some(file))]),
        Chore::Picture { from: None } => step::run(&[picture::screens(), picture::step(None)]),
    };
    report.print();
    if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
