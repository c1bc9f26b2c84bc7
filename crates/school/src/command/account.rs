//! `account add`, `passwd`, `reset`, `link`, `unlock`, `disable`, `enable`, `list`.

use selaras_model::RecordId;
use serde::{Deserialize, Serialize};

use crate::account::{Account as Row, Hashed, Source, weakness};
use crate::command::accounts::AccountsReport;
use crate::command::{Done, Report, Wanted};
use crate::config::PasswordCost;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
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
    /// Sets a password in place of one that was forgotten.
    Reset(Reset),
    /// Links an account to the PTK that the person is.
    Link(Link),
    /// Forgets the wrong passwords of a locked account.
    Unlock(Named),
    /// Lets an account no longer be used.
    Disable(Named),
    /// Lets a disabled account be used again.
    Enable(Named),
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

/// The arguments of `account reset`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Reset {
    /// The account's name.
    pub name: String,
    /// The kode registrasi.
    #[arg(skip)]
    pub kode: Secret,
    /// The password to be set.
    #[arg(skip)]
    pub new_password: Secret,
}

/// The arguments of `account link`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Link {
    /// The account's name.
    pub name: String,
    /// The PTK that this person is: an id or a unique beginning of one.
    #[arg(long, value_name = "ID")]
    pub ptk: String,
    /// The kode registrasi.
    #[arg(skip)]
    pub kode: Secret,
}

/// An account, and the kode registrasi that changing it needs.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Named {
    /// The account's name.
    pub name: String,
    /// The kode registrasi.
    #[arg(skip)]
    pub kode: Secret,
}

impl Account {
    pub(super) fn secrets(&mut self) -> Vec<(Wanted, &mut Secret)> {
        match self {
            Account::Add(command) => vec![(Wanted::NewPassword, &mut command.password)],
            Account::Passwd(command) => {
                vec![(Wanted::Password, &mut command.password), (Wanted::NewPassword, &mut command.new_password)]
            }
            Account::Reset(command) => {
                vec![(Wanted::Kode, &mut command.kode), (Wanted::NewPassword, &mut command.new_password)]
            }
            Account::Link(command) => vec![(Wanted::Kode, &mut command.kode)],
            Account::Unlock(command) | Account::Disable(command) | Account::Enable(command) => {
                vec![(Wanted::Kode, &mut command.kode)]
            }
            Account::List => Vec::new(),
        }
    }

    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let cost = service.config().password;
        let from = out.from();
        let open = service.open_store()?;
        let done = match self {
            Account::Add(command) => command.run(open, cost)?,
            Account::Passwd(command) => command.run(open, cost, &from)?,
            Account::Reset(command) => command.run(open, cost, &from)?,
            Account::Link(command) => command.run(open, &from)?,
            Account::Unlock(command) => {
                let account = command.opened(open, &from)?;
                open.forgive(&account.name)?;
                Done::new("account.unlocked").arg("name", &account.name)
            }
            Account::Disable(command) => {
                command.disable(open, true, &from)?;
                Done::new("account.is-disabled").arg("name", &command.name)
            }
            Account::Enable(command) => {
                command.disable(open, false, &from)?;
                Done::new("account.is-enabled").arg("name", &command.name)
            }
            Account::List => {
                out.report(Report::Accounts(AccountsReport::new(open)?));
                return Ok(Outcome::Done);
            }
        };
        out.report(done.report());
        Ok(Outcome::Done)
    }
}

impl Add {
    fn run(&self, open: &mut Open, cost: PasswordCost) -> Result<Done, Failure> {
        Row::check_name(&self.name)?;
        if let Some(known) = Row::alike(open.store(), &self.name)? {
            return Err(Failure::new("account.exists").arg("name", known.name));
        }
        check_password(open, &self.password, &self.name)?;
        let ptk = self.ptk.as_deref().map(|text| free_ptk(open, text, &self.name)).transpose()?;
        let password = Hashed::new(&self.password, cost)?;
        let name = self.name.clone();
        let account = Row { name, ptk, roles: Vec::new(), password, key: None, disabled: false };
        open.commit(&account.batch()?)?;
        Ok(Done::new("account.added").arg("name", &self.name))
    }
}

impl Passwd {
    fn run(&self, open: &mut Open, cost: PasswordCost, from: &Source) -> Result<Done, Failure> {
        let mut account = open.authenticate(&self.name, &self.password, from)?;
        if self.new_password == self.password {
            return Err(Failure::new("password.same"));
        }
        check_password(open, &self.new_password, &self.name)?;
        if let Some(key) = &account.key {
            account.key = Some(key.reseal(&account.name, &self.password, &self.new_password, cost)?);
        }
        account.password = Hashed::new(&self.new_password, cost)?;
        open.commit(&account.batch()?)?;
        Ok(Done::new("account.passwd").arg("name", &self.name))
    }
}

impl Reset {
    /// The head's key was sealed under the forgotten password, so nobody can open it any more: it goes.
    fn run(&self, open: &mut Open, cost: PasswordCost, from: &Source) -> Result<Done, Failure> {
        let mut account = Row::find(open.store(), &self.name)?;
        open.check_kode(&self.kode, from)?;
        check_password(open, &self.new_password, &self.name)?;
        account.key = None;
        account.password = Hashed::new(&self.new_password, cost)?;
        open.commit(&account.batch()?)?;
        open.forgive(&self.name)?;
        Ok(Done::new("account.reset").arg("name", &self.name))
    }
}

impl Link {
    /// A key stays its PTK's: an account of somebody else does not approve with it.
    fn run(&self, open: &mut Open, from: &Source) -> Result<Done, Failure> {
        let mut account = Row::find(open.store(), &self.name)?;
        open.check_kode(&self.kode, from)?;
        let ptk = free_ptk(open, &self.ptk, &self.name)?;
        account.ptk = Some(ptk);
        account.key = account.key.filter(|key| key.ptk == ptk);
        open.commit(&account.batch()?)?;
        let title = open.title_of("ptk", ptk)?;
        Ok(Done::new("account.linked").arg("name", &self.name).arg("title", title))
    }
}

impl Named {
    /// The account, once the kode was right.
    fn opened(&self, open: &mut Open, from: &Source) -> Result<Row, Failure> {
        let account = Row::find(open.store(), &self.name)?;
        open.check_kode(&self.kode, from)?;
        Ok(account)
    }

    fn disable(&self, open: &mut Open, disabled: bool, from: &Source) -> Result<(), Failure> {
        let account = Row { disabled, ..self.opened(open, from)? };
        open.commit(&account.batch()?)
    }
}

/// The PTK of a text, which is there, not deleted, and nobody else's account: one PTK has one account.
fn free_ptk(open: &Open, text: &str, name: &str) -> Result<RecordId, Failure> {
    let key = open.find_record("ptk", text)?;
    if open.record(key)?.deleted {
        return Err(Failure::new("account.ptk-deleted").arg("id", key.id));
    }
    match Row::of_ptk(open.store(), key.id, name)? {
        Some(other) => Err(Failure::new("account.ptk-taken").arg("id", key.id).arg("name", other.name)),
        None => Ok(key.id),
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
