//! The school itself: its row at the centre, and its data of the semester.

use selaras_model::RecordId;

use super::SampleError;
use super::maker::{Maker, code, int, on, scaled, text, yes};
use super::{names, people};

/// Makes the school; gives its record and name.
pub(super) fn make(maker: &mut Maker<'_>) -> Result<(RecordId, String), SampleError> {
    let name = format!("{} Negeri 1 {}", maker.kind.name(), names::town(&mut maker.dice));
    let domain = "contoh.sch.id";
    let founded = maker.day(41, 7, 15)?;
    let licensed = maker.day(11, 3, 2)?;
    let mut cells = vec![
        ("npsn", text(&maker.npsn)),
        ("nama", text(&name)),
        ("nss", text(format!("2013299{}", maker.dice.digits(5)))),
        ("bentuk_pendidikan_id", code(maker.kind.code())),
        ("status_sekolah", code("1")),
        ("sk_pendirian_sekolah", text("0299/O/1985")),
        ("tanggal_sk_pendirian", on(founded)),
        ("sk_izin_operasional", text("421.3/0017-DISDIK/2015")),
        ("tanggal_sk_izin", on(licensed)),
        ("lintang", scaled(-6_914_744)),
        ("bujur", scaled(107_609_810)),
        ("telepon", people::telephone(&mut maker.dice)),
        ("email", text(format!("tatausaha@{domain}"))),
        ("website", text(format!("https://{domain}"))),
        ("id_bank", code("110")),
        ("nama_bank", text("Cabang Contoh")),
        ("no_rekening", text(maker.dice.digits(13))),
        ("rekening_atas_nama", text(&name)),
        ("mbs", yes(true)),
    ];
    cells.extend(people::address(&mut maker.dice));
    let school = maker.shared("sekolah", cells)?;
    semester(maker, school)?;
    sanitation(maker, school)?;
    Ok((school, name))
}

fn semester(maker: &mut Maker<'_>, school: RecordId) -> Result<(), SampleError> {
    let cells = [
        ("sekolah_id", super::maker::to(school)),
        ("semester_id", maker.semester()),
        ("waktu_penyelenggaraan_id", code("6")),
        ("sumber_listrik_id", code("2")),
        ("daya_listrik", int(13_200)),
        ("akses_internet_id", code("2")),
        ("akses_internet_2_id", code("0")),
        ("partisipasi_bos", yes(true)),
        ("sertifikasi_iso_id", code("9")),
    ];
    maker.school("sekolah_periodik", cells).map(drop)
}

fn sanitation(maker: &mut Maker<'_>, school: RecordId) -> Result<(), SampleError> {
    let cells = [
        ("sekolah_id", super::maker::to(school)),
        ("semester_id", maker.semester()),
        ("sumber_air_id", code("3")),
        ("sumber_air_minum_id", code("2")),
        ("kecukupan_air", yes(true)),
        ("tersedia_air_minum", yes(true)),
        ("jumlah_jamban_laki", int(maker.dice.between(2, 12))),
        ("jumlah_jamban_perempuan", int(maker.dice.between(2, 14))),
        ("jumlah_jamban_bersama", int(1)),
        ("jumlah_tempat_cuci_tangan", int(maker.dice.between(4, 20))),
        ("tersedia_sabun", yes(true)),
        ("kegiatan_sanitasi", yes(true)),
    ];
    maker.school("sanitasi", cells).map(drop)
}
