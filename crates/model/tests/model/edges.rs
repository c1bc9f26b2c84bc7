//! Text and JSON become values and come back.

use proptest::prelude::*;
use selaras_model::{
    Date, EntityCode, LineProblem, Record, RecordId, Value, ValueError, record_from_json, record_to_json,
};
use serde_json::json;

use crate::school::{code, date, id, name, pack};

const STUDENT: EntityCode = EntityCode(7);

fn parsed(field: &str, text: &str) -> Result<Value, ValueError> {
    pack().parse_field(STUDENT, field, text)
}

fn students() -> impl Strategy<Value = Record> {
    let fields = (
        any::<String>().prop_map(|text| Value::text(text.chars().take(5).collect::<String>())),
        any::<i64>().prop_map(Value::Int),
        any::<i64>().prop_map(Value::Decimal),
        date().prop_map(Value::Date),
        any::<bool>().prop_map(Value::Bool),
        "[A-Za-z0-9._-]{1,64}".prop_map(Value::Code),
    );
    (any::<[u8; 16]>(), any::<bool>(), fields).prop_map(|(bytes, deleted, (nama, anak, tinggi, lahir, kip, agama))| {
        let key = selaras_model::RecordKey { entity: STUDENT, id: RecordId::from_bytes(bytes) };
        let names = ["nama", "anak_keberapa", "tinggi_badan", "tanggal_lahir", "penerima_kip", "agama_id"];
        let values = [nama, anak, tinggi, lahir, kip, agama];
        let fields = names.into_iter().map(name).zip(values).collect();
        Record { deleted, fields, ..Record::new(key) }
    })
}

proptest! {
    #[test]
    fn every_value_reads_its_own_text_and_json(record in students()) {
        let pack = pack();
        for (field, value) in &record.fields {
            let text = pack.render_field(STUDENT, field, value);
            prop_assert!(pack.parse_field(STUDENT, field, &text).as_ref() == Ok(value), "{}", field);
        }
        let line = record_to_json(&pack, &record).to_string();
        let again = record_from_json(&pack, &serde_json::from_str(&line).unwrap());
        prop_assert!(again == Ok(record), "{}", line);
    }

    #[test]
    fn any_text_is_read_or_refused_without_panic(text in any::<String>(), number in "[-+.,0-9]{0,30}") {
        for field in pack().entity(STUDENT).unwrap().fields() {
            let _ = parsed(&field.name, &text);
            let _ = parsed(&field.name, &number);
        }
    }
}

#[test]
fn people_type_in_many_ways() {
    assert_eq!(parsed("nama", ""), Ok(Value::Null));
    assert_eq!(parsed("nama", " Contoh "), Ok(Value::text(" Contoh ")));
    assert_eq!(parsed("anak_keberapa", "  "), Ok(Value::Null));
    for (text, scaled) in
        [("151.5", 1515), ("151,5", 1515), (" 151 ", 1510), ("151.50", 1515), ("-0.5", -5), ("007", 70)]
    {
        assert_eq!(parsed("tinggi_badan", text), Ok(Value::Decimal(scaled)), "{text}");
    }
    for text in ["ya", "YA", "true", "1"] {
        assert_eq!(parsed("penerima_kip", text), Ok(Value::Bool(true)), "{text}");
    }
    for text in ["tidak", "Tidak", "false", "0"] {
        assert_eq!(parsed("penerima_kip", text), Ok(Value::Bool(false)), "{text}");
    }
    assert_eq!(parsed("tanggal_lahir", "2010-02-28"), Ok(Value::Date(Date::new(2010, 2, 28).unwrap())));
    assert_eq!(parsed("agama_id", " 1 "), Ok(code("1")));
}

