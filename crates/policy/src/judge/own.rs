//! Rules that look at one record, and along its references.

use std::collections::BTreeMap;

use selaras_model::{Date, FieldKind, FieldName, Record, RecordKey, Side, Value};

use super::Judge;
use super::reader::Reader;
use super::set::bound;
use crate::finding::{Finding, MENDER};
use crate::nik::Nik;
use crate::rulebook::Rule;
use crate::rulebook::kind::{Demand, Form, NikPart, Relation};
use crate::view::ViewError;

impl Judge<'_> {
    /// Gives the findings of all rules under a live record's own subject.
    pub(super) fn own(&self, record: &Record, reader: &Reader<'_>) -> Result<Vec<Finding>, ViewError> {
        let mut findings = Vec::new();
        for rule in self.book.rules() {
            if rule.entity.is_none_or(|entity| entity == record.entity) && self.applies(&rule.when, record, reader)? {
                self.own_rule(rule, record, reader, &mut findings)?;
            }
        }
        findings.sort();
        Ok(findings)
    }

    fn own_rule(
        &self,
        rule: &Rule,
        record: &Record,
        reader: &Reader<'_>,
        findings: &mut Vec<Finding>,
    ) -> Result<(), ViewError> {
        let mut say = |field: Option<&FieldName>| findings.push(self.finding(rule, record, field, []));
        match &rule.demand {
            Demand::Required(fields) => fields.iter().filter(|f| is_blank(record.get(f))).for_each(|f| say(Some(f))),
            Demand::Format(fields, form) => {
                let wrong = |field: &&FieldName| record.text(field).is_some_and(|text| !form.fits(text));
                fields.iter().filter(wrong).for_each(|field| say(Some(field)));
            }
            Demand::Range { fields, min, max } => {
                let outside = |value: i64| min.is_some_and(|min| value < min) || max.is_some_and(|max| value > max);
                let wrong = |field: &&FieldName| number(record.get(field)).is_some_and(outside);
                fields.iter().filter(wrong).for_each(|field| say(Some(field)));
            }
            Demand::Code { current } => self.codes(record, *current).iter().for_each(|field| say(Some(field))),
            Demand::Reference => self.references(record, reader)?.iter().for_each(|field| say(Some(field))),
            Demand::Expression { holds, field } => {
                if !holds.holds(record, self.pack, self.date) {
                    say(field.as_ref());
                }
            }
            Demand::Nik { nik, part } => {
                if record.text(nik).is_some_and(|text| !nik_fits(text, part, record)) {
                    say(Some(nik));
                }
            }
            Demand::Related { left, right, relation } => {
                let (a, b) = (reader.value(record, left)?, reader.value(record, right)?);
                if !relation.holds(&a, &b) {
                    say(left.hops.first().map(|hop| &hop.field).or(Some(&left.field)));
                }
            }
            Demand::Age { .. } => findings.extend(self.age(rule, record, reader)?),
            Demand::Unique { .. } | Demand::Total { .. } | Demand::Ladder { .. } => {}
        }
        Ok(())
    }

    /// Gives the finding of an age outside its limits; it is of the record that the day of birth stands in.
    fn age(&self, rule: &Rule, record: &Record, reader: &Reader<'_>) -> Result<Option<Finding>, ViewError> {
        let Demand::Age { born, min, max } = &rule.demand else { return Ok(None) };
        let Some(whose) = reader.end(record, born)? else { return Ok(None) };
        let Some(day) = whose.date(&born.field) else { return Ok(None) };
        let months = months_between(day, self.pack.semester_start());
        let min = bound(min.as_ref(), record, reader)?;
        let max = bound(max.as_ref(), record, reader)?;
        if min.is_none_or(|min| months >= min) && max.is_none_or(|max| months <= max) {
            return Ok(None);
        }
        let years = |months: Option<i64>| months.map(|months| (months / 12).to_string()).unwrap_or_default();
        let args = [("total", years(Some(months))), ("min", years(min)), ("max", years(max))];
        Ok(Some(self.finding(rule, &whose, Some(&born.field), args)))
    }

    fn codes(&self, record: &Record, current: bool) -> Vec<FieldName> {
        let Some(entity) = self.pack.entity(record.entity) else { return Vec::new() };
        let start = self.pack.semester_start();
        let wrong = entity.fields().iter().filter(|field| {
            let (FieldKind::Code { table }, Some(code)) = (&field.kind, record.code(&field.name)) else { return false };
            let row = self.pack.table(table).and_then(|table| table.row(code));
            if current { row.and_then(|row| row.expires).is_some_and(|last| last < start) } else { row.is_none() }
        });
        wrong.map(|field| field.name.clone()).collect()
    }

    fn references(&self, record: &Record, reader: &Reader<'_>) -> Result<Vec<FieldName>, ViewError> {
        let mut wrong = Vec::new();
        for field in self.pack.entity(record.entity).into_iter().flat_map(selaras_model::Entity::fields) {
            let FieldKind::Ref { entity } = field.kind else { continue };
            let Some(id) = record.reference(&field.name) else { continue };
            if reader.live(RecordKey { entity, id })?.is_none() {
                wrong.push(field.name.clone());
            }
        }
        Ok(wrong)
    }

    /// Makes a finding; `value` is the field's own, as a person reads it.
    pub(super) fn finding<const N: usize>(
        &self,
        rule: &Rule,
        record: &Record,
        field: Option<&FieldName>,
        args: [(&str, String); N],
    ) -> Finding {
        let mut args: BTreeMap<String, String> =
            args.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        if let Some(field) = field {
            let value = self.pack.render_field(record.entity, field, record.get(field));
            args.insert("value".to_owned(), value);
            if self.pack.owner(record.entity, field, &record.fields) == Side::Centre {
                args.insert(MENDER.to_owned(), "centre".to_owned());
            }
        }
        Finding {
            rule: rule.id().clone(),
            level: rule.level(),
            tab: rule.tab(),
            record: record.key(),
            field: field.cloned(),
            args,
        }
    }
}

/// Whole months from one day to another.
fn months_between(from: Date, to: Date) -> i64 {
    let month = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month());
    month(to) - month(from) - i64::from(to.day() < from.day())
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// The number that a value counts as.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) | Value::Decimal(number) => Some(*number),
        Value::Date(date) => Some(i64::from(date.days_since_epoch())),
        _ => None,
    }
}

fn nik_fits(text: &str, part: &NikPart, record: &Record) -> bool {
    // What has no 16 digits is a matter of format.
    let Some(nik) = Nik::read(text) else { return true };
    match part {
        NikPart::Self_ => nik.is_possible(),
        NikPart::Birth(field) => record.date(field).is_none_or(|birth| nik.is_of_birth(birth)),
        NikPart::Sex(field) => match record.get(field) {
            Value::Text(sex) | Value::Code(sex) => nik.is_female() == (sex == "P"),
            _ => true,
        },
    }
}

impl Form {
    fn fits(self, text: &str) -> bool {
        match self {
            Self::Digits { min, max } => {
                (min..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
            }
            Self::Name => !text.chars().any(|letter| letter.is_numeric() || letter.is_control()),
            Self::Long(count) => text.trim().chars().count() >= count,
        }
    }
}

impl Relation {
    /// Nothing on either side is no breach; other rules demand values.
    fn holds(self, left: &Value, right: &Value) -> bool {
        if *left == Value::Null || *right == Value::Null {
            return true;
        }
        match self {
            Self::Equal => left == right,
            Self::AtMost => number(left).zip(number(right)).is_none_or(|(left, right)| left <= right),
        }
    }
}
