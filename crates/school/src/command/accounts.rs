//! What `account list` reports.

use selaras_policy::Entitlement;
use serde::{Deserialize, Serialize};

use crate::account::{Account as Row, Role};
use crate::catalogue::Words;
use crate::failure::Failure;
use crate::page::Page;
use crate::service::Open;

/// The accounts of the school.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountsReport {
    /// In order of their names.
    pub accounts: Vec<AccountLine>,
}

/// An account in brief.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountLine {
    /// The name.
    pub name: String,
    /// The person's PTK record.
    pub ptk: Option<String>,
    /// The person's name in that record.
    pub title: Option<String>,
    /// The roles.
    pub roles: Vec<Role>,
    /// Whether a head's key was activated.
    pub key: bool,
    /// Whether the account may approve now.
    pub may_approve: bool,
    /// Whether it may not be used for now.
    pub disabled: bool,
    /// Whether it is locked after too many wrong passwords.
    pub locked: bool,
}

impl AccountsReport {
    pub(crate) fn new(open: &Open) -> Result<AccountsReport, Failure> {
        let mut accounts = Vec::new();
        for account in Row::all(open.store())? {
            let entitlement = open.entitlement(&account)?;
            accounts.push(AccountLine {
                title: account.ptk.map(|id| open.title_of("ptk", id)).transpose()?,
                ptk: account.ptk.map(|id| id.to_string()),
                key: account.key.is_some(),
                may_approve: matches!(entitlement, Entitlement::May(_)),
                disabled: account.disabled,
                locked: open.is_locked(&account.name)?,
                name: account.name,
                roles: account.roles,
            });
        }
        Ok(AccountsReport { accounts })
    }

    pub(super) fn show(&self, words: Words, page: &mut Page) {
        if self.accounts.is_empty() {
            page.plain(words.say("account.none"));
        }
        let rows: Vec<Vec<String>> = self
            .accounts
            .iter()
            .map(|account| {
                let roles: Vec<&str> = account.roles.iter().map(|role| words.say_or(role.key(), "?")).collect();
                let may = match account {
                    AccountLine { disabled: true, .. } => words.say("account.disabled-line"),
                    AccountLine { locked: true, .. } => words.say("account.locked-line"),
                    AccountLine { may_approve: true, .. } => words.say("account.may"),
                    _ => "",
                };
                vec![
                    account.name.clone(),
                    account.title.clone().unwrap_or_else(|| "-".to_owned()),
                    if roles.is_empty() { "-".to_owned() } else { roles.join(", ") },
                    may.to_owned(),
                ]
            })
            .collect();
        page.table(&rows);
    }
}
