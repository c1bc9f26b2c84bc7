//! Teachers and staff: identity, employment, assignment to the school and additional duties.

use selaras_model::{Date, RecordId};

use super::SampleError;
use super::maker::{Cell, Maker, code, int, on, only, text, to, yes};
use super::people::{self, Person};
use super::plan::Plan;
use super::staff_history::{self, Schooling};

/// Somebody's PTK record and assignment to the school.
#[derive(Debug, Clone, Copy)]
pub(super) struct Employee {
    pub(super) ptk: RecordId,
    pub(super) assignment: RecordId,
}

/// Everybody who works at the school.
pub(super) struct Staff {
    pub(super) head: RecordId,
    pub(super) teachers: Vec<Employee>,
}

/// How somebody is employed: status, source of salary, appointing body, whether there is a NIP.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Employment {
    status: &'static str,
    salary: &'static str,
    body: &'static str,
    nip: bool,
}

const PNS: Employment = Employment { status: "1", salary: "3", body: "3", nip: true };
const PPPK: Employment = Employment { status: "11", salary: "3", body: "3", nip: true };
const DISTRICT: Employment = Employment { status: "6", salary: "3", body: "3", nip: false };
const SCHOOL: Employment = Employment { status: "8", salary: "5", body: "5", nip: false };

/// What the centre knows of somebody.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// A verified identity, and the assignment with the home school.
    ToCentre,
    /// Nothing yet.
    ToSchool,
}

/// A person to be employed.
struct Post {
    kind: &'static str,
    employment: Employment,
    schooling: Schooling,
    known: Known,
}

/// Makes everybody; the head's assignment as such is left to the Dinas.
pub(super) fn make(maker: &mut Maker<'_>, plan: &Plan) -> Result<Staff, SampleError> {
    let head = Post { kind: "20", employment: PNS, schooling: Schooling::Master, known: Known::ToCentre };
    let head = employ(maker, &head)?.ptk;
    let duties: Vec<_> = plan.duties().collect();
    let mut teachers = Vec::new();
    for at in 0..plan.teachers {
        let kind = if at < class_teachers(plan) { "3" } else { "4" };
        // A duty counts at the home school only, which is the centre's to name.
        let known = if at < duties.len() || maker.dice.chance(50) { Known::ToCentre } else { Known::ToSchool };
        let schooling = if maker.dice.chance(15) { Schooling::Master } else { Schooling::Bachelor };
        let post = Post { kind, employment: employment(maker), schooling, known };
        teachers.push(employ(maker, &post)?);
    }
    for ((duty, hours), teacher) in duties.into_iter().zip(&teachers) {
        additional_duty(maker, teacher.ptk, duty, hours)?;
    }
    let others = [("11", 1 + plan.teachers / 12), ("40", usize::from(plan.teachers >= 20)), ("42", 1)];
    for (kind, number) in others {
        for _ in 0..number {
            let schooling = if kind == "42" { Schooling::Senior } else { Schooling::Bachelor };
            employ(maker, &Post { kind, employment: SCHOOL, schooling, known: Known::ToSchool })?;
        }
    }
    Ok(Staff { head, teachers })
}

fn class_teachers(plan: &Plan) -> usize {
    if plan.kind == super::SchoolKind::Sd { plan.classes.len() } else { 0 }
}

fn employment(maker: &mut Maker<'_>) -> Employment {
    match maker.dice.between(0, 99) {
        0..40 => PNS,
        40..70 => PPPK,
        70..80 => DISTRICT,
        _ => SCHOOL,
    }
}

fn employ(maker: &mut Maker<'_>, post: &Post) -> Result<Employee, SampleError> {
    let age = i16::try_from(maker.dice.between(27, 57)).map_err(|_| SampleError::Calendar)?;
    let age = if post.kind == "20" { age.max(45) } else { age };
    let born = people::day_of(&mut maker.dice, maker.year - age)?;
    let male = maker.dice.chance(40);
    let person = maker.people.person(&mut maker.dice, male, born);
    // Appointed at 24 at the earliest, and never after the school year began.
    let since = people::day_of(&mut maker.dice, (born.year() + 24).max(maker.year - 18).min(maker.year - 2))?;
    let rank = (post.employment == PNS).then(|| staff_history::rank(maker, since));
    let ptk = ptk(maker, post, &person, since, rank)?;
    staff_history::education(maker, ptk, post.schooling, born)?;
    if let Some(rank) = rank {
        staff_history::ranks(maker, ptk, rank, since)?;
    }
    let teaches = matches!(post.kind, "3" | "4" | "20");
    if teaches && post.employment.nip && maker.dice.chance(60) {
        staff_history::certification(maker, ptk)?;
    }
    let assignment = assignment(maker, post, ptk)?;
    Ok(Employee { ptk, assignment })
}

