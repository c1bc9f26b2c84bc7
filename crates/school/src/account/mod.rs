//! The school's own accounts: who works here, in which roles, with which password and which head's key.
//!
//! Accounts stay on this computer. The centre judges by the records of teachers and by the keys that were activated
//! there; a role here decides only what this application offers.

mod guesses;
mod head_key;
mod password;
mod source;

pub(crate) use guesses::{Counter, GUESSES, Guarded, Guesses, LOCKED_AT, Watch};
pub(crate) use head_key::{HeadKeyError, SealedKey, fresh_key};
pub(crate) use password::{Hashed, MIN_CHARACTERS, same, weakness};
pub use source::Source;
pub(crate) use source::is_here;

use selaras_model::RecordId;
use selaras_policy::{AccountFacts, AccountState, KeyState};
use selaras_sync::{Batch, Key, Range, ReadStore, Row};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// What an account may be used for here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Operator Sekolah: enters the data.
    Operator,
    /// Kepala Sekolah: approves what is sent.
    #[value(alias = "kepala-sekolah")]
    Head,
    /// Plt Kepala Sekolah: approves what is sent while there is no head.
    #[value(alias = "plt-kepala-sekolah")]
    Plt,
    /// PTK.
    Ptk,
    /// Wali kelas.
    WaliKelas,
    /// Bendahara BOS.
    Bendahara,
}

impl Role {
    /// The role's key in the messages.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Role::Operator => "role.operator",
            Role::Head => "role.head",
            Role::Plt => "role.plt",
            Role::Ptk => "role.ptk",
            Role::WaliKelas => "role.wali-kelas",
            Role::Bendahara => "role.bendahara",
        }
    }

    /// Whether only somebody with a PTK record can have it.
    pub(crate) const fn needs_ptk(self) -> bool {
        match self {
            Role::Head | Role::Plt | Role::Ptk | Role::WaliKelas => true,
            Role::Operator | Role::Bendahara => false,
        }
    }

    /// Whether it approves what is sent.
    pub(crate) const fn approves(self) -> bool {
        matches!(self, Role::Head | Role::Plt)
    }
}

/// An account, as its row keeps it (JSON).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    /// The user's name; also the end of the row's key.
    pub(crate) name: String,
    /// The PTK that this person is.
    pub(crate) ptk: Option<RecordId>,
    /// The roles, sorted.
    pub(crate) roles: Vec<Role>,
    /// The password's hash.
    pub(crate) password: Hashed,
    /// The head's key, once activated.
    pub(crate) key: Option<SealedKey>,
    /// Whether the account may not be used for now (`aktif` of the school's users, turned round).
    #[serde(default)]
    pub(crate) disabled: bool,
}

/// What the rows of all accounts begin with.
pub(crate) const ACCOUNTS: &str = "account/";
/// The longest name of an account, in bytes.
const MAX_NAME: usize = 64;
/// The most accounts of a school.
const MAX_ACCOUNTS: usize = 1_000;

impl Account {
    /// The key of an account's row.
    pub(crate) fn row_key(name: &str) -> Key {
        Key::Local(format!("{ACCOUNTS}{name}"))
    }

    /// Checks a name: letters, digits, `.`, `_`, `-`, `@`, and a letter or digit first, so that it is one word of a
    /// command line that is no option, and one step of an address that leads nowhere else.
    pub(crate) fn check_name(name: &str) -> Result<(), Failure> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
        let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !begins || name.len() > MAX_NAME || !name.chars().all(fits) {
            return Err(Failure::new("account.name").arg("name", name));
        }
        Ok(())
    }

    /// Reads an account.
    pub(crate) fn load(store: &dyn ReadStore, name: &str) -> Result<Option<Account>, Failure> {
        match store.get(&Account::row_key(name))? {
            None => Ok(None),
            Some(row) => Account::decode(&row).map(Some),
        }
    }

    /// Reads an account that has to be there.
    pub(crate) fn find(store: &dyn ReadStore, name: &str) -> Result<Account, Failure> {
        Account::load(store, name)?.ok_or_else(|| Failure::new("account.unknown").arg("name", name))
    }

    /// The account that people take for one of this name: it differs in capitals at most.
    pub(crate) fn alike(store: &dyn ReadStore, name: &str) -> Result<Option<Account>, Failure> {
        Ok(Account::all(store)?.into_iter().find(|known| known.name.eq_ignore_ascii_case(name)))
    }

    /// Reads all accounts in order of their names.
    pub(crate) fn all(store: &dyn ReadStore) -> Result<Vec<Account>, Failure> {
        let mut rows = Vec::new();
        store.scan(&Range::Locals(ACCOUNTS.to_owned()), &mut |_, row| {
            rows.push(row);
            Ok(if rows.len() < MAX_ACCOUNTS { selaras_sync::Flow::Continue } else { selaras_sync::Flow::Stop })
        })?;
        rows.iter().map(Account::decode).collect()
    }

    fn decode(row: &Row) -> Result<Account, Failure> {
        let Row::Bytes(bytes) = row else { return Err(Failure::new("store.damaged").arg("reason", "account row")) };
        serde_json::from_slice(bytes).map_err(|_| Failure::new("store.damaged").arg("reason", "account row"))
    }

    /// The batch that writes this account.
    pub(crate) fn batch(&self) -> Result<Batch, Failure> {
        let bytes = serde_json::to_vec(self).map_err(|_| Failure::new("internal.error").arg("place", "account row"))?;
        let mut batch = Batch::default();
        batch.put(Account::row_key(&self.name), Row::Bytes(bytes));
        Ok(batch)
    }

    /// What entitlement needs to know of the account.
    pub(crate) fn facts(&self) -> AccountFacts {
        let key = self.key.as_ref().filter(|key| Some(key.ptk) == self.ptk);
        AccountFacts {
            account: if self.disabled { AccountState::Disabled } else { AccountState::Active },
            ptk: self.ptk,
            any_role: !self.roles.is_empty(),
            head_role: self.roles.contains(&Role::Head),
            plt_role: self.roles.contains(&Role::Plt),
            key: match key {
                None => KeyState::None,
                Some(key) if key.revoked => KeyState::Revoked,
                Some(_) => KeyState::Active,
            },
        }
    }

    /// Whether somebody may sign in with it: it is not disabled, and has a role.
    pub(crate) fn is_usable(&self) -> bool {
        !self.disabled && !self.roles.is_empty()
    }

    /// Whether one of its roles approves what is sent.
    pub(crate) fn approves(&self) -> bool {
        self.roles.iter().any(|role| role.approves())
    }

    /// The account of a PTK, other than the named one.
    pub(crate) fn of_ptk(store: &dyn ReadStore, ptk: RecordId, but: &str) -> Result<Option<Account>, Failure> {
        let all = Account::all(store)?;
        Ok(all.into_iter().find(|account| account.ptk == Some(ptk) && account.name != but))
    }

    /// Takes a role away; says whether it was there.
    pub(crate) fn remove_role(&mut self, role: Role) -> bool {
        let before = self.roles.len();
        self.roles.retain(|had| *had != role);
        self.roles.len() < before
    }

    /// Adds a role; says whether it was new.
    pub(crate) fn add_role(&mut self, role: Role) -> bool {
        if self.roles.contains(&role) {
            return false;
        }
        self.roles.push(role);
        self.roles.sort_unstable();
        true
    }
}
