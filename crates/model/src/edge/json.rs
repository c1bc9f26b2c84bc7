//! JSON lines: one record a line, for imports, exports and the local API.

use std::fmt;

use serde_json::{Map, Value as Json, json};

use super::text::{ValueError, parse_value, render_decimal};
use crate::{EntityCode, FieldKind, FieldName, Pack, Record, RecordId, RecordKey, Value};

/// Significant digits that a JSON number surely keeps on its way through other people's software.
const SAFE_DIGITS: u64 = 1_000_000_000_000_000;

/// One reason why a line of JSON is not a record. It never contains a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    /// The line is not a JSON object.
    #[error("not a JSON object")]
    NotAnObject,
    /// A key besides `entity`, `id`, `deleted` and `fields`.
    #[error("unknown key {0}")]
    UnknownKey(String),
    /// A required key is missing or has the wrong type.
    #[error("`{0}` is missing or has the wrong type")]
    Key(&'static str),
    /// The pack does not know the entity.
    #[error("unknown entity")]
    UnknownEntity,
    /// The entity has no such field.
    #[error("unknown field {0}")]
    UnknownField(String),
    /// A field's value has not its type.
    #[error("field `{field}`: {error}")]
    Value {
        /// The field.
        field: FieldName,
        /// What is wrong with its value.
        error: ValueError,
    },
}

/// Every reason why a line of JSON is not a record; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LineError {
    problems: Vec<LineProblem>,
}

impl LineError {
    /// Returns the reasons.
    #[must_use]
    pub fn problems(&self) -> &[LineProblem] {
        &self.problems
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            write!(f, "{}{problem}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// A line that says something of a record.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordLine {
    /// The record's key and the fields that it names; not deleted, unless it says so.
    pub record: Record,
    /// The deleted flag, where it names one: a line that does not says nothing of whether the record lives.
    pub deleted: Option<bool>,
}

impl fmt::Debug for RecordLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordLine").field("record", &self.record.key()).field("deleted", &self.deleted).finish()
    }
}

/// Reads a whole record, as [`record_to_json`] writes it: one that is not said to be deleted is not.
///
/// # Errors
/// As [`line_from_json`].
pub fn record_from_json(pack: &Pack, line: &Json) -> Result<Record, LineError> {
    line_from_json(pack, line).map(|line| line.record)
}

/// Reads `{"entity": "peserta_didik", "id": "<uuid>", "fields": {..}, "deleted": true}`; `deleted` may be absent.
///
/// A date is an ISO string, a reference a UUID string, a decimal a number or a string, a code a string or a whole
/// number. Nulls are kept as [`Value::Null`], so that a line can also clear fields.
///
/// # Errors
/// Returns every problem of the line; fields that the pack does not know are refused.
pub fn line_from_json(pack: &Pack, line: &Json) -> Result<RecordLine, LineError> {
    let mut problems = Vec::new();
    let Some(line) = line.as_object() else {
        return Err(LineError { problems: vec![LineProblem::NotAnObject] });
    };
    let unknown = line.keys().filter(|key| !["entity", "id", "fields", "deleted"].contains(&key.as_str()));
    problems.extend(unknown.map(|key| LineProblem::UnknownKey(shown(key))));
    let entity = line.get("entity").and_then(Json::as_str);
    let id = line.get("id").and_then(Json::as_str).and_then(|id| id.parse::<RecordId>().ok());
    let fields = line.get("fields").and_then(Json::as_object);
    let deleted = line.get("deleted").map(Json::as_bool);
    let missing = [
        ("entity", entity.is_none()),
        ("id", id.is_none()),
        ("fields", fields.is_none()),
        ("deleted", deleted == Some(None)),
    ];
    problems.extend(missing.iter().filter(|(_, missing)| *missing).map(|(key, _)| LineProblem::Key(key)));
    let entity = entity.and_then(|name| {
        let known = pack.entity_named(name);
        problems.extend(known.is_none().then_some(LineProblem::UnknownEntity));
        known
    });
    let (Some(entity), Some(id), Some(fields), false) = (entity, id, fields, deleted == Some(None)) else {
        return Err(LineError { problems });
    };
    let deleted = deleted.flatten();
    let mut record = Record::new(RecordKey { entity: entity.code, id });
    record.deleted = deleted.unwrap_or(false);
    for (name, value) in fields {
        let Some(field) = entity.field(name) else {
            problems.push(LineProblem::UnknownField(shown(name)));
            continue;
        };
        match parse_json(&field.kind, value) {
            Ok(value) => drop(record.fields.insert(field.name.clone(), value)),
            Err(error) => problems.push(LineProblem::Value { field: field.name.clone(), error }),
        }
    }
    if problems.is_empty() { Ok(RecordLine { record, deleted }) } else { Err(LineError { problems }) }
}

