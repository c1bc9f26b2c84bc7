//! Who may approve: a pure function of records, facts of the account and a table of conditions.
//!
//! The answer is either the right, or **all** unmet conditions of the capacity that lacks the fewest, each with who has
//! to act and how. The centre judges by PTK records alone; a school adds the conditions of its account.

mod facts;
mod rows;
mod table;
#[cfg(test)]
mod tests;
mod unmet;

use std::collections::BTreeSet;
use std::fmt;

use selaras_model::{Date, Pack, Record, RecordId, RecordKey, Value};

use crate::error::PolicyError;
use crate::gate::{Capacity, Entitled};
use crate::view::SchoolView;
use table::{CapacityRow, Condition, Table};

pub use facts::{AccountFacts, AccountState, KeyState};
pub use rows::{CapacityPage, ConditionPage, capacity_pages, condition_pages};
pub use unmet::{ConditionId, Unmet};

/// The entity of people.
const PERSON: &str = "ptk";

/// Whether a person may approve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entitlement {
    /// Every condition is fulfilled.
    May(Entitled),
    /// These are not; there is at least one.
    MayNot(Vec<Unmet>),
}

impl Entitlement {
    /// Whether the person's own conditions are fulfilled: what others lack or have too much of ends nobody's key.
    #[must_use]
    pub fn stands_on_its_own(&self) -> bool {
        match self {
            Self::May(_) => true,
            Self::MayNot(unmet) => unmet.iter().all(|unmet| !unmet.is_personal()),
        }
    }
}

/// Judges a person by the PTK records alone, as the centre does.
///
/// # Errors
/// When the records cannot be read, or the pack lacks an entity that a condition reads.
pub fn entitlement(view: &dyn SchoolView, pack: &Pack, ptk: RecordId, date: Date) -> Result<Entitlement, PolicyError> {
    let question = Question { view, pack, table: Table::builtin()?, date };
    if !question.is_known(ptk)? {
        return Ok(Entitlement::MayNot(vec![Unmet::of_local(question.table.local("ptk-record")?)]));
    }
    question.nearest(ptk, |_, unmet| Ok(unmet), |_| false)
}

/// Judges an account at the school: its own conditions, and those of the records.
///
/// # Errors
/// As [`entitlement`].
pub fn local_entitlement(
    view: &dyn SchoolView,
    pack: &Pack,
    facts: &AccountFacts,
    date: Date,
) -> Result<Entitlement, PolicyError> {
    let table = Table::builtin()?;
    let question = Question { view, pack, table, date };
    let Some(ptk) = facts.ptk else {
        return Ok(Entitlement::MayNot(facts.lacks(table, None)?));
    };
    if !question.is_known(ptk)? {
        let mut unmet = vec![Unmet::of_local(table.local("ptk-record")?)];
        unmet.extend(facts.lacks(table, None)?);
        return Ok(Entitlement::MayNot(unmet));
    }
    let with_account = |row: &CapacityRow, mut unmet: Vec<Unmet>| {
        unmet.extend(facts.lacks(table, Some(row))?);
        Ok(unmet)
    };
    question.nearest(ptk, with_account, |row| facts.has_role(row.capacity()))
}

/// Gives the people whom the records name as head or Plt by at least one condition that belongs to heads alone.
///
/// # Errors
/// As [`entitlement`].
pub fn heads(view: &dyn SchoolView, pack: &Pack, date: Date) -> Result<Vec<RecordId>, PolicyError> {
    let table = Table::builtin()?;
    let mut people = BTreeSet::new();
    for id in ["registered-head", "head-assignment", "plt-assignment"] {
        let condition = table.condition(id)?;
        let Some(entity) = pack.entity_named(&condition.entity) else { continue };
        view.each(entity.code, &mut |record| {
            if condition.holds(record, pack, date) {
                people.extend(record.reference(&condition.by));
            }
            Ok(())
        })?;
    }
    Ok(people.into_iter().collect())
}

