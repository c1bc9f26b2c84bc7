//! A field's value as an automerge scalar, and back.
//!
//! Text, whole numbers, yes/no, null and dates have scalars of their own (a date is a timestamp that counts days).
//! Decimals, codes and references are bytes with a tag in front, so that no two kinds of value ever look alike.

use automerge::{ScalarValue, ScalarValueRef, ValueRef};
use selaras_model::{Date, RecordId, Value};

use crate::MergeError;

const DECIMAL: u8 = b'd';
const CODE: u8 = b'c';
const REFERENCE: u8 = b'r';

pub(crate) fn encode(value: &Value) -> ScalarValue {
    match value {
        Value::Null => ScalarValue::Null,
        Value::Text(text) => ScalarValue::Str(text.as_str().into()),
        Value::Int(int) => ScalarValue::Int(*int),
        Value::Decimal(scaled) => tagged(DECIMAL, &scaled.to_be_bytes()),
        Value::Date(date) => ScalarValue::Timestamp(i64::from(date.days_since_epoch())),
        Value::Bool(bool) => ScalarValue::Boolean(*bool),
        Value::Code(code) => tagged(CODE, code.as_bytes()),
        Value::Ref(id) => tagged(REFERENCE, id.as_bytes()),
    }
}

pub(crate) fn decode(value: &ValueRef<'_>) -> Result<Value, MergeError> {
    let ValueRef::Scalar(scalar) = value else {
        return Err(MergeError::Damaged("a field holds an object"));
    };
    match scalar {
        ScalarValueRef::Null => Ok(Value::Null),
        ScalarValueRef::Str(text) => Ok(Value::text(text)),
        ScalarValueRef::Int(int) => Ok(Value::Int(*int)),
        ScalarValueRef::Boolean(bool) => Ok(Value::Bool(*bool)),
        ScalarValueRef::Timestamp(days) => date(*days),
        ScalarValueRef::Bytes(bytes) => untagged(bytes),
        ScalarValueRef::Uint(_)
        | ScalarValueRef::F64(_)
        | ScalarValueRef::Counter(_)
        | ScalarValueRef::Unknown { .. } => Err(MergeError::Damaged("a field holds a scalar that no value has")),
    }
}

fn tagged(tag: u8, payload: &[u8]) -> ScalarValue {
    let mut bytes = Vec::with_capacity(1 + payload.len());
    bytes.push(tag);
    bytes.extend_from_slice(payload);
    ScalarValue::Bytes(bytes)
}

fn untagged(bytes: &[u8]) -> Result<Value, MergeError> {
    let value = match bytes.split_first() {
        Some((&DECIMAL, payload)) => payload.try_into().ok().map(|bytes| Value::Decimal(i64::from_be_bytes(bytes))),
        Some((&CODE, payload)) => std::str::from_utf8(payload).ok().map(|code| Value::Code(code.to_owned())),
        Some((&REFERENCE, payload)) => payload.try_into().ok().map(|bytes| Value::Ref(RecordId::from_bytes(bytes))),
        _ => None,
    };
    value.ok_or(MergeError::Damaged("a field holds bytes that no value has"))
}

fn date(days: i64) -> Result<Value, MergeError> {
    let date = i32::try_from(days).ok().and_then(|days| Date::from_days(days).ok());
    date.map(Value::Date).ok_or(MergeError::Damaged("a field holds a date outside the calendar"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    #[test]
    fn every_kind_of_value_comes_back_as_it_was() {
        let values = [
            Value::Null,
            Value::text("Bandung"),
            Value::Int(i64::MIN),
            Value::Decimal(-1515),
            Value::Date(Date::MIN),
            Value::Date(Date::MAX),
            Value::Bool(false),
            Value::Code("x".into()),
            Value::Ref(RecordId::from_bytes([9; 16])),
        ];
        for value in values {
            let scalar: ScalarValueRef<'_> = encode(&value).into();
            assert_eq!(decode(&ValueRef::Scalar(scalar)).unwrap(), value);
        }
    }

    #[test]
    fn scalars_that_no_value_has_are_damage() {
        for scalar in [
            ScalarValue::Uint(1),
            ScalarValue::F64(1.0),
            ScalarValue::counter(1),
            ScalarValue::Timestamp(i64::MAX),
            ScalarValue::Timestamp(3_000_000),
            ScalarValue::Bytes(vec![]),
            ScalarValue::Bytes(b"d123".to_vec()),
            ScalarValue::Bytes(b"r123".to_vec()),
            ScalarValue::Bytes(vec![CODE, 0xff]),
            ScalarValue::Bytes(b"z".to_vec()),
        ] {
            assert!(matches!(decode(&ValueRef::Scalar(scalar.into())), Err(MergeError::Damaged(_))));
        }
    }
}
