//! Who may do what at this computer, carried over a restore: accounts with their passwords, roles and keys, the kode
//! registrasi's hash, and the counts of wrong guesses.
//!
//! A backup is brought back by whoever has the file and its passphrase. Authority is not among what it brings: what was
//! taken from somebody since stays taken, and guessing does not begin anew. Where there is no present authority to carry
//! over, the kode registrasi stands for it.

use selaras_sync::{Batch, Flow, Key, Range, ReadStore, Row};

use super::{KODE_ROW, Open, Service};
use crate::account::{ACCOUNTS, GUESSES, Source};
use crate::failure::Failure;
use crate::secret::Secret;

/// Rows of one commit: accounts are some two thousand bytes each.
const ROWS_AT_ONCE: usize = 200;
/// Rows that are carried over: all accounts, and what was guessed at each from a dozen sources.
const MAX_ROWS: usize = 20_000;

/// The rows of the present store that say who may do what.
pub(super) struct Authority {
    rows: Vec<(Key, Row)>,
    has_accounts: bool,
}

/// What lets a backup come back with accounts.
pub(super) enum Permit<'a> {
    /// The present ones, which take the place of the backup's.
    Present(Authority),
    /// The kode registrasi, still to be compared with the hash in the backup.
    Kode(&'a Secret),
}

impl Service {
    /// What a restore brings accounts back by.
    ///
    /// # Errors
    /// `restore.kode` where nothing but the kode registrasi could let it, and it was not given; as [`Open::check_kode`].
    pub(super) fn permit<'a>(&mut self, kode: &'a Secret, from: &Source) -> Result<Permit<'a>, Failure> {
        let present = self.open.as_ref().and_then(|open| match open.authority() {
            Ok(authority) => Some(authority),
            Err(failure) => {
                tracing::warn!(code = failure.code, "the present accounts cannot be read");
                None
            }
        });
        if let Some(authority) = present.as_ref().filter(|authority| !authority.has_accounts)
            && !kode.is_empty()
            && authority.has_kode()
            && let Some(open) = &mut self.open
        {
            open.check_kode(kode, from)?;
            // Read again: what was guessed before the right one is forgiven.
            return Ok(Permit::Present(open.authority()?));
        }
        match present {
            Some(authority) if authority.has_accounts => Ok(Permit::Present(authority)),
            _ if kode.is_empty() => Err(Failure::new("restore.kode")),
            _ => Ok(Permit::Kode(kode)),
        }
    }
}

impl Authority {
    fn has_kode(&self) -> bool {
        self.rows.iter().any(|(key, _)| matches!(key, Key::Local(name) if name == KODE_ROW))
    }
}

impl Open {
    /// Reads who may do what here.
    fn authority(&self) -> Result<Authority, Failure> {
        let mut rows = rows_under(self.store(), ACCOUNTS)?;
        let has_accounts = !rows.is_empty();
        rows.extend(rows_under(self.store(), GUESSES)?);
        let kode = Key::Local(KODE_ROW.to_owned());
        rows.extend(self.store().get(&kode)?.map(|row| (kode, row)));
        Ok(Authority { rows, has_accounts })
    }

    /// Lets the accounts of a store that was just read from a backup count: with the present ones in their place, or
    /// because the kode is right.
    pub(super) fn permitted(&self, permit: Permit<'_>) -> Result<(), Failure> {
        match permit {
            Permit::Kode(kode) if self.kode()?.fits(kode)? => Ok(()),
            Permit::Kode(_) => Err(Failure::new("role.kode")),
            Permit::Present(authority) => self.replace_authority(&authority),
        }
    }

    fn replace_authority(&self, authority: &Authority) -> Result<(), Failure> {
        let mut gone: Vec<Key> = rows_under(self.store(), GUESSES)?.into_iter().map(|(key, _)| key).collect();
        if authority.has_accounts {
            gone.extend(rows_under(self.store(), ACCOUNTS)?.into_iter().map(|(key, _)| key));
        }
        for keys in gone.chunks(ROWS_AT_ONCE) {
            let mut batch = Batch::default();
            keys.iter().for_each(|key| batch.remove(key.clone()));
            self.commit(&batch)?;
        }
        for rows in authority.rows.chunks(ROWS_AT_ONCE) {
            let mut batch = Batch::default();
            rows.iter().for_each(|(key, row)| batch.put(key.clone(), row.clone()));
            self.commit(&batch)?;
        }
        Ok(())
    }
}

fn rows_under(store: &dyn ReadStore, prefix: &str) -> Result<Vec<(Key, Row)>, Failure> {
    let mut rows = Vec::new();
    store.scan(&Range::Locals(prefix.to_owned()), &mut |key, row| {
        rows.push((key, row));
        Ok(if rows.len() < MAX_ROWS { Flow::Continue } else { Flow::Stop })
    })?;
    Ok(rows)
}
