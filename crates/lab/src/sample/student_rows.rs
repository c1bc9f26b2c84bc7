//! The rows that every student has besides the identity: registration, and the data of a semester.

use selaras_model::{Date, RecordId, Value};

use super::maker::{Cell, Maker, code, int, on, only, scaled, text, to, yes};
use super::{SampleError, names};

/// How a student came to the school.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// With the first year.
    New,
    /// From another school.
    Transferred,
}

/// Makes the registration of a student of a level, admitted when the level below began.
pub(super) fn registration(maker: &mut Maker<'_>, student: RecordId, level: u8) -> Result<RecordId, SampleError> {
    let years = i16::from(level - maker.kind.levels().start());
    let came = if years > 0 && maker.dice.chance(4) { Came::Transferred } else { Came::New };
    let day = match came {
        Came::New => maker.day(years, 7, 13)?,
        Came::Transferred => maker.day(years, 9, 21)?,
    };
    let cells = registration_cells(maker, student, came, day);
    maker.school("registrasi_peserta_didik", cells)
}

pub(super) fn registration_cells(maker: &mut Maker<'_>, student: RecordId, came: Came, day: Date) -> Vec<Cell> {
    let before = match came {
        Came::New => maker.kind.before(),
        Came::Transferred => maker.kind.name(),
    };
    let certified = maker.kind != super::SchoolKind::Sd;
    let year = day.year().rem_euclid(100);
    let nipd = maker.people.number(&mut maker.dice, &format!("{year:02}{:02}", year + 1), 6);
    let dice = &mut maker.dice;
    vec![
        ("peserta_didik_id", to(student)),
        ("jenis_pendaftaran_id", code(if came == Came::New { "1" } else { "2" })),
        ("nipd", text(nipd)),
        ("tanggal_masuk_sekolah", on(day)),
        ("sekolah_asal", text(format!("{before} Negeri {} {}", dice.between(1, 9), names::town(dice)))),
        ("a_pernah_paud", yes(dice.chance(40))),
        ("a_pernah_tk", yes(dice.chance(80))),
        ("no_skhun", only(certified, text(format!("DN-99/{}", dice.digits(7))))),
        ("no_seri_ijazah", only(certified, text(format!("DN-99/{}/{}", before, dice.digits(7))))),
        ("id_hobby", code(dice.word(&["1", "2", "3", "4", "5"]))),
        ("id_cita", code(dice.word(&["1", "2", "3", "4", "6", "7", "8"]))),
    ]
}

/// Makes the measurements of a student of a level in a semester.
pub(super) fn semester(
    maker: &mut Maker<'_>,
    student: RecordId,
    level: u8,
    semester: Value,
) -> Result<RecordId, SampleError> {
    let cells = semester_cells(maker, student, level, semester);
    maker.school("peserta_didik_periodik", cells)
}

pub(super) fn semester_cells(maker: &mut Maker<'_>, student: RecordId, level: u8, semester: Value) -> Vec<Cell> {
    let dice = &mut maker.dice;
    // Some 5 cm a year from 118 cm in year 1, levelling off in senior secondary school.
    let height = 1_130 + 50 * i64::from(level.min(10)) + dice.between(-60, 60);
    let weight = (height - 700) * 6 / 10 + dice.between(-40, 60);
    let distance = dice.between(2, 90);
    vec![
        ("peserta_didik_id", to(student)),
        ("semester_id", semester),
        ("tinggi_badan", scaled(height)),
        ("berat_badan", scaled(weight)),
        ("lingkar_kepala", scaled(dice.between(500, 560))),
        ("jarak_rumah_ke_sekolah_km", scaled(distance)),
        ("waktu_tempuh_menit", int(3 + distance / 3)),
        ("jumlah_saudara_kandung", int(dice.between(0, 4))),
    ]
}

/// Gives the second semester of the school year before.
pub(super) fn last_semester(maker: &Maker<'_>) -> Value {
    code(format!("{}2", maker.year - 1))
}
