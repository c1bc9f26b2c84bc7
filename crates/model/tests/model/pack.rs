//! What a pack says, and that the one brought along is sound.

use proptest::prelude::*;
use selaras_model::{Date, EntityCode, FieldKind, FieldOwner, Lang, Pack};

use crate::school::pack;

#[test]
fn the_built_in_pack_is_valid() {
    let pack = match Pack::from_toml(include_str!("../../data/pack.toml")) {
        Ok(pack) => pack,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(pack.hash(), Pack::builtin().hash());
    for entity in pack.entities() {
        assert!(!entity.fields().is_empty(), "{}", entity.name);
    }
}

#[test]
fn deadlines_come_in_the_order_of_their_days() {
    let text = include_str!("../../data/pack.toml");
    let early = "[[deadline]]\ndate = 2026-08-01\nlabel = { id = \"Awal\", en = \"Early\" }\n\n[[module]]";
    let more = Pack::from_toml(&text.replacen("[[module]]", early, 1)).unwrap();
    assert_eq!(more.deadlines().len(), Pack::builtin().deadlines().len() + 1);
    assert_eq!(more.deadlines()[0].label.get(Lang::En), "Early");
    assert!(more.deadlines().is_sorted_by_key(|deadline| deadline.date));
    let broken = early.replace("2026-08-01", "\"besok\"");
    assert!(Pack::from_toml(&text.replacen("[[module]]", &broken, 1)).is_err());
}

#[test]
fn a_pack_answers_by_code_and_name() {
    let pack = pack();
    assert_eq!((pack.version(), pack.semester(), pack.school_year()), ("test-1", "20262", "2026"));
    assert_eq!(pack.semester_start(), Date::new(2027, 1, 1).unwrap());
    let student = pack.entity_named("peserta_didik").unwrap();
    assert_eq!(pack.entity(EntityCode(7)).unwrap().name, "peserta_didik");
    assert_eq!(pack.modules()[student.module].name, "peserta_didik");
    assert_eq!(student.title().unwrap().name, "nama");
    assert_eq!(student.label.get(Lang::En), "Student");
    assert!(pack.entity(EntityCode(8)).is_none());
    assert!(pack.entity_named("tidak_ada").is_none());
    assert!(student.field("tidak_ada").is_none());
    assert!(pack.entity_named("ptk").unwrap().title().is_none());
}

#[test]
fn fields_keep_the_order_of_the_pack_and_references_are_indexed() {
    let pack = pack();
    let duty = pack.entity_named("tugas_tambahan").unwrap();
    let names: Vec<&str> = duty.fields().iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["ptk_id", "jabatan_ptk_id", "nomor_sk"]);
    let reference = duty.field("ptk_id").unwrap();
    assert_eq!(reference.kind, FieldKind::Ref { entity: EntityCode(3) });
    assert!(reference.indexed);
    let student = pack.entity_named("peserta_didik").unwrap();
    assert!(student.field("agama_id").unwrap().indexed);
    assert!(!student.field("nama").unwrap().indexed);
    assert_eq!(student.field("terverifikasi").unwrap().owner, FieldOwner::Centre);
}

#[test]
fn a_known_name_is_shared_and_an_unknown_one_is_made() {
    let pack = pack();
    let student = pack.entity_named("peserta_didik").unwrap();
    let interned = student.intern("nama").unwrap();
    assert!(std::ptr::eq(interned.as_str(), student.field("nama").unwrap().name.as_str()));
    assert_eq!(student.intern("dari_pusat").unwrap(), "dari_pusat");
    assert!(student.intern("Bukan Nama").is_err());
}

#[test]
fn tables_keep_order_and_expiry() {
    let pack = pack();
    let table = pack.table("agama").unwrap();
    assert_eq!(table.order, ["2", "1", "98"]);
    assert_eq!(table.row("98").unwrap().expires, Some(Date::new(2024, 6, 30).unwrap()));
    assert_eq!(table.row("1").unwrap().label.get(Lang::Id), "Islam");
    assert!(table.row("3").is_none());
    assert_eq!(pack.tables().count(), 3);
}

#[test]
fn the_hash_is_over_the_exact_text() {
    let text = include_str!("school.toml");
    let other = Pack::from_toml(&format!("{text}\n# same meaning\n")).unwrap();
    assert_ne!(pack().hash(), other.hash());
    assert_eq!(pack().source(), text);
}

proptest! {
    #[test]
    fn a_mutilated_pack_is_read_or_refused_without_panic(
        from in any::<prop::sample::Index>(), length in 0usize..60, put in "[\\[\\]{}=\",a-z0-9\n ]{0,10}",
    ) {
        let text = include_str!("school.toml");
        let from = from.index(text.len());
        let to = (from + length).min(text.len());
        let mutilated = format!("{}{put}{}", &text[..from], &text[to..]);
        if let Err(error) = Pack::from_toml(&mutilated) {
            prop_assert!(!error.problems().is_empty());
            let lines = mutilated.lines().count() + 1;
            prop_assert!(error.problems().iter().all(|problem| (1..=lines).contains(&problem.line)), "{}", error);
        }
    }
}
