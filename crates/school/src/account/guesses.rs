//! Wrong guesses of a password or of the kode registrasi, and what they cost.
//!
//! The count is durable before a guess is compared, so that ending the process gives no guess away. The delay after it
//! is measured by the steady clock of the process that owns the store, from its last wrong guess or, where it has seen
//! none, from when it opened the store: the computer's clock may be set by whoever guesses, and a new process begins to
//! wait anew. Time alone never takes a count back; the right password does, or `account unlock`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use selaras_sync::{Batch, Key, ReadStore, Row};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Wrong guesses that cost nothing: people mistype.
const FREE: u32 = 5;
/// The longest delay between two guesses.
const LONGEST: Duration = Duration::from_secs(300);
/// Wrong passwords in a row after which an account is locked.
pub(crate) const LOCKED_AT: u32 = 10;

/// What is guessed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guarded<'a> {
    /// The password of an account; locked after [`LOCKED_AT`] wrong ones.
    Password(&'a str),
    /// The kode registrasi; never locked, because it is what unlocks, and has 60 bits.
    Kode,
}

impl Guarded<'_> {
    fn name(self) -> String {
        match self {
            Guarded::Password(account) => format!("guesses/account/{account}"),
            Guarded::Kode => "guesses/kode".to_owned(),
        }
    }

    fn key(self) -> Key {
        Key::Local(self.name())
    }
}

/// Wrong guesses in a row, as the row keeps them (JSON).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Guesses {
    wrong: u32,
}

impl Guesses {
    /// Reads the count.
    pub(crate) fn load(store: &dyn ReadStore, guarded: Guarded<'_>) -> Result<Guesses, Failure> {
        match store.get(&guarded.key())? {
            None => Ok(Guesses::default()),
            Some(Row::Bytes(bytes)) => serde_json::from_slice(&bytes).map_err(|_| damaged()),
            Some(_) => Err(damaged()),
        }
    }

    /// The batch that counts one more, to be committed before it is compared.
    pub(crate) fn counted(self, guarded: Guarded<'_>) -> Result<Batch, Failure> {
        let more = Guesses { wrong: self.wrong.saturating_add(1) };
        let bytes = serde_json::to_vec(&more).map_err(|_| Failure::new("internal.error").arg("place", "guesses"))?;
        let mut batch = Batch::default();
        batch.put(guarded.key(), Row::Bytes(bytes));
        Ok(batch)
    }

    /// The batch that forgets what was wrong.
    pub(crate) fn forgiven(guarded: Guarded<'_>) -> Batch {
        let mut batch = Batch::default();
        batch.remove(guarded.key());
        batch
    }

    /// Whether nothing but the kode registrasi opens the account.
    pub(crate) fn is_locked(self, guarded: Guarded<'_>) -> bool {
        matches!(guarded, Guarded::Password(_)) && self.wrong >= LOCKED_AT
    }

    /// How many more are compared before the account is locked.
    pub(crate) fn left(self) -> u32 {
        LOCKED_AT.saturating_sub(self.wrong)
    }

    /// How long the next guess has to wait after the last.
    fn delay(self) -> Duration {
        let Some(over) = self.wrong.checked_sub(FREE) else { return Duration::ZERO };
        let seconds = 2_u64.checked_shl(over.min(32)).unwrap_or(u64::MAX);
        Duration::from_secs(seconds).min(LONGEST)
    }
}

fn damaged() -> Failure {
    Failure::new("store.damaged").arg("reason", "guesses row")
}

/// What the owner of the store remembers of the guesses that it saw.
#[derive(Debug)]
pub(crate) struct Watch {
    opened: Instant,
    wrong: BTreeMap<String, Instant>,
}

/// The most names that are remembered; beyond it the wait counts from now for all.
const MAX_WATCHED: usize = 1_000;

impl Default for Watch {
    fn default() -> Watch {
        Watch { opened: Instant::now(), wrong: BTreeMap::new() }
    }
}

impl Watch {
    /// What is left of the delay, or nothing.
    pub(crate) fn wait(&self, guesses: Guesses, guarded: Guarded<'_>) -> Option<Duration> {
        let since = self.wrong.get(&guarded.name()).unwrap_or(&self.opened);
        left(guesses.delay(), since.elapsed())
    }

    /// A wrong guess was made now.
    pub(crate) fn saw_wrong(&mut self, guarded: Guarded<'_>) {
        if self.wrong.len() >= MAX_WATCHED {
            *self = Watch::default();
        }
        self.wrong.insert(guarded.name(), Instant::now());
    }

    /// Lets every delay be over, as if the owner had run for long.
    #[cfg(test)]
    pub(crate) fn pass(&mut self, time: Duration) {
        if let Some(before) = self.opened.checked_sub(time) {
            self.opened = before;
        }
        for since in self.wrong.values_mut() {
            *since = since.checked_sub(time).unwrap_or(*since);
        }
    }
}

fn left(delay: Duration, passed: Duration) -> Option<Duration> {
    delay.checked_sub(passed).filter(|left| !left.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITI: Guarded<'_> = Guarded::Password("siti");

    #[test]
    fn a_few_are_free_then_the_delay_doubles_until_the_account_is_locked() {
        let seconds: Vec<u64> = (0..12).map(|wrong| Guesses { wrong }.delay().as_secs()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128]);
        assert!(!Guesses { wrong: LOCKED_AT - 1 }.is_locked(SITI));
        assert!(Guesses { wrong: LOCKED_AT }.is_locked(SITI));
    }

    #[test]
    fn the_kode_is_never_locked_and_its_delay_has_an_end() {
        for wrong in [LOCKED_AT, 1_000, u32::MAX] {
            assert!(!Guesses { wrong }.is_locked(Guarded::Kode));
            assert_eq!(Guesses { wrong }.delay().min(LONGEST), Guesses { wrong }.delay());
        }
        assert_eq!(Guesses { wrong: u32::MAX }.delay(), LONGEST);
    }

    #[test]
    fn whoever_opens_the_store_anew_waits_anew() {
        let guesses = Guesses { wrong: 7 };
        let mut watch = Watch::default();
        assert!(watch.wait(guesses, SITI).is_some());
        watch.pass(Duration::from_secs(8));
        assert_eq!(watch.wait(guesses, SITI), None);
        watch.saw_wrong(SITI);
        assert!(watch.wait(guesses, SITI).is_some());
        assert_eq!(watch.wait(guesses, Guarded::Password("budi")), None, "another account's delay is its own");
        assert!(Watch::default().wait(guesses, SITI).is_some());
    }
}
