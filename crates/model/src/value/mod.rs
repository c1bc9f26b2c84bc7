//! What a field holds.

mod date;
mod field_name;
mod serde;

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

pub use date::{Date, DateError};
pub use field_name::{FieldName, FieldNameError, MAX_FIELD_NAME_BYTES};

use crate::RecordId;

/// The value of a field.
///
/// A cleared field holds [`Value::Null`], which is the same as an absent one. `Debug` names the variant only, because
/// values are personal data. Binary serde formats hold its canonical bytes, others an object such as
/// `{"date": "2026-07-01"}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Nothing, or no longer anything.
    Null,
    /// Text in NFC; never empty. Made with [`Value::text`].
    Text(String),
    /// A whole number.
    Int(i64),
    /// A decimal number as an integer, scaled by the pack's scale of the field: 151.5 at scale 1 is 1515.
    Decimal(i64),
    /// A day.
    Date(Date),
    /// Yes or no.
    Bool(bool),
    /// A code of the reference table that the pack names for the field.
    Code(String),
    /// The id of a record of the entity that the pack names for the field.
    Ref(RecordId),
}

impl Value {
    /// Makes a text in NFC; the empty text is [`Value::Null`], so that nothing has two spellings.
    #[must_use]
    pub fn text(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        if text.is_empty() {
            Self::Null
        } else if text.is_ascii() {
            Self::Text(text.to_owned())
        } else {
            Self::Text(text.nfc().collect())
        }
    }

    /// Says whether the value is [`Value::Null`].
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns the variant's name, which is safe to log.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Text(_) => "text",
            Self::Int(_) => "int",
            Self::Decimal(_) => "decimal",
            Self::Date(_) => "date",
            Self::Bool(_) => "bool",
            Self::Code(_) => "code",
            Self::Ref(_) => "ref",
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.kind())
    }
}
