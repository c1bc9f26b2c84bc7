//! Whose turn it is to compute a step and commit it, where several threads work on one store.
//!
//! A step of the engine is computed from what is read and committed behind it, so that only one thread may be between
//! the two. Whoever runs a command has the turn; while it waits for the line to the centre it gives the turn away, so
//! that people go on typing during an upload of an hour. What the line brings is taken in with the turn again.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use selaras_model::RecordKey;
use selaras_sync::{Batch, Key};
use tokio::sync::watch;

use crate::failure::Failure;

/// Changed records that are remembered for readers; whoever is further behind reads everything anew.
const MAX_REMEMBERED: usize = 4_096;

/// What the threads of one store share.
pub(crate) struct Turns {
    holder: Mutex<Option<ThreadId>>,
    free: Condvar,
    /// Counts up when rules or installation have changed, so that everybody reads them anew.
    rules: AtomicU64,
    changed: Mutex<Changed>,
    paused: watch::Sender<bool>,
}

/// The records that were changed last.
#[derive(Default)]
struct Changed {
    /// How many have been changed in all.
    count: u64,
    keys: VecDeque<RecordKey>,
}

impl Default for Turns {
    fn default() -> Turns {
        Turns {
            holder: Mutex::default(),
            free: Condvar::new(),
            rules: AtomicU64::new(0),
            changed: Mutex::default(),
            paused: watch::Sender::new(false),
        }
    }
}

fn whole<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these locks hold is whole after every statement: a thread that panicked left nothing half done.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The turn, until it is dropped.
pub(crate) struct Turn<'a>(Option<&'a Turns>);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(turns) = self.0 {
            turns.leave();
        }
    }
}

impl Turns {
    /// Waits for the turn. A thread that has it already keeps it.
    pub(crate) fn take(&self) -> Turn<'_> {
        if *whole(&self.holder) == Some(std::thread::current().id()) {
            return Turn(None);
        }
        self.wait();
        Turn(Some(self))
    }

    fn wait(&self) {
        let mut holder = whole(&self.holder);
        while holder.is_some() {
            holder = self.free.wait(holder).unwrap_or_else(PoisonError::into_inner);
        }
        *holder = Some(std::thread::current().id());
    }

    fn leave(&self) {
        *whole(&self.holder) = None;
        self.free.notify_one();
    }

    /// Lets others have the turn while something is waited for.
    pub(crate) fn away<T>(&self, waited: impl FnOnce() -> T) -> T {
        if *whole(&self.holder) != Some(std::thread::current().id()) {
            return waited();
        }
        struct Back<'a>(&'a Turns);
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.0.wait();
            }
        }
        self.leave();
        let _back = Back(self);
        waited()
    }

    /// Waits for the centre, without the turn, until it answers or somebody pauses the exchange.
    pub(crate) fn wait_for<T>(
        &self,
        runtime: &tokio::runtime::Runtime,
        answer: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        let mut paused = self.paused.subscribe();
        self.away(|| {
            runtime.block_on(async {
                tokio::select! {
                    biased;
                    _ = paused.wait_for(|paused| *paused) => Err(Failure::new("sync.paused")),
                    answer = answer => Ok(answer),
                }
            })
        })
    }

    /// Stops what waits for the centre, and whatever begins to wait until [`Turns::go_on`].
    pub(crate) fn pause(&self) {
        self.paused.send_replace(true);
    }

    /// Lets exchanges wait for the centre again.
    pub(crate) fn go_on(&self) {
        self.paused.send_replace(false);
    }

    /// The number of the rules and the installation.
    pub(crate) fn rules(&self) -> u64 {
        self.rules.load(Ordering::Acquire)
    }

    /// Has everybody read rules and installation anew; gives their number.
    pub(crate) fn rules_changed(&self) -> u64 {
        self.rules.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Remembers which records a batch changed.
    pub(crate) fn committed(&self, batch: &Batch) {
        let mut changed = whole(&self.changed);
        for (key, _) in batch.writes() {
            if let Key::View(key) = key {
                changed.count += 1;
                changed.keys.push_back(*key);
            }
        }
        let over = changed.keys.len().saturating_sub(MAX_REMEMBERED);
        changed.keys.drain(..over);
    }

    /// The records that changed behind a count, and the count now; no records where too many have.
    pub(crate) fn changed_since(&self, seen: u64) -> (u64, Option<Vec<RecordKey>>) {
        let changed = whole(&self.changed);
        let new = usize::try_from(changed.count.saturating_sub(seen)).unwrap_or(usize::MAX);
        let skipped = changed.keys.len().checked_sub(new);
        (changed.count, skipped.map(|skipped| changed.keys.iter().skip(skipped).copied().collect()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::sync::Arc;
    use std::sync::mpsc::channel;

    use super::*;

    fn view(number: u8) -> Batch {
        let key = RecordKey {
            entity: selaras_model::Pack::builtin().entity_named("ptk").unwrap().code,
            id: selaras_model::RecordId::try_from([number; 16].as_slice()).unwrap(),
        };
        let mut batch = Batch::default();
        batch.remove(Key::View(key));
        batch
    }

    #[test]
    fn somebody_else_has_the_turn_while_the_line_is_waited_for_and_never_otherwise() {
        let turns = Arc::new(Turns::default());
        let (wants, wanted) = channel();
        let (had, has) = channel();
        let other = Arc::clone(&turns);
        let thread = std::thread::spawn(move || {
            wanted.recv().unwrap();
            let _turn = other.take();
            had.send(()).unwrap();
        });
        let turn = turns.take();
        wants.send(()).unwrap();
        assert!(has.try_recv().is_err(), "the turn is here");
        turns.away(|| has.recv().unwrap());
        thread.join().unwrap();
        assert_eq!(*whole(&turns.holder), Some(std::thread::current().id()), "and it is back");
        drop(turn);
        assert_eq!(*whole(&turns.holder), None);
    }

    #[test]
    fn a_pause_ends_what_waits_and_what_begins_to_wait() {
        let turns = Turns::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        turns.pause();
        let waited = turns.wait_for(&runtime, std::future::pending::<()>());
        assert_eq!(waited.unwrap_err().code, "sync.paused");
        turns.go_on();
        assert_eq!(turns.wait_for(&runtime, async { 7 }).unwrap(), 7);
    }

    #[test]
    fn whoever_is_far_behind_hears_that_it_has_to_read_everything() {
        let turns = Turns::default();
        turns.committed(&view(1));
        turns.committed(&view(2));
        assert_eq!(turns.changed_since(2), (2, Some(Vec::new())));
        assert_eq!(turns.changed_since(1).1.unwrap().len(), 1);
        for _ in 0..=MAX_REMEMBERED {
            turns.committed(&view(3));
        }
        assert_eq!(turns.changed_since(0).1, None);
    }
}
