//! What has to be known to do something: an account's password, the kode registrasi. Guessing is counted and slowed.

use selaras_sync::{Key, Row};

use super::{Account, KODE_ROW, Open};
use crate::account::{Guarded, Guesses, Hashed, LOCKED_AT};
use crate::failure::Failure;
use crate::secret::Secret;

impl Open {
    /// Gives an account to whoever knows its password.
    pub(crate) fn authenticate(&mut self, name: &str, password: &Secret) -> Result<Account, Failure> {
        let account = Account::find(self.store(), name)?;
        if account.disabled {
            return Err(Failure::new("account.disabled").arg("name", name));
        }
        let guarded = Guarded::Password(name);
        if self.guess(guarded, |_| account.password.fits(password))? {
            return Ok(account);
        }
        let left = Guesses::load(self.store(), guarded)?.left();
        Err(match left {
            0 => locked(name),
            left => Failure::new("account.password").arg("name", name).arg("left", left),
        })
    }

    /// Checks the kode registrasi against the hash that `init` kept, so that it serves without a line.
    pub(crate) fn check_kode(&mut self, kode: &Secret) -> Result<(), Failure> {
        let fits = self.guess(Guarded::Kode, |open| open.kode()?.fits(kode))?;
        if fits { Ok(()) } else { Err(Failure::new("role.kode")) }
    }

    /// Forgets the wrong passwords of an account.
    pub(crate) fn forgive(&mut self, name: &str) -> Result<(), Failure> {
        self.commit(&Guesses::forgiven(Guarded::Password(name)))
    }

    /// Whether an account is locked.
    pub(crate) fn is_locked(&self, name: &str) -> Result<bool, Failure> {
        let guarded = Guarded::Password(name);
        Ok(Guesses::load(self.store(), guarded)?.is_locked(guarded))
    }

    /// Compares, unless it is too early; what is compared has been counted as wrong until it was right.
    fn guess(
        &mut self,
        guarded: Guarded<'_>,
        fits: impl FnOnce(&Open) -> Result<bool, Failure>,
    ) -> Result<bool, Failure> {
        let guesses = Guesses::load(self.store(), guarded)?;
        if guesses.is_locked(guarded)
            && let Guarded::Password(name) = guarded
        {
            return Err(locked(name));
        }
        if let Some(wait) = self.watch.wait(guesses, guarded) {
            let failure = match guarded {
                Guarded::Password(name) => Failure::new("account.wait").arg("name", name),
                Guarded::Kode => Failure::new("kode.wait"),
            };
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            return Err(failure.arg("seconds", seconds));
        }
        self.commit(&guesses.counted(guarded)?)?;
        let fits = fits(self)?;
        if fits {
            self.commit(&Guesses::forgiven(guarded))?;
        } else {
            self.watch.saw_wrong(guarded);
            tracing::warn!("a wrong password or kode registrasi");
        }
        Ok(fits)
    }

    fn kode(&self) -> Result<Hashed, Failure> {
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
