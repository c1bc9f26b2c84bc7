//! A small school: a pack, records and strategies that the other files share.

use proptest::prelude::*;
use selaras_model::{ChangeHash, Date, FieldName, Pack, Record, RecordId, RecordKey, Value};

pub(crate) fn pack() -> Pack {
    Pack::from_toml(include_str!("school.toml")).unwrap()
}

pub(crate) fn id(number: u8) -> RecordId {
    RecordId::from_bytes([number; 16])
}

pub(crate) fn name(text: &str) -> FieldName {
    text.parse().unwrap()
}

pub(crate) fn code(text: &str) -> Value {
    Value::Code(text.to_owned())
}

pub(crate) fn record(pack: &Pack, entity: &str, fields: &[(&str, Value)]) -> Record {
    let entity = pack.entity_named(entity).unwrap().code;
    let mut record = Record::new(RecordKey { entity, id: id(1) });
    record.fields = fields.iter().map(|(field, value)| (name(field), value.clone())).collect();
    record
}

pub(crate) fn date() -> impl Strategy<Value = Date> {
    (Date::MIN.days_since_epoch()..=Date::MAX.days_since_epoch()).prop_map(|days| Date::from_days(days).unwrap())
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        "\\PC{0,40}".prop_map(Value::text),
        any::<String>().prop_map(Value::text),
        any::<i64>().prop_map(Value::Int),
        any::<i64>().prop_map(Value::Decimal),
        date().prop_map(Value::Date),
        any::<bool>().prop_map(Value::Bool),
        "[A-Za-z0-9._-]{1,64}".prop_map(Value::Code),
        any::<[u8; 16]>().prop_map(|bytes| Value::Ref(RecordId::from_bytes(bytes))),
    ]
}

pub(crate) fn any_record() -> impl Strategy<Value = Record> {
    let fields = proptest::collection::btree_map("[a-z][a-z0-9_]{0,8}".prop_map(|text| name(&text)), value(), 0..6);
    (any::<[u8; 16]>(), any::<bool>(), fields).prop_map(|(bytes, deleted, fields)| {
        let key = RecordKey { entity: selaras_model::EntityCode(1), id: RecordId::from_bytes(bytes) };
        Record { deleted, fields: fields.into_iter().collect(), ..Record::new(key) }
    })
}

pub(crate) fn heads() -> impl Strategy<Value = Vec<ChangeHash>> {
    proptest::collection::vec(any::<[u8; 32]>().prop_map(ChangeHash::from_bytes), 0..4)
}
