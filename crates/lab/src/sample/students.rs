//! Students: identity, family, help received, registration and the data of the semester.

use selaras_model::{RecordId, Side, Value};

use super::SampleError;
use super::maker::{Cell, Maker, code, int, only, text, yes};
use super::people::{self, Person};
use super::plan::Plan;
use super::{names, student_rows};

/// Of a hundred students, how many the centre has verified.
const VERIFIED: u32 = 50;

/// A student in the place where the plan has one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Student {
    pub(super) id: RecordId,
    /// The place of the student's class in the plan.
    pub(super) class: usize,
    pub(super) level: u8,
}

/// Makes the students of every class, class by class.
pub(super) fn make(maker: &mut Maker<'_>, plan: &Plan) -> Result<Vec<Student>, SampleError> {
    let mut students = Vec::new();
    for (class, planned) in plan.classes.iter().enumerate() {
        for _ in 0..planned.size {
            let verified = maker.dice.chance(VERIFIED);
            let cells = student(maker, planned.level, if verified { Side::Centre } else { Side::School })?;
            let id =
                if verified { maker.shared("peserta_didik", cells)? } else { maker.school("peserta_didik", cells)? };
            student_rows::registration(maker, id, planned.level)?;
            student_rows::semester(maker, id, planned.level, maker.semester())?;
            if planned.level > *plan.kind.levels().start() {
                let last = student_rows::last_semester(maker);
                student_rows::semester(maker, id, planned.level - 1, last)?;
            }
            students.push(Student { id, class, level: planned.level });
        }
    }
    Ok(students)
}

/// Makes the fields of a student of a level whose identity one side answers for.
pub(super) fn student(maker: &mut Maker<'_>, level: u8, verified_by: Side) -> Result<Vec<Cell>, SampleError> {
    let verified = verified_by == Side::Centre;
    // Six and a half to seven and a half years old when year 1 begins.
    let born = people::day_of(&mut maker.dice, maker.year - 6 - i16::from(level))?;
    let male = maker.dice.chance(51);
    let person = maker.people.person(&mut maker.dice, male, born);
    let numbered = verified || maker.dice.chance(96);
    let nisn = maker.people.number(&mut maker.dice, &format!("0{:02}", born.year().rem_euclid(100)), 7);
    let religion = if maker.dice.chance(92) { "1" } else { "2" };
    let mut cells: Vec<Cell> = person.identity().into();
    cells.extend([
        ("nisn", only(numbered, text(nisn))),
        ("no_kk", text(maker.people.family_card(&mut maker.dice, born)?)),
        ("reg_akta_lahir", text(format!("3299-LT-{}-{}", born.year(), maker.dice.digits(5)))),
        ("agama_id", code(religion)),
        ("kewarganegaraan", code("ID")),
        ("kebutuhan_khusus_id", code("0")),
        ("jenis_tinggal_id", code(if maker.dice.chance(95) { "1" } else { "2" })),
        ("alat_transportasi_id", code(maker.dice.word(&["1", "1", "3", "6", "12", "13"]))),
        ("anak_keberapa", int(maker.dice.between(1, 4))),
        ("telepon", people::telephone(&mut maker.dice)),
        ("terverifikasi", only(verified, yes(true))),
    ]);
    cells.extend(people::address(&mut maker.dice));
    cells.extend(parents(maker, &person)?);
    cells.extend(help(maker, &person));
    Ok(cells)
}

fn parents(maker: &mut Maker<'_>, child: &Person) -> Result<Vec<Cell>, SampleError> {
    const JOBS: [&str; 8] = ["3", "5", "6", "7", "9", "11", "11", "99"];
    const EDUCATION: [&str; 5] = ["4", "5", "6", "6", "30"];
    const INCOME: [&str; 4] = ["12", "13", "13", "14"];
    let dice = &mut maker.dice;
    let mut born = |youngest, oldest| {
        let age = i16::try_from(dice.between(youngest, oldest)).map_err(|_| SampleError::Calendar)?;
        people::day_of(dice, child.born.year() - age)
    };
    let (father, mother) = (born(22, 40)?, born(20, 36)?);
    let at_home = dice.chance(60);
    let mothers_job = if at_home { "1" } else { dice.word(&JOBS) };
    let mothers_income = if at_home { "99" } else { dice.word(&INCOME) };
    let mut cells = vec![
        ("nama_ayah", text(names::person(dice, true))),
        ("nik_ayah", text(maker.people.nik(dice, true, father))),
        ("tahun_lahir_ayah", int(father.year())),
        ("pendidikan_id_ayah", code(dice.word(&EDUCATION))),
        ("pekerjaan_id_ayah", code(dice.word(&JOBS))),
        ("penghasilan_id_ayah", code(dice.word(&INCOME))),
        ("nik_ibu", text(maker.people.nik(dice, false, mother))),
        ("tahun_lahir_ibu", int(mother.year())),
        ("pendidikan_id_ibu", code(dice.word(&EDUCATION))),
        ("pekerjaan_id_ibu", code(mothers_job)),
        ("penghasilan_id_ibu", code(mothers_income)),
    ];
    if dice.chance(5) {
        let guardian = people::day_of(dice, child.born.year() - 30)?;
        cells.extend([
            ("nama_wali", text(names::person(dice, true))),
            ("nik_wali", text(maker.people.nik(dice, true, guardian))),
            ("tahun_lahir_wali", int(guardian.year())),
            ("pendidikan_id_wali", code(dice.word(&EDUCATION))),
            ("pekerjaan_id_wali", code(dice.word(&JOBS))),
            ("penghasilan_id_wali", code(dice.word(&INCOME))),
        ]);
    }
    Ok(cells)
}

/// Social help; every flag comes with its number or reason, and no number without its flag.
fn help(maker: &mut Maker<'_>, child: &Person) -> Vec<Cell> {
    let dice = &mut maker.dice;
    let (family, card) = (dice.chance(12), dice.chance(18));
    let poor = card || dice.chance(6);
    let account = card.then(|| dice.digits(15));
    let account = account.map_or(Value::Null, text);
    vec![
        ("penerima_kps", yes(family)),
        ("no_kps", only(family, text(dice.digits(14)))),
        ("no_kks", only(family, text(dice.digits(6)))),
        ("penerima_kip", yes(card)),
        ("no_kip", only(card, text(format!("K{}", dice.digits(5))))),
        ("nm_kip", only(card, text(&child.name))),
        ("layak_pip", yes(poor)),
        ("alasan_layak_pip", only(poor, code(if family { "1" } else { "5" }))),
        ("id_bank", only(card, code("002"))),
        ("no_rekening", account),
        ("rekening_atas_nama", only(card, text(&child.name))),
    ]
}
