//! A day's work at a school and at the centre, as benchmarks do it again and again.

use std::collections::{BTreeMap, BTreeSet};

use selaras_model::{EntityCode, Pack, Record, RecordId, Side, Value};

use super::maker::{Cell, Maker, code, int, only, record, text, yes};
use super::student_rows::{self, Came};
use super::{Sample, SampleError, SampleOptions, classes, names, people, students};

/// Students of whom a few fields change.
const STUDENTS: usize = 50;
/// Students who come to the school.
const NEW_STUDENTS: usize = 5;
/// PTK of whom a few fields change.
const STAFF: usize = 3;
/// What changes at the centre: identities of students, of PTK, and students whose identity is newly verified; with the
/// school's row they are 20.
const IDENTITIES: usize = 12;
const STAFF_IDENTITIES: usize = 3;
const VERIFICATIONS: usize = 4;
/// Numbers that no two people share.
const NUMBERS: [&str; 10] =
    ["nik", "nisn", "no_kk", "nik_ayah", "nik_ibu", "nik_wali", "nipd", "nuptk", "nip", "nomor_surat_tugas"];

/// What changes in a day; each record has only the fields that change.
///
/// `Debug` shows counts only.
#[derive(Clone)]
pub struct Day {
    /// What the school's clerk types: edits of 50 students and 3 PTK, and 5 new students with all their records.
    pub school: Vec<Record>,
    /// What the centre changes: 20 records, in fields that are its own.
    pub centre: Vec<Record>,
}

impl std::fmt::Debug for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Day({} at the school, {} at the centre)", self.school.len(), self.centre.len())
    }
}

/// Makes a day of a school whose both sets of records are at both ends.
///
/// A valid school is valid after it too. Small schools have shorter days.
///
/// # Errors
/// If the pack lacks what the day changes.
pub fn day(pack: &Pack, sample: &Sample, seed: u64) -> Result<Day, SampleError> {
    let options = SampleOptions { seed, npsn: sample.npsn, kind: sample.kind, students: 1, invalid: 0 };
    let mut maker = Maker::for_day(pack, &options)?;
    let school = School::new(pack, sample)?;
    school.remember_numbers(&mut maker);
    for class in school.roomy_classes(&mut maker) {
        new_student(&mut maker, class)?;
    }
    let mut edits = Vec::new();
    let students: Vec<&Record> = of(&sample.school, school.student);
    for student in maker.dice.some(&students, STUDENTS) {
        edits.push(student_edit(&mut maker, student)?);
    }
    let staff: Vec<&Record> = of(&sample.school, school.ptk);
    for ptk in maker.dice.some(&staff, STAFF) {
        let cells = vec![("no_hp", people::telephone(&mut maker.dice)), ("email", staff_email(&mut maker))];
        edits.push(record(pack, "ptk", ptk.id, cells)?);
    }
    let centre = central(&mut maker, &school)?;
    let (_, mut school) = maker.finish();
    school.extend(edits);
    Ok(Day { school, centre })
}

/// What a day needs to know of a school.
struct School<'a> {
    sample: &'a Sample,
    student: EntityCode,
    ptk: EntityCode,
    /// Regular classes: id, level and number of members.
    classes: Vec<(RecordId, u8, usize)>,
}

impl<'a> School<'a> {
    fn new(pack: &Pack, sample: &'a Sample) -> Result<Self, SampleError> {
        let code = |name| entity(pack, name);
        let mut members: BTreeMap<RecordId, usize> = BTreeMap::new();
        for member in of(&sample.school, code("anggota_rombel")?) {
            if let Some(class) = member.reference("rombongan_belajar_id") {
                *members.entry(class).or_default() += 1;
            }
        }
        let regular = of(&sample.school, code("rombongan_belajar")?);
        let classes = regular
            .into_iter()
            .filter(|class| class.code("jenis_rombel") == Some(classes::REGULAR))
            .filter_map(|class| {
                let level = class.code("tingkat_pendidikan_id")?.parse().ok()?;
                Some((class.id, level, members.get(&class.id).copied().unwrap_or_default()))
            });
        let classes = classes.collect();
        Ok(Self { sample, student: code("peserta_didik")?, ptk: code("ptk")?, classes })
    }

    fn remember_numbers(&self, maker: &mut Maker<'_>) {
        for record in self.sample.centre.iter().chain(&self.sample.school) {
            for number in NUMBERS.iter().filter_map(|field| record.text(field)) {
                maker.people.remember(number);
            }
        }
    }

    /// Gives a class for each new student: the least full ones, in a random order among equals.
    fn roomy_classes(&self, maker: &mut Maker<'_>) -> Vec<(RecordId, u8)> {
        let mut classes = maker.dice.some(&self.classes, self.classes.len());
        classes.sort_by_key(|(_, _, members)| *members);
        classes.into_iter().cycle().take(NEW_STUDENTS).map(|(class, level, _)| (*class, *level)).collect()
    }
}

