//! `resolve`: decides a conflict; the decision is an ordinary edit and travels with the next approval.

use selaras_model::{FieldName, Value};
use selaras_sync::{OpenConflict, Subject};
use serde::{Deserialize, Serialize};

use crate::command::Done;
use crate::command::edit::DEFAULT_AUTHOR;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::service::{DELETED_FIELD, Open, Service};

/// The arguments of `resolve`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
#[group(id = "decision")]
pub struct Resolve {
    /// The entity.
    pub entity: String,
    /// The id, or a unique beginning of one.
    pub id: String,
    /// The field, or `~deleted`.
    pub field: String,
    /// Keeps one of the values: its number in `conflicts`, or the value itself.
    #[arg(long, value_name = "VALUE", conflicts_with = "value", required_unless_present = "value")]
    pub keep: Option<String>,
    /// Writes another value.
    #[arg(long, value_name = "VALUE")]
    pub value: Option<String>,
    /// The account that types.
    #[arg(long = "as", value_name = "ACCOUNT", default_value = DEFAULT_AUTHOR)]
    pub author: String,
}

impl Resolve {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        open.check_author(&self.author)?;
        open.finish_steps(out)?;
        let key = open.find_record(&self.entity, &self.id)?;
        let conflict = open
            .school()
            .conflicts()?
            .into_iter()
            .find(|conflict| conflict.key == key && self.names(&conflict.subject))
            .ok_or_else(|| Failure::new("conflict.unknown").arg("field", &self.field).arg("id", key.id))?;
        let value = self.decide(open, &conflict)?;
        let step = open.school().resolve(key, &conflict.subject, value, &self.author)?;
        open.apply(step, out)?;
        let title = open.title(&open.record(key)?);
        out.report(Done::new("resolve.done").arg("title", title).arg("field", &self.field).report());
        Ok(Outcome::Done)
    }

    fn names(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Field(field) => **field == *self.field,
            Subject::EditedWhileDeleted => self.field == DELETED_FIELD,
        }
    }

    fn decide(&self, open: &Open, conflict: &OpenConflict) -> Result<Value, Failure> {
        if let Some(text) = &self.value {
            return self.parse(open, conflict, text);
        }
        let keep = self.keep.as_deref().unwrap_or_default();
        let mut candidates = std::iter::once(&conflict.winner).chain(&conflict.others);
        if let Some(kept) = keep.parse::<usize>().ok().and_then(|number| number.checked_sub(1)) {
            // A number that is itself one of the values means the value: people read values, not numbers.
            let is_value = candidates.clone().any(|candidate| self.text(open, &candidate.value) == keep);
            if !is_value && let Some(candidate) = candidates.clone().nth(kept) {
                return Ok(candidate.value.clone());
            }
        }
        candidates
            .find(|candidate| self.text(open, &candidate.value) == keep)
            .map(|candidate| candidate.value.clone())
            .ok_or_else(|| Failure::new("conflict.value").arg("value", keep))
    }

    fn parse(&self, open: &Open, conflict: &OpenConflict, text: &str) -> Result<Value, Failure> {
        match &conflict.subject {
            Subject::Field(_) => {
                let (_, value): (FieldName, Value) = open.parse_value(&self.entity, &self.field, text)?;
                Ok(value)
            }
            Subject::EditedWhileDeleted => match text {
                "ya" | "true" | "1" => Ok(Value::Bool(true)),
                "tidak" | "false" | "0" => Ok(Value::Bool(false)),
                _ => Err(Failure::new("conflict.value").arg("value", text)),
            },
        }
    }

    fn text(&self, open: &Open, value: &Value) -> String {
        open.value_text(&self.entity, &self.field, value)
    }
}
