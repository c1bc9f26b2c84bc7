//! Wrong guesses of a password or of the kode registrasi, and what they cost.
//!
//! The count is durable before a guess is compared, so that ending the process gives no guess away. The delay after it
//! is measured by the steady clock of the process that owns the store, from its last wrong guess or, where it has seen
//! none, from when it opened the store: the computer's clock may be set by whoever guesses, and a new process begins to
//! wait anew. Time alone never takes a count back; the right password does, or `account unlock`.
//!
//! Each source has counts of its own. One count for all would let a stranger on the school's network close an account,
//! and the sheet with it, to the people who sit at this computer and know the password.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use selaras_sync::{Batch, Flow, Key, Range, ReadStore, Row};
use serde::{Deserialize, Serialize};

use super::Source;
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

/// Other addresses that have a count of their own for one account; all further ones share one. It bounds what somebody
/// can guess who takes one address after another: so many times [`LOCKED_AT`], until somebody with the kode forgives.
const MAX_ADDRESSES: usize = 16;
/// What stands before an address in the name of a row.
const ADDRESS: &str = "at-";

/// The count that a guess adds to: what is guessed at, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counter {
    row: String,
    is_here: bool,
    locks: bool,
}

impl Counter {
    /// The count of a source; beyond [`MAX_ADDRESSES`] the one that all further addresses share.
    pub(crate) fn of(store: &dyn ReadStore, guarded: Guarded<'_>, from: &Source) -> Result<Counter, Failure> {
        let base = guarded.row();
        let row = match from {
            Source::Here => base,
            Source::Account(name) => format!("{base}/by-{name}"),
            Source::Address(address) => {
                let own = format!("{base}/{ADDRESS}{address}");
                let known = rows_under(store, &format!("{base}/{ADDRESS}"))?;
                if known.contains(&own) || known.len() < MAX_ADDRESSES {
                    own
                } else {
                    format!("{base}/{ADDRESS}others")
                }
            }
        };
        Ok(Counter { row, is_here: *from == Source::Here, locks: matches!(guarded, Guarded::Password(_)) })
    }

    fn key(&self) -> Key {
        Key::Local(self.row.clone())
    }
}

impl Guarded<'_> {
    /// The row of this computer's own count, as every version has had it; those of other sources lie under it.
    fn row(self) -> String {
        match self {
            Guarded::Password(account) => format!("{GUESSES}account/{account}"),
            Guarded::Kode => format!("{GUESSES}kode"),
        }
    }
}

/// What the rows of all counts begin with.
pub(crate) const GUESSES: &str = "guesses/";
/// Counts of one account that are read: of all accounts signed in elsewhere, and of addresses.
const MAX_ROWS: usize = 2_000;

fn rows_under(store: &dyn ReadStore, prefix: &str) -> Result<Vec<String>, Failure> {
    let mut rows = Vec::new();
    store.scan(&Range::Locals(prefix.to_owned()), &mut |key, _| {
        if let Key::Local(name) = key {
            rows.push(name);
        }
        Ok(if rows.len() < MAX_ROWS { Flow::Continue } else { Flow::Stop })
    })?;
    Ok(rows)
}

/// Wrong guesses in a row, as the row keeps them (JSON).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Guesses {
    wrong: u32,
}

impl Guesses {
    /// Reads a count.
    pub(crate) fn load(store: &dyn ReadStore, counter: &Counter) -> Result<Guesses, Failure> {
        Guesses::of_row(store.get(&counter.key())?)
    }

    fn of_row(row: Option<Row>) -> Result<Guesses, Failure> {
        match row {
            None => Ok(Guesses::default()),
            Some(Row::Bytes(bytes)) => serde_json::from_slice(&bytes).map_err(|_| damaged()),
            Some(_) => Err(damaged()),
        }
    }

    /// The batch that counts one more, to be committed before it is compared.
    pub(crate) fn counted(self, counter: &Counter) -> Result<Batch, Failure> {
        let more = Guesses { wrong: self.wrong.saturating_add(1) };
        let bytes = serde_json::to_vec(&more).map_err(|_| Failure::new("internal.error").arg("place", "guesses"))?;
        let mut batch = Batch::default();
        batch.put(counter.key(), Row::Bytes(bytes));
        Ok(batch)
    }

    /// The batch that forgets what was wrong from one source. Of the others nothing is forgotten: the right password
    /// here says nothing about who guesses there.
    pub(crate) fn forgiven(counter: &Counter) -> Batch {
        let mut batch = Batch::default();
        batch.remove(counter.key());
        batch
    }

    /// The batch that forgets what was wrong from everywhere.
    pub(crate) fn forgiven_everywhere(store: &dyn ReadStore, guarded: Guarded<'_>) -> Result<Batch, Failure> {
        let mut batch = Batch::default();
        batch.remove(Key::Local(guarded.row()));
        for row in rows_under(store, &format!("{}/", guarded.row()))? {
            batch.remove(Key::Local(row));
        }
        Ok(batch)
    }

