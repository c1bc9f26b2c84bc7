//! Accounts of the Dinas and of the centre's own staff: who acts, in which role, on which schools.
//!
//! An account has a token of 256 random bits, so that BLAKE3 over it is enough to keep: nobody guesses it, however fast
//! he hashes. A token begins with its account's name, and what is done with it is done in that name. The operators'
//! token of the data directory belongs to no account; it makes the first one.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use data_encoding::BASE64URL_NOPAD;
use selaras_model::Npsn;
use selaras_storage::SchoolStore;
use selaras_sync::{Batch, Store as _, StoreError};
use selaras_transport::Problem;
use serde::{Deserialize, Serialize};

use super::secrets::random;
use crate::catalogue::problem;
use crate::desk::{rows, stored};

/// Accounts of a centre.
const MAX_ACCOUNTS: usize = 10_000;
/// The longest name; it is the kind of an act in the schools' logs.
const MAX_NAME: usize = 40;
/// Prefixes and schools of one area.
const MAX_AREA: usize = 1_000;
/// Who acts with the operators' token, in the schools' histories.
const ROOT: &str = "pusat";

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StaffRole {
    /// An education office: heads and moves of students, in its area.
    Dinas,
    /// The centre's own staff: everything.
    Centre,
}

/// The schools that an account may act on; the centre's staff need none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Area {
    /// Beginnings of the schools' kode_wilayah.
    #[serde(default)]
    pub(crate) prefixes: Vec<String>,
    /// Schools by number.
    #[serde(default)]
    pub(crate) schools: Vec<Npsn>,
}

impl Area {
    /// Whether a school lies in the area; `place` is its kode_wilayah in the centre's records.
    pub(crate) fn holds(&self, npsn: Npsn, place: Option<&str>) -> bool {
        let within = |place: &str| self.prefixes.iter().any(|prefix| place.trim().starts_with(prefix.as_str()));
        self.schools.contains(&npsn) || place.is_some_and(within)
    }

    /// Whether it is an area that an account may have: some place, and every prefix of digits.
    fn is_sound(&self) -> bool {
        let digits = |prefix: &String| !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        (1..=MAX_AREA).contains(&(self.prefixes.len() + self.schools.len())) && self.prefixes.iter().all(digits)
    }
}

/// An account, as its row keeps it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StaffRow {
    pub(crate) role: StaffRole,
    pub(crate) area: Area,
    /// BLAKE3 of the token.
    token: [u8; 32],
    pub(crate) disabled: bool,
    /// Its token is from before a restore, and nobody has confirmed the account since: it may have been disabled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) unconfirmed: bool,
    /// Seconds since 1970 by the centre's clock.
    pub(crate) made_at: i64,
}

/// Whoever an operator's request comes from.
#[derive(Debug, Clone)]
pub(crate) struct Staff {
    /// The account's name, under which acts are kept.
    pub(crate) name: String,
    pub(crate) role: StaffRole,
    pub(crate) area: Area,
}

impl Staff {
    /// Whoever has the operators' token.
    pub(crate) fn root() -> Self {
        Self { name: ROOT.to_owned(), role: StaffRole::Centre, area: Area::default() }
    }
}

/// All accounts; few, so they are in memory, and the rows are written before.
pub(crate) struct Accounts {
    store: SchoolStore,
    known: Mutex<BTreeMap<String, StaffRow>>,
}

impl Accounts {
    /// Reads all accounts out of the scope of no school.
    pub(crate) fn open(store: SchoolStore) -> Result<Self, StoreError> {
        let known = rows::staff(&store)?.into_iter().collect();
        Ok(Self { store, known: Mutex::new(known) })
    }

    /// Whose token this is; a disabled account's is told as that.
    pub(crate) fn of_token(&self, token: &str) -> Result<Staff, Problem> {
        let wrong = || problem("admin.wrong-token");
        let (name, _) = token.split_once('.').ok_or_else(wrong)?;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let row = known.get(name).ok_or_else(wrong)?;
        // BLAKE3's hashes compare in constant time.
        if blake3::hash(token.as_bytes()) != blake3::Hash::from_bytes(row.token) {
            return Err(wrong());
        }
        if row.disabled {
            return Err(problem("admin.disabled").with("name", name));
        }
        if row.unconfirmed {
            return Err(problem("admin.unconfirmed").with("name", name));
        }
        Ok(Staff { name: name.to_owned(), role: row.role, area: row.area.clone() })
    }

