//! Values in serde formats: canonical bytes for machines, one tagged object for people.

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Date, Value};
use crate::{RecordId, decode_value, encode_value};

/// The form that people read: `{"text": ".."}`, `{"date": "2026-07-01"}`, `"null"`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tagged {
    Null,
    Text(String),
    Int(i64),
    Decimal(i64),
    Date(Date),
    Bool(bool),
    Code(String),
    Ref(RecordId),
}

impl From<&Value> for Tagged {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Text(text) => Self::Text(text.clone()),
            Value::Int(int) => Self::Int(*int),
            Value::Decimal(scaled) => Self::Decimal(*scaled),
            Value::Date(date) => Self::Date(*date),
            Value::Bool(bool) => Self::Bool(*bool),
            Value::Code(code) => Self::Code(code.clone()),
            Value::Ref(id) => Self::Ref(*id),
        }
    }
}

impl From<Tagged> for Value {
    fn from(tagged: Tagged) -> Self {
        match tagged {
            Tagged::Null => Self::Null,
            Tagged::Text(text) => Self::text(text),
            Tagged::Int(int) => Self::Int(int),
            Tagged::Decimal(scaled) => Self::Decimal(scaled),
            Tagged::Date(date) => Self::Date(date),
            Tagged::Bool(bool) => Self::Bool(bool),
            Tagged::Code(code) => Self::Code(code),
            Tagged::Ref(id) => Self::Ref(id),
        }
    }
}

fn canonical(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_value(value, &mut bytes);
    bytes
}

/// Reads exactly one value; serde must let nothing in that the canonical form refuses.
fn exact<E: serde::de::Error>(mut bytes: &[u8]) -> Result<Value, E> {
    let value = decode_value(&mut bytes).map_err(E::custom)?;
    if bytes.is_empty() { Ok(value) } else { Err(E::custom("bytes are left over after a value")) }
}

struct Canonical;

impl Visitor<'_> for Canonical {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the canonical bytes of a value")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Value, E> {
        exact(bytes)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            Tagged::from(self).serialize(serializer)
        } else {
            serializer.serialize_bytes(&canonical(self))
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let value = Self::from(Tagged::deserialize(deserializer)?);
            exact(&canonical(&value))
        } else {
            deserializer.deserialize_byte_buf(Canonical)
        }
    }
}
