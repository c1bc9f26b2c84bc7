//! Some modules at a time: what is left behind stays a draft, and what is sent is judged as the centre will see it.

use selaras_model::{Record, RecordId, RecordKey, Value};
use selaras_sync::{Outcome, Purpose, SchoolError};

use crate::stage::{Stage, assert_equal};

const STUDENTS: &[&str] = &["peserta_didik"];

/// A field of the class groups' module and one of the students'.
fn edits(stage: &Stage) -> (RecordKey, RecordKey) {
    let (class, student) = (stage.any("rombongan_belajar"), stage.student());
    stage.first.set(class, "nama", Value::text("Kelas Lain"));
    stage.first.set(student, "rt", Value::Int(99));
    (class, student)
}

#[test]
fn one_module_is_sent_and_the_rest_follows() {
    let stage = Stage::in_step(12);
    let (class, student) = edits(&stage);
    assert_eq!(stage.first.try_approve_of(&stage.centre, Some(STUDENTS)).unwrap(), 1);
    assert_eq!(stage.first.school().pending().unwrap().records, 1, "the class group still waits");
    // Typed while the bundle is under way, in both modules.
    stage.first.set(student, "rw", Value::Int(98));
    stage.first.set(class, "nama", Value::text("Kelas Baru"));
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    assert_equal(&stage.first, &stage.centre);
    let at_centre = |key| stage.centre.record(key).unwrap();
    assert_eq!((at_centre(student).int("rt"), at_centre(student).int("rw")), (Some(99), stage_rw(&stage, student)));
    assert_ne!(at_centre(class).text("nama"), Some("Kelas Baru"));
    assert_eq!(stage.first.record(class).text("nama"), Some("Kelas Baru"));
    assert_eq!(stage.first.school().pending().unwrap().records, 2);
    stage.first.approve(&stage.centre);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    assert_equal(&stage.first, &stage.centre);
    assert_eq!(at_centre(class).text("nama"), Some("Kelas Baru"));
    assert_eq!(at_centre(student).int("rw"), Some(98));
    assert_eq!(stage.first.school().pending().unwrap().records, 0);
}

fn stage_rw(stage: &Stage, student: RecordKey) -> Option<i64> {
    stage.sample.whole()[&student].int("rw")
}

