//! Collects the records of a sample while they are made.

use selaras_model::{Date, Fields, Pack, Record, RecordId, RecordKey, Side, Value};

use super::dice::Dice;
use super::people::Registry;
use super::{SampleError, SampleOptions, SchoolKind};

/// A field and what it is to hold.
pub(super) type Cell = (&'static str, Value);

/// Makes records by the pack and keeps them on the side that holds them.
pub(super) struct Maker<'p> {
    pub(super) pack: &'p Pack,
    pub(super) dice: Dice,
    pub(super) people: Registry,
    pub(super) kind: SchoolKind,
    pub(super) npsn: String,
    /// The calendar year in which the school year began.
    pub(super) year: i16,
    centre: Vec<Record>,
    school: Vec<Record>,
}

impl<'p> Maker<'p> {
    pub(super) fn new(pack: &'p Pack, options: &SampleOptions) -> Result<Self, SampleError> {
        Self::with(pack, options, "selaras lab school")
    }

    /// Makes what a day adds to a school.
    pub(super) fn for_day(pack: &'p Pack, options: &SampleOptions) -> Result<Self, SampleError> {
        Self::with(pack, options, "selaras lab day")
    }

    fn with(pack: &'p Pack, options: &SampleOptions, purpose: &str) -> Result<Self, SampleError> {
        Ok(Self {
            pack,
            dice: Dice::new(purpose, options.npsn, options.seed),
            people: Registry::default(),
            kind: options.kind,
            npsn: options.npsn.to_string(),
            year: pack.school_year().parse().map_err(|_| SampleError::Calendar)?,
            centre: Vec::new(),
            school: Vec::new(),
        })
    }

    /// Gives a day of the calendar year that lies so many years before the school year's first.
    pub(super) fn day(&self, years_before: i16, month: i8, day: i8) -> Result<Date, SampleError> {
        Date::new(self.year - years_before, month, day).map_err(|_| SampleError::Calendar)
    }

    pub(super) fn semester(&self) -> Value {
        code(self.pack.semester())
    }

    pub(super) fn school_year(&self) -> Value {
        code(self.pack.school_year())
    }

    /// Makes a record of the school.
    pub(super) fn school(
        &mut self,
        entity: &str,
        cells: impl IntoIterator<Item = Cell>,
    ) -> Result<RecordId, SampleError> {
        let id = self.dice.id();
        let record = record(self.pack, entity, id, cells)?;
        self.school.push(record);
        Ok(id)
    }

    /// Makes a record that the centre holds whole.
    pub(super) fn centre(
        &mut self,
        entity: &str,
        cells: impl IntoIterator<Item = Cell>,
    ) -> Result<RecordId, SampleError> {
        let id = self.dice.id();
        let record = record(self.pack, entity, id, cells)?;
        self.centre.push(record);
        Ok(id)
    }

    /// Makes a record of which each side holds the fields that are its own.
    pub(super) fn shared(
        &mut self,
        entity: &str,
        cells: impl IntoIterator<Item = Cell>,
    ) -> Result<RecordId, SampleError> {
        let id = self.dice.id();
        let whole = record(self.pack, entity, id, cells)?;
        let (centre, school): (Fields, Fields) = whole
            .fields
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .partition(|(name, _)| self.pack.owner(whole.entity, name, &whole.fields) == Side::Centre);
        self.centre.push(Record { fields: centre, ..Record::new(whole.key()) });
        if !school.is_empty() {
            self.school.push(Record { fields: school, ..Record::new(whole.key()) });
        }
        Ok(id)
    }

    /// Gives what the centre holds and what the clerk types, in the pack's order of entities.
    pub(super) fn finish(self) -> (Vec<Record>, Vec<Record>) {
        let Self { pack, mut centre, mut school, .. } = self;
        let place = |record: &Record| pack.entities().iter().position(|entity| entity.code == record.entity);
        centre.sort_by_key(place);
        school.sort_by_key(place);
        (centre, school)
    }
}

/// Makes a record; cells without a value are left out.
pub(super) fn record(
    pack: &Pack,
    entity: &str,
    id: RecordId,
    cells: impl IntoIterator<Item = Cell>,
) -> Result<Record, SampleError> {
    let lacks = |field: &str| SampleError::Pack { entity: entity.to_owned(), field: field.to_owned() };
    let known = pack.entity_named(entity).ok_or_else(|| lacks(""))?;
    let mut record = Record::new(RecordKey { entity: known.code, id });
    for (name, value) in cells {
        let field = known.field(name).filter(|field| field.kind.admits(&value)).ok_or_else(|| lacks(name))?;
        if !value.is_null() {
            record.fields.insert(field.name.clone(), value);
        }
    }
    Ok(record)
}

pub(super) fn text(text: impl AsRef<str>) -> Value {
    Value::text(text)
}

pub(super) fn code(code: impl Into<String>) -> Value {
    Value::Code(code.into())
}

pub(super) fn int(number: impl Into<i64>) -> Value {
    Value::Int(number.into())
}

/// A decimal, as the pack scales it.
pub(super) fn scaled(number: impl Into<i64>) -> Value {
    Value::Decimal(number.into())
}

pub(super) fn on(date: Date) -> Value {
    Value::Date(date)
}

pub(super) fn yes(yes: bool) -> Value {
    Value::Bool(yes)
}

pub(super) fn to(id: RecordId) -> Value {
    Value::Ref(id)
}

/// The value only if it applies.
pub(super) fn only(applies: bool, value: Value) -> Value {
    if applies { value } else { Value::Null }
}

/// A count as a number; what does not fit is no count of a school.
pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