    /// Whether an account is locked for somebody: here, or elsewhere.
    pub(crate) fn locked_anywhere(store: &dyn ReadStore, account: &str) -> Result<bool, Failure> {
        let row = Guarded::Password(account).row();
        let mut rows = rows_under(store, &format!("{row}/"))?;
        rows.push(row);
        for row in rows {
            if Guesses::of_row(store.get(&Key::Local(row))?)?.wrong >= LOCKED_AT {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether nothing but the kode registrasi opens the account to this source.
    pub(crate) fn is_locked(self, counter: &Counter) -> bool {
        counter.locks && self.wrong >= LOCKED_AT
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
    /// From when those wait who are elsewhere and are not remembered.
    elsewhere: Instant,
    wrong: BTreeMap<String, (Instant, IsHere)>,
}

type IsHere = bool;

/// The most counts that are remembered; beyond it those of other computers are forgotten, and their wait begins anew.
const MAX_WATCHED: usize = 1_000;

impl Default for Watch {
    fn default() -> Watch {
        let now = Instant::now();
        Watch { opened: now, elsewhere: now, wrong: BTreeMap::new() }
    }
}

impl Watch {
    /// What is left of the delay, or nothing.
    pub(crate) fn wait(&self, guesses: Guesses, counter: &Counter) -> Option<Duration> {
        let unknown = if counter.is_here { self.opened } else { self.elsewhere };
        let since = self.wrong.get(&counter.row).map_or(unknown, |(at, _)| *at);
        left(guesses.delay(), since.elapsed())
    }

    /// A wrong guess was made now.
    pub(crate) fn saw_wrong(&mut self, counter: &Counter) {
        if self.wrong.len() >= MAX_WATCHED {
            // Whoever floods this from elsewhere lets nobody at this computer wait.
            self.wrong.retain(|_, (_, is_here)| *is_here);
            self.elsewhere = Instant::now();
        }
        self.wrong.insert(counter.row.clone(), (Instant::now(), counter.is_here));
    }

    /// Lets every delay be over, as if the owner had run for long.
    #[cfg(test)]
    pub(crate) fn pass(&mut self, time: Duration) {
        let others = self.wrong.values_mut().map(|(at, _)| at);
        for since in others.chain([&mut self.opened, &mut self.elsewhere]) {
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

    fn counter(of: &str, is_here: bool, locks: bool) -> Counter {
        Counter { row: format!("{GUESSES}{of}"), is_here, locks }
    }

    fn siti() -> Counter {
        counter("account/siti", true, true)
    }

    #[test]
    fn a_few_are_free_then_the_delay_doubles_until_the_account_is_locked() {
        let seconds: Vec<u64> = (0..12).map(|wrong| Guesses { wrong }.delay().as_secs()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128]);
        assert!(!Guesses { wrong: LOCKED_AT - 1 }.is_locked(&siti()));
        assert!(Guesses { wrong: LOCKED_AT }.is_locked(&siti()));
    }

    #[test]
    fn the_kode_is_never_locked_and_its_delay_has_an_end() {
        for wrong in [LOCKED_AT, 1_000, u32::MAX] {
            assert!(!Guesses { wrong }.is_locked(&counter("kode", true, false)));
            assert_eq!(Guesses { wrong }.delay().min(LONGEST), Guesses { wrong }.delay());
        }
        assert_eq!(Guesses { wrong: u32::MAX }.delay(), LONGEST);
    }

    #[test]
    fn whoever_opens_the_store_anew_waits_anew() {
        let guesses = Guesses { wrong: 7 };
        let mut watch = Watch::default();
        assert!(watch.wait(guesses, &siti()).is_some());
        watch.pass(Duration::from_secs(8));
        assert_eq!(watch.wait(guesses, &siti()), None);
        watch.saw_wrong(&siti());
        assert!(watch.wait(guesses, &siti()).is_some());
        let budi = counter("account/budi", true, true);
        assert_eq!(watch.wait(guesses, &budi), None, "another account's delay is its own");
        assert!(Watch::default().wait(guesses, &siti()).is_some());
    }

    /// More guesses from elsewhere than are remembered: only those who are elsewhere wait for them.
    #[test]
    fn whoever_floods_the_memory_of_guesses_lets_nobody_at_this_computer_wait() {
        let guesses = Guesses { wrong: 7 };
        let mut watch = Watch::default();
        watch.pass(Duration::from_secs(3_600));
        for number in 0..=MAX_WATCHED {
            watch.saw_wrong(&counter(&format!("account/siti/at-{number}"), false, true));
        }
        assert_eq!(watch.wait(guesses, &siti()), None);
        assert!(watch.wait(guesses, &counter("account/siti/at-0", false, true)).is_some());
    }
}
