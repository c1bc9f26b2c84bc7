//! The drill's processes: each command of a school's computer is one, and each command of the operators.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::failure::Failure;

/// What a command ends in that did what it was asked for.
pub(super) const DONE: &str = "done";

/// What a command ended in.
pub(super) struct Ended {
    /// [`DONE`], or the code of what was in the way.
    pub(super) code: String,
    /// The lines of JSON that it printed.
    pub(super) lines: Vec<Value>,
    /// The last of them.
    pub(super) said: Value,
}

impl Ended {
    pub(super) fn is_done(&self) -> bool {
        self.code == DONE
    }

    /// A text that it said.
    pub(super) fn text(&self, pointer: &str) -> String {
        self.said.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

/// A school's computer: a directory, in which one process after another works.
pub(super) struct Computer {
    pub(super) data: PathBuf,
}

impl Computer {
    /// Runs a command with the secrets that it asks for.
    pub(super) fn run(&self, arguments: &[&str], secrets: &[&str]) -> Result<Ended, Failure> {
        let own = ["--json", "--password-stdin", "--kode-stdin", "--data"].map(OsStr::new);
        let own = own.into_iter().chain([self.data.as_os_str()]);
        ended(own.chain(arguments.iter().map(OsStr::new)), secrets)
    }
}

/// Runs a command of the operators of a centre that serves.
pub(super) fn operator(data: &Path, url: &str, arguments: &[&str]) -> Result<Ended, Failure> {
    let own = ["center", "--json", "--server", url, "--data"].map(OsStr::new).into_iter().chain([data.as_os_str()]);
    ended(own.chain(arguments.iter().map(OsStr::new)), &[])
}

/// Makes a data directory from a backup, while nothing serves.
pub(super) fn restore(backup: &Path, data: &Path) -> Result<Ended, Failure> {
    let [center, json, restore, from, to] = ["center", "--json", "restore", "--from", "--data"].map(OsStr::new);
    ended([center, json, restore, from, backup.as_os_str(), to, data.as_os_str()].into_iter(), &[])
}

fn ended<'a>(arguments: impl Iterator<Item = &'a OsStr>, secrets: &[&str]) -> Result<Ended, Failure> {
    let failed = |error: std::io::Error| Failure::new("demo.centre").arg("reason", error);
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that wants no secret may be gone before it is offered one.
        let lines: String = secrets.iter().map(|secret| format!("{secret}\n")).collect();
        let _ = stdin.write_all(lines.as_bytes());
    }
    let output = child.wait_with_output().map_err(failed)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let said = lines.last().cloned().unwrap_or_default();
    let code = if output.status.success() { DONE.to_owned() } else { code(&said, &output) };
    Ok(Ended { code, lines, said })
}

/// The code of what was in the way; where there is none, what was said instead.
fn code(said: &Value, output: &std::process::Output) -> String {
    let places = ["/error/code", "/code", "/refusal/code"];
    let code = places.into_iter().find_map(|place| said.pointer(place)).and_then(Value::as_str);
    code.map_or_else(|| format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()), str::to_owned)
}

/// Copies a directory with everything in it, as somebody does who copies a disk.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new("demo.centre").arg("reason", error);
    crate::platform::create_private_dir(to).map_err(failed)?;
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(failed)?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target).map_err(failed)?;
        }
    }
    Ok(())
}
