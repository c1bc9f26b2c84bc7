//! Who may edit what.

use selaras_model::{BreachKind, FieldName, Pack, Record, Side, Value};

use crate::school::{code, id, name, pack, record};

fn breaches(pack: &Pack, before: Option<&Record>, after: &Record) -> Vec<(Option<String>, BreachKind)> {
    let found = pack.breaches(before, after);
    found.into_iter().map(|breach| (breach.field.map(|field: FieldName| field.to_string()), breach.kind)).collect()
}

fn on(field: &str, kind: BreachKind) -> (Option<String>, BreachKind) {
    (Some(field.to_owned()), kind)
}

fn with(record: &Record, field: &str, value: Value) -> Record {
    let mut record = record.clone();
    record.fields.insert(name(field), value);
    record
}

#[test]
fn owners_follow_the_pack_and_the_conditions() {
    let pack = pack();
    let student = record(&pack, "peserta_didik", &[]);
    let verified = with(&student, "terverifikasi", Value::Bool(true));
    let owner = |record: &Record, field: &str| pack.owner(record.entity, field, &record.fields);
    assert_eq!(owner(&student, "nama"), Side::School);
    assert_eq!(owner(&with(&student, "terverifikasi", Value::Bool(false)), "nama"), Side::School);
    assert_eq!(owner(&verified, "nama"), Side::Centre);
    assert_eq!(owner(&verified, "telepon"), Side::School);
    assert_eq!(owner(&student, "nisn"), Side::Centre);
    assert_eq!(owner(&student, "terverifikasi"), Side::Centre);
    assert_eq!(owner(&student, "dari_pusat"), Side::Centre);
    let duty = record(&pack, "tugas_tambahan", &[("jabatan_ptk_id", code("7"))]);
    assert_eq!(owner(&duty, "nomor_sk"), Side::School);
    assert_eq!(owner(&with(&duty, "jabatan_ptk_id", code("33")), "nomor_sk"), Side::Centre);
    assert_eq!(pack.owner(selaras_model::EntityCode(999), "nama", &student.fields), Side::Centre);
}

#[test]
fn a_creating_edit_sets_everything_but_what_is_reserved() {
    let pack = pack();
    let student =
        record(&pack, "peserta_didik", &[("nama", Value::text("Contoh")), ("nisn", Value::text("0012345678"))]);
    assert_eq!(breaches(&pack, None, &student), []);
    assert_eq!(breaches(&pack, None, &with(&student, "terverifikasi", Value::Null)), []);
    assert_eq!(
        breaches(&pack, None, &with(&student, "terverifikasi", Value::Bool(false))),
        [on("terverifikasi", BreachKind::FieldOwned)]
    );
}

#[test]
fn a_school_creates_only_what_it_may() {
    let pack = pack();
    let staff = record(&pack, "ptk", &[("jenis_ptk_id", code("20"))]);
    assert_eq!(
        breaches(&pack, None, &staff),
        [(None, BreachKind::Create), on("jenis_ptk_id", BreachKind::ValueReserved)]
    );
    let lab = record(&pack, "tugas_tambahan", &[("jabatan_ptk_id", code("7")), ("ptk_id", Value::Ref(id(9)))]);
    assert_eq!(breaches(&pack, None, &lab), []);
    let head = with(&lab, "jabatan_ptk_id", code("2"));
    assert_eq!(breaches(&pack, None, &head), [(None, BreachKind::Create)]);
    let mut born_deleted = record(&pack, "peserta_didik", &[]);
    born_deleted.deleted = true;
    assert_eq!(breaches(&pack, None, &born_deleted), [(None, BreachKind::Delete)]);
}

#[test]
fn a_changed_field_is_judged_by_its_owner_before_and_after() {
    let pack = pack();
    let student = record(&pack, "peserta_didik", &[("nama", Value::text("Contoh"))]);
    let verified = with(&student, "terverifikasi", Value::Bool(true));
    assert_eq!(breaches(&pack, Some(&student), &with(&student, "nama", Value::text("Baru"))), []);
    assert_eq!(
        breaches(&pack, Some(&verified), &with(&verified, "nama", Value::text("Baru"))),
        [on("nama", BreachKind::FieldOwned)]
    );
    assert_eq!(
        breaches(&pack, Some(&verified), &with(&verified, "nama", Value::Null)),
        [on("nama", BreachKind::FieldOwned)]
    );
    assert_eq!(breaches(&pack, Some(&verified), &with(&verified, "telepon", Value::text("0812"))), []);
    // Taking the mark away does not free the identity in the same edit.
    let freed = with(&with(&verified, "terverifikasi", Value::Bool(false)), "nama", Value::text("Baru"));
    assert_eq!(
        breaches(&pack, Some(&verified), &freed),
        [on("nama", BreachKind::FieldOwned), on("terverifikasi", BreachKind::FieldOwned)]
    );
}

