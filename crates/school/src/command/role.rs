//! `role add`, `role remove`: what an account may be used for here.

use serde::{Deserialize, Serialize};

use crate::account::{Account, Role as Name};
use crate::command::Done;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::secret::Secret;
use crate::service::{Open, Service};

/// The commands about roles.
#[derive(Debug, Clone, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Gives an account a role.
    Add(Change),
    /// Takes a role away from an account.
    Remove(Change),
}

/// The arguments of `role add` and `role remove`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Change {
    /// The account.
    pub account: String,
    /// The role.
    pub role: Name,
    /// The kode registrasi.
    #[arg(skip)]
    pub kode: Secret,
}

impl Role {
    pub(super) fn kode(&mut self) -> &mut Secret {
        let (Role::Add(change) | Role::Remove(change)) = self;
        &mut change.kode
    }

    /// The kode is checked against the hash that `init` kept, so that roles can be given without a line. For the head
    /// that is no more than a convenience: the centre checks the kode again when the head's key is activated.
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let (Role::Add(change) | Role::Remove(change)) = self;
        let open = service.open_store()?;
        let mut account = Account::find(open.store(), &change.account)?;
        open.check_kode(&change.kode, &out.from())?;
        let (changed, done, otherwise) = match self {
            Role::Add(_) => {
                fits(open, &account, change.role)?;
                (account.add_role(change.role), Done::new("role.added"), Done::new("role.had"))
            }
            Role::Remove(_) => (account.remove_role(change.role), Done::new("role.removed"), Done::new("role.had-not")),
        };
        if changed {
            open.commit(&account.batch()?)?;
        }
        let role = crate::catalogue::Words(out.lang()).say_or(change.role.key(), "?");
        let done = if changed { done } else { otherwise };
        out.report(done.arg("name", &change.account).arg("role", role).report());
        Ok(Outcome::Done)
    }
}

/// Fails where the records do not bear a role. That of a head is given before the Dinas has assigned one too: `status`
/// says what lacks, and nothing is approved until then.
fn fits(open: &Open, account: &Account, role: Name) -> Result<(), Failure> {
    match account.ptk {
        None if role.needs_ptk() => Err(Failure::new("role.no-ptk").arg("name", &account.name)),
        Some(ptk) if role == Name::WaliKelas && !open.has_class(ptk)? => {
            Err(Failure::new("role.no-class").arg("name", &account.name))
        }
        _ => Ok(()),
    }
}
