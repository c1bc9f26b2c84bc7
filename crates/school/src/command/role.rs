//! `role add`: what an account may be used for here.

use selaras_sync::{Key, ReadStore, Row};
use serde::{Deserialize, Serialize};

use crate::account::{Account, Hashed, Role as Name};
use crate::command::Done;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::secret::Secret;
use crate::service::{KODE_ROW, Service};

/// The commands about roles.
#[derive(Debug, Clone, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Gives an account a role.
    Add(Add),
}

/// The arguments of `role add`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Add {
    /// The account.
    pub account: String,
    /// The role.
    pub role: Name,
    /// The kode registrasi.
    #[arg(skip)]
    pub kode: Secret,
}

impl Role {
    /// The kode is checked against the hash that `init` kept, so that roles can be given without a line. For the head
    /// that is no more than a convenience: the centre checks the kode again when the head's key is activated.
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let Role::Add(command) = self;
        let open = service.open_store()?;
        let mut account = Account::find(open.store(), &command.account)?;
        if !kode(open.store())?.fits(&command.kode)? {
            return Err(Failure::new("role.kode"));
        }
        if command.role == Name::Head && account.ptk.is_none() {
            return Err(Failure::new("role.no-ptk").arg("name", &command.account));
        }
        let words = crate::catalogue::Words(out.lang());
        let role = words.say_or(command.role.key(), "?");
        let done = if account.add_role(command.role) {
            open.commit(&account.batch()?)?;
            Done::new("role.added")
        } else {
            Done::new("role.had")
        };
        out.report(done.arg("name", &command.account).arg("role", role).report());
        Ok(Outcome::Done)
    }
}

fn kode(store: &dyn ReadStore) -> Result<Hashed, Failure> {
    let damaged = || Failure::new("store.damaged").arg("reason", "kode row");
    let Some(Row::Bytes(bytes)) = store.get(&Key::Local(KODE_ROW.to_owned()))? else { return Err(damaged()) };
    serde_json::from_slice(&bytes).map_err(|_| damaged())
}
