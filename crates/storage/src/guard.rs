//! The wall around calls that may panic or never return.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::EngineError;

/// Runs work on a thread of its own and waits for it no longer than the limit.
///
/// Work that is late goes on alone and what it returns is dropped; its thread cannot be ended from outside.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    doing: &'static str,
    work: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, Stopped> {
    let (done, result) = mpsc::sync_channel(1);
    let run = move || {
        // Nobody listens any more when the limit has passed.
        let _ = done.send(shielded(doing, work));
    };
    thread::Builder::new()
        .name("selaras-store".to_owned())
        .spawn(run)
        .map_err(|error| Stopped::Failed(error.into()))?;
    result.recv_timeout(limit).unwrap_or(Err(Stopped::Late(doing)))
}

/// Runs work here and turns a panic into [`Stopped::Panicked`].
///
/// What the work may have left half-changed is only ever sled's own memory; callers stop using a handle over which
/// a write panicked.
pub(crate) fn shielded<T>(doing: &'static str, work: impl FnOnce() -> Result<T, EngineError>) -> Result<T, Stopped> {
    let before = IS_SHIELDED.replace(true);
    let ended = catch_unwind(AssertUnwindSafe(work));
    IS_SHIELDED.set(before);
    match ended {
        Ok(result) => result.map_err(Stopped::Failed),
        Err(_) => Err(Stopped::Panicked(doing)),
    }
}

thread_local! {
    /// Whether this thread runs guarded work, whose panics are told as damage.
    static IS_SHIELDED: Cell<bool> = const { Cell::new(false) };
}

/// Where sled's sources lie in a registry or a checkout; its own threads panic outside of every wall.
const OF_ENGINES: &str = "sled";

/// Lets panics over a damaged store write nothing to the standard error output: they are caught and told as damage, in a
/// sentence that people can act on, and the engine's own text above it frightens and says nothing. All other panics are
/// told as before. A program calls this once, before it opens a store.
pub fn silence_engines() {
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_engines = panic.location().is_some_and(|at| at.file().contains(OF_ENGINES));
        if !is_engines && !IS_SHIELDED.get() {
            others(panic);
        }
    }));
}

/// How guarded work ended without a result.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// It failed by itself.
    Failed(EngineError),
    /// It panicked, as sled does over damage.
    Panicked(&'static str),
    /// It was not done in time.
    Late(&'static str),
}

impl From<Stopped> for EngineError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Failed(error) => error,
            Stopped::Panicked(doing) => Self::corrupt(format!("the engine stopped while {doing}")),
            Stopped::Late(doing) => Self::corrupt(format!("the engine did not end {doing} in time")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn a_panic_is_damage() {
        let stopped = within(Duration::from_secs(10), "testing", || -> Result<(), _> { panic!("on purpose") });
        assert!(matches!(stopped, Err(Stopped::Panicked("testing"))));
    }

    #[test]
    fn work_that_never_ends_is_not_waited_for() {
        let stopped = within(Duration::from_millis(20), "testing", || -> Result<(), _> {
            loop {
                thread::park();
            }
        });
        assert!(matches!(stopped, Err(Stopped::Late("testing"))));
    }
}
