//! The benchmarks: examples that print a table, run one after another because they would disturb each other.

use crate::step::{Outcome, Step, cargo, run_command};

/// One example that prints a table.
struct Bench {
    package: &'static str,
    example: &'static str,
}

/// Every benchmark of the project; a new one is added here.
const BENCHES: &[Bench] = &[
    // What minting, loading and resolving one record costs.
    Bench { package: "selaras-merge", example: "cost" },
    // What a durable edit costs beside an append with an fsync.
    Bench { package: "selaras-storage", example: "durability" },
];

/// The sizes of schools whose exchanges are measured.
const STUDENTS: [&str; 3] = ["250", "1500", "5000"];

/// Gives a step for each benchmark whose package or name contains the filter.
pub(crate) fn steps(filter: Option<&str>) -> Vec<Step> {
    let wanted =
        |bench: &&Bench| filter.is_none_or(|part| bench.package.contains(part) || bench.example.contains(part));
    let mut steps: Vec<Step> = BENCHES.iter().filter(wanted).map(step).collect();
    if filter.is_none_or(|part| "measure".contains(part)) {
        steps.extend(STUDENTS.map(measure));
    }
    if filter.is_none_or(|part| "line".contains(part)) {
        steps.push(Step::new("line", line));
    }
    if filter.is_none_or(|part| "pages".contains(part)) {
        steps.push(Step::new("pages", pages));
    }
    if filter.is_none_or(|part| "uploads".contains(part)) {
        steps.push(Step::new("uploads", uploads));
    }
    steps
}

/// What the exchanges of a school of this size cost, both ends in processes of their own.
fn measure(students: &'static str) -> Step {
    Step::new("measure", move || {
        run_command(cargo().args(["run", "--quiet", "--release", "--package", "selaras", "--"]).args([
            "--lang",
            "en",
            "measure",
            "--students",
            students,
        ]))
    })
}

/// What a first upload costs over bad lines, beside the same work uncut.
fn line() -> Outcome {
    run_command(cargo().args(["run", "--quiet", "--release", "--package", "selaras", "--", "measure-line"]))
}

/// How long the pages of a large school take.
fn pages() -> Outcome {
    run_command(cargo().args(["run", "--quiet", "--release", "--package", "selaras", "--", "measure-pages"]))
}

/// What a centre holds in memory for uploads in progress.
fn uploads() -> Outcome {
    run_command(cargo().args(["bench", "--quiet", "--package", "selaras-center", "--bench", "uploads"]))
}

fn step(bench: &'static Bench) -> Step {
    Step::new(bench.example, || {
        run_command(cargo().args([
            "run",
            "--quiet",
            "--release",
            "--package",
            bench.package,
            "--example",
            bench.example,
        ]))
    })
}
