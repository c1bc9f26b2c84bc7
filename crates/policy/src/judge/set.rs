//! Rules over many records: unique values, counts and sums.

use std::collections::BTreeMap;

use selaras_model::{Record, RecordKey, Value, encode_value};

use super::Judge;
use super::own::number;
use super::reader::Reader;
use crate::finding::Finding;
use crate::rulebook::Rule;
use crate::rulebook::kind::{Demand, Limit, Term};
use crate::rulebook::path::Path;
use crate::view::ViewError;

/// Most records of one group that are named; the count says how many there are.
const MAX_NAMED: usize = 50;
const GROUP_CONTEXT: &str = "selaras 1 finding group";

/// Gives a record's values of a unique rule, or nothing if one is empty. Of values that count as the same the first
/// stands for all.
pub(super) fn values(
    fields: &[Path],
    alike: &[Value],
    record: &Record,
    reader: &Reader<'_>,
) -> Result<Option<Vec<Value>>, ViewError> {
    let mut values = Vec::with_capacity(fields.len());
    for path in fields {
        match reader.value(record, path)? {
            Value::Null => return Ok(None),
            value if alike.contains(&value) => values.extend(alike.first().cloned()),
            value => values.push(value),
        }
    }
    Ok(Some(values))
}

/// Gives the key of a group: a hash, for values are people's own and may be long.
pub(super) fn group_key(set: usize, values: &[Value]) -> Vec<u8> {
    let mut bytes = (set as u64).to_be_bytes().to_vec();
    values.iter().for_each(|value| encode_value(value, &mut bytes));
    blake3::derive_key(GROUP_CONTEXT, &bytes).into_iter().take(16).collect()
}

impl Judge<'_> {
    /// Gives a finding for each of several records with the same values.
    pub(super) fn unique(
        &self,
        rule: &Rule,
        set: usize,
        wanted: &[Value],
        reader: &Reader<'_>,
    ) -> Result<Vec<Finding>, ViewError> {
        let (Demand::Unique { sets, seed, alike }, Some(entity)) = (&rule.demand, rule.entity) else {
            return Ok(Vec::new());
        };
        let Some(fields) = sets.get(set) else { return Ok(Vec::new()) };
        let place = fields.iter().position(|path| path.is_own() && path.field == *seed);
        let Some(value) = place.and_then(|place| wanted.get(place)) else { return Ok(Vec::new()) };
        let mut ids = Vec::new();
        let seeds = if alike.contains(value) { alike.as_slice() } else { std::slice::from_ref(value) };
        for value in seeds {
            ids.extend(reader.having(entity, seed, value)?.iter().copied());
        }
        if ids.len() < 2 {
            return Ok(Vec::new());
        }
        let mut same = Vec::new();
        for id in ids {
            let Some(record) = reader.live(RecordKey { entity, id })? else { continue };
            let equal = values(fields, alike, &record, reader)?.is_some_and(|values| values == wanted);
            if equal && self.applies(&rule.when, &record, reader)? {
                same.push(record);
            }
        }
        if same.len() < 2 {
            return Ok(Vec::new());
        }
        same.sort_by_key(|record| record.id);
        let count = same.len().to_string();
        let named = same.iter().take(MAX_NAMED);
        Ok(named.map(|record| self.finding(rule, record, Some(seed), [("count", count.clone())])).collect())
    }

    /// Gives the finding of a count or sum that is outside its limits.
    pub(super) fn total(
        &self,
        rule: &Rule,
        record: &Record,
        reader: &Reader<'_>,
    ) -> Result<Option<Finding>, ViewError> {
        let Demand::Total { terms, sum, min, max, equals } = &rule.demand else { return Ok(None) };
        if !self.applies(&rule.when, record, reader)? {
            return Ok(None);
        }
        let min = bound(min.as_ref(), record, reader)?;
        let max = bound(max.as_ref(), record, reader)?;
        let exact = match equals {
            Some(path) => number(&reader.value(record, path)?),
            None => None,
        };
        let mut total = 0_i64;
        for term in terms {
            total = total.saturating_add(self.term(term, *sum, record, reader)?);
        }
        let wrong = min.is_some_and(|min| total < min)
            || max.is_some_and(|max| total > max)
            || exact.is_some_and(|exact| total != exact);
        let text = |bound: Option<i64>| bound.map(|number| number.to_string()).unwrap_or_default();
        let args = [("total", total.to_string()), ("min", text(min)), ("max", text(max)), ("exact", text(exact))];
        Ok(wrong.then(|| self.finding(rule, record, None, args)))
    }

    /// Gives the finding of a step that was reached before a lower one.
    pub(super) fn ladder(
        &self,
        rule: &Rule,
        record: &Record,
        reader: &Reader<'_>,
    ) -> Result<Option<Finding>, ViewError> {
        let Demand::Ladder { rungs, step, year, steps } = &rule.demand else { return Ok(None) };
        if !self.applies(&rule.when, record, reader)? {
            return Ok(None);
        }
        // Who holds two of one step reached it with the first.
        let mut reached: BTreeMap<usize, i64> = BTreeMap::new();
        for field in &rungs.by {
            for id in reader.having(rungs.entity, field, &Value::Ref(record.id))?.iter().copied() {
                let Some(rung) = reader.live(RecordKey { entity: rungs.entity, id })? else { continue };
                let code = crate::rulebook::test::plain(&reader.value(&rung, step)?);
                let place = code.and_then(|code| steps.iter().position(|same| same.contains(&code)));
                let Some((place, year)) = place.zip(number(&reader.value(&rung, year)?)) else { continue };
                reached.entry(place).and_modify(|first| *first = year.min(*first)).or_insert(year);
            }
        }
        let out_of_order = !reached.values().is_sorted();
        Ok(out_of_order.then(|| self.finding(rule, record, None, [])))
    }

    fn term(&self, term: &Term, sum: bool, record: &Record, reader: &Reader<'_>) -> Result<i64, ViewError> {
        let of = match &term.of {
            None => Some(record.id),
            Some(field) => record.reference(field),
        };
        let Some(of) = of else { return Ok(0) };
        let mut total = 0_i64;
        for field in &term.by {
            for id in reader.having(term.entity, field, &Value::Ref(of))?.iter().copied() {
                total = total.saturating_add(self.weight(term, sum, RecordKey { entity: term.entity, id }, reader)?);
            }
        }
        Ok(total)
    }

    fn weight(&self, term: &Term, sum: bool, key: RecordKey, reader: &Reader<'_>) -> Result<i64, ViewError> {
        if term.tests.is_empty() && !sum {
            return Ok(1);
        }
        let Some(member) = reader.live(key)? else { return Ok(0) };
        if !self.applies(&term.tests, &member, reader)? {
            return Ok(0);
        }
        match &term.value {
            Some(path) => Ok(number(&reader.value(&member, path)?).unwrap_or(0)),
            None => Ok(1),
        }
    }
}

pub(super) fn bound(limit: Option<&Limit>, record: &Record, reader: &Reader<'_>) -> Result<Option<i64>, ViewError> {
    let Some(limit) = limit else { return Ok(None) };
    let Some((path, values)) = &limit.by else { return Ok(limit.fixed) };
    let code = crate::rulebook::test::plain(&reader.value(record, path)?);
    Ok(code.and_then(|code| values.get(&code).copied()).or(limit.fixed))
}
