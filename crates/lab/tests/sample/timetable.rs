//! The timetable can be kept: nobody is in two places, every hour is there, and everybody has a seat.

use std::collections::{BTreeMap, BTreeSet};

use selaras_model::{Record, RecordId, Value};

use crate::{of, schools};

/// Most hours a week of a teacher, credited duties included, that the allowances know.
const MOST_HOURS: i64 = 40;

/// Gives room, day, slot and lesson of every hour in the timetable.
fn hours<'a>(whole: impl Iterator<Item = &'a Record>) -> Vec<(RecordId, String, String, RecordId)> {
    let mut hours = Vec::new();
    for row in of(whole, "jadwal") {
        let (room, day) = (row.reference("id_ruang").unwrap(), row.code("hari").unwrap());
        for (name, value) in row.present() {
            if let (true, Value::Ref(lesson)) = (name.as_str().starts_with("bel_ke_"), value) {
                hours.push((room, day.to_owned(), name.to_string(), *lesson));
            }
        }
    }
    hours
}

#[test]
fn nobody_is_in_two_places() {
    for school in schools() {
        let whole = school.whole();
        let lessons: BTreeMap<RecordId, &Record> =
            of(whole.values(), "pembelajaran").into_iter().map(|lesson| (lesson.id, lesson)).collect();
        let mut taken = BTreeSet::new();
        for (room, day, slot, lesson) in hours(whole.values()) {
            let class = lessons[&lesson].reference("rombongan_belajar_id").unwrap();
            let teacher = lessons[&lesson].reference("ptk_terdaftar_id").unwrap();
            for who in [room, class, teacher] {
                assert!(taken.insert((who, day.clone(), slot.clone())), "{school:?}: day {day}, {slot}");
            }
        }
    }
}

#[test]
fn every_hour_of_a_lesson_is_there() {
    for school in schools() {
        let whole = school.whole();
        let mut scheduled: BTreeMap<RecordId, i64> = BTreeMap::new();
        for (_, _, _, lesson) in hours(whole.values()) {
            *scheduled.entry(lesson).or_default() += 1;
        }
        for lesson in of(whole.values(), "pembelajaran") {
            assert_eq!(scheduled.get(&lesson.id).copied(), lesson.int("jam_mengajar_per_minggu"), "{school:?}");
        }
    }
}

#[test]
fn no_teacher_has_too_many_hours() {
    for school in schools() {
        let whole = school.whole();
        let mut load: BTreeMap<RecordId, i64> = BTreeMap::new();
        for lesson in of(whole.values(), "pembelajaran") {
            let assignment = lesson.reference("ptk_terdaftar_id").unwrap();
            *load.entry(assignment).or_default() += lesson.int("jam_mengajar_per_minggu").unwrap();
        }
        for assignment in of(whole.values(), "ptk_terdaftar") {
            let ptk = assignment.reference("ptk_id");
            let duties =
                of(whole.values(), "tugas_tambahan").into_iter().filter(|duty| duty.reference("ptk_id") == ptk);
            let credit: i64 = duties.filter_map(|duty| duty.int("jumlah_jam")).sum();
            let hours = load.get(&assignment.id).copied().unwrap_or_default() + credit;
            assert!(hours <= MOST_HOURS, "{school:?}: {hours} hours");
        }
    }
}

#[test]
fn every_member_of_a_class_has_a_seat() {
    for school in schools() {
        let whole = school.whole();
        let mut members: BTreeMap<RecordId, i64> = BTreeMap::new();
        for member in of(whole.values(), "anggota_rombel") {
            *members.entry(member.reference("rombongan_belajar_id").unwrap()).or_default() += 1;
        }
        let rooms: BTreeMap<RecordId, &Record> =
            of(whole.values(), "ruang").into_iter().map(|room| (room.id, room)).collect();
        for class in of(whole.values(), "rombongan_belajar") {
            let seats = rooms[&class.reference("id_ruang").unwrap()].int("kapasitas").unwrap();
            let members = members[&class.id];
            assert!((1..=seats).contains(&members), "{school:?}: {members} members, {seats} seats");
        }
    }
}
