//! Land, buildings, rooms and what is in them.

use selaras_model::RecordId;

use super::SampleError;
use super::maker::{Maker, code, count, int, scaled, text, to};

/// Classrooms of one building: five on each of two floors.
const ROOMS_A_FLOOR: usize = 5;
const FLOORS: usize = 2;
/// A building's length and width in tenths of a metre, and its area in tenths of a square metre.
const BUILDING: (i64, i64, i64) = (500, 100, 5_000);
/// A room's length, width and area, likewise.
const ROOM: (i64, i64, i64) = (90, 70, 630);

/// Equipment: kind and number.
type Things = &'static [(&'static str, i64)];

/// Rooms besides classrooms: kind, code, name, floor, equipment.
const OTHERS: [(&str, &str, &str, i64, Things); 8] = [
    ("6", "KS", "Ruang Kepala Sekolah", 1, &[("3", 1), ("4", 3), ("6", 2), ("8", 1), ("19", 1)]),
    ("5", "GR", "Ruang Guru", 1, &[("3", 30), ("4", 30), ("6", 6), ("17", 1)]),
    ("7", "TU", "Ruang Tata Usaha", 1, &[("3", 5), ("4", 5), ("6", 4), ("8", 4), ("9", 2)]),
    ("8", "UKS", "Ruang UKS", 1, &[("6", 1), ("18", 2)]),
    ("4", "PUS", "Perpustakaan", 2, &[("7", 12), ("1", 10), ("2", 20), ("8", 2)]),
    ("2", "LIPA", "Laboratorium IPA", 2, &[("16", 12), ("15", 20), ("1", 10), ("2", 34)]),
    ("3", "LKOM", "Laboratorium Komputer", 2, &[("8", 33), ("10", 1), ("20", 20)]),
    ("13", "AULA", "Ruang Serbaguna", 2, &[("2", 100), ("10", 1)]),
];
/// What a classroom has: kind, name, and how many; 0 stands for one for each seat.
const CLASSROOM: [(&str, &str, i64); 11] = [
    ("1", "Meja siswa", 0),
    ("2", "Kursi siswa", 0),
    ("3", "Meja guru", 1),
    ("4", "Kursi guru", 1),
    ("5", "Papan tulis", 1),
    ("6", "Lemari kelas", 1),
    ("11", "Jam dinding", 1),
    ("12", "Tempat sampah", 2),
    ("13", "Kipas angin", 2),
    ("17", "Papan pengumuman", 1),
    ("19", "Simbol kenegaraan", 1),
];

/// Makes everything and gives the classrooms, one for each class.
pub(super) fn make(maker: &mut Maker<'_>, school: RecordId, classes: usize) -> Result<Vec<RecordId>, SampleError> {
    let per_building = ROOMS_A_FLOOR * FLOORS;
    let buildings = classes.div_ceil(per_building) + 1;
    let land = land(maker, school, buildings)?;
    let offices = building(maker, land, "Gedung Utama")?;
    for (kind, code, name, floor, things) in OTHERS {
        let room = room(maker, offices, [kind, code, name], floor, 30)?;
        for (kind, number) in things {
            thing(maker, room, kind, &format!("Sarana {name}"), *number)?;
        }
    }
    let mut rooms = Vec::new();
    for block in 0..buildings - 1 {
        let building = building(maker, land, &format!("Gedung Kelas {}", block + 1))?;
        let here = (classes - block * per_building).min(per_building);
        for at in 0..here {
            let number = block * per_building + at + 1;
            rooms.push(classroom(maker, building, number, count(at / ROOMS_A_FLOOR) + 1)?);
        }
    }
    Ok(rooms)
}

fn land(maker: &mut Maker<'_>, school: RecordId, buildings: usize) -> Result<RecordId, SampleError> {
    let (length, width) = (1_200, 150 * count(buildings) + 200);
    let area = length * width / 10;
    let cells = [
        ("sekolah_id", to(school)),
        ("nama", text("Tanah sekolah")),
        ("no_sertifikat_tanah", text("10.15.99.99.4.00017")),
        ("panjang", scaled(length)),
        ("lebar", scaled(width)),
        ("luas", scaled(area)),
        ("luas_lahan_tersedia", scaled(area / 4)),
        ("kepemilikan_id", code("1")),
        ("njop", int(1_250_000)),
    ];
    maker.school("tanah", cells)
}

