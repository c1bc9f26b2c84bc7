//! A step of a chore, and running a list of them.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::report::{Line, Report, announce};

/// How a step ended.
pub(crate) enum Outcome {
    Passed,
    /// It could not run here; the text says what is missing and how to get it.
    Skipped(String),
    Failed(String),
}

/// A named piece of work.
pub(crate) struct Step {
    name: &'static str,
    work: Box<dyn Fn() -> Outcome>,
}

impl Step {
    /// A step that is a function.
    pub(crate) fn new(name: &'static str, work: impl Fn() -> Outcome + 'static) -> Self {
        Self { name, work: Box::new(work) }
    }

    /// A step that is one call of cargo.
    pub(crate) fn cargo(name: &'static str, arguments: &'static [&'static str]) -> Self {
        Self::new(name, move || run_command(cargo().args(arguments)))
    }
}

/// Runs all steps, also after one failed: a person wants every finding, not the first.
pub(crate) fn run(steps: &[Step]) -> Report {
    let lines = steps.iter().map(|step| {
        announce(step.name);
        let start = Instant::now();
        let outcome = (step.work)();
        Line { name: step.name, outcome, took: start.elapsed() }
    });
    Report { lines: lines.collect() }
}

/// Gives the project's root, wherever the chore was started.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// Gives a call of cargo in the project's root.
pub(crate) fn cargo() -> Command {
    command("cargo")
}

/// Gives a call of a program in the project's root.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Runs a command to its end, its output going where ours goes.
pub(crate) fn run_command(command: &mut Command) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Outcome::Passed,
        Ok(status) => Outcome::Failed(format!("{}: {status}", shown(command))),
        Err(error) => Outcome::Failed(format!("{}: {error}", shown(command))),
    }
}

/// Tells whether a command runs and succeeds; says nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
