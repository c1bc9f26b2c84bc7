//! `new`: makes a record under a fresh id.

use selaras_model::{RecordId, RecordKey};
use selaras_sync::TypedEdit;
use serde::{Deserialize, Serialize};

use crate::command::edit::{DEFAULT_AUTHOR, save};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::service::Service;

/// The arguments of `new`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct New {
    /// The entity.
    pub entity: String,
    /// What to write.
    #[arg(required = true, value_name = "FIELD=VALUE")]
    pub fields: Vec<String>,
    /// The account that types.
    #[arg(long = "as", value_name = "ACCOUNT", default_value = DEFAULT_AUTHOR)]
    pub author: String,
}

impl New {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        open.check_author(&self.author)?;
        open.finish_steps(out)?;
        let entity = open.entity(&self.entity)?.code;
        let key = RecordKey { entity, id: RecordId::from_random(crate::env::random()?) };
        let fields = open.parse_assignments(&self.entity, &self.fields)?;
        save(open, TypedEdit { key, fields, deleted: None }, &self.author, "edit.created", out)
    }
}
