//! `edit`: changes fields of a record; durable when it says so.

use selaras_model::{Fields, RecordKey};
use selaras_sync::TypedEdit;
use serde::{Deserialize, Serialize};

use crate::command::Done;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::service::{Open, Service};

/// The arguments of `edit`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Edit {
    /// The entity.
    pub entity: String,
    /// The id, or a unique beginning of one.
    pub id: String,
    /// What to write; nothing behind the sign clears the field.
    #[arg(required = true, value_name = "FIELD=VALUE")]
    pub fields: Vec<String>,
    /// The account that types.
    #[arg(long = "as", value_name = "ACCOUNT", default_value = DEFAULT_AUTHOR)]
    pub author: String,
}

/// Who typed, when nobody was named.
pub(super) const DEFAULT_AUTHOR: &str = "operator";

impl Edit {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        open.check_author(&self.author)?;
        open.finish_steps(out)?;
        let key = open.find_record(&self.entity, &self.id)?;
        let fields = open.parse_assignments(&self.entity, &self.fields)?;
        save(open, TypedEdit { key, fields, deleted: None }, &self.author, "edit.saved", out)
    }
}

/// Makes one edit durable and says so.
pub(super) fn save(
    open: &mut Open,
    edit: TypedEdit,
    author: &str,
    key: &'static str,
    out: &mut dyn Output,
) -> Result<Outcome, Failure> {
    let record: RecordKey = edit.key;
    let before = open.known_record(record)?;
    let step = open.school().edit(&[edit], author)?;
    open.apply(step, out)?;
    // Of a record that was never sent nothing is left when it is deleted.
    let known = open.known_record(record)?.or(before);
    let title = known.map_or_else(|| record.id.to_string(), |known| open.title(&known));
    let done = match key {
        "edit.saved" => Done::new("edit.saved"),
        "edit.created" => Done::new("edit.created"),
        "edit.deleted" => Done::new("edit.deleted"),
        _ => Done::new("edit.undeleted"),
    };
    out.report(done.arg("title", title).arg("id", record.id).report());
    Ok(Outcome::Done)
}

/// An edit of the deleted flag alone.
pub(super) fn flag(key: RecordKey, deleted: bool) -> TypedEdit {
    TypedEdit { key, fields: Fields::new(), deleted: Some(deleted) }
}
