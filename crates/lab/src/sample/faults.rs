//! What somebody gets wrong: things that a clerk could type, each of which closes the gate.

use std::collections::BTreeSet;

use selaras_model::{Date, Pack, Record, RecordKey, Value};

use super::SampleOptions;
use super::dice::Dice;

/// Something wrong in one record, in a field that is the school's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A student's height in metres instead of centimetres.
    Height,
    /// A student's NIK without its last digit.
    ShortNik,
    /// A student's NIK copied from the row above.
    SharedNik,
    /// A remark in a student's name.
    Name,
    /// A student card without its number.
    Card,
    /// A day of admission in another century.
    Admission,
    /// A way to school that the reference table no longer offers.
    Transport,
    /// A mark without its decimal point.
    Mark,
    /// A class without homeroom teacher.
    Homeroom,
    /// A lesson without the decree.
    TeachingDecree,
    /// Two rooms that have one lesson at the same time.
    Clash,
    /// A room on a floor that its building has not.
    Floor,
    /// The number of a duty's decree cut short.
    DutyDecree,
    /// A teacher number without its last digit.
    Nuptk,
}

/// A fault that was planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planted {
    /// The record that is wrong.
    pub record: RecordKey,
    /// What is wrong with it.
    pub fault: Fault,
}

impl Fault {
    /// Every fault, in the order in which they are planted.
    pub const ALL: [Self; 14] = [
        Self::Height,
        Self::ShortNik,
        Self::Mark,
        Self::Homeroom,
        Self::Card,
        Self::Clash,
        Self::SharedNik,
        Self::Floor,
        Self::TeachingDecree,
        Self::Name,
        Self::Admission,
        Self::DutyDecree,
        Self::Transport,
        Self::Nuptk,
    ];

    /// Gives the rule of the built-in rulebook that finds the fault.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Height => "pd.tinggi",
            Self::ShortNik => "pd.nik",
            Self::SharedNik => "pd.nik-ganda",
            Self::Name => "pd.nama-huruf",
            Self::Card => "pd.kip",
            Self::Admission => "pd.masuk-depan",
            Self::Transport => "referensi.kedaluwarsa",
            Self::Mark => "nilai.rentang",
            Self::Homeroom => "rombel.wali",
            Self::TeachingDecree => "pembelajaran.sk",
            Self::Clash => "jadwal.kelas",
            Self::Floor => "sarpras.lantai",
            Self::DutyDecree => "gtk.sk-tugas",
            Self::Nuptk => "gtk.nuptk",
        }
    }

    /// Names the entity and the field that it spoils.
    const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Height => ("peserta_didik_periodik", "tinggi_badan"),
            Self::ShortNik | Self::SharedNik => ("peserta_didik", "nik"),
            Self::Name => ("peserta_didik", "nama"),
            Self::Card => ("peserta_didik", "no_kip"),
            Self::Admission => ("registrasi_peserta_didik", "tanggal_masuk_sekolah"),
            Self::Transport => ("peserta_didik", "alat_transportasi_id"),
            Self::Mark => ("nilai", "angka"),
            Self::Homeroom => ("rombongan_belajar", "ptk_id"),
            Self::TeachingDecree => ("pembelajaran", "sk_mengajar"),
            Self::Clash => ("jadwal", "bel_ke_01"),
            Self::Floor => ("ruang", "lantai"),
            Self::DutyDecree => ("tugas_tambahan", "nomor_sk"),
            Self::Nuptk => ("ptk", "nuptk"),
        }
    }

    /// Says whether a fault needs a second record, from which a value is copied.
    fn copies(self, from: &Record, to: &Record) -> bool {
        match self {
            Self::SharedNik => true,
            Self::Clash => from.code("hari") == to.code("hari"),
            _ => false,
        }
    }

    /// Gives the wrong value in place of a right one; none for faults that copy one.
    fn spoil(self, right: &Value) -> Option<Value> {
        let wrong = match (self, right) {
            (Self::Height, Value::Decimal(tenths)) => Value::Decimal(tenths / 100),
            (Self::ShortNik | Self::Nuptk, Value::Text(digits)) => Value::text(shortened(digits)),
            (Self::Name, Value::Text(name)) => Value::text(format!("{name} 2")),
            (Self::Card | Self::Homeroom | Self::TeachingDecree, _) => Value::Null,
            (Self::Admission, Value::Date(day)) => {
                Value::Date(Date::new(day.year() + 100, day.month(), day.day()).ok()?)
            }
            // In force until 2015.
            (Self::Transport, _) => Value::Code("2".to_owned()),
            (Self::Mark, Value::Decimal(hundredths)) => Value::Decimal(hundredths * 10),
            (Self::Floor, Value::Int(floor)) => Value::Int(floor + 10),
            (Self::DutyDecree, Value::Text(number)) => Value::text(number.chars().take(7).collect::<String>()),
            _ => return None,
        };
        Some(wrong)
    }
}

