//! The golden vectors of proto/vectors/minting.json: what any implementation must mint.

use selaras_merge::{Document, Edit, head_prefix, mint};
use selaras_model::{Actor, Fields, Value};
use serde_json::Value as Json;

use crate::story::{ENTITY, name, pack, record_id};

fn bytes(json: &Json) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(json.as_str().unwrap().as_bytes()).unwrap()
}

fn fields(json: &Json) -> Fields {
    let fields = json.as_object().unwrap();
    fields.iter().map(|(field, json)| (name(field), serde_json::from_value::<Value>(json.clone()).unwrap())).collect()
}

fn edit(vector: &Json) -> (Actor, Edit) {
    let heads = vector["heads"].as_array().unwrap();
    let heads = heads.iter().map(|head| bytes(head).try_into().unwrap()).collect();
    let edit = Edit { heads, fields: fields(&vector["fields"]), deleted: vector["deleted"].as_bool() };
    (Actor::from_bytes(&bytes(&vector["actor"])).unwrap(), edit)
}

#[test]
fn every_edit_becomes_the_change_on_record() {
    let vectors: Json = serde_json::from_str(include_str!("../../../../proto/vectors/minting.json")).unwrap();
    let mut document: Option<Document> = None;
    for vector in vectors["edits"].as_array().unwrap() {
        let (actor, edit) = edit(vector);
        let (next, minted) = mint(document.as_ref(), &actor, &edit).unwrap();
        assert_eq!(minted.change.to_string(), vector["change"].as_str().unwrap(), "{}", vector["about"]);
        assert_eq!(minted.chunk, bytes(&vector["chunk"]), "{}", vector["about"]);
        document = Some(next);
    }
    let document = document.unwrap();
    let end = &vectors["end"];
    let heads: Vec<_> =
        document.heads().iter().map(|head| data_encoding::HEXLOWER.encode(&head_prefix(head))).collect();
    assert_eq!(Json::from(heads), end["heads"]);
    let resolved = document.resolve(&pack(), ENTITY, record_id()).unwrap();
    assert_eq!(resolved.record.deleted, end["deleted"].as_bool().unwrap());
    assert_eq!(resolved.record.fields, fields(&end["fields"]));
}