/// Writes a record as [`record_from_json`] reads it.
///
/// An entity that the pack does not know is written as its number, and a decimal of an unknown field as its scaled
/// integer; such a line can be looked at, but not read again.
#[must_use]
pub fn record_to_json(pack: &Pack, record: &Record) -> Json {
    let fields: Map<String, Json> = record
        .fields
        .iter()
        .map(|(name, value)| (name.to_string(), pack.render_field_json(record.entity, name, value)))
        .collect();
    let entity =
        pack.entity(record.entity).map_or_else(|| json!(record.entity.0), |entity| Json::String(entity.name.clone()));
    let mut line = Map::new();
    line.insert("entity".to_owned(), entity);
    line.insert("id".to_owned(), Json::String(record.id.to_string()));
    if record.deleted {
        line.insert("deleted".to_owned(), Json::Bool(true));
    }
    line.insert("fields".to_owned(), Json::Object(fields));
    Json::Object(line)
}

impl Pack {
    /// Reads one field's value from JSON, in the forms of [`record_from_json`].
    ///
    /// # Errors
    /// Refuses what has not the field's type.
    pub fn parse_field_json(&self, entity: EntityCode, field: &str, value: &Json) -> Result<Value, ValueError> {
        parse_json(self.kind(entity, field)?, value)
    }

    /// Writes one field's value as JSON, in the forms of [`record_to_json`].
    #[must_use]
    pub fn render_field_json(&self, entity: EntityCode, field: &str, value: &Value) -> Json {
        match value {
            Value::Null => Json::Null,
            Value::Bool(bool) => Json::Bool(*bool),
            Value::Int(int) => json!(int),
            Value::Decimal(scaled) => match self.kind(entity, field) {
                Ok(FieldKind::Decimal { scale }) => decimal_to_json(*scaled, *scale),
                _ => json!(scaled),
            },
            Value::Text(text) | Value::Code(text) => Json::String(text.clone()),
            Value::Date(date) => Json::String(date.to_string()),
            Value::Ref(id) => Json::String(id.to_string()),
        }
    }
}

fn parse_json(kind: &FieldKind, value: &Json) -> Result<Value, ValueError> {
    match (kind, value) {
        (_, Json::Null) => Ok(Value::Null),
        (_, Json::String(text)) => parse_value(kind, text),
        (FieldKind::Bool, Json::Bool(bool)) => Ok(Value::Bool(*bool)),
        (
            FieldKind::Int | FieldKind::Decimal { .. } | FieldKind::Code { .. } | FieldKind::Bool,
            Json::Number(number),
        ) => {
            // A code is never a fraction: 1.0 is not the code 1.
            if matches!(kind, FieldKind::Code { .. }) && !number.is_u64() {
                return Err(ValueError::Code);
            }
            parse_value(kind, &number.to_string())
        }
        _ => Err(match kind {
            FieldKind::Text { .. } => ValueError::Text,
            FieldKind::Int => ValueError::Int,
            FieldKind::Decimal { scale } => ValueError::Decimal { scale: *scale },
            FieldKind::Date => ValueError::Date,
            FieldKind::Bool => ValueError::Bool,
            FieldKind::Code { .. } => ValueError::Code,
            FieldKind::Ref { .. } => ValueError::Ref,
        }),
    }
}

fn decimal_to_json(scaled: i64, scale: u8) -> Json {
    let text = render_decimal(scaled, scale);
    let number = if scaled.unsigned_abs() < SAFE_DIGITS { text.parse().ok() } else { None };
    number.map_or(Json::String(text), Json::Number)
}

/// Shows a key only if it looks like a name: a misplaced value must not get into an error.
fn shown(key: &str) -> String {
    if FieldName::is_valid(key) { format!("`{key}`") } else { "(not a name)".to_owned() }
}
