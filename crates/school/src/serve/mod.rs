//! `selaras serve`: the process that owns the store, and how another one reaches it.
//!
//! It listens on a loopback port and writes `serve.json` beside the store: address, token, process id; readable by its
//! owner alone. Whoever has the token sends one line of JSON, a request, and gets lines of JSON: the events of the
//! command while it runs, then its end. That is not HTTP: a page in a browser can make it open a connection, but
//! its first line is never a request, and the connection is closed.

mod door;
mod forward;
mod house;
mod line;

pub(crate) use door::Serving;
pub(crate) use forward::forward;
pub(crate) use house::{House, Reading};
pub(crate) use line::{Appointment, Course, Ended, Errand, State};

use std::net::SocketAddr;
use std::path::Path;

use selaras_model::Lang;
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::failure::{Failure, Outcome};
use crate::output::Event;
use crate::secret::Secret;

/// The longest request: a command with many fields.
const MAX_REQUEST_BYTES: usize = 1 << 20;
/// The largest `serve.json`.
const MAX_FILE_BYTES: u64 = 4096;
/// Events that wait for a slow reader before the command waits too.
const QUEUED_EVENTS: usize = 64;
/// Commands that wait for their turn; more are told that the store is busy.
const QUEUED_COMMANDS: usize = 16;

/// The content of `serve.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ServeFile {
    address: SocketAddr,
    token: Secret,
    pid: u32,
}

impl ServeFile {
    fn read(path: &Path) -> Option<ServeFile> {
        if std::fs::metadata(path).ok()?.len() > MAX_FILE_BYTES {
            return None;
        }
        let file: ServeFile = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        // The token goes to this machine alone, whatever the file says.
        file.address.ip().is_loopback().then_some(file)
    }
}

/// What is asked of the owner of the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Request {
    token: Secret,
    lang: Lang,
    command: Command,
}

/// A line of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    /// The command runs and says something.
    Event(Event),
    /// It ended.
    Done(Outcome),
    /// It failed.
    Failed(Failure),
}

#[cfg(test)]
mod tests;