fn building(maker: &mut Maker<'_>, land: RecordId, name: &str) -> Result<RecordId, SampleError> {
    let (length, width, area) = BUILDING;
    let age = maker.dice.between(3, 35);
    let cells = [
        ("tanah_id", to(land)),
        ("nama", text(name)),
        ("panjang", scaled(length)),
        ("lebar", scaled(width)),
        ("luas", scaled(area)),
        ("jumlah_lantai", int(count(FLOORS))),
        ("tahun_bangun", int(i64::from(maker.year) - age)),
        ("kepemilikan_id", code("1")),
        ("nilai_perolehan", int(maker.dice.between(900, 2_900) * 1_000_000)),
    ];
    let building = maker.school("bangunan", cells)?;
    let parts = [
        "rusak_pondasi",
        "rusak_sloop_kolom_balok",
        "rusak_plester_struktur",
        "rusak_kudakuda_atap",
        "rusak_kaso_atap",
        "rusak_reng_atap",
        "rusak_tutup_atap",
    ];
    condition(maker, "kondisi_bangunan", ("bangunan_id", building), &parts)?;
    Ok(building)
}

fn classroom(maker: &mut Maker<'_>, building: RecordId, number: usize, floor: i64) -> Result<RecordId, SampleError> {
    let seats = i64::from(maker.kind.class_limit());
    let (code, name) = (format!("K{number:02}"), format!("Ruang Kelas {number}"));
    let room = room(maker, building, ["1", &code, &name], floor, seats)?;
    for (kind, name, number) in CLASSROOM {
        thing(maker, room, kind, name, if number == 0 { seats } else { number })?;
    }
    Ok(room)
}

fn room(
    maker: &mut Maker<'_>,
    building: RecordId,
    [kind, short, name]: [&str; 3],
    floor: i64,
    seats: i64,
) -> Result<RecordId, SampleError> {
    let (length, width, area) = ROOM;
    let cells = [
        ("bangunan_id", to(building)),
        ("jenis_prasarana_id", code(kind)),
        ("kode_ruang", text(short)),
        ("nama", text(name)),
        ("lantai", int(floor)),
        ("panjang", scaled(length)),
        ("lebar", scaled(width)),
        ("luas", scaled(area)),
        ("kapasitas", int(seats)),
    ];
    let room = maker.school("ruang", cells)?;
    let parts = [
        "rusak_lisplang_talang",
        "rusak_rangka_plafon",
        "rusak_tutup_plafon",
        "rusak_bata_dinding",
        "rusak_plester_dinding",
        "rusak_daun_jendela",
        "rusak_daun_pintu",
        "rusak_kusen",
        "rusak_tutup_lantai",
        "rusak_inst_listrik",
        "rusak_finishing",
    ];
    condition(maker, "kondisi_ruang", ("id_ruang", room), &parts)?;
    Ok(room)
}

fn condition(
    maker: &mut Maker<'_>,
    entity: &str,
    (field, of): (&'static str, RecordId),
    parts: &[&'static str],
) -> Result<(), SampleError> {
    let mut cells = vec![(field, to(of)), ("semester_id", maker.semester())];
    for part in parts {
        let damage = if maker.dice.chance(60) { 0 } else { maker.dice.between(1, 25) };
        cells.push((part, int(damage)));
    }
    maker.school(entity, cells).map(drop)
}

fn thing(maker: &mut Maker<'_>, room: RecordId, kind: &str, name: &str, number: i64) -> Result<(), SampleError> {
    let age = maker.dice.between(0, 12);
    let unfit = if maker.dice.chance(20) { maker.dice.between(0, number / 10) } else { 0 };
    let cells = [
        ("id_ruang", to(room)),
        ("jenis_sarana_id", code(kind)),
        ("nama", text(name)),
        ("jumlah", int(number)),
        ("jumlah_laik", int(number - unfit)),
        ("tahun_pengadaan", int(i64::from(maker.year) - age)),
        ("kepemilikan_id", code("1")),
    ];
    maker.school("alat", cells).map(drop)
}
