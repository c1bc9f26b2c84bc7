//! What a school knows of an account beside the records, and which conditions follow from it.

use selaras_model::RecordId;

use super::Unmet;
use super::table::{CapacityRow, Table};
use crate::error::PolicyError;
use crate::gate::Capacity;

/// Whether there is an account, and one that may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// There is none.
    Missing,
    /// There is one that was disabled.
    Disabled,
    /// There is one.
    Active,
}

/// Where a person's signing key stands on this computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Never activated here for this person.
    None,
    /// Enrolled at the centre.
    Active,
    /// Enrolled once; the centre has said that it is no longer good.
    Revoked,
}

/// What the school knows of an account beside the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountFacts {
    /// The account itself.
    pub account: AccountState,
    /// The PTK to whom the account belongs.
    pub ptk: Option<RecordId>,
    /// Whether the account has any role.
    pub any_role: bool,
    /// Whether the account has the role Kepala Sekolah.
    pub head_role: bool,
    /// Whether the account has the role Plt.
    pub plt_role: bool,
    /// The person's key.
    pub key: KeyState,
}

impl AccountFacts {
    /// A head's account that lacks nothing.
    #[must_use]
    pub fn of_head(ptk: RecordId) -> Self {
        Self {
            account: AccountState::Active,
            ptk: Some(ptk),
            any_role: true,
            head_role: true,
            plt_role: false,
            key: KeyState::Active,
        }
    }

    /// A person who has no account.
    #[must_use]
    pub fn without_account(ptk: RecordId) -> Self {
        Self {
            account: AccountState::Missing,
            ptk: Some(ptk),
            any_role: false,
            head_role: false,
            plt_role: false,
            key: KeyState::None,
        }
    }

    /// Whether the account has the role that a capacity demands.
    pub(super) fn has_role(&self, capacity: Capacity) -> bool {
        match capacity {
            Capacity::Definitive => self.head_role,
            Capacity::Plt => self.plt_role,
        }
    }

    /// The account's own conditions that are not met, in the order in which they are; for nobody's capacity either role
    /// serves.
    pub(super) fn lacks(&self, table: &Table, capacity: Option<&CapacityRow>) -> Result<Vec<Unmet>, PolicyError> {
        let mut ids = Vec::new();
        match self.account {
            AccountState::Missing => ids.push("account"),
            AccountState::Disabled => ids.push("account-active"),
            AccountState::Active => {}
        }
        if self.ptk.is_none() {
            ids.push("account-ptk");
        }
        let has_role = capacity.map_or(self.head_role || self.plt_role, |row| self.has_role(row.capacity()));
        if !has_role {
            ids.push(match capacity.map(CapacityRow::capacity) {
                _ if !self.any_role && self.account != AccountState::Missing => "role-none",
                Some(Capacity::Plt) => "plt-role",
                Some(Capacity::Definitive) | None => "head-role",
            });
        }
        match self.key {
            KeyState::None => ids.push("key-activated"),
            KeyState::Revoked => ids.push("key-revoked"),
            KeyState::Active => {}
        }
        let role = capacity.map_or("head", |row| row.role.as_str());
        let ptk = self.ptk.map_or_else(|| "ID".to_owned(), |ptk| ptk.to_string());
        ids.into_iter().map(|id| Ok(Unmet::of_local(table.local(id)?).with("ptk", &ptk).with("role", role))).collect()
    }
}
