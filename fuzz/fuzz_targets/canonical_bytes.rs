//! Canonical bytes: a value has one encoding, and two records share their bytes only if they are equal.
//!
//! The input is read as values, one after another; they become the fields of two records that differ in one place.

#![no_main]

use libfuzzer_sys::fuzz_target;
use selaras_model::{
    EntityCode, FieldName, Record, RecordId, RecordKey, Value, canonical_bytes, content_hash, decode_value,
    encode_value,
};

const MAX_VALUES: usize = 32;
const ENTITY: &str = "peserta_didik";

fn values(mut rest: &[u8]) -> Vec<Value> {
    let mut values = Vec::new();
    while values.len() < MAX_VALUES && !rest.is_empty() {
        let before = rest;
        let Ok(value) = decode_value(&mut rest) else { break };
        let mut again = Vec::new();
        encode_value(&value, &mut again);
        assert_eq!(before[..before.len() - rest.len()], again, "a value with two encodings");
        values.push(value);
    }
    values
}

fn record(values: &[Value]) -> Record {
    let id = RecordId::from_bytes([1; 16]);
    let mut record = Record::new(RecordKey { entity: EntityCode(1), id });
    for (at, value) in values.iter().enumerate() {
        let name: FieldName = format!("f{at}").parse().expect("a field's name");
        record.fields.insert(name, value.clone());
    }
    record
}

fuzz_target!(|bytes: &[u8]| {
    let Some((at, rest)) = bytes.split_first() else { return };
    let values = values(rest);
    if values.is_empty() {
        return;
    }
    let mut changed = values.clone();
    let at = usize::from(*at) % values.len();
    changed[at] = changed[(at + 1) % values.len()].clone();
    let (one, other) = (record(&values), record(&changed));
    let equal = canonical_bytes(ENTITY, &one) == canonical_bytes(ENTITY, &other);
    assert_eq!(one == other, equal);
    assert_eq!(one == other, content_hash(ENTITY, &one) == content_hash(ENTITY, &other));
});
