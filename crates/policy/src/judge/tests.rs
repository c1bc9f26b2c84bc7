#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use selaras_model::{Pack, Record, RecordId, Value};

use super::*;
use crate::view::MemoryView;

fn student(id: u8, nik: &str, birth: &str) -> Record {
    let fields = [
        ("nama".parse().unwrap(), Value::text("Contoh")),
        ("nik".parse().unwrap(), Value::text(nik)),
        ("tanggal_lahir".parse().unwrap(), Value::Date(birth.parse().unwrap())),
    ];
    Record {
        entity: Pack::builtin().entity_named("peserta_didik").unwrap().code,
        id: RecordId::from_bytes([id; 16]),
        deleted: false,
        fields: fields.into_iter().collect(),
    }
}

fn rules(records: Vec<Record>) -> Vec<String> {
    let pack = Pack::builtin();
    let book = Rulebook::builtin(&pack).unwrap_or_else(|error| panic!("{:?}", error.problems()));
    let view = MemoryView::new(&pack, records);
    let judged = Judge::new(&pack, &book, "2026-11-23".parse().unwrap()).full(&view).unwrap();
    let mut found: Vec<String> = judged.into_iter().flat_map(|(_, f)| f).map(|f| f.rule.to_string()).collect();
    found.sort();
    found
}

#[test]
fn a_full_run_finds_what_the_rulebook_forbids() {
    let one = rules(vec![student(1, "3199990110100001", "2010-10-01")]);
    assert!(!one.contains(&"pd.nik-ganda".to_owned()), "{one:?}");
    let two = rules(vec![student(1, "3199990110100001", "2010-10-01"), student(2, "3199990110100001", "2030-01-01")]);
    for (rule, times) in [("pd.lahir-depan", 1), ("pd.nik-ganda", 2), ("pd.nik-lahir", 1), ("pd.periodik", 2)] {
        assert_eq!(two.iter().filter(|found| *found == rule).count(), times, "{rule} in {two:?}");
    }
}
