//! Personal data does not reach a `Debug`, an error or a log.

use selaras_model::{Value, record_from_json};
use serde_json::json;

use crate::school::{code, name, pack, record};

const SECRETS: [&str; 3] = ["Rahasia", "3299990101100001", "98765"];

fn assert_hidden(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn debug_of_values_and_records_names_types_only() {
    let pack = pack();
    let fields = [("nama", Value::text("Rahasia")), ("anak_keberapa", Value::Int(98765)), ("agama_id", code("98765"))];
    let record = record(&pack, "peserta_didik", &fields);
    assert_hidden(&format!("{record:?} {record:#?} {:?} {:?}", record.fields, record.get("nama")));
    assert!(format!("{record:?}").contains("nama: <text>"));
}

#[test]
fn errors_of_a_line_hide_values_and_keys_that_are_no_names() {
    let line = json!({
        "entity": "peserta_didik", "id": "0190a000-0000-7000-8000-000000000001", "Rahasia": 1,
        "fields": { "nama": 98765, "tinggi_badan": "3299990101100001 cm", "Rahasia 98765": 1, "agama_id": "Rahasia!" },
    });
    let error = record_from_json(&pack(), &line).unwrap_err();
    assert_eq!(error.problems().len(), 5);
    assert_hidden(&format!("{error} {error:?}"));
}

#[test]
fn breaches_and_value_errors_hide_values() {
    let pack = pack();
    let entity = pack.entity_named("peserta_didik").unwrap().code;
    let mut after = record(&pack, "peserta_didik", &[("terverifikasi", Value::text("Rahasia"))]);
    after.fields.insert(name("asing"), Value::Int(98765));
    assert_hidden(&format!("{:?}", pack.breaches(None, &after)));
    let error = pack.parse_field(entity, "anak_keberapa", "Rahasia").unwrap_err();
    assert_hidden(&format!("{error} {error:?}"));
}
