//! Sample schools: complete, valid under the rulebook, made up, and the same for the same options.
//!
//! Nobody in them exists: the NPSN is a fixture, NIKs have a real province but regency and district 99, names are put
//! together from lists. A school comes as two sets of records, [`Sample::centre`] and [`Sample::school`]; the second may
//! name ids of the first with the fields that are the school's, so that a pull and an import make the whole.

mod classes;
mod clubs;
mod day;
mod dice;
mod facilities;
mod faults;
mod grades;
mod kind;
mod lines;
mod maker;
mod names;
mod people;
mod plan;
mod plant;
mod profile;
mod staff;
mod staff_history;
mod student_rows;
mod students;
mod timetable;

use std::collections::BTreeMap;

use selaras_model::{Npsn, Pack, Record, RecordId, RecordKey};

pub use day::{Day, day};
pub use faults::{Fault, Planted};
pub use kind::SchoolKind;
pub use lines::write_lines;
pub use plant::{PlantError, PlantedRule, Planter};

use self::maker::Maker;
use self::plan::Plan;

/// The school number of fixtures.
const FIXTURE_NPSN: u32 = 99_999_999;

/// What a sample school shall be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleOptions {
    /// Number of students, at least 1; everything else follows from it.
    pub students: u32,
    /// The same seed gives the same school.
    pub seed: u64,
    /// The school number.
    pub npsn: Npsn,
    /// How many things are wrong on purpose.
    pub invalid: u32,
    /// The kind of school.
    pub kind: SchoolKind,
}

impl Default for SampleOptions {
    /// An SMP of 1,500 students with nothing wrong.
    fn default() -> Self {
        // Eight digits always make a school number.
        let npsn = Npsn::from_number(FIXTURE_NPSN).unwrap_or_else(|_| unreachable!("99999999 has eight digits"));
        Self { students: 1_500, seed: 1, npsn, invalid: 0, kind: SchoolKind::Smp }
    }
}

/// Why a sample school could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// No students were asked for.
    #[error("a school has at least one student")]
    NoStudents,
    /// The pack lacks what the sample fills in, or gives it another type.
    #[error("the pack has no field {entity}.{field} that takes such a value")]
    Pack {
        /// The entity.
        entity: String,
        /// The field; empty where the entity itself is missing.
        field: String,
    },
    /// The pack's school year is outside the calendar.
    #[error("the pack's school year is outside the calendar")]
    Calendar,
}

/// A made-up school.
///
/// `Debug` shows counts only, as for real schools.
#[derive(Clone)]
pub struct Sample {
    /// The school number.
    pub npsn: Npsn,
    /// The school's name.
    pub name: String,
    /// The kind of school.
    pub kind: SchoolKind,
    /// The PTK who is registered as head, yet without the assignment that the Dinas makes.
    pub head: RecordId,
    /// What the centre holds before the first exchange.
    pub centre: Vec<Record>,
    /// What the clerk types. A record that the centre holds too has only the school's own fields here.
    pub school: Vec<Record>,
    /// What was made wrong on purpose, in `school`.
    pub planted: Vec<Planted>,
}

impl Sample {
    /// Puts both sets together: what the school has after a pull and an import.
    #[must_use]
    pub fn whole(&self) -> BTreeMap<RecordKey, Record> {
        let mut whole = BTreeMap::new();
        merge(&mut whole, &self.centre);
        merge(&mut whole, &self.school);
        whole
    }
}

impl std::fmt::Debug for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (centre, school) = (self.centre.len(), self.school.len());
        write!(f, "Sample({}, {:?}, {centre} at the centre, {school} at the school)", self.npsn, self.kind)
    }
}

/// Puts the fields of records over those of a school.
pub fn merge(whole: &mut BTreeMap<RecordKey, Record>, records: &[Record]) {
    for record in records {
        let into = whole.entry(record.key()).or_insert_with(|| Record::new(record.key()));
        into.deleted = record.deleted;
        into.fields.extend(record.fields.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
}

/// Makes a school.
///
/// Fewer things than [`SampleOptions::invalid`] asks for are planted where a small school has no place left for them.
///
/// # Errors
/// If there are to be no students, or the pack lacks what the sample fills in.
pub fn sample(pack: &Pack, options: &SampleOptions) -> Result<Sample, SampleError> {
    if options.students == 0 {
        return Err(SampleError::NoStudents);
    }
    let mut maker = Maker::new(pack, options)?;
    let plan = Plan::new(options.kind, options.students);
    let (school, name) = profile::make(&mut maker)?;
    let rooms = facilities::make(&mut maker, school, plan.classes.len())?;
    let staff = staff::make(&mut maker, &plan)?;
    let students = students::make(&mut maker, &plan)?;
    let classes = classes::make(&mut maker, &plan, &staff, &rooms, &students)?;
    clubs::make(&mut maker, &plan, &staff, &rooms, &students)?;
    let lessons = timetable::make(&mut maker, &plan, &staff, &rooms, &classes)?;
    grades::make(&mut maker, &plan, &classes, &lessons)?;
    let (centre, mut school) = maker.finish();
    let planted = faults::plant(pack, &mut school, options);
    Ok(Sample { npsn: options.npsn, name, kind: options.kind, head: staff.head, centre, school, planted })
}
