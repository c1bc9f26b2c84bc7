//! What staff have behind them: education, ranks, certification.

use selaras_model::{Date, RecordId};

use super::SampleError;
use super::maker::{Maker, code, int, on, only, scaled, text, to};
use super::{names, people};

/// The highest education of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schooling {
    /// Senior secondary school.
    Senior,
    /// A first degree.
    Bachelor,
    /// A second degree.
    Master,
}

/// The steps of education: code in `pendidikan`, age at entry and at the end, the institution's kind, the degree.
const LADDER: [(&str, i16, i16, &str, &str); 5] = [
    ("4", 7, 13, "SD Negeri", ""),
    ("5", 13, 16, "SMP Negeri", ""),
    ("6", 16, 19, "SMA Negeri", ""),
    ("30", 19, 23, "Universitas", "S.Pd."),
    ("35", 24, 26, "Universitas", "M.Pd."),
];
const FIELDS: [&str; 8] = [
    "Pendidikan Matematika",
    "Pendidikan Bahasa Indonesia",
    "Pendidikan IPA",
    "Pendidikan IPS",
    "Pendidikan Bahasa Inggris",
    "Pendidikan Jasmani",
    "Pendidikan Agama Islam",
    "Pendidikan Seni",
];
/// The rank with which a graduate begins (III/a), and years from rank to rank.
const FIRST_RANK: u8 = 9;
const YEARS_A_RANK: i16 = 4;
const HIGHEST_RANK: u8 = 14;

pub(super) fn education(
    maker: &mut Maker<'_>,
    ptk: RecordId,
    schooling: Schooling,
    born: Date,
) -> Result<(), SampleError> {
    let steps = match schooling {
        Schooling::Senior => 3,
        Schooling::Bachelor => 4,
        Schooling::Master => 5,
    };
    for (level, entry, end, kind, degree) in LADDER.into_iter().take(steps) {
        let studied = !degree.is_empty();
        let cells = [
            ("ptk_id", to(ptk)),
            ("pendidikan_id", code(level)),
            ("satuan_pendidikan", text(format!("{kind} {}", names::town(&mut maker.dice)))),
            ("bidang_studi", only(studied, text(maker.dice.word(&FIELDS)))),
            ("gelar", text(degree)),
            ("tahun_masuk", int(born.year() + entry)),
            ("tahun_lulus", int(born.year() + end)),
            ("nim", text(maker.dice.digits(9))),
            ("ipk", only(studied, scaled(maker.dice.between(275, 392)))),
        ];
        maker.school("rwy_pend_formal", cells)?;
    }
    Ok(())
}

/// Gives the rank of somebody appointed on a day.
pub(super) fn rank(maker: &Maker<'_>, since: Date) -> u8 {
    let years = (maker.year - since.year()).max(0);
    let steps = u8::try_from(years / YEARS_A_RANK).unwrap_or(u8::MAX);
    FIRST_RANK.saturating_add(steps).min(HIGHEST_RANK)
}

/// Makes every rank up to the present one.
pub(super) fn ranks(maker: &mut Maker<'_>, ptk: RecordId, present: u8, since: Date) -> Result<(), SampleError> {
    for rank in FIRST_RANK..=present {
        let served = YEARS_A_RANK * i16::from(rank - FIRST_RANK);
        let from = Date::new(since.year() + served, 4, 1).map_err(|_| SampleError::Calendar)?;
        // The first rank comes with the appointment.
        let from = if served == 0 { since } else { from };
        let cells = [
            ("ptk_id", to(ptk)),
            ("pangkat_golongan_id", code(rank.to_string())),
            ("nomor_sk", text(format!("823.3/{}/BKD/{}", maker.dice.digits(4), from.year()))),
            ("tanggal_sk", on(people::later(from, -20)?)),
            ("tmt_pangkat", on(from)),
            ("masa_kerja_gol_tahun", int(served)),
            ("masa_kerja_gol_bulan", int(0)),
        ];
        maker.school("rwy_kepangkatan", cells)?;
    }
    Ok(())
}

pub(super) fn certification(maker: &mut Maker<'_>, ptk: RecordId) -> Result<(), SampleError> {
    let cells = [
        ("ptk_id", to(ptk)),
        ("jenis_sertifikasi_id", code("1")),
        ("nomor_sertifikat", text(maker.people.number(&mut maker.dice, "99", 10))),
        ("tahun_sertifikasi", int(i64::from(maker.year) - maker.dice.between(1, 8))),
        ("bidang_studi", text(maker.dice.word(&FIELDS))),
        ("nrg", text(maker.people.number(&mut maker.dice, "9", 11))),
        ("nomor_peserta", text(maker.people.number(&mut maker.dice, "9", 13))),
    ];
    maker.school("rwy_sertifikasi", cells).map(drop)
}
