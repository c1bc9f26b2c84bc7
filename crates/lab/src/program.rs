//! The program `selaras-lab`: the bad line and the mock centre by hand, for makers of other clients.
//!
//! It says where it listens, then what went over it, in lines for people or, with `--json`, for programs. It ends at
//! Ctrl-C or, with `--parent-stdin`, with its standard input, and tells the counts a last time.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

mod args;
mod centre;
mod line;
mod say;
mod stay;

use args::{Arguments, Command};

/// Exit code of a command line, plan or script that is not one; clap has the same.
const MISUSED: u8 = 2;

/// Runs the program with these arguments, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Where not even that can be said the exit code says it.
            _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(MISUSED));
        }
    };
    let done = match &arguments.command {
        Command::Line(asked) => line::run(asked),
        Command::Centre(asked) => centre::run(asked),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::complaint(&error);
            if matches!(error, Trouble::Misused(_)) { ExitCode::from(MISUSED) } else { ExitCode::FAILURE }
        }
    }
}

/// Why the program ended before it was told to.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    /// What was given to it means nothing.
    #[error("{0}")]
    Misused(String),
    /// The system refused something.
    #[error("{0}")]
    System(#[from] std::io::Error),
}