#[test]
fn what_has_not_the_type_is_refused() {
    for text in ["151.55", "1e3", ".5", "5.", "--5", "1.2.3", "99999999999999999999", "+5"] {
        assert_eq!(parsed("tinggi_badan", text), Err(ValueError::Decimal { scale: 1 }), "{text}");
    }
    assert_eq!(parsed("anak_keberapa", "dua"), Err(ValueError::Int));
    assert_eq!(parsed("penerima_kip", "mungkin"), Err(ValueError::Bool));
    assert_eq!(parsed("tanggal_lahir", "31-12-2010"), Err(ValueError::Date));
    assert_eq!(parsed("agama_id", "Islam!"), Err(ValueError::Code));
    assert_eq!(parsed("nama", &"x".repeat(21)), Err(ValueError::TooLong { max: 20 }));
    assert_eq!(parsed("tidak_ada", "1"), Err(ValueError::UnknownField));
    assert_eq!(pack().parse_field(EntityCode(99), "nama", "1"), Err(ValueError::UnknownEntity));
}

#[test]
fn decimals_are_written_in_their_shortest_form() {
    let shown = |scaled| pack().render_field(STUDENT, "tinggi_badan", &Value::Decimal(scaled));
    assert_eq!([shown(1515), shown(1510), shown(-5), shown(0)], ["151.5", "151", "-0.5", "0"]);
    assert_eq!(shown(i64::MIN), "-922337203685477580.8");
}

#[test]
fn a_line_takes_codes_and_decimals_as_numbers_or_strings() {
    let pack = pack();
    let uuid = id(1).to_string();
    let read = |fields: serde_json::Value| {
        record_from_json(&pack, &json!({ "entity": "peserta_didik", "id": uuid, "fields": fields }))
    };
    let strings = read(json!({ "agama_id": "1", "tinggi_badan": "151.5", "anak_keberapa": "2", "penerima_kip": "ya" }));
    let numbers = read(json!({ "agama_id": 1, "tinggi_badan": 151.5, "anak_keberapa": 2, "penerima_kip": true }));
    assert_eq!(strings, numbers);
    assert_eq!(numbers.unwrap().decimal("tinggi_badan"), Some(1515));
    for fields in [
        json!({ "agama_id": 1.0 }),
        json!({ "agama_id": -1 }),
        json!({ "nama": 5 }),
        json!({ "tinggi_badan": 151.55 }),
        json!({ "anak_keberapa": 2.5 }),
        json!({ "tanggal_lahir": 20100101 }),
        json!({ "nama": ["x"] }),
    ] {
        let error = read(fields.clone()).unwrap_err();
        assert!(matches!(error.problems(), [LineProblem::Value { .. }]), "{fields} {error}");
    }
}

#[test]
fn a_line_can_clear_fields_and_delete() {
    let pack = pack();
    let line =
        json!({ "entity": "peserta_didik", "id": id(1).to_string(), "deleted": true, "fields": { "nama": null } });
    let record = record_from_json(&pack, &line).unwrap();
    assert!(record.deleted);
    assert_eq!(record.fields.get("nama"), Some(&Value::Null));
    assert_eq!(record_to_json(&pack, &record), line);
}

#[test]
fn a_line_is_refused_with_every_reason() {
    let pack = pack();
    let refused = |line: serde_json::Value| record_from_json(&pack, &line).unwrap_err().to_string();
    assert_eq!(refused(json!([])), "not a JSON object");
    assert_eq!(
        refused(json!({ "entitas": 1, "deleted": "ya" })),
        "unknown key `entitas`; `entity` is missing or has the wrong type; `id` is missing or has the wrong type; \
         `fields` is missing or has the wrong type; `deleted` is missing or has the wrong type"
    );
    assert_eq!(refused(json!({ "entity": "x", "id": id(1).to_string(), "fields": {} })), "unknown entity");
    assert_eq!(
        refused(json!({ "entity": "ptk", "id": id(1).to_string(), "fields": { "nip": 1, "nama": 2 } })),
        "field `nama`: not a text; unknown field `nip`"
    );
}

#[test]
fn unknown_fields_and_entities_can_be_looked_at() {
    let pack = pack();
    let mut record = Record::new(selaras_model::RecordKey { entity: EntityCode(99), id: id(1) });
    record.fields.insert(name("dari_pusat"), Value::Decimal(5));
    let line = record_to_json(&pack, &record);
    assert_eq!(line, json!({ "entity": 99, "id": id(1).to_string(), "fields": { "dari_pusat": 5 } }));
    assert_eq!(pack.render_field(STUDENT, "dari_pusat", &Value::Decimal(5)), "5");
}
