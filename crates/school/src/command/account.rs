//! `account add`, `account passwd`, `account list`.

use selaras_policy::Entitlement;
use selaras_sync::ReadStore;
use serde::{Deserialize, Serialize};

use crate::account::{Account as Row, Hashed, Role, weakness};
use crate::catalogue::Words;
use crate::command::{Done, Report, Wanted};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::Page;
use crate::secret::Secret;
use crate::service::{Open, Service};

/// The commands about accounts.
#[derive(Debug, Clone, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Account {
    /// Makes an account.
    Add(Add),
    /// Changes an account's password.
    Passwd(Passwd),
    /// Lists the accounts.
    List,
}

/// The arguments of `account add`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Add {
    /// The account's name.
    pub name: String,
    /// The PTK that this person is: an id or a unique beginning of one.
    #[arg(long, value_name = "ID")]
    pub ptk: Option<String>,
    /// The password.
    #[arg(skip)]
    pub password: Secret,
}

/// The arguments of `account passwd`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Passwd {
    /// The account's name.
    pub name: String,
    /// The password that holds now.
    #[arg(skip)]
    pub password: Secret,
    /// The password to be set.
    #[arg(skip)]
    pub new_password: Secret,
}

impl Account {
    pub(super) fn secrets(&mut self) -> Vec<(Wanted, &mut Secret)> {
        match self {
            Account::Add(command) => vec![(Wanted::NewPassword, &mut command.password)],
            Account::Passwd(command) => {
                vec![(Wanted::Password, &mut command.password), (Wanted::NewPassword, &mut command.new_password)]
            }
            Account::List => Vec::new(),
        }
    }

    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let cost = service.config().password;
        let open = service.open_store()?;
        match self {
            Account::Add(command) => {
                Row::check_name(&command.name)?;
                if Row::load(open.store(), &command.name)?.is_some() {
                    return Err(Failure::new("account.exists").arg("name", &command.name));
                }
                check_password(open, &command.password, &command.name)?;
                let ptk = command.ptk.as_deref().map(|text| open.find_record("ptk", text)).transpose()?;
                let password = Hashed::new(&command.password, cost)?;
                let ptk = ptk.map(|key| key.id);
                let account = Row { name: command.name.clone(), ptk, roles: Vec::new(), password, key: None };
                open.commit(&account.batch()?)?;
                out.report(Done::new("account.added").arg("name", &command.name).report());
            }
            Account::Passwd(command) => {
                let mut account = Row::find(open.store(), &command.name)?;
                if !account.password.fits(&command.password)? {
                    return Err(Failure::new("account.password").arg("name", &command.name));
                }
                check_password(open, &command.new_password, &command.name)?;
                if let Some(key) = &account.key {
                    let sealed = key.reseal(&account.name, &command.password, &command.new_password, cost)?;
                    account.key = Some(sealed);
                }
                account.password = Hashed::new(&command.new_password, cost)?;
                open.commit(&account.batch()?)?;
                out.report(Done::new("account.passwd").arg("name", &command.name).report());
            }
            Account::List => out.report(Report::Accounts(AccountsReport::new(open)?)),
        }
        Ok(Outcome::Done)
    }
}

fn check_password(open: &Open, password: &Secret, name: &str) -> Result<(), Failure> {
    match weakness(password, &open.npsn().to_string(), name) {
        None => Ok(()),
        Some(weakness) => {
            Err(Failure::new(weakness.code()).arg("least", crate::account::MIN_CHARACTERS).arg("name", name))
        }
    }
}

/// Checks an account's password.
pub(super) fn authenticate(store: &dyn ReadStore, name: &str, password: &Secret) -> Result<Row, Failure> {
    let account = Row::find(store, name)?;
    if account.password.fits(password)? { Ok(account) } else { Err(Failure::new("account.password").arg("name", name)) }
}

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
}

impl AccountsReport {
    fn new(open: &Open) -> Result<AccountsReport, Failure> {
        let mut accounts = Vec::new();
        for account in Row::all(open.store())? {
            let entitlement = open.entitlement(&account)?;
            accounts.push(AccountLine {
                title: account.ptk.map(|id| open.title_of("ptk", id)).transpose()?,
                ptk: account.ptk.map(|id| id.to_string()),
                key: account.key.is_some(),
                may_approve: matches!(entitlement, Entitlement::May(_)),
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
                let may = if account.may_approve { words.say("account.may") } else { "" };
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
