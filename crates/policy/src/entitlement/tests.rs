#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::view::MemoryView;

const PACK: &str = r#"
version = "test"
semester = "20261"
[[module]]
name = "gtk"
label = { id = "GTK", en = "Staff" }
[[entity]]
code = 1
name = "ptk"
module = "gtk"
label = { id = "PTK", en = "Staff member" }
create = "both"
delete = "both"
fields = [{ name = "nama", type = "text", max = 100, label = { id = "Nama", en = "Name" } }]
[[entity]]
code = 2
name = "ptk_terdaftar"
module = "gtk"
label = { id = "Terdaftar", en = "Registered" }
create = "both"
delete = "both"
fields = [
  { name = "ptk_id", type = "ref", entity = "ptk", label = { id = "PTK", en = "Staff" } },
  { name = "jenis_ptk_id", type = "text", max = 3, label = { id = "Jenis", en = "Type" } },
  { name = "tahun_ajaran_id", type = "text", max = 4, label = { id = "Tahun", en = "Year" } },
  { name = "ptk_induk", type = "bool", label = { id = "Induk", en = "Home" } },
  { name = "jenis_keluar_id", type = "text", max = 2, label = { id = "Keluar", en = "Left" } },
]
[[entity]]
code = 3
name = "tugas_tambahan"
module = "gtk"
label = { id = "Tugas tambahan", en = "Duty" }
create = "both"
delete = "both"
fields = [
  { name = "ptk_id", type = "ref", entity = "ptk", label = { id = "PTK", en = "Staff" } },
  { name = "jabatan_ptk_id", type = "text", max = 3, label = { id = "Jabatan", en = "Duty" } },
  { name = "tst_tambahan", type = "date", label = { id = "Sampai", en = "Until" } },
]
"#;

const DATE: &str = "2026-11-23";

fn ptk() -> RecordId {
    RecordId::from_bytes([1; 16])
}

fn record(entity: u16, id: u8, fields: &[(&str, Value)]) -> Record {
    let fields = fields.iter().map(|(name, value)| (name.parse().unwrap(), value.clone())).collect();
    Record { entity: selaras_model::EntityCode(entity), id: RecordId::from_bytes([id; 16]), deleted: false, fields }
}

fn registered(kind: &str, home: bool, year: &str) -> Record {
    let text = Value::text;
    record(
        2,
        2,
        &[
            ("ptk_id", Value::Ref(ptk())),
            ("jenis_ptk_id", text(kind)),
            ("ptk_induk", Value::Bool(home)),
            ("tahun_ajaran_id", text(year)),
        ],
    )
}

fn duty(kind: &str, until: Option<&str>) -> Record {
    let until = until.map_or(Value::Null, |day| Value::Date(day.parse().unwrap()));
    record(3, 3, &[("ptk_id", Value::Ref(ptk())), ("jabatan_ptk_id", Value::text(kind)), ("tst_tambahan", until)])
}

fn judge(records: impl IntoIterator<Item = Record>) -> Entitlement {
    let pack = Pack::from_toml(PACK).unwrap();
    let view = MemoryView::new(&pack, records.into_iter().chain([record(1, 1, &[])]));
    entitlement(&view, &pack, ptk(), DATE.parse().unwrap()).unwrap()
}

fn lacking(entitlement: Entitlement) -> Vec<String> {
    match entitlement {
        Entitlement::May(_) => Vec::new(),
        Entitlement::MayNot(unmet) => unmet.iter().map(|unmet| unmet.condition.to_string()).collect(),
    }
}

#[test]
fn a_definitive_head_may_until_the_last_day_of_the_assignment() {
    for until in [None, Some(DATE), Some("2027-01-01")] {
        let Entitlement::May(person) = judge([registered("20", true, "2026"), duty("2", until)]) else {
            panic!("{until:?}")
        };
        assert_eq!((person.capacity(), person.ptk()), (Capacity::Definitive, ptk()));
    }
    assert_eq!(lacking(judge([registered("20", true, "2026"), duty("2", Some("2026-11-22"))])), ["head-assignment"]);
}

#[test]
fn a_plt_may_be_a_teacher_of_another_home_school() {
    let Entitlement::May(person) = judge([registered("4", false, "2026"), duty("33", None)]) else { panic!("plt") };
    assert_eq!(person.capacity(), Capacity::Plt);
    assert_eq!(lacking(judge([registered("11", true, "2026"), duty("33", None)])), ["registered-teacher"]);
}

#[test]
fn all_unmet_conditions_of_the_nearest_capacity_are_named() {
    assert_eq!(lacking(judge([registered("20", false, "2026"), duty("2", None)])), ["home-school"]);
    assert_eq!(lacking(judge([registered("20", true, "2025")])), ["registered-teacher", "plt-assignment"]);
    assert_eq!(lacking(judge([duty("2", None)])).len(), 2);
}

#[test]
fn the_school_adds_the_conditions_of_its_account() {
    let pack = Pack::from_toml(PACK).unwrap();
    let view = MemoryView::new(&pack, [record(1, 1, &[]), registered("20", true, "2026"), duty("2", None)]);
    let judged = |facts| lacking(local_entitlement(&view, &pack, &facts, DATE.parse().unwrap()).unwrap());
    let facts = AccountFacts { ptk: Some(ptk()), head_role: true, key_activated: true };
    assert_eq!(judged(facts), Vec::<String>::new());
    assert_eq!(
        judged(AccountFacts { head_role: false, key_activated: false, ..facts }),
        ["head-role", "key-activated"]
    );
    assert_eq!(judged(AccountFacts { ptk: None, ..facts }), ["account-ptk"]);
    let stranger = AccountFacts { ptk: Some(RecordId::from_bytes([9; 16])), ..facts };
    assert_eq!(judged(stranger), ["ptk-record"]);
}

#[test]
fn heads_are_found_by_any_condition_of_heads() {
    let pack = Pack::from_toml(PACK).unwrap();
    let date = DATE.parse().unwrap();
    let found = |record_| heads(&MemoryView::new(&pack, [record_]), &pack, date).unwrap();
    assert_eq!(found(duty("33", None)), [ptk()]);
    assert_eq!(found(registered("20", false, "2026")), [ptk()]);
    assert!(found(registered("4", true, "2026")).is_empty());
}

#[test]
fn every_condition_has_words_in_both_languages() {
    let table = Table::builtin().unwrap();
    for capacity in &table.capacity {
        for id in &capacity.conditions {
            let unmet = Unmet::of_condition(table.condition(id).unwrap());
            for lang in [Lang::Id, Lang::En] {
                let rendered = unmet.render(lang);
                assert!(!rendered.message.is_empty() && !rendered.remedy.is_empty(), "{id}");
            }
        }
    }
}
