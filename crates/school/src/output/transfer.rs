//! What a command says while bytes move or while it waits.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// To the centre.
    Up,
    /// From the centre.
    Down,
}

impl Way {
    /// The key of the messages that names the work.
    #[must_use]
    pub const fn work(self) -> &'static str {
        match self {
            Way::Up => "work.up",
            Way::Down => "work.down",
        }
    }
}

/// How far a transfer has come. Speed and time left follow from two of these ([`Meter`](super::Meter)); whoever shows
/// them computes them, so that a queue between the two processes does not count as the line's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Which way.
    pub way: Way,
    /// Bytes that will not have to be sent again: up, those that the centre acknowledged; down, those that are kept.
    pub done: u64,
    /// Bytes in all; 0 while unknown.
    pub total: u64,
    /// When, in milliseconds of a steady clock of the process that runs the command.
    pub at: u64,
}

/// A command waits before it tries again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// What it waits because of; code, message and who acts are in it.
    pub because: Failure,
    /// How long, in milliseconds from when the event was made.
    pub millis: u64,
    /// Until when, in seconds since 1970 by this computer's clock; for people.
    pub until: i64,
    /// The attempt that failed, from 1.
    pub attempt: u32,
}
