//! Whose turn it is at an upload: the newest request's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use selaras_model::{BundleId, Npsn};
use tokio::sync::{OwnedMutexGuard, watch};

/// How long the one before may take to bring what it has to the disk.
const PATIENCE: Duration = Duration::from_secs(15);
/// Uploads whose turns are kept before unused ones are dropped.
const IDLE: usize = 4_096;

type Place = (Npsn, BundleId);

struct Slot {
    lock: Arc<tokio::sync::Mutex<()>>,
    newest: watch::Sender<u64>,
}

#[derive(Default)]
pub(super) struct Turns(Mutex<BTreeMap<Place, Arc<Slot>>>);

/// A turn at an upload; given back when dropped.
pub(crate) struct Turn {
    number: u64,
    newest: watch::Receiver<u64>,
    _guard: OwnedMutexGuard<()>,
    // Kept, so that the slot is not dropped as unused.
    _slot: Arc<Slot>,
}

impl Turns {
    /// Gives a turn, in the order of asking; none where those before take too long. One that a newer request has overtaken
    /// while it waited gets its turn as well, and is told at once: what lies here of it already is worth taking.
    pub(super) async fn take(&self, place: Place) -> Option<Turn> {
        let slot = self.slot(place);
        let mut number = 0;
        slot.newest.send_modify(|newest| {
            *newest += 1;
            number = *newest;
        });
        let newest = slot.newest.subscribe();
        let guard = tokio::time::timeout(PATIENCE, Arc::clone(&slot.lock).lock_owned()).await.ok()?;
        Some(Turn { number, newest, _guard: guard, _slot: slot })
    }

    fn slot(&self, place: Place) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= IDLE {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        let new = || Arc::new(Slot { lock: Arc::default(), newest: watch::Sender::new(0) });
        Arc::clone(slots.entry(place).or_insert_with(new))
    }
}

impl Turn {
    /// Ends when a newer request wants the turn.
    pub(crate) async fn superseded(&mut self) {
        let number = self.number;
        if self.newest.wait_for(|newest| *newest > number).await.is_err() {
            // The slot lives as long as this turn, so this is never reached; nobody would end the turn then.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn place() -> Place {
        ("99999999".parse().unwrap(), BundleId::from_bytes([1; 32]))
    }

    #[tokio::test]
    async fn a_newer_request_ends_the_older_ones_turn_and_waits_for_it() {
        let turns = Arc::new(Turns::default());
        let mut first = turns.take(place()).await.unwrap();
        let second = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { turns.take(place()).await.is_some() }
        });
        first.superseded().await;
        assert!(!second.is_finished(), "what the first has is not on the disk yet");
        drop(first);
        assert!(second.await.unwrap());
    }

    #[tokio::test]
    async fn one_that_was_overtaken_while_it_waited_is_told_so_when_it_gets_its_turn() {
        let turns = Arc::new(Turns::default());
        let mut first = turns.take(place()).await.unwrap();
        let spawn = || {
            let turns = Arc::clone(&turns);
            tokio::spawn(async move {
                let mut turn = turns.take(place()).await.unwrap();
                let overtaken = tokio::select! { biased; () = turn.superseded() => true, () = async {} => false };
                (turn.number, overtaken)
            })
        };
        let older = spawn();
        first.superseded().await;
        let seen = *first.newest.borrow();
        let newer = spawn();
        first.newest.wait_for(|newest| *newest > seen).await.unwrap();
        drop(first);
        assert_eq!((older.await.unwrap(), newer.await.unwrap()), ((2, true), (3, false)));
    }

    #[tokio::test]
    async fn other_uploads_go_on_meanwhile() {
        let turns = Turns::default();
        let _first = turns.take(place()).await.unwrap();
        let other = ("99999999".parse().unwrap(), BundleId::from_bytes([2; 32]));
        assert!(turns.take(other).await.is_some());
    }
}
