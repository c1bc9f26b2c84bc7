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
    /// The role that the capacity demands of an account, as it is typed.
    pub(super) role: String,
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
    /// Values of `by` of which the whole school may have one record, whoever the person is.
    #[serde(default)]
    pub(super) alone: Vec<String>,
    #[serde(rename = "where")]
    tests: Vec<FieldTest>,
    pub(super) message: Words,
    pub(super) remedy: Words,
    pub(super) command: String,
    #[serde(default)]
    pub(super) variant: Vec<Variant>,
}

/// Why exactly a condition is not met.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Variant {
    pub(super) id: String,
    /// Only of an account that has the capacity's role.
    #[serde(default)]
    pub(super) role: bool,
    /// Groups of tests; each has to be fulfilled by a record of its own.
    #[serde(rename = "where")]
    groups: Vec<Vec<FieldTest>>,
    /// A date of those records that the texts name.
    pub(super) shows: Option<String>,
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
    pub(super) command: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    id: String,
    en: String,
}

/// One test of a field: by its values or by a state.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldTest {
    field: String,
    #[serde(default)]
    is: Vec<String>,
    state: Option<State>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// Holds nothing.
    Empty,
    /// A last day that is not over, or none.
    Active,
    /// A last day that is over.
    Ended,
    /// This school year, or none: a pack whose registrations are not kept by year has the field empty.
    Year,
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

    /// Finds the variant that says why these records do not meet the condition.
    pub(super) fn why(&self, records: &[Record], has_role: bool, pack: &Pack, date: Date) -> Option<&Variant> {
        self.variant.iter().find(|variant| {
            (has_role || !variant.role)
                && variant.groups.iter().all(|group| records.iter().any(|record| all(group, record, pack, date)))
        })
    }
}

impl Variant {
    /// The latest date that the texts name, of the records that the variant is about.
    pub(super) fn shown(&self, records: &[Record], pack: &Pack, date: Date) -> Option<(&str, Date)> {
        let field = self.shows.as_deref()?;
        let about = |record: &&Record| self.groups.iter().any(|group| all(group, record, pack, date));
        let latest = records.iter().filter(about).filter_map(|record| record.date(field)).max()?;
        Some((field, latest))
    }
}

fn all(tests: &[FieldTest], record: &Record, pack: &Pack, date: Date) -> bool {
    tests.iter().all(|test| test.holds(record.get(&test.field), pack, date))
}

impl FieldTest {
    fn holds(&self, value: &Value, pack: &Pack, date: Date) -> bool {
        match self.state {
            Some(State::Empty) => *value == Value::Null,
            Some(State::Active) => match value {
                Value::Null => true,
                Value::Date(last) => *last >= date,
                _ => false,
            },
            Some(State::Ended) => matches!(value, Value::Date(last) if *last < date),
            Some(State::Year) => plain(value).is_none_or(|year| year == pack.school_year()),
            None => plain(value).is_some_and(|text| self.is.contains(&text)),
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
