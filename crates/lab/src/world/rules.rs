//! A small pack and rulebook: what the engine does depends on their shape, not on their size.

use std::sync::OnceLock;

use selaras_sync::Rules;

use super::trouble::{Trouble, wrong};

const PACK: &str = r#"
version = "sim"
semester = "20261"

[[module]]
name = "gtk"
label = { id = "GTK", en = "Staff" }

[[module]]
name = "siswa"
label = { id = "Siswa", en = "Students" }

[[entity]]
code = 301
name = "ptk"
module = "gtk"
label = { id = "PTK", en = "Staff" }
create = "both"
delete = "both"
title = "nama"
fields = [{ name = "nama", type = "text", max = 100, label = { id = "Nama", en = "Name" } }]

[[entity]]
code = 305
name = "ptk_terdaftar"
module = "gtk"
label = { id = "Penugasan", en = "Assignment" }
create = "both"
delete = "both"
fields = [
  { name = "ptk_id", type = "ref", entity = "ptk", label = { id = "PTK", en = "Staff" } },
  { name = "tahun_ajaran_id", type = "text", max = 4, label = { id = "Tahun", en = "Year" } },
  { name = "jenis_ptk_id", type = "code", table = "jenis_ptk", label = { id = "Jenis", en = "Kind" } },
  { name = "ptk_induk", type = "bool", owner = "centre", centre_only = true, label = { id = "Induk", en = "Home" } },
  { name = "jenis_keluar_id", type = "text", max = 4, label = { id = "Keluar", en = "Left" } },
]

[[entity]]
code = 306
name = "tugas_tambahan"
module = "gtk"
label = { id = "Tugas", en = "Duty" }
create = "both"
delete = "both"
centre_if = { field = "jabatan_ptk_id", values = ["2", "33"] }
fields = [
  { name = "ptk_id", type = "ref", entity = "ptk", label = { id = "PTK", en = "Staff" } },
  { name = "jabatan_ptk_id", type = "code", table = "jabatan_ptk", indexed = true, label = { id = "Jabatan", en = "Duty" } },
  { name = "tst_tambahan", type = "date", label = { id = "Sampai", en = "Until" } },
]

[[entity]]
code = 401
name = "siswa"
module = "siswa"
label = { id = "Siswa", en = "Student" }
create = "both"
delete = "both"
verified = "terverifikasi"
title = "nama"
fields = [
  { name = "nama", type = "text", max = 100, owner = "centre-when-verified", indexed = true, label = { id = "Nama", en = "Name" } },
  { name = "alamat", type = "text", max = 100, label = { id = "Alamat", en = "Address" } },
  { name = "catatan", type = "text", max = 100, label = { id = "Catatan", en = "Note" } },
  { name = "umur", type = "int", label = { id = "Umur", en = "Age" } },
  { name = "uraian_a", type = "text", max = 1024, label = { id = "Uraian", en = "Text" } },
  { name = "uraian_b", type = "text", max = 1024, label = { id = "Uraian", en = "Text" } },
  { name = "uraian_c", type = "text", max = 1024, label = { id = "Uraian", en = "Text" } },
  { name = "uraian_d", type = "text", max = 1024, label = { id = "Uraian", en = "Text" } },
  { name = "uraian_e", type = "text", max = 1024, label = { id = "Uraian", en = "Text" } },
  { name = "uraian_f", type = "text", max = 1024, label = { id = "Uraian", en = "Text" } },
  { name = "uraian_g", type = "text", max = 1024, label = { id = "Uraian", en = "Text" } },
  { name = "uraian_h", type = "text", max = 1024, label = { id = "Uraian", en = "Text" } },
  { name = "kode_pusat", type = "text", max = 40, owner = "centre", centre_only = true, label = { id = "Kode", en = "Code" } },
  { name = "terverifikasi", type = "bool", owner = "centre", centre_only = true, label = { id = "Terverifikasi", en = "Verified" } },
]

[[entity]]
code = 411
name = "peserta_didik"
module = "siswa"
label = { id = "Peserta didik", en = "Person" }
create = "both"
delete = "both"
title = "nama"
fields = [
  { name = "nama", type = "text", max = 100, label = { id = "Nama", en = "Name" } },
  { name = "nisn", type = "text", max = 10, label = { id = "NISN", en = "Number" } },
  { name = "alamat", type = "text", max = 100, label = { id = "Alamat", en = "Address" } },
  { name = "catatan", type = "text", max = 100, label = { id = "Catatan", en = "Note" } },
]

[[entity]]
code = 412
name = "registrasi_peserta_didik"
module = "siswa"
label = { id = "Registrasi", en = "Membership" }
create = "both"
delete = "both"
fields = [
  { name = "peserta_didik_id", type = "ref", entity = "peserta_didik", label = { id = "Peserta didik", en = "Person" } },
  { name = "jenis_pendaftaran_id", type = "code", table = "jenis_pendaftaran", label = { id = "Pendaftaran", en = "Admission" } },
  { name = "tanggal_masuk_sekolah", type = "date", label = { id = "Masuk", en = "Came" } },
  { name = "sekolah_asal", type = "text", max = 100, label = { id = "Asal", en = "Former school" } },
  { name = "jenis_keluar_id", type = "code", table = "jenis_keluar", label = { id = "Keluar", en = "Leaving" } },
  { name = "tanggal_keluar", type = "date", label = { id = "Sampai", en = "Left" } },
]

