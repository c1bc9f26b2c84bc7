//! A record: what people edit and both sides compare.

use std::fmt;

use litemap::LiteMap;

use crate::{Date, EntityCode, FieldName, RecordId, RecordKey, Value};

/// The fields of a record in byte order of their names; an absent field and [`Value::Null`] mean the same.
///
/// One sorted list: a school has a million fields, and the nodes of a tree would take three times as much memory.
pub type Fields = LiteMap<FieldName, Value>;

static NULL: Value = Value::Null;

/// One record of a school.
///
/// Two records are equal when no reader could tell them apart: null fields count as absent. `Debug` hides values.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct Record {
    /// The record's entity.
    pub entity: EntityCode,
    /// The record's id within it.
    pub id: RecordId,
    /// Whether the record is deleted; it keeps its fields and may be restored.
    pub deleted: bool,
    /// The fields.
    pub fields: Fields,
}

impl Record {
    /// Makes a live record without fields.
    #[must_use]
    pub const fn new(key: RecordKey) -> Self {
        Self { entity: key.entity, id: key.id, deleted: false, fields: Fields::new() }
    }

    /// Returns entity and id.
    #[must_use]
    pub const fn key(&self) -> RecordKey {
        RecordKey { entity: self.entity, id: self.id }
    }

    /// Returns a field's value, [`Value::Null`] where it is absent.
    #[must_use]
    pub fn get(&self, field: &str) -> &Value {
        self.fields.get(field).unwrap_or(&NULL)
    }

    /// Returns a field's text, if it holds one.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        if let Value::Text(text) = self.get(field) { Some(text) } else { None }
    }

    /// Returns a field's whole number, if it holds one.
    #[must_use]
    pub fn int(&self, field: &str) -> Option<i64> {
        if let Value::Int(int) = self.get(field) { Some(*int) } else { None }
    }

    /// Returns a field's scaled decimal, if it holds one.
    #[must_use]
    pub fn decimal(&self, field: &str) -> Option<i64> {
        if let Value::Decimal(scaled) = self.get(field) { Some(*scaled) } else { None }
    }

    /// Returns a field's code, if it holds one.
    #[must_use]
    pub fn code(&self, field: &str) -> Option<&str> {
        if let Value::Code(code) = self.get(field) { Some(code) } else { None }
    }

    /// Returns the id that a field refers to, if it holds one.
    #[must_use]
    pub fn reference(&self, field: &str) -> Option<RecordId> {
        if let Value::Ref(id) = self.get(field) { Some(*id) } else { None }
    }

    /// Returns a field's day, if it holds one.
    #[must_use]
    pub fn date(&self, field: &str) -> Option<Date> {
        if let Value::Date(date) = self.get(field) { Some(*date) } else { None }
    }

    /// Returns a field's yes or no, if it holds one.
    #[must_use]
    pub fn bool(&self, field: &str) -> Option<bool> {
        if let Value::Bool(bool) = self.get(field) { Some(*bool) } else { None }
    }

    /// Gives the fields that hold something, in byte order of their names.
    pub fn present(&self) -> impl Iterator<Item = (&FieldName, &Value)> {
        self.fields.iter().filter(|(_, value)| !value.is_null())
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key() && self.deleted == other.deleted && self.present().eq(other.present())
    }
}

impl Eq for Record {}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({}, deleted: {}, fields: ", self.key(), self.deleted)?;
        f.debug_map().entries(self.fields.iter()).finish()?;
        f.write_str(")")
    }
}
