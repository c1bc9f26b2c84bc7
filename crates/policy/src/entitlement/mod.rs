//! Who may approve: a pure function of records, facts of the account and a table of conditions.
//!
//! The answer is either the right, or **all** unmet conditions of the capacity that lacks the fewest, each with who has
//! to act and how. The centre judges by PTK records alone; a school adds the conditions of its account.

mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use selaras_model::{Date, Label, Lang, Pack, Record, RecordId, RecordKey, Value};

use crate::error::PolicyError;
use crate::gate::{Capacity, Entitled};
use crate::rendered::{Rendered, Who, fill};
use crate::view::SchoolView;
use table::{CapacityRow, Condition, LocalCondition, Table};

/// The entity of people.
const PERSON: &str = "ptk";

/// The stable name of a condition, such as `head-assignment`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConditionId(String);

impl ConditionId {
    /// Gives the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConditionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A condition that is not fulfilled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// Its name.
    pub condition: ConditionId,
    /// Who has to act.
    pub who: Who,
    /// What the message names.
    pub args: BTreeMap<String, String>,
    message: Label,
    remedy: Label,
}

impl Unmet {
    /// Gives the condition in words.
    #[must_use]
    pub fn render(&self, lang: Lang) -> Rendered {
        Rendered {
            message: fill(&self.message, lang, &self.args),
            remedy: fill(&self.remedy, lang, &self.args),
            who: self.who,
        }
    }

    fn of_condition(condition: &Condition) -> Self {
        Self::new(&condition.id, condition.who, (&condition.message).into(), (&condition.remedy).into())
    }

    fn of_local(condition: &LocalCondition) -> Self {
        Self::new(&condition.id, condition.who, (&condition.message).into(), (&condition.remedy).into())
    }

    fn new(id: &str, who: Who, message: Label, remedy: Label) -> Self {
        Self { condition: ConditionId(id.to_owned()), who, args: BTreeMap::new(), message, remedy }
    }
}

/// Whether a person may approve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entitlement {
    /// Every condition is fulfilled.
    May(Entitled),
    /// These are not; there is at least one.
    MayNot(Vec<Unmet>),
}

/// What the school knows of an account beside the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountFacts {
    /// The PTK to whom the account belongs.
    pub ptk: Option<RecordId>,
    /// Whether the account has the role Kepala Sekolah.
    pub head_role: bool,
    /// Whether the person's key is enrolled at the centre.
    pub key_activated: bool,
}

/// Judges a person by the PTK records alone, as the centre does.
///
/// # Errors
/// When the records cannot be read, or the pack lacks an entity that a condition reads.
pub fn entitlement(view: &dyn SchoolView, pack: &Pack, ptk: RecordId, date: Date) -> Result<Entitlement, PolicyError> {
    let table = Table::builtin()?;
    let person = RecordKey { entity: pack_entity(pack, PERSON)?, id: ptk };
    if view.record(person)?.is_none_or(|record| record.deleted) {
        return Ok(Entitlement::MayNot(vec![Unmet::of_local(table.local("ptk-record")?)]));
    }
    let mut nearest: Option<Vec<Unmet>> = None;
    for row in &table.capacity {
        let unmet = unmet(view, pack, table, row, ptk, date)?;
        if unmet.is_empty() {
            return Ok(Entitlement::May(Entitled::new(ptk, row.capacity())));
        }
        if nearest.as_ref().is_none_or(|best| unmet.len() < best.len()) {
            nearest = Some(unmet);
        }
    }
    nearest.map(Entitlement::MayNot).ok_or_else(|| PolicyError::Data { what: "capacity".to_owned() })
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
    let mut unmet = Vec::new();
    let mut entitled = None;
    match facts.ptk {
        None => unmet.push(Unmet::of_local(table.local("account-ptk")?)),
        Some(ptk) => match entitlement(view, pack, ptk, date)? {
            Entitlement::May(person) => entitled = Some(person),
            Entitlement::MayNot(lacking) => unmet.extend(lacking),
        },
    }
    for (fulfilled, id) in [(facts.head_role, "head-role"), (facts.key_activated, "key-activated")] {
        if !fulfilled {
            unmet.push(Unmet::of_local(table.local(id)?));
        }
    }
    match entitled {
        Some(person) if unmet.is_empty() => Ok(Entitlement::May(person)),
        _ => Ok(Entitlement::MayNot(unmet)),
    }
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

fn unmet(
    view: &dyn SchoolView,
    pack: &Pack,
    table: &Table,
    row: &CapacityRow,
    ptk: RecordId,
    date: Date,
) -> Result<Vec<Unmet>, PolicyError> {
    let mut unmet = Vec::new();
    for id in &row.conditions {
        let condition = table.condition(id)?;
        let records = records_of(view, pack, condition, ptk)?;
        if !records.iter().any(|record| condition.holds(record, pack, date)) {
            unmet.push(Unmet::of_condition(condition));
        }
    }
    Ok(unmet)
}

fn records_of(
    view: &dyn SchoolView,
    pack: &Pack,
    condition: &Condition,
    ptk: RecordId,
) -> Result<Vec<Record>, PolicyError> {
    let entity = pack_entity(pack, &condition.entity)?;
    let mut ids = Vec::new();
    view.with_value(entity, &condition.by, &Value::Ref(ptk), &mut |id| ids.push(id))?;
    let mut records = Vec::with_capacity(ids.len());
    for id in ids {
        records.extend(view.record(RecordKey { entity, id })?.filter(|record| !record.deleted));
    }
    Ok(records)
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