fn entity(pack: &Pack, name: &str) -> Result<EntityCode, SampleError> {
    let missing = || SampleError::Pack { entity: name.to_owned(), field: String::new() };
    pack.entity_named(name).map(|entity| entity.code).ok_or_else(missing)
}

fn of(records: &[Record], entity: EntityCode) -> Vec<&Record> {
    records.iter().filter(|record| record.entity == entity).collect()
}

/// Makes somebody who comes from another school, with all that keeps the school valid.
fn new_student(maker: &mut Maker<'_>, (class, level): (RecordId, u8)) -> Result<(), SampleError> {
    let arrived = maker.day(0, 9, 21)?;
    let cells = students::student(maker, level, Side::School)?;
    let student = maker.school("peserta_didik", cells)?;
    let cells = student_rows::registration_cells(maker, student, Came::Transferred, arrived);
    maker.school("registrasi_peserta_didik", cells)?;
    student_rows::semester(maker, student, level, maker.semester())?;
    classes::member(maker, class, student, "2").map(drop)
}

/// Changes one to three fields of a student, none of them part of the identity.
fn student_edit(maker: &mut Maker<'_>, student: &Record) -> Result<Record, SampleError> {
    let dice = &mut maker.dice;
    let possible: [Cell; 8] = [
        ("telepon", people::telephone(dice)),
        ("alamat_jalan", text(names::street(dice))),
        ("alat_transportasi_id", code(dice.word(&["1", "3", "6", "12", "13"]))),
        ("rt", int(dice.between(1, 12))),
        ("rw", int(dice.between(1, 9))),
        ("pekerjaan_id_ayah", code(dice.word(&["3", "6", "7", "9", "11"]))),
        ("penghasilan_id_ayah", code(dice.word(&["12", "13", "14"]))),
        ("email", text(format!("pd{}@contoh.sch.id", dice.digits(6)))),
    ];
    let other: Vec<&Cell> = possible.iter().filter(|(field, value)| student.get(field) != value).collect();
    let number = usize::try_from(dice.between(1, 3)).unwrap_or(1);
    let cells: Vec<Cell> = dice.some(&other, number).into_iter().map(|cell| (*cell).clone()).collect();
    record(maker.pack, "peserta_didik", student.id, cells)
}

fn staff_email(maker: &mut Maker<'_>) -> Value {
    text(format!("ptk{}@contoh.sch.id", maker.dice.digits(6)))
}

/// Makes what the centre changes: an address, corrected identities, and identities that are verified now.
fn central(maker: &mut Maker<'_>, school: &School<'_>) -> Result<Vec<Record>, SampleError> {
    let pack = maker.pack;
    let mut changes = Vec::new();
    for row in of(&school.sample.centre, entity(pack, "sekolah")?) {
        let cells = [("alamat_jalan", text(names::street(&mut maker.dice)))];
        changes.push(record(pack, "sekolah", row.id, cells)?);
    }
    let plans = [("peserta_didik", school.student, IDENTITIES), ("ptk", school.ptk, STAFF_IDENTITIES)];
    for (name, entity, number) in plans {
        let verified = of(&school.sample.centre, entity);
        for person in maker.dice.some(&verified, number) {
            let cells = correction(maker, person);
            changes.push(record(pack, name, person.id, cells)?);
        }
    }
    let known: BTreeSet<RecordId> = of(&school.sample.centre, school.student).iter().map(|record| record.id).collect();
    let unverified: Vec<&Record> = of(&school.sample.school, school.student)
        .into_iter()
        .filter(|student| !known.contains(&student.id) && student.bool("terverifikasi") != Some(true))
        .collect();
    for student in maker.dice.some(&unverified, VERIFICATIONS) {
        let numbered = student.text("nisn").is_some();
        let year = student.date("tanggal_lahir").map_or(0, |born| born.year().rem_euclid(100));
        let nisn = maker.people.number(&mut maker.dice, &format!("0{year:02}"), 7);
        let cells = [("nisn", only(!numbered, text(nisn))), ("terverifikasi", yes(true))];
        changes.push(record(pack, "peserta_didik", student.id, cells)?);
    }
    Ok(changes)
}

/// Corrects a verified identity: a name, the mother's, or the place of birth.
fn correction(maker: &mut Maker<'_>, person: &Record) -> Vec<Cell> {
    let dice = &mut maker.dice;
    let male = person.code("jenis_kelamin") == Some("L");
    match dice.between(0, 2) {
        0 => vec![("nama", text(names::person(dice, male)))],
        1 => vec![("nama_ibu_kandung", text(names::person(dice, false)))],
        _ => {
            let born_in = ["Karangsari", "Sukaraja", "Wanasari"].map(Value::text);
            let other: Vec<Value> = born_in.into_iter().filter(|town| person.get("tempat_lahir") != town).collect();
            let town = dice.some(&other, 1).into_iter().next().cloned();
            vec![("tempat_lahir", town.unwrap_or(Value::Null))]
        }
    }
}