/// What is asked, of which records and of which day.
struct Question<'a> {
    view: &'a dyn SchoolView,
    pack: &'a Pack,
    table: &'static Table,
    date: Date,
}

impl Question<'_> {
    fn is_known(&self, ptk: RecordId) -> Result<bool, PolicyError> {
        let person = RecordKey { entity: pack_entity(self.pack, PERSON)?, id: ptk };
        Ok(self.view.record(person)?.is_some_and(|record| !record.deleted))
    }

    /// The capacity that lacks the fewest conditions; of two alike the one whose records lack fewer, then the first.
    fn nearest(
        &self,
        ptk: RecordId,
        complete: impl Fn(&CapacityRow, Vec<Unmet>) -> Result<Vec<Unmet>, PolicyError>,
        has_role: impl Fn(&CapacityRow) -> bool,
    ) -> Result<Entitlement, PolicyError> {
        let mut nearest: Option<(usize, usize, Vec<Unmet>)> = None;
        for row in &self.table.capacity {
            let of_records = self.unmet(row, ptk, has_role(row))?;
            let records = of_records.len();
            let unmet = complete(row, of_records)?;
            if unmet.is_empty() {
                return Ok(Entitlement::May(Entitled::new(ptk, row.capacity())));
            }
            let lacks = (unmet.len(), records);
            if nearest.as_ref().is_none_or(|best| lacks < (best.0, best.1)) {
                nearest = Some((lacks.0, lacks.1, unmet));
            }
        }
        let (_, _, unmet) = nearest.ok_or_else(|| PolicyError::Data { what: "capacity".to_owned() })?;
        Ok(Entitlement::MayNot(unmet))
    }

    fn unmet(&self, row: &CapacityRow, ptk: RecordId, has_role: bool) -> Result<Vec<Unmet>, PolicyError> {
        let mut unmet = Vec::new();
        for id in &row.conditions {
            let condition = self.table.condition(id)?;
            let records = self.records_of(condition, ptk)?;
            let holding = records.iter().filter(|record| condition.holds(record, self.pack, self.date));
            if condition.alone.is_empty() {
                if holding.count() == 0 {
                    let why = condition.why(&records, has_role, self.pack, self.date);
                    let shown = why.and_then(|why| why.shown(&records, self.pack, self.date));
                    unmet.push(Unmet::of_condition(condition, why, shown));
                }
            } else {
                let several: Vec<Record> = holding.cloned().collect();
                if several.len() > 1 {
                    let why = condition.why(&several, has_role, self.pack, self.date);
                    unmet.push(Unmet::of_condition(condition, why, None));
                }
            }
        }
        Ok(unmet)
    }

    /// The live records that a condition looks at: the person's, or those of the whole school.
    fn records_of(&self, condition: &Condition, ptk: RecordId) -> Result<Vec<Record>, PolicyError> {
        let entity = pack_entity(self.pack, &condition.entity)?;
        let mut values = Vec::new();
        for text in &condition.alone {
            let value = self.pack.parse_field(entity, &condition.by, text);
            values.push(value.map_err(|_| PolicyError::Data { what: condition.by.clone() })?);
        }
        if condition.alone.is_empty() {
            values.push(Value::Ref(ptk));
        }
        let mut ids = Vec::new();
        for value in &values {
            self.view.with_value(entity, &condition.by, value, &mut |id| ids.push(id))?;
        }
        let mut records = Vec::with_capacity(ids.len());
        for id in ids {
            let record = self.view.record(RecordKey { entity, id })?;
            // An index may name more than it was asked for.
            let live = record.filter(|record| !record.deleted && values.contains(record.get(&condition.by)));
            records.extend(live);
        }
        Ok(records)
    }
}

fn pack_entity(pack: &Pack, name: &str) -> Result<selaras_model::EntityCode, PolicyError> {
    let entity = pack.entity_named(name).ok_or_else(|| PolicyError::Data { what: name.to_owned() })?;
    Ok(entity.code)
}

/// Says in which capacity, for people.
impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Definitive => "kepala sekolah",
            Self::Plt => "Plt kepala sekolah",
        })
    }
}