[[entity]]
code = 413
name = "mutasi_peserta_didik"
module = "siswa"
label = { id = "Mutasi", en = "Move" }
create = "centre"
delete = "centre"
title = "nama"
fields = [
  { name = "id_peserta_didik", type = "text", max = 36, indexed = true, owner = "centre", centre_only = true, label = { id = "Siapa", en = "Who" } },
  { name = "nama", type = "text", max = 100, owner = "centre", centre_only = true, label = { id = "Nama", en = "Name" } },
  { name = "nisn", type = "text", max = 10, owner = "centre", centre_only = true, label = { id = "NISN", en = "Number" } },
  { name = "npsn_asal", type = "text", max = 8, owner = "centre", centre_only = true, label = { id = "Dari", en = "From" } },
  { name = "sekolah_asal", type = "text", max = 100, owner = "centre", centre_only = true, label = { id = "Asal", en = "Former school" } },
  { name = "tanggal_mutasi", type = "date", owner = "centre", centre_only = true, label = { id = "Tanggal", en = "Day" } },
  { name = "keputusan", type = "code", table = "keputusan_mutasi", indexed = true, label = { id = "Keputusan", en = "Answer" } },
]

[[table]]
name = "jenis_pendaftaran"
label = { id = "Pendaftaran", en = "Admission" }
rows = [{ code = "2", id = "Pindahan", en = "Moved" }]

[[table]]
name = "jenis_keluar"
label = { id = "Keluar", en = "Leaving" }
rows = [{ code = "2", id = "Mutasi", en = "Moved" }]

[[table]]
name = "keputusan_mutasi"
label = { id = "Keputusan", en = "Answer" }
rows = [{ code = "1", id = "Diterima", en = "Accepted" }, { code = "2", id = "Ditolak", en = "Declined" }]

[[table]]
name = "jenis_ptk"
label = { id = "Jenis", en = "Kind" }
rows = [{ code = "20", id = "Kepala", en = "Head" }]

[[table]]
name = "jabatan_ptk"
label = { id = "Jabatan", en = "Duty" }
rows = [{ code = "2", id = "Kepala", en = "Head" }, { code = "33", id = "Plt", en = "Acting" }]
"#;

/// A student's fields for texts as long as any.
pub(super) const WIDE_FIELDS: [&str; 8] =
    ["uraian_a", "uraian_b", "uraian_c", "uraian_d", "uraian_e", "uraian_f", "uraian_g", "uraian_h"];

const RULEBOOK: &str = r#"
version = "sim"

[[rule]]
id = "siswa.umur"
tab = "peserta-didik"
level = "invalid"
who = "operator"
kind = "range"
entity = "siswa"
fields = ["umur"]
min = 0
max = 99
message = { id = "umur", en = "age" }
remedy = { id = "perbaiki", en = "mend" }

[[rule]]
id = "siswa.nama"
tab = "peserta-didik"
level = "invalid"
who = "operator"
kind = "unique"
entity = "siswa"
fields = ["nama"]
message = { id = "ganda", en = "double" }
remedy = { id = "perbaiki", en = "mend" }

[[rule]]
id = "referensi.rujukan"
tab = "referensi"
level = "invalid"
who = "operator"
kind = "reference"
message = { id = "rujukan", en = "reference" }
remedy = { id = "perbaiki", en = "mend" }
"#;

/// The rules of every world.
pub(super) fn rules() -> Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    let read = || Rules::from_texts(PACK, RULEBOOK).unwrap_or_else(|error| unreachable!("the world's rules: {error}"));
    RULES.get_or_init(read).clone()
}

/// What a release changes of the rules before it, or changes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// The greatest age of a student.
    Ages,
    /// What a finding says.
    Words,
    /// Whose field the address is.
    Owner,
}

impl Change {
    pub(super) const ALL: [Self; 3] = [Self::Ages, Self::Words, Self::Owner];

    /// The two texts of which one takes the other's place.
    const fn texts(self) -> [&'static str; 2] {
        match self {
            Self::Ages => ["max = 99", "max = 17"],
            Self::Words => [r#"en = "age""#, r#"en = "years""#],
            Self::Owner => [r#""alamat", type"#, r#""alamat", owner = "centre", type"#],
        }
    }
}

/// Rules after a change; `named` tells them from all others.
pub(super) fn changed(before: &Rules, change: Change, named: usize) -> Result<Rules, Trouble> {
    let [one, other] = change.texts();
    let other_text = |text: &str| {
        let (from, to) = if text.contains(one) { (one, other) } else { (other, one) };
        let rest = text.split_once('\n').and_then(|(_, rest)| rest.split_once('\n')).map_or("", |(_, rest)| rest);
        format!("\nversion = \"sim-{named}\"\n{}", rest.replacen(from, to, 1))
    };
    let (mut pack, mut rulebook) = (before.pack.source().to_owned(), before.rulebook.source().to_owned());
    match change {
        Change::Ages | Change::Words => rulebook = other_text(&rulebook),
        Change::Owner => pack = other_text(&pack),
    }
    Rules::from_texts(&pack, &rulebook).or_else(|error| wrong(format!("rules of this world: {error}")))
}

/// The greatest age that a rulebook of this world allows.
pub(super) fn greatest_age(rules: &Rules) -> i64 {
    if rules.rulebook.source().contains("max = 17") { 17 } else { 99 }
}
