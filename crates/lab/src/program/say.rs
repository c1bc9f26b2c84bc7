//! What the program prints.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::Trouble;

/// Most bytes of a plan or script.
const MAX_TEXT: u64 = 1 << 20;

/// Prints a line: for people, or for programs.
pub(super) fn line(json: bool, people: impl Display, programs: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        let text = serde_json::to_string(programs).map_err(io::Error::other)?;
        writeln!(out, "{text}")?;
    } else {
        writeln!(out, "{people}")?;
    }
    out.flush()
}

/// Says why it did not work.
pub(super) fn complaint(error: &Trouble) {
    // Nobody is left who could be told that this failed.
    _ = writeln!(io::stderr(), "selaras-lab: {error}");
}

/// Reads a plan or a script.
pub(super) fn text(path: &Path) -> Result<String, Trouble> {
    let wrong = |what: &dyn Display| Trouble::Misused(format!("{}: {what}", path.display()));
    let length = std::fs::metadata(path).map_err(|error| wrong(&error))?.len();
    if length > MAX_TEXT {
        return Err(wrong(&"over 1 MiB"));
    }
    std::fs::read_to_string(path).map_err(|error| wrong(&error))
}

/// What was read and means nothing.
pub(super) fn misused(path: Option<&Path>, error: impl Display) -> Trouble {
    match path {
        Some(path) => Trouble::Misused(format!("{}: {error}", path.display())),
        None => Trouble::Misused(error.to_string()),
    }
}
