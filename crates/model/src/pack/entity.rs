//! Entities and their fields.

use std::collections::BTreeMap;

use super::Label;
use crate::{EntityCode, FieldName, FieldNameError, Fields, Value};

/// Who may create or delete records of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// The school alone.
    School,
    /// The centre alone.
    Centre,
    /// Either.
    Both,
}

impl Right {
    /// Says whether the school has the right.
    #[must_use]
    pub const fn school(self) -> bool {
        matches!(self, Self::School | Self::Both)
    }
}

/// Who may edit a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldOwner {
    /// The school.
    School,
    /// The centre.
    Centre,
    /// The school, until the record's verification mark is set; then the centre.
    CentreWhenVerified,
}

/// What a field may hold besides null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// Text.
    Text {
        /// Longest text, in characters.
        max: usize,
    },
    /// A whole number.
    Int,
    /// A decimal number.
    Decimal {
        /// Digits after the point.
        scale: u8,
    },
    /// A day.
    Date,
    /// Yes or no.
    Bool,
    /// A code of a reference table.
    Code {
        /// The table's name.
        table: String,
    },
    /// The id of a record.
    Ref {
        /// The entity of that record.
        entity: EntityCode,
    },
}

impl FieldKind {
    /// Says whether a value has the type of the field; null always has. Whether a code or a record exists is a matter
    /// for the rulebook.
    #[must_use]
    pub fn admits(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text { max }, Value::Text(text)) => text.chars().nth(*max).is_none(),
            (_, Value::Null)
            | (Self::Int, Value::Int(_))
            | (Self::Decimal { .. }, Value::Decimal(_))
            | (Self::Date, Value::Date(_))
            | (Self::Bool, Value::Bool(_))
            | (Self::Code { .. }, Value::Code(_))
            | (Self::Ref { .. }, Value::Ref(_)) => true,
            _ => false,
        }
    }
}

/// A field of an entity.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Field {
    /// The field's name.
    pub name: FieldName,
    /// What it may hold.
    pub kind: FieldKind,
    /// What people read.
    pub label: Label,
    /// Whether records can be found by the field's value; true for every reference.
    pub indexed: bool,
    /// Who may edit it.
    pub owner: FieldOwner,
    /// Whether only the centre may set it even in the bundle that creates the record.
    pub centre_only: bool,
    /// Values that only the centre may set or take away.
    pub centre_only_values: Vec<Value>,
}

/// The condition under which a whole row is the centre's.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CentreIf {
    /// The code field that it reads.
    pub field: FieldName,
    /// The values that make the row the centre's.
    pub values: Vec<Value>,
}

impl CentreIf {
    /// Says whether a row with these fields is the centre's.
    #[must_use]
    pub fn holds(&self, fields: &Fields) -> bool {
        fields.get(&self.field).is_some_and(|value| self.values.contains(value))
    }
}

/// A kind of record.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Entity {
    /// Its stable number.
    pub code: EntityCode,
    /// Its name.
    pub name: String,
    /// Position of its module in [`crate::Pack::modules`].
    pub module: usize,
    /// What people read.
    pub label: Label,
    /// Who may create records.
    pub create: Right,
    /// Who may delete and restore records.
    pub delete: Right,
    /// The bool field by which the centre marks a record as verified.
    pub verified: Option<FieldName>,
    /// The condition under which a whole row is the centre's.
    pub centre_if: Option<CentreIf>,
    pub(super) title: Option<FieldName>,
    pub(super) fields: Vec<Field>,
    pub(super) by_name: BTreeMap<FieldName, usize>,
}

impl Entity {
    /// Returns a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.by_name.get(name).and_then(|at| self.fields.get(*at))
    }

    /// Returns the fields in the order of the pack.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Returns the field that a record is shown by.
    #[must_use]
    pub fn title(&self) -> Option<&Field> {
        self.title.as_deref().and_then(|name| self.field(name))
    }

    /// Returns the pack's own copy of a field's name, or a new one for a field that the pack does not know.
    ///
    /// # Errors
    /// Refuses what cannot be a name.
    pub fn intern(&self, name: &str) -> Result<FieldName, FieldNameError> {
        self.field(name).map_or_else(|| name.parse(), |field| Ok(field.name.clone()))
    }

    /// Says whether a row with these fields is wholly the centre's.
    #[must_use]
    pub fn is_centres(&self, fields: &Fields) -> bool {
        self.centre_if.as_ref().is_some_and(|condition| condition.holds(fields))
    }

    /// Says whether the centre has verified the record with these fields.
    #[must_use]
    pub fn is_verified(&self, fields: &Fields) -> bool {
        self.verified.as_ref().is_some_and(|mark| fields.get(mark) == Some(&Value::Bool(true)))
    }
}
