//! The golden vectors of proto/vectors/model.json, written by another implementation from docs/formats.md.

use selaras_model::{
    Actor, ChangeHash, ContentHash, Digest, Element, EntityCode, ModuleDigest, Pack, Record, RecordKey, Side, Value,
    canonical_bytes, content_hash, decode_value, element, encode_value, root_digest,
};
use serde_json::Value as Json;

use crate::school::name;

fn vectors() -> Json {
    serde_json::from_str(include_str!("../../../../proto/vectors/model.json")).unwrap()
}

fn list(of: &Json, key: &str) -> Vec<Json> {
    let list = of[key].as_array().unwrap().clone();
    assert!(!list.is_empty() || key == "elements" || key == "heads" || key == "modules", "{key}");
    list
}

fn text(of: &Json, key: &str) -> String {
    of[key].as_str().unwrap().to_owned()
}

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn bytes(of: &Json, key: &str) -> Vec<u8> {
    hex(&text(of, key))
}

fn value(json: &Json) -> Value {
    let Some((kind, value)) = json.as_object().and_then(|object| object.iter().next()) else { return Value::Null };
    let text = || value.as_str().unwrap();
    match kind.as_str() {
        "text" => Value::text(text()),
        "int" => Value::Int(value.as_i64().unwrap()),
        "decimal" => Value::Decimal(value.as_i64().unwrap()),
        "date" => Value::Date(text().parse().unwrap()),
        "bool" => Value::Bool(value.as_bool().unwrap()),
        "code" => Value::Code(text().to_owned()),
        "ref" => Value::Ref(text().parse().unwrap()),
        other => panic!("{other}"),
    }
}

#[test]
fn values() {
    for vector in list(&vectors(), "values") {
        let (value, bytes) = (value(&vector["value"]), bytes(&vector, "bytes"));
        let mut encoded = Vec::new();
        encode_value(&value, &mut encoded);
        assert_eq!(encoded, bytes, "{vector}");
        assert_eq!(decode_value(&mut bytes.as_slice()), Ok(value), "{vector}");
    }
}

#[test]
fn refused_values() {
    for vector in list(&vectors(), "refused_values") {
        assert!(decode_value(&mut bytes(&vector, "bytes").as_slice()).is_err(), "{}", vector["why"]);
    }
}

#[test]
fn records() {
    for vector in list(&vectors(), "records") {
        let entity = text(&vector, "entity");
        let key = RecordKey { entity: EntityCode(1), id: text(&vector, "id").parse().unwrap() };
        let mut record = Record::new(key);
        record.deleted = vector["deleted"].as_bool().unwrap();
        let fields = vector["fields"].as_object().unwrap();
        record.fields = fields.iter().map(|(field, json)| (name(field), value(json))).collect();
        let heads: Vec<ChangeHash> =
            list(&vector, "heads").iter().map(|head| head.as_str().unwrap().parse().unwrap()).collect();
        let content: ContentHash = text(&vector, "content").parse().unwrap();
        assert_eq!(canonical_bytes(&entity, &record), bytes(&vector, "canonical"));
        assert_eq!(content_hash(&entity, &record), content);
        let made = element(&entity, record.id, record.deleted, &content, &heads);
        assert_eq!(made.as_bytes().as_slice(), bytes(&vector, "element"));
    }
}

#[test]
fn module_digests() {
    for vector in list(&vectors(), "modules") {
        let mut module = ModuleDigest::default();
        for bytes in list(&vector, "elements") {
            module.add(&Element::from_bytes(hex(bytes.as_str().unwrap()).try_into().unwrap()));
        }
        let stored = module.to_bytes();
        assert_eq!(&stored[..16], bytes(&vector, "lanes_first"));
        assert_eq!(&stored[stored.len() - 16..], bytes(&vector, "lanes_last"));
        assert_eq!(module.digest().to_string(), text(&vector, "digest"));
    }
}

#[test]
fn root_digests() {
    for vector in list(&vectors(), "roots") {
        let modules: Vec<Digest> =
            list(&vector, "modules").iter().map(|digest| digest.as_str().unwrap().parse().unwrap()).collect();
        assert_eq!(root_digest(&modules).to_string(), text(&vector, "digest"));
    }
}

#[test]
fn actors_and_keys() {
    for vector in list(&vectors(), "actors") {
        let actor = Actor {
            side: if text(&vector, "side") == "school" { Side::School } else { Side::Centre },
            school: text(&vector, "school").parse().unwrap(),
            replica: bytes(&vector, "replica").try_into().unwrap(),
            sequence: text(&vector, "sequence").parse().unwrap(),
        };
        assert_eq!(actor.to_bytes().as_slice(), bytes(&vector, "bytes"));
    }
    for vector in list(&vectors(), "record_keys") {
        let entity = EntityCode(u16::try_from(vector["entity"].as_u64().unwrap()).unwrap());
        let key = RecordKey { entity, id: text(&vector, "id").parse().unwrap() };
        assert_eq!(key.to_bytes().as_slice(), bytes(&vector, "bytes"));
    }
}

#[test]
fn packs() {
    for vector in list(&vectors(), "packs") {
        assert_eq!(Pack::from_toml(&text(&vector, "text")).unwrap().hash().to_string(), text(&vector, "hash"));
    }
}
