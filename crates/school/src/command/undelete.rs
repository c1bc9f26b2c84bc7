//! `undelete`: takes a deletion back.

use serde::{Deserialize, Serialize};

use crate::command::edit::{DEFAULT_AUTHOR, flag, save};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::service::Service;

/// The arguments of `undelete`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Undelete {
    /// The entity.
    pub entity: String,
    /// The id, or a unique beginning of one.
    pub id: String,
    /// The account that types.
    #[arg(long = "as", value_name = "ACCOUNT", default_value = DEFAULT_AUTHOR)]
    pub author: String,
}

impl Undelete {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        open.check_author(&self.author)?;
        open.finish_steps(out)?;
        let key = open.find_record(&self.entity, &self.id)?;
        save(open, flag(key, false), &self.author, "edit.undeleted", out)
    }
}