#[test]
fn what_is_invalid_in_another_module_does_not_close_the_gate() {
    let stage = Stage::in_step(12);
    let (class, _) = edits(&stage);
    stage.first.set(class, "ptk_id", Value::Null);
    let closed = stage.first.try_approve(&stage.centre).unwrap_err();
    assert!(matches!(closed, SchoolError::Gate(_)), "{closed:?}");
    assert!(stage.first.school().prepare(None).unwrap().invalid.len() == 1);
    let module = ["peserta_didik".to_owned()];
    assert!(stage.first.school().prepare(Some(&module)).unwrap().invalid.is_empty());
    stage.first.try_approve_of(&stage.centre, Some(STUDENTS)).unwrap();
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn a_reference_to_what_is_left_behind_is_a_finding() {
    let stage = Stage::in_step(12);
    // A new student with a place in a class: the place without the student would point at nothing.
    let member = stage.any("anggota_rombel");
    let class = stage.first.record(member).reference("rombongan_belajar_id").unwrap();
    let of = |entity: &str, id: u8| RecordKey { entity: stage.any(entity).entity, id: RecordId::from_bytes([id; 16]) };
    let (student, place) = (of("peserta_didik", 0x51), of("anggota_rombel", 0x52));
    let mut copy = Record::new(student);
    copy.fields = stage.first.record(stage.student()).fields.clone();
    copy.fields.insert("nik".parse().unwrap(), Value::Null);
    let mut row = Record::new(place);
    row.fields = stage.first.record(member).fields.clone();
    row.fields.insert("peserta_didik_id".parse().unwrap(), Value::Ref(student.id));
    row.fields.insert("rombongan_belajar_id".parse().unwrap(), Value::Ref(class));
    stage.first.import(&[row]);
    let dangling = stage.first.try_approve_of(&stage.centre, Some(&["rombel"])).unwrap_err();
    let SchoolError::Gate(gate) = dangling else { panic!("{dangling:?}") };
    assert!(gate.invalid.iter().any(|finding| finding.record == place), "{gate:?}");
    // With the student typed the records here have no dangling reference any more, and the bundle still would.
    let fields =
        copy.fields.into_iter().filter(|(name, _)| **name != *"terverifikasi" && **name != *"identitas_terverifikasi");
    let edit = selaras_sync::TypedEdit { key: student, fields: fields.collect(), deleted: None };
    stage.first.edit(edit);
    let dangling = stage.first.try_approve_of(&stage.centre, Some(&["rombel"])).unwrap_err();
    let SchoolError::Gate(gate) = dangling else { panic!("{dangling:?}") };
    assert!(gate.invalid.iter().any(|finding| finding.rule.as_str() == "referensi.rujukan" && finding.record == place));
}

#[test]
fn a_refusal_and_a_withdrawal_give_back_what_was_in_the_bundle_and_nothing_else() {
    for refused in [false, true] {
        let mut stage = Stage::in_step(12);
        let (class, student) = edits(&stage);
        stage.first.try_approve_of(&stage.centre, Some(STUDENTS)).unwrap();
        if refused {
            stage.centre.revoked = true;
            assert!(matches!(stage.first.sync(&stage.centre), Outcome::Refusal(_)));
            stage.centre.revoked = false;
        } else {
            let step = stage.first.school().withdraw().unwrap();
            stage.first.drive(Some(step));
        }
        assert_eq!(stage.first.school().pending().unwrap().records, 2);
        assert_eq!(stage.first.record(class).text("nama"), Some("Kelas Lain"));
        assert_eq!(stage.first.record(student).int("rt"), Some(99));
        stage.first.approve(&stage.centre);
        assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
        assert_equal(&stage.first, &stage.centre);
        assert_eq!(stage.first.school().pending().unwrap().records, 0);
    }
}

#[test]
fn a_pull_between_sealing_and_sending_moves_drafts_that_were_left_behind() {
    let stage = Stage::in_step(12);
    let (class, student) = edits(&stage);
    stage.first.try_approve_of(&stage.centre, Some(STUDENTS)).unwrap();
    let mut other = Record::new(class);
    other.fields.insert("jenis_rombel".parse().unwrap(), stage.first.record(class).get("jenis_rombel").clone());
    other.fields.insert("nama".parse().unwrap(), Value::text("Kelas Pusat"));
    stage.centre.act(&[other]);
    stage.first.pull(&stage.centre);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    assert_equal(&stage.first, &stage.centre);
    // Both typed the class's name: a true conflict, that a person decides.
    let open = stage.first.school().conflicts().unwrap().len();
    assert_eq!(open, 1);
    assert_eq!(stage.centre.record(student).unwrap().int("rt"), Some(99));
}

#[test]
fn what_was_typed_since_and_is_invalid_does_not_hold_up_what_was_approved() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    stage.first.set(student, "rt", Value::Int(99));
    stage.first.approve(&stage.centre);
    // A new record under the NIK of another, and news of the centre by which the bundle is judged again.
    let mut twin = Record::new(RecordKey { id: RecordId::from_bytes([0x53; 16]), ..student });
    twin.fields.insert("nik".parse().unwrap(), stage.first.record(student).get("nik").clone());
    twin.fields.insert("nama".parse().unwrap(), Value::text("Siswa Kembar"));
    stage.first.edit(crate::stage::typed(&twin));
    let mut news = Record::new(stage.any("peserta_didik"));
    news.fields.insert("rw".parse().unwrap(), Value::Int(7));
    stage.centre.act(&[news]);
    stage.first.pull(&stage.centre);
    let (_, notices) = stage.first.try_begin(Purpose::Sync, u64::MAX).unwrap();
    assert!(!notices.contains(&selaras_sync::exchange::Notice::Withdrawn));
}

#[test]
fn no_module_that_is_not_there() {
    let stage = Stage::in_step(12);
    edits(&stage);
    let unknown = stage.first.try_approve_of(&stage.centre, Some(&["siswa"])).unwrap_err();
    assert_eq!(unknown.code(), "seal.unknown-module");
    let nothing = stage.first.try_approve_of(&stage.centre, Some(&["nilai"])).unwrap_err();
    assert_eq!(nothing.code(), "seal.nothing");
}
