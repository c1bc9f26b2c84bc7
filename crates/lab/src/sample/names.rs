//! Word lists from which names of people and places are put together.

use super::dice::Dice;

const MALE: [&str; 44] = [
    "Adi", "Agung", "Akbar", "Aldi", "Andika", "Angga", "Aris", "Bagas", "Bagus", "Bayu", "Bima", "Daffa", "Dani",
    "Deni", "Dimas", "Eka", "Fajar", "Farel", "Galih", "Gilang", "Hadi", "Hendra", "Ilham", "Indra", "Irfan", "Joko",
    "Krisna", "Lukman", "Made", "Nanda", "Naufal", "Pandu", "Putra", "Rafi", "Raka", "Reza", "Rizki", "Satria",
    "Surya", "Teguh", "Tegar", "Wahyu", "Yoga", "Zaki",
];
const FEMALE: [&str; 44] = [
    "Aisyah", "Alya", "Amelia", "Anggun", "Anisa", "Aulia", "Ayu", "Bunga", "Cahya", "Citra", "Dewi", "Dinda", "Dian",
    "Eka", "Elsa", "Fitri", "Gita", "Hana", "Indah", "Intan", "Kartika", "Kirana", "Laras", "Lestari", "Lia", "Maya",
    "Melati", "Nabila", "Nadia", "Nur", "Putri", "Rahma", "Rani", "Ratna", "Rina", "Salsa", "Sari", "Sinta", "Siti",
    "Tiara", "Utami", "Wulan", "Yuni", "Zahra",
];
const FIRST: [&str; 24] = [
    "Ka", "Wi", "Pra", "Su", "Har", "Mul", "Sas", "Kus", "Wir", "Nug", "Bas", "Cok", "Dar", "Gun", "Jay", "Las", "Man",
    "Nar", "Pur", "Rah", "San", "Tri", "War", "Yud",
];
const MIDDLE: [&str; 12] = ["a", "i", "o", "ama", "adi", "ori", "una", "iya", "ara", "eka", "ika", "osa"];
const LAST: [&str; 20] = [
    "nto", "wan", "ti", "ningsih", "na", "tama", "dinata", "kusuma", "wati", "di", "raha", "jaya", "sena", "ga", "ni",
    "putra", "santo", "mbara", "lesmana", "dika",
];
const TOWN: [&str; 16] = [
    "Karangsari",
    "Tanjungjaya",
    "Sukaraja",
    "Mekarwangi",
    "Banyuasri",
    "Wanasari",
    "Kertajaya",
    "Rawabening",
    "Gunungsari",
    "Padangasri",
    "Muarajaya",
    "Telagasari",
    "Cempakasari",
    "Bukitraya",
    "Pulauindah",
    "Lembahsari",
];
const STREET: [&str; 14] = [
    "Melati",
    "Mawar",
    "Kenanga",
    "Cempaka",
    "Anggrek",
    "Teratai",
    "Flamboyan",
    "Merpati",
    "Rajawali",
    "Garuda",
    "Pelita",
    "Merdeka",
    "Pemuda",
    "Veteran",
];

/// Puts a person's name together.
pub(super) fn person(dice: &mut Dice, male: bool) -> String {
    let first = dice.word(if male { &MALE } else { &FEMALE });
    let mut name = first.to_owned();
    if dice.chance(45) {
        let second = dice.word(if male { &MALE } else { &FEMALE });
        if second != first {
            name = format!("{name} {second}");
        }
    }
    format!("{name} {}", surname(dice))
}

fn surname(dice: &mut Dice) -> String {
    format!("{}{}{}", dice.word(&FIRST), dice.word(&MIDDLE), dice.word(&LAST))
}

pub(super) fn town(dice: &mut Dice) -> &'static str {
    dice.word(&TOWN)
}

pub(super) fn street(dice: &mut Dice) -> String {
    format!("Jl. {} No. {}", dice.word(&STREET), dice.between(1, 180))
}
