//! What has to be known to do something: an account's password, the kode registrasi. Guessing is counted and slowed.

use std::sync::{MutexGuard, PoisonError};

use selaras_sync::{Key, Row};

use super::{Account, KODE_ROW, Open};
use crate::account::{Counter, Guarded, Guesses, Hashed, LOCKED_AT, Source, Watch};
use crate::failure::Failure;
use crate::secret::Secret;

impl Open {
    /// Gives an account to whoever knows its password.
    pub(crate) fn authenticate(&mut self, name: &str, password: &Secret, from: &Source) -> Result<Account, Failure> {
        let account = Account::find(self.store(), name)?;
        if account.disabled {
            return Err(Failure::new("account.disabled").arg("name", name));
        }
        let guarded = Guarded::Password(name);
        let counter = Counter::of(self.store(), guarded, from)?;
        if self.guess(guarded, &counter, |_| account.password.fits(password))? {
            return Ok(account);
        }
        let left = Guesses::load(self.store(), &counter)?.left();
        Err(match left {
            0 => locked(name),
            left => Failure::new("account.password").arg("name", name).arg("left", left),
        })
    }

    /// Checks the kode registrasi against the hash that `init` kept, so that it serves without a line.
    pub(crate) fn check_kode(&mut self, kode: &Secret, from: &Source) -> Result<(), Failure> {
        let counter = Counter::of(self.store(), Guarded::Kode, from)?;
        let fits = self.guess(Guarded::Kode, &counter, |open| open.kode()?.fits(kode))?;
        if fits { Ok(()) } else { Err(Failure::new("role.kode")) }
    }

    /// Forgets the wrong passwords of an account, wherever they came from.
    pub(crate) fn forgive(&mut self, name: &str) -> Result<(), Failure> {
        self.commit(&Guesses::forgiven_everywhere(self.store(), Guarded::Password(name))?)
    }

    /// Whether an account is locked for somebody.
    pub(crate) fn is_locked(&self, name: &str) -> Result<bool, Failure> {
        Guesses::locked_anywhere(self.store(), name)
    }

    /// Compares, unless it is too early; what is compared has been counted as wrong until it was right.
    fn guess(
        &mut self,
        guarded: Guarded<'_>,
        counter: &Counter,
        fits: impl FnOnce(&Open) -> Result<bool, Failure>,
    ) -> Result<bool, Failure> {
        let guesses = Guesses::load(self.store(), counter)?;
        if guesses.is_locked(counter)
            && let Guarded::Password(name) = guarded
        {
            return Err(locked(name));
        }
        if let Some(wait) = self.watch().wait(guesses, counter) {
            let failure = match guarded {
                Guarded::Password(name) => Failure::new("account.wait").arg("name", name),
                Guarded::Kode => Failure::new("kode.wait"),
            };
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            return Err(failure.arg("seconds", seconds));
        }
        self.commit(&guesses.counted(counter)?)?;
        let fits = fits(self)?;
        if fits {
            self.commit(&Guesses::forgiven(counter))?;
        } else {
            self.watch().saw_wrong(counter);
            tracing::warn!("a wrong password or kode registrasi");
        }
        Ok(fits)
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        // A moment is written whole or not at all: a thread that panicked left nothing half done.
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The hash of the kode registrasi that `init` kept.
    pub(super) fn kode(&self) -> Result<Hashed, Failure> {
        let damaged = || Failure::new("store.damaged").arg("reason", "kode row");
        let row = self.store().get(&Key::Local(KODE_ROW.to_owned()))?;
        let Some(Row::Bytes(bytes)) = row else { return Err(damaged()) };
        serde_json::from_slice(&bytes).map_err(|_| damaged())
    }
}

fn locked(name: &str) -> Failure {
    Failure::new("account.locked").arg("name", name).arg("wrong", LOCKED_AT)
}

#[cfg(test)]
mod tests;