    /// Makes every token void until somebody confirms it: what was disabled or replaced since the backup may be good in it.
    ///
    /// # Errors
    /// As the store gives them.
    pub(crate) fn doubt(store: &SchoolStore) -> Result<(), StoreError> {
        for (name, row) in rows::staff(store)?.into_iter().filter(|(_, row)| !row.disabled) {
            let mut batch = Batch::default();
            rows::put(&mut batch, &rows::staff_key(&name), &StaffRow { unconfirmed: true, ..row })?;
            store.commit(&batch)?;
        }
        Ok(())
    }

    /// Confirms all accounts that wait for it, and gives their names.
    pub(crate) fn confirm(&self) -> Result<Vec<String>, Problem> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting: Vec<_> =
            known.iter().filter(|(_, row)| row.unconfirmed).map(|(name, row)| (name.clone(), row.clone())).collect();
        for (name, row) in &waiting {
            self.keep(&mut known, name, StaffRow { unconfirmed: false, ..row.clone() })?;
        }
        Ok(waiting.into_iter().map(|(name, _)| name).collect())
    }

    /// Makes an account and gives its token, which is shown once.
    pub(crate) fn add(&self, name: &str, role: StaffRole, area: Area, now: i64) -> Result<String, Problem> {
        let fits = |sign: u8| sign.is_ascii_lowercase() || sign.is_ascii_digit() || matches!(sign, b'-' | b'_');
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(fits) || name == ROOT {
            return Err(problem("staff.name").with("name", name));
        }
        if role == StaffRole::Dinas && !area.is_sound() {
            return Err(problem("staff.area"));
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains_key(name) || known.len() >= MAX_ACCOUNTS {
            return Err(problem("staff.exists").with("name", name));
        }
        let token = new_token(name)?;
        let row = StaffRow { role, area, token: hashed(&token), disabled: false, unconfirmed: false, made_at: now };
        self.keep(&mut known, name, row)?;
        tracing::info!(%name, "an account was made");
        Ok(token)
    }

    /// Changes an account.
    pub(crate) fn set_disabled(&self, name: &str, disabled: bool) -> Result<(), Problem> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let row = known.get(name).ok_or_else(|| problem("staff.unknown").with("name", name))?.clone();
        // Whoever enables it knows that it is to act.
        let unconfirmed = row.unconfirmed && disabled;
        self.keep(&mut known, name, StaffRow { disabled, unconfirmed, ..row })
    }

    /// Replaces an account's token; the old one ends at once.
    pub(crate) fn rotate(&self, name: &str) -> Result<String, Problem> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let row = known.get(name).ok_or_else(|| problem("staff.unknown").with("name", name))?.clone();
        let token = new_token(name)?;
        self.keep(&mut known, name, StaffRow { token: hashed(&token), unconfirmed: false, ..row })?;
        Ok(token)
    }

    /// All accounts in order of their names.
    pub(crate) fn all(&self) -> Vec<(String, StaffRow)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|(name, row)| (name.clone(), row.clone())).collect()
    }

    fn keep(&self, known: &mut BTreeMap<String, StaffRow>, name: &str, row: StaffRow) -> Result<(), Problem> {
        let mut batch = Batch::default();
        rows::put(&mut batch, &rows::staff_key(name), &row).map_err(|error| stored(&error))?;
        self.store.commit(&batch).map_err(|error| stored(&error))?;
        known.insert(name.to_owned(), row);
        Ok(())
    }
}

fn new_token(name: &str) -> Result<String, Problem> {
    let bytes = random::<32>().ok_or_else(|| problem("center.failed"))?;
    Ok(format!("{name}.{}", BASE64URL_NOPAD.encode(&bytes)))
}

fn hashed(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn an_area_is_prefixes_and_schools() {
        let npsn = |text: &str| text.parse::<Npsn>().unwrap();
        let area = Area { prefixes: vec!["3273".to_owned()], schools: vec![npsn("99999998")] };
        assert!(area.holds(npsn("99999999"), Some("32730101")));
        assert!(area.holds(npsn("99999998"), None), "named by number, wherever it lies");
        assert!(!area.holds(npsn("99999999"), Some("31730101")));
        assert!(!area.holds(npsn("99999999"), None), "a school without a place is in nobody's area");
    }

    #[test]
    fn an_area_of_nothing_or_of_everything_is_none() {
        for prefixes in [vec![], vec![String::new()], vec!["32x".to_owned()]] {
            assert!(!Area { prefixes, schools: Vec::new() }.is_sound());
        }
        assert!(Area { prefixes: vec!["32".to_owned()], schools: Vec::new() }.is_sound());
    }
}