fn ptk(
    maker: &mut Maker<'_>,
    post: &Post,
    person: &Person,
    since: Date,
    rank: Option<u8>,
) -> Result<RecordId, SampleError> {
    let Employment { status, salary, body, nip } = post.employment;
    let dice = &mut maker.dice;
    let numbered = post.kind == "20" || dice.chance(75);
    let nuptk = maker.people.number(dice, "9", 15);
    let married = dice.chance(80);
    let mut cells: Vec<Cell> = person.identity().into();
    cells.extend([
        ("nuptk", only(numbered, text(nuptk))),
        ("nip", only(nip, text(nip_number(maker, person, post.employment, since)))),
        ("status_kepegawaian_id", code(status)),
        ("agama_id", code("1")),
        ("kewarganegaraan", code("ID")),
        ("no_hp", people::telephone(&mut maker.dice)),
        ("email", text(format!("ptk{}@contoh.sch.id", maker.dice.digits(6)))),
        ("sk_pengangkatan", text(format!("813/{}/BKD/{}", maker.dice.digits(4), since.year()))),
        ("tmt_pengangkatan", on(since)),
        ("lembaga_pengangkat_id", code(body)),
        ("pangkat_golongan_id", rank.map_or(selaras_model::Value::Null, |rank| code(rank.to_string()))),
        ("sumber_gaji_id", code(salary)),
        ("status_perkawinan", code(if married { "1" } else { "2" })),
        ("nama_suami_istri", only(married, text(super::names::person(&mut maker.dice, !person.male)))),
        ("terverifikasi", only(post.known == Known::ToCentre, yes(true))),
    ]);
    cells.extend(people::address(&mut maker.dice));
    match post.known {
        Known::ToCentre => maker.shared("ptk", cells),
        Known::ToSchool => maker.school("ptk", cells),
    }
}

/// A NIP: birth, month of appointment (21 for a contract), sex, serial.
fn nip_number(maker: &mut Maker<'_>, person: &Person, employment: Employment, since: Date) -> String {
    let Person { born, male, .. } = person;
    let month = if employment == PNS { format!("{:02}", since.month()) } else { "21".to_owned() };
    let sex = if *male { 1 } else { 2 };
    let prefix = format!("{}{:02}{:02}{}{month}{sex}", born.year(), born.month(), born.day(), since.year());
    maker.people.number(&mut maker.dice, &prefix, 3)
}

fn assignment(maker: &mut Maker<'_>, post: &Post, ptk: RecordId) -> Result<RecordId, SampleError> {
    let from = maker.day(0, 7, 1)?;
    let number = maker.people.number(&mut maker.dice, "800/", 4);
    let cells = [
        ("ptk_id", to(ptk)),
        ("tahun_ajaran_id", maker.school_year()),
        ("jenis_ptk_id", code(post.kind)),
        ("nomor_surat_tugas", text(format!("{number}/ST/{}", maker.year))),
        ("tanggal_surat_tugas", on(from)),
        ("tmt_tugas", on(from)),
        ("ptk_induk", only(post.known == Known::ToCentre, yes(true))),
    ];
    match post.known {
        Known::ToCentre => maker.centre("ptk_terdaftar", cells),
        Known::ToSchool => maker.school("ptk_terdaftar", cells),
    }
}

fn additional_duty(maker: &mut Maker<'_>, ptk: RecordId, duty: &str, hours: u32) -> Result<(), SampleError> {
    let from = maker.day(0, 7, 13)?;
    let cells = [
        ("ptk_id", to(ptk)),
        ("jabatan_ptk_id", code(duty)),
        ("jumlah_jam", int(hours)),
        ("nomor_sk", text(format!("800/{}/KEP/{}", maker.dice.digits(3), maker.year))),
        ("tanggal_sk", on(from)),
        ("tmt_tambahan", on(from)),
    ];
    maker.school("tugas_tambahan", cells).map(drop)
}
