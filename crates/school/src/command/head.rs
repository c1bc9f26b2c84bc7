//! `head activate`: makes the head's key and has the centre enrol it. `head healed` is in a file of its own.

use selaras_policy::Entitlement;
use serde::{Deserialize, Serialize};

use crate::account::{SealedKey, fresh_key};
use crate::command::healed::Healed;
use crate::command::{Done, Wanted};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::secret::Secret;
use crate::service::Service;

/// The commands about the head's key.
#[derive(Debug, Clone, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Head {
    /// Activates the head's key for an account.
    Activate(Activate),
    /// Lists the computers that a restored centre waits for, or says that some will not come.
    Healed(Healed),
}

/// The arguments of `head activate`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Activate {
    /// The account.
    pub account: String,
    /// The kode registrasi.
    #[arg(skip)]
    pub kode: Secret,
    /// The account's password, under which the key is kept.
    #[arg(skip)]
    pub password: Secret,
}

impl Head {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        match self {
            Head::Activate(command) => command.run(service, out),
            Head::Healed(command) => command.run(service, out),
        }
    }

    /// The places for secrets.
    pub(super) fn secrets(&mut self) -> Vec<(Wanted, &mut Secret)> {
        match self {
            Head::Activate(command) => {
                vec![(Wanted::Kode, &mut command.kode), (Wanted::Password, &mut command.password)]
            }
            Head::Healed(command) if command.signs() => vec![(Wanted::Password, &mut command.password)],
            Head::Healed(_) => Vec::new(),
        }
    }
}

impl Activate {
    fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let command = self;
        let cost = service.config().password;
        let open = service.open_store()?;
        let mut account = open.authenticate(&command.account, &command.password, &out.from())?;
        let Some(ptk) = account.ptk else {
            return Err(Failure::new("role.no-ptk").arg("name", &command.account));
        };
        // Everything but the key itself has to hold already: the centre would say the same, with a request more.
        if let Entitlement::MayNot(unmet) = open.person_entitlement(ptk)? {
            let reasons = unmet.iter().map(|unmet| crate::service::unmet_reason(unmet, out.lang()));
            return Err(Failure::new("gate.not-entitled").arg("name", &command.account).because(reasons));
        }
        let key = fresh_key()?;
        let (id, enrolled) = open.enrol(&command.kode, ptk, key.verifying_key(), out)?;
        let sealed = SealedKey::seal(&key, id, ptk, &account.name, &command.password, cost)?;
        account.key = Some(sealed.certified(&enrolled));
        open.commit(&account.batch()?)?;
        let title = open.title_of("ptk", ptk)?;
        out.report(Done::new("head.activated").arg("name", &command.account).arg("title", title).report());
        Ok(Outcome::Done)
    }
}