#[test]
fn no_edit_takes_a_row_from_the_centre_or_hands_one_over() {
    let pack = pack();
    let lab = record(&pack, "tugas_tambahan", &[("jabatan_ptk_id", code("7"))]);
    let plt = with(&lab, "jabatan_ptk_id", code("33"));
    assert_eq!(breaches(&pack, Some(&lab), &plt), [on("jabatan_ptk_id", BreachKind::FieldOwned)]);
    assert_eq!(breaches(&pack, Some(&plt), &lab), [on("jabatan_ptk_id", BreachKind::FieldOwned)]);
    assert_eq!(
        breaches(&pack, Some(&plt), &with(&plt, "nomor_sk", Value::text("421/1"))),
        [on("nomor_sk", BreachKind::FieldOwned)]
    );
    assert_eq!(breaches(&pack, Some(&lab), &with(&lab, "nomor_sk", Value::text("421/1"))), []);
}

#[test]
fn reserved_values_are_neither_set_nor_taken_away() {
    let pack = pack();
    let teacher = record(&pack, "ptk", &[("jenis_ptk_id", code("4"))]);
    let head = with(&teacher, "jenis_ptk_id", code("20"));
    let reserved = [on("jenis_ptk_id", BreachKind::ValueReserved)];
    assert_eq!(breaches(&pack, Some(&teacher), &head), reserved);
    assert_eq!(breaches(&pack, Some(&head), &teacher), reserved);
    assert_eq!(breaches(&pack, Some(&head), &with(&head, "jenis_ptk_id", Value::Null)), reserved);
    assert_eq!(breaches(&pack, Some(&head), &with(&head, "nama", Value::text("Baru"))), []);
    assert_eq!(breaches(&pack, Some(&teacher), &with(&teacher, "jenis_ptk_id", Value::Null)), []);
}

#[test]
fn deleting_and_restoring_need_the_right_and_a_row_of_the_schools() {
    let pack = pack();
    let gone = |record: &Record| Record { deleted: true, ..record.clone() };
    let student = record(&pack, "peserta_didik", &[]);
    assert_eq!(breaches(&pack, Some(&student), &gone(&student)), [(None, BreachKind::Delete)]);
    assert_eq!(breaches(&pack, Some(&gone(&student)), &student), [(None, BreachKind::Delete)]);
    let staff = record(&pack, "ptk", &[]);
    assert_eq!(breaches(&pack, Some(&staff), &gone(&staff)), []);
    assert_eq!(breaches(&pack, Some(&gone(&staff)), &staff), []);
    let head = record(&pack, "tugas_tambahan", &[("jabatan_ptk_id", code("2"))]);
    assert_eq!(breaches(&pack, Some(&head), &gone(&head)), [(None, BreachKind::Delete)]);
    let lab = record(&pack, "tugas_tambahan", &[("jabatan_ptk_id", code("7"))]);
    assert_eq!(breaches(&pack, Some(&lab), &gone(&lab)), []);
}

#[test]
fn unknown_fields_stay_but_are_not_written() {
    let pack = pack();
    let student = record(&pack, "peserta_didik", &[("dari_pusat", Value::Int(1))]);
    assert_eq!(breaches(&pack, Some(&student), &with(&student, "telepon", Value::text("0812"))), []);
    let unknown = [on("dari_pusat", BreachKind::UnknownField)];
    assert_eq!(breaches(&pack, Some(&student), &with(&student, "dari_pusat", Value::Int(2))), unknown);
    assert_eq!(breaches(&pack, None, &student), unknown);
    let empty = record(&pack, "peserta_didik", &[]);
    assert_eq!(breaches(&pack, Some(&empty), &with(&empty, "dari_pusat", Value::Null)), unknown);
    assert_eq!(breaches(&pack, Some(&student), &empty), unknown);
}

#[test]
fn unknown_entities_are_refused_as_a_whole() {
    let pack = pack();
    let mut record = record(&pack, "ptk", &[("nama", Value::text("Contoh"))]);
    record.entity = selaras_model::EntityCode(999);
    assert_eq!(breaches(&pack, None, &record), [(None, BreachKind::UnknownEntity)]);
    assert_eq!(breaches(&pack, Some(&record), &record), [(None, BreachKind::UnknownEntity)]);
}

#[test]
fn a_value_has_the_type_and_length_of_its_field() {
    let pack = pack();
    let student = record(&pack, "peserta_didik", &[]);
    let wrong = |field: &str, value: Value| {
        assert_eq!(breaches(&pack, None, &with(&student, field, value)), [on(field, BreachKind::WrongType)]);
    };
    wrong("nama", Value::Int(1));
    wrong("nama", Value::text("x".repeat(21)));
    wrong("anak_keberapa", Value::Decimal(1));
    wrong("agama_id", Value::text("1"));
    wrong("tanggal_lahir", Value::text("2010-01-01"));
    let longest = with(&student, "nama", Value::text("é".repeat(20)));
    assert_eq!(breaches(&pack, None, &longest), []);
    // Whether a code exists is for the rulebook, which can tell the operator what to do about it.
    assert_eq!(breaches(&pack, None, &with(&student, "agama_id", code("77"))), []);
}

#[test]
fn null_and_absent_are_the_same_to_the_owner() {
    let pack = pack();
    let student = record(&pack, "peserta_didik", &[]);
    let cleared = with(&student, "nisn", Value::Null);
    assert_eq!(breaches(&pack, Some(&student), &cleared), []);
    assert_eq!(breaches(&pack, Some(&cleared), &student), []);
}
