//! A sample is a whole school: every entity, about the numbers that the benchmarks count on, no loose ends.

use std::collections::BTreeSet;

use selaras_lab::{SampleError, SampleOptions, SchoolKind, sample};
use selaras_model::{EntityCode, FieldKind, Pack, RecordKey, Value, record_from_json, record_to_json};

use crate::{KINDS, of, pack, school, schools};

#[test]
fn a_school_of_1500_has_about_20_000_records() {
    for kind in KINDS {
        let whole = school(kind, 1_500).whole();
        assert!((18_000..=22_000).contains(&whole.len()), "{kind:?}: {}", whole.len());
        let grades = of(whole.values(), "nilai").len();
        assert!((7_500..=8_500).contains(&grades), "{kind:?}: {grades} grades");
        assert_eq!(of(whole.values(), "peserta_didik").len(), 1_500);
    }
}

#[test]
fn every_entity_of_the_pack_is_there() {
    let pack = pack();
    // A move is there only while it is offered.
    let lasting = pack.entities().iter().filter(|entity| !entity.name.starts_with("mutasi_"));
    let all: BTreeSet<EntityCode> = lasting.map(|entity| entity.code).collect();
    for school in [school(SchoolKind::Sd, 1_500), school(SchoolKind::Smp, 1_500), school(SchoolKind::Smk, 1_500)] {
        let there: BTreeSet<EntityCode> = school.whole().keys().map(|key| key.entity).collect();
        assert_eq!(there, all, "{school:?}");
    }
}

#[test]
fn no_id_is_there_twice() {
    for school in schools() {
        for set in [&school.centre, &school.school] {
            let keys: BTreeSet<RecordKey> = set.iter().map(selaras_model::Record::key).collect();
            assert_eq!(keys.len(), set.len(), "{school:?}");
        }
        let whole = school.whole();
        let ids: BTreeSet<_> = whole.keys().map(|key| key.id).collect();
        assert_eq!(ids.len(), whole.len(), "{school:?}: two entities share an id");
    }
}

#[test]
fn every_reference_finds_its_record() {
    let pack = pack();
    for school in schools() {
        let whole = school.whole();
        for record in whole.values() {
            for (name, value) in record.present() {
                let Value::Ref(id) = value else { continue };
                let FieldKind::Ref { entity } = pack.field(record.entity, name).unwrap().kind else { panic!("{name}") };
                assert!(whole.contains_key(&RecordKey { entity, id: *id }), "{school:?}: {name}");
            }
        }
    }
}

#[test]
fn the_centre_needs_nothing_of_the_school() {
    for school in schools() {
        let ids: BTreeSet<_> = school.centre.iter().map(|record| record.id).collect();
        let references = school.centre.iter().flat_map(|record| record.fields.values());
        for value in references {
            if let Value::Ref(id) = value {
                assert!(ids.contains(id), "{school:?}");
            }
        }
    }
}

#[test]
fn the_head_is_registered_yet_not_assigned() {
    for school in schools() {
        let whole = school.whole();
        let registered = of(&school.centre, "ptk_terdaftar");
        let head = registered.iter().find(|row| row.reference("ptk_id") == Some(school.head)).unwrap();
        assert_eq!((head.code("jenis_ptk_id"), head.bool("ptk_induk")), (Some("20"), Some(true)));
        let heads =
            of(whole.values(), "ptk_terdaftar").into_iter().filter(|row| row.code("jenis_ptk_id") == Some("20"));
        assert_eq!(heads.count(), 1);
        let duties = of(whole.values(), "tugas_tambahan");
        assert!(duties.iter().all(|duty| !matches!(duty.code("jabatan_ptk_id"), Some("2" | "33"))));
    }
}

#[test]
fn a_line_is_read_as_the_record_it_was() {
    let pack = pack();
    let school = school(SchoolKind::Sma, 12);
    for record in school.centre.iter().chain(&school.school) {
        assert_eq!(record_from_json(&pack, &record_to_json(&pack, record)).unwrap(), *record);
    }
}

#[test]
fn people_are_fixtures() {
    for student in of(school(SchoolKind::Smp, 120).whole().values(), "peserta_didik") {
        for field in ["nik", "no_kk", "nik_ayah", "nik_ibu"] {
            assert_eq!(&student.text(field).unwrap()[2..6], "9999", "{field}");
        }
    }
}

#[test]
fn a_school_without_students_is_none() {
    let none = SampleOptions { students: 0, ..SampleOptions::default() };
    assert_eq!(sample(&pack(), &none).unwrap_err(), SampleError::NoStudents);
}

#[test]
fn a_pack_that_lacks_a_field_is_told() {
    let text = Pack::builtin().source().replace("name = \"lingkar_kepala\"", "name = \"lingkar\"");
    let other = Pack::from_toml(&text).unwrap();
    let error = sample(&other, &SampleOptions { students: 1, ..SampleOptions::default() }).unwrap_err();
    let lacks = SampleError::Pack { entity: "peserta_didik_periodik".to_owned(), field: "lingkar_kepala".to_owned() };
    assert_eq!(error, lacks);
}
