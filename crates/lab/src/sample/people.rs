//! People: birth, NIK and the other numbers that nobody shares.

use std::collections::{BTreeMap, BTreeSet};

use selaras_model::{Date, Value};

use super::SampleError;
use super::dice::Dice;
use super::maker::{Cell, code, int, on, text};
use super::names;

/// The provinces of fixtures: where most people of a school are from, then others.
const HOME_PROVINCE: &str = "32";
const PROVINCES: [&str; 6] = ["31", "33", "34", "35", "36", "18"];
/// What the birth day of a woman is raised by in her NIK.
const FEMALE_DAY: i8 = 40;
/// Regency and district of every fixture.
const NOWHERE: &str = "9999";

/// Gives out numbers, each once.
#[derive(Default)]
pub(super) struct Registry {
    serials: BTreeMap<String, u32>,
    taken: BTreeSet<String>,
}

/// Somebody's identity.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) male: bool,
    pub(super) born: Date,
    pub(super) town: &'static str,
    pub(super) mother: String,
    pub(super) nik: String,
}

impl Registry {
    /// Remembers the numbers of people who are there already, NIKs and others.
    pub(super) fn remember(&mut self, number: &str) {
        self.taken.insert(number.to_owned());
    }

    /// Gives a number in the form of NIK and family card: province, regency, district, day, month, year, serial.
    fn register(&mut self, province: &str, day: i8, date: Date) -> String {
        let year = date.year().rem_euclid(100);
        let prefix = format!("{province}{NOWHERE}{day:02}{:02}{year:02}", date.month());
        loop {
            let serial = self.serials.entry(prefix.clone()).or_default();
            *serial += 1;
            let number = format!("{prefix}{serial:04}");
            if self.taken.insert(number.clone()) {
                return number;
            }
        }
    }

    pub(super) fn nik(&mut self, dice: &mut Dice, male: bool, born: Date) -> String {
        let day = if male { born.day() } else { born.day() + FEMALE_DAY };
        self.register(province(dice), day, born)
    }

    /// Gives the number of a family card issued in the year of somebody's birth.
    pub(super) fn family_card(&mut self, dice: &mut Dice, born: Date) -> Result<String, SampleError> {
        let issued = later(born, dice.between(0, 300))?;
        Ok(self.register(province(dice), issued.day(), issued))
    }

    /// Gives a number of so many digits behind a prefix.
    pub(super) fn number(&mut self, dice: &mut Dice, prefix: &str, digits: usize) -> String {
        loop {
            let number = format!("{prefix}{}", dice.digits(digits));
            if self.taken.insert(number.clone()) {
                return number;
            }
        }
    }

    pub(super) fn person(&mut self, dice: &mut Dice, male: bool, born: Date) -> Person {
        Person {
            name: names::person(dice, male),
            male,
            born,
            town: names::town(dice),
            mother: names::person(dice, false),
            nik: self.nik(dice, male, born),
        }
    }
}

impl Person {
    /// Gives the identity fields that students and teachers share.
    pub(super) fn identity(&self) -> [Cell; 6] {
        [
            ("nama", text(&self.name)),
            ("nik", text(&self.nik)),
            ("jenis_kelamin", code(if self.male { "L" } else { "P" })),
            ("tempat_lahir", text(self.town)),
            ("tanggal_lahir", on(self.born)),
            ("nama_ibu_kandung", text(&self.mother)),
        ]
    }
}

/// Gives an address of the sample's district.
pub(super) fn address(dice: &mut Dice) -> [Cell; 7] {
    [
        ("alamat_jalan", text(names::street(dice))),
        ("rt", int(dice.between(1, 12))),
        ("rw", int(dice.between(1, 9))),
        ("nama_dusun", text(format!("Dusun {}", names::town(dice)))),
        ("desa_kelurahan", text(names::town(dice))),
        ("kode_wilayah", home_district()),
        ("kode_pos", text(format!("40{}", dice.digits(3)))),
    ]
}

pub(super) fn home_district() -> Value {
    code(format!("{HOME_PROVINCE}{NOWHERE}00"))
}

/// Gives a telephone number of a range that nobody has.
pub(super) fn telephone(dice: &mut Dice) -> Value {
    text(format!("080000{}", dice.digits(6)))
}

/// Gives a day of a calendar year.
pub(super) fn day_of(dice: &mut Dice, year: i16) -> Result<Date, SampleError> {
    later(Date::new(year, 1, 1).map_err(|_| SampleError::Calendar)?, dice.between(0, 364))
}

pub(super) fn later(date: Date, days: i64) -> Result<Date, SampleError> {
    let days = i32::try_from(days).map_err(|_| SampleError::Calendar)?;
    Date::from_days(date.days_since_epoch().saturating_add(days)).map_err(|_| SampleError::Calendar)
}

fn province(dice: &mut Dice) -> &'static str {
    if dice.chance(88) { HOME_PROVINCE } else { dice.word(&PROVINCES) }
}