fn shortened(digits: &str) -> String {
    let mut digits = digits.to_owned();
    digits.pop();
    digits
}

/// Plants as many faults as the options ask for and the school has places for.
pub(super) fn plant(pack: &Pack, school: &mut [Record], options: &SampleOptions) -> Vec<Planted> {
    let mut field = Field { pack, school, used: BTreeSet::new() };
    let mut dice = Dice::new("selaras lab faults", options.npsn, options.seed);
    let wanted = usize::try_from(options.invalid).unwrap_or(usize::MAX);
    let mut places: Vec<(Fault, Vec<usize>)> = Vec::new();
    if wanted > 0 {
        places.extend(Fault::ALL.into_iter().map(|fault| (fault, field.places(fault))));
    }
    let mut planted = Vec::new();
    while planted.len() < wanted && !places.is_empty() {
        places.retain_mut(|(fault, places)| {
            if planted.len() == wanted {
                return false;
            }
            while !places.is_empty() {
                let at = places.swap_remove(dice.below(places.len()));
                if let Some(record) = field.plant(*fault, at) {
                    planted.push(Planted { record, fault: *fault });
                    return true;
                }
            }
            false
        });
    }
    planted
}

/// The records in which faults are planted, at most one in each.
struct Field<'a> {
    pack: &'a Pack,
    school: &'a mut [Record],
    /// Records that are wrong, or from which a wrong value was copied.
    used: BTreeSet<usize>,
}

impl Field<'_> {
    /// Lists the records in which a fault could be. A field that the centre holds is not in the school's set, so that
    /// only fields of the school are found.
    fn places(&self, fault: Fault) -> Vec<usize> {
        let (entity, field) = fault.place();
        let entity = self.pack.entity_named(entity).map(|entity| entity.code);
        let semester = Value::Code(self.pack.semester().to_owned());
        let fits = |record: &Record| {
            let present = record.get("semester_id").is_null() || *record.get("semester_id") == semester;
            Some(record.entity) == entity && present && !record.get(field).is_null()
        };
        self.school.iter().enumerate().filter(|(_, record)| fits(record)).map(|(at, _)| at).collect()
    }

    /// Plants a fault in a record; none if the record cannot have it.
    fn plant(&mut self, fault: Fault, at: usize) -> Option<RecordKey> {
        if self.used.contains(&at) {
            return None;
        }
        let (_, field) = fault.place();
        let record = self.school.get(at)?;
        let wrong = match fault.spoil(record.get(field)) {
            Some(wrong) => wrong,
            None => {
                let from = self.source(fault, at)?;
                self.used.insert(from);
                self.school.get(from)?.get(field).clone()
            }
        };
        self.used.insert(at);
        let record = self.school.get_mut(at)?;
        let name = record.fields.keys().find(|name| name.as_str() == field)?.clone();
        match wrong {
            Value::Null => drop(record.fields.remove(&name)),
            wrong => drop(record.fields.insert(name, wrong)),
        }
        Some(record.key())
    }

    /// Finds the record next to one, from which its value could have been copied.
    fn source(&self, fault: Fault, to: usize) -> Option<usize> {
        let target = self.school.get(to)?;
        let (_, field) = fault.place();
        let fits = |(at, from): &(usize, &Record)| {
            let free = *at != to && !self.used.contains(at) && from.entity == target.entity;
            free && !from.get(field).is_null() && fault.copies(from, target)
        };
        self.school.iter().enumerate().filter(fits).map(|(at, _)| at).min_by_key(|at| at.abs_diff(to))
    }
}
