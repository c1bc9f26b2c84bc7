//! `approve`: seals what waits and signs it with the head's key, in one step.

use selaras_sync::Order;
use serde::{Deserialize, Serialize};

use crate::command::Done;
use crate::command::account::authenticate;
use crate::command::prepare::some;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::secret::Secret;
use crate::service::Service;

/// The arguments of `approve`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Approve {
    /// The account of the head.
    pub account: String,
    /// Only these modules, separated by commas; what is left behind stays a draft.
    #[arg(long, value_name = "M", value_delimiter = ',')]
    pub modules: Vec<String>,
    /// Its password.
    #[arg(skip)]
    pub password: Secret,
}

impl Approve {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        let account = authenticate(open.store(), &self.account, &self.password)?;
        open.settle(out)?;
        let modules = some(&self.modules);
        if modules.is_none() {
            open.check_gate(&account, out)?;
        }
        let Some(sealed) = &account.key else {
            // The gate named this condition already; without a key there is nothing to sign with.
            return Err(Failure::new("gate.not-entitled").arg("name", &account.name));
        };
        let key = sealed.open(&account.name, &self.password)?;
        let order = Order { modules, facts: &account.facts(), author: &account.name };
        let approved = open.school().approve(&order, &key, sealed.id);
        let approved = match approved {
            Ok(approved) => approved,
            Err(error) => return Err(open.explain(error, &account.name, out)),
        };
        let (bundle, records) = (approved.bundle, approved.records);
        open.apply(approved.step, out)?;
        let short: String = bundle.to_string().chars().take(16).collect();
        out.report(Done::new("approve.done").arg("records", records).arg("bundle", short).report());
        Ok(Outcome::Done)
    }
}
