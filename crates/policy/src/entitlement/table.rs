//! The table of conditions, as data.

use std::sync::LazyLock;

use selaras_model::{Date, Label, Pack, Record, Value};
use serde::Deserialize;

use crate::error::PolicyError;
use crate::gate::Capacity;
use crate::rendered::Who;

static BUILTIN: LazyLock<Result<Table, String>> = LazyLock::new(|| {
    toml::from_str(include_str!("../../data/conditions.toml")).map_err(|error| error.message().to_owned())
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) capacity: Vec<CapacityRow>,
    pub(super) condition: Vec<Condition>,
    pub(super) local: Vec<LocalCondition>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CapacityRow {
    name: CapacityName,
    pub(super) conditions: Vec<String>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum CapacityName {
    Definitive,
    Plt,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Condition {
    pub(super) id: String,
    pub(super) who: Who,
    pub(super) entity: String,
    pub(super) by: String,
    #[serde(rename = "where")]
    tests: Vec<FieldTest>,
    pub(super) message: Words,
    pub(super) remedy: Words,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LocalCondition {
    pub(super) id: String,
    pub(super) who: Who,
    pub(super) message: Words,
    pub(super) remedy: Words,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    id: String,
    en: String,
}

/// One test of a field; of the options exactly one is given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldTest {
    field: String,
    #[serde(default)]
    is: Vec<String>,
    #[serde(default)]
    empty: bool,
    #[serde(default)]
    active: bool,
    #[serde(default)]
    year: bool,
}

impl From<&Words> for Label {
    fn from(words: &Words) -> Self {
        Self { id: words.id.clone(), en: words.en.clone() }
    }
}

impl CapacityRow {
    pub(super) fn capacity(&self) -> Capacity {
        match self.name {
            CapacityName::Definitive => Capacity::Definitive,
            CapacityName::Plt => Capacity::Plt,
        }
    }
}

impl Table {
    /// Gives the table that is built in.
    pub(super) fn builtin() -> Result<&'static Self, PolicyError> {
        BUILTIN.as_ref().map_err(|what| PolicyError::Data { what: what.clone() })
    }

    pub(super) fn condition(&self, id: &str) -> Result<&Condition, PolicyError> {
        self.condition.iter().find(|condition| condition.id == id).ok_or_else(|| missing(id))
    }

    pub(super) fn local(&self, id: &str) -> Result<&LocalCondition, PolicyError> {
        self.local.iter().find(|condition| condition.id == id).ok_or_else(|| missing(id))
    }
}

fn missing(what: &str) -> PolicyError {
    PolicyError::Data { what: what.to_owned() }
}

impl Condition {
    /// Says whether a record of the entity fulfils every test.
    pub(super) fn holds(&self, record: &Record, pack: &Pack, date: Date) -> bool {
        self.tests.iter().all(|test| test.holds(record.get(&test.field), pack, date))
    }
}

impl FieldTest {
    fn holds(&self, value: &Value, pack: &Pack, date: Date) -> bool {
        if self.empty {
            return *value == Value::Null;
        }
        if self.active {
            return match value {
                Value::Null => true,
                Value::Date(last) => *last >= date,
                _ => false,
            };
        }
        let text = plain(value);
        // A pack whose registrations are not kept by year has the field empty.
        if self.year {
            text.is_none_or(|year| year == pack.school_year())
        } else {
            text.is_some_and(|text| self.is.contains(&text))
        }
    }
}

/// A value as codes are written in the table, whatever type the pack gives the field.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) | Value::Code(text) => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(if *yes { "1" } else { "0" }.to_owned()),
        _ => None,
    }
}
