//! `head activate`: makes the head's key and has the centre enrol it.

use selaras_policy::Entitlement;
use serde::{Deserialize, Serialize};

use crate::account::{SealedKey, fresh_key};
use crate::command::Done;
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
        let Head::Activate(command) = self;
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
