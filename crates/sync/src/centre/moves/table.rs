//! Which entities and fields a move uses: data, one table for each kind of mover.

use serde::{Deserialize, Serialize};

/// Who moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mover {
    /// A student.
    PesertaDidik,
    /// A teacher or staff.
    Ptk,
}

/// Where a mover's records are.
pub(super) struct Places {
    pub(super) person: &'static str,
    pub(super) offer: &'static str,
    /// Field of the offer that names the person.
    pub(super) id: &'static str,
    /// The national number, in the person's record and in the offer.
    pub(super) number: &'static str,
    /// Records that make the person one of the school, by the field `reference`.
    pub(super) membership: &'static str,
    pub(super) reference: &'static str,
    /// When a membership ended.
    pub(super) left: &'static str,
    /// What else goes along with the person.
    pub(super) histories: &'static [&'static str],
    /// What a membership of somebody who arrives says.
    pub(super) arrival: &'static [(&'static str, Arrival)],
    /// What it takes over from the membership that the person leaves, but for values that are the centre's to give.
    pub(super) taken_over: &'static [&'static str],
}

/// What a field of an arriving person's membership is filled with.
pub(super) enum Arrival {
    /// The person.
    Person,
    /// The day of the move.
    Day,
    /// The name of the former school.
    FormerSchool,
    /// The school year of the pack.
    SchoolYear,
    /// Always this.
    Fixed(&'static str),
}

/// jenis_pendaftaran: transfer from another school.
const TRANSFER: &str = "2";
/// jenis_keluar: moved to another school.
pub(super) const MOVED: &str = "2";
/// keputusan_mutasi.
pub(super) const ACCEPTED: &str = "1";
pub(super) const DECLINED: &str = "2";

const STUDENTS: Places = Places {
    person: "peserta_didik",
    offer: "mutasi_peserta_didik",
    id: "id_peserta_didik",
    number: "nisn",
    membership: "registrasi_peserta_didik",
    reference: "peserta_didik_id",
    left: "tanggal_keluar",
    histories: &[],
    arrival: &[
        ("peserta_didik_id", Arrival::Person),
        ("jenis_pendaftaran_id", Arrival::Fixed(TRANSFER)),
        ("tanggal_masuk_sekolah", Arrival::Day),
        ("sekolah_asal", Arrival::FormerSchool),
    ],
    taken_over: &[],
};
const STAFF: Places = Places {
    person: "ptk",
    offer: "mutasi_ptk",
    id: "id_ptk",
    number: "nuptk",
    membership: "ptk_terdaftar",
    reference: "ptk_id",
    left: "tgl_ptk_keluar",
    histories: &["rwy_pend_formal", "rwy_kepangkatan", "rwy_sertifikasi"],
    arrival: &[
        ("ptk_id", Arrival::Person),
        ("tahun_ajaran_id", Arrival::SchoolYear),
        ("tmt_tugas", Arrival::Day),
        ("ptk_induk", Arrival::Fixed("true")),
    ],
    taken_over: &["jenis_ptk_id"],
};

impl Mover {
    pub(super) const ALL: [Self; 2] = [Self::PesertaDidik, Self::Ptk];

    pub(super) fn places(self) -> &'static Places {
        match self {
            Self::PesertaDidik => &STUDENTS,
            Self::Ptk => &STAFF,
        }
    }
}
