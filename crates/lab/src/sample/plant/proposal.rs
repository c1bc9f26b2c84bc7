//! What may make a rule fail in a school: what the examples of the rule do to theirs, for records of this one.

use std::collections::{BTreeMap, BTreeSet};

use selaras_model::{Date, EntityCode, FieldName, Record, RecordId, RecordKey, Value};
use selaras_policy::{Example, Examples, RuleId};

use super::Planter;

/// Chances of a hundred that, instead of what an example does, a field is made like another record's.
const LIKENED: u32 = 30;
/// The most fields that are made alike at once.
const MAX_LIKENED: i64 = 3;
/// Chances of a hundred that what goes takes those with it that lead to the same record.
const WITH_SIBLINGS: u32 = 50;
/// Chances of a hundred that a proposed value is another record's instead of the example's.
const COPIED: u32 = 35;
/// Chances of a hundred that what is added has all of the example's fields instead of another record's.
const AS_EXAMPLE: u32 = 50;
/// Chances of a hundred that what is added is added twice.
const TWICE: u32 = 20;

/// What an example does to one record of its small school.
pub(super) enum Change {
    /// Writes fields.
    Set(Record, BTreeSet<FieldName>),
    /// Takes the record away.
    Remove(Record),
    /// Adds the record.
    Add(Record),
}

/// What a failing example does to its school.
pub(super) struct Template {
    changes: Vec<Change>,
    /// Records of the example's school that this one may lack, each of an entity that the failure is about.
    ground: Vec<Record>,
}

/// Records of this school, each by the record of the example for which it stands.
type StandIns = BTreeMap<RecordId, Record>;

impl Template {
    /// Those of a rule.
    pub(super) fn of(examples: &Examples, rule: &RuleId) -> Vec<Self> {
        let base: BTreeMap<RecordKey, &Record> = examples.records().map(|record| (record.key(), record)).collect();
        let failing = examples.iter().filter(|example| example.rule() == rule && example.fails());
        failing
            .map(|example| {
                let changes = changes(&base, example);
                let entities: BTreeSet<EntityCode> =
                    example.finds().map(|key| key.entity).chain(changes.iter().map(Change::entity)).collect();
                let ground = base.values().filter(|record| entities.contains(&record.entity));
                Self { ground: ground.map(|record| (*record).clone()).collect(), changes }
            })
            .collect()
    }
}

impl Change {
    fn entity(&self) -> EntityCode {
        let (Self::Set(record, _) | Self::Remove(record) | Self::Add(record)) = self;
        record.entity
    }
}

fn changes(base: &BTreeMap<RecordKey, &Record>, example: &Example) -> Vec<Change> {
    let after = example.records().filter(|record| !record.deleted).map(|record| (record.key(), record));
    let after: BTreeMap<RecordKey, &Record> = after.collect();
    let mut changes = Vec::new();
    for (key, record) in &after {
        match base.get(key) {
            None => changes.push(Change::Add((*record).clone())),
            Some(before) if before != record => {
                let names = before.fields.keys().chain(record.fields.keys());
                let fields = names.filter(|name| before.get(name) != record.get(name)).cloned().collect();
                changes.push(Change::Set((*record).clone(), fields));
            }
            Some(_) => {}
        }
    }
    let gone = base.iter().filter(|(key, _)| !after.contains_key(*key));
    changes.extend(gone.map(|(_, record)| Change::Remove((*record).clone())));
    changes
}

impl Planter<'_> {
    /// Something that may be a failure of the template's rule.
    pub(super) fn propose(&mut self, template: &Template) -> Option<Vec<Record>> {
        if self.dice.chance(LIKENED) {
            return self.liken(&template.changes);
        }
        let mut stand_ins = StandIns::new();
        let mut edits = Vec::new();
        for like in &template.ground {
            if self.some_record(like).is_none() {
                self.add(like, like.clone(), &mut stand_ins)?;
            }
        }
        for change in &template.changes {
            match change {
                Change::Add(like) => {
                    let copy = self.some_record(like).unwrap_or_else(|| like.clone());
                    if self.dice.chance(TWICE) {
                        let mut twin = stand_ins.clone();
                        edits.push(self.add(like, copy.clone(), &mut twin)?);
                    }
                    self.add(like, copy, &mut stand_ins)?;
                }
                Change::Remove(like) => {
                    let record = self.stand_in(like, &stand_ins)?;
                    edits.extend(self.siblings(&record));
                    stand_ins.insert(like.id, Record { deleted: true, ..record });
                }
                Change::Set(like, names) => {
                    let mut record = self.stand_in(like, &stand_ins)?;
                    self.write(like, names, &mut record, &stand_ins)?;
                    stand_ins.insert(like.id, record);
                }
            }
        }
        edits.extend(stand_ins.into_values());
        (!edits.is_empty()).then_some(edits)
    }

    fn stand_in(&mut self, like: &Record, stand_ins: &StandIns) -> Option<Record> {
        stand_ins.get(&like.id).cloned().or_else(|| self.some_record(like))
    }

    /// A new record like another: with its fields, or with the example's.
    fn add(&mut self, like: &Record, mut copy: Record, stand_ins: &mut StandIns) -> Option<Record> {
        let is_example = copy.id == like.id;
        copy.id = self.dice.id();
        if is_example || self.dice.chance(AS_EXAMPLE) {
            let names = like.fields.keys().cloned().collect();
            self.write(like, &names, &mut copy, stand_ins)?;
        }
        stand_ins.insert(like.id, copy.clone());
        Some(copy)
    }

    fn write(
        &mut self,
        like: &Record,
        names: &BTreeSet<FieldName>,
        record: &mut Record,
        stand_ins: &StandIns,
    ) -> Option<()> {
        for name in names {
            let value = self.value(like, record, name, stand_ins)?;
            record.fields.insert(name.clone(), value);
        }
        Some(())
    }

    /// Makes a record like another one of its entity in a few fields, where the example adds one that is alike.
    fn liken(&mut self, template: &[Change]) -> Option<Vec<Record>> {
        let added =
            template.iter().find_map(|change| if let Change::Add(record) = change { Some(record) } else { None })?;
        let (mut record, other) = (self.some_record(added)?, self.some_record(added)?);
        for _ in 0..self.dice.between(1, MAX_LIKENED) {
            let names: Vec<FieldName> = other.fields.keys().cloned().collect();
            let name = names.get(self.dice.below(names.len()))?;
            record.fields.insert(name.clone(), other.get(name).clone());
        }
        Some(vec![record])
    }

    /// Sometimes, all others that lead to the same record in one of their references, for the last of several children
    /// has to go before a parent lacks one.
    fn siblings(&mut self, record: &Record) -> Vec<Record> {
        if !self.dice.chance(WITH_SIBLINGS) {
            return Vec::new();
        }
        let references: Vec<&FieldName> =
            record.fields.iter().filter(|(_, value)| matches!(value, Value::Ref(_))).map(|(name, _)| name).collect();
        let Some(name) = references.get(self.dice.below(references.len())) else { return Vec::new() };
        let same = |other: &&Record| other.entity == record.entity && other.get(name) == record.get(name);
        let others = self.view.records().filter(same).filter(|other| other.id != record.id);
        others.map(|other| Record { deleted: true, ..other.clone() }).collect()
    }

    /// A record of the same entity that nothing was done to yet; one of the head's where there is no other.
    fn some_record(&mut self, like: &Record) -> Option<Record> {
        let of_entity = self.view.records().filter(|record| record.entity == like.entity && !record.deleted);
        let free: Vec<&Record> = of_entity.filter(|record| !self.used.contains(&record.key())).collect();
        let (heads, others): (Vec<&Record>, Vec<&Record>) =
            free.into_iter().partition(|record| self.of_head.contains(&record.key()));
        let all = if others.is_empty() { heads } else { others };
        all.get(self.dice.below(all.len())).map(|record| (*record).clone())
    }

    /// The example's value, for this school: a reference leads to a record of this school, and what is to be alike is
    /// like another record's.
    fn value(&mut self, like: &Record, record: &Record, name: &str, stand_ins: &StandIns) -> Option<Value> {
        let value = like.get(name).clone();
        if let Value::Ref(id) = value {
            if let Some(known) = stand_ins.get(&id) {
                return Some(Value::Ref(known.id));
            }
            let target = self.examples.records().find(|record| record.id == id).cloned();
            return Some(match target {
                Some(target) => Value::Ref(self.some_record(&target)?.id),
                None => value,
            });
        }
        if !value.is_null() && self.dice.chance(COPIED) {
            return Some(self.some_record(like).map_or(value, |other| other.get(name).clone()));
        }
        if matches!(value, Value::Text(_)) && self.dice.chance(COPIED) {
            // Two fields of one record that are not to be alike.
            let texts: Vec<&Value> = record.fields.values().filter(|value| matches!(value, Value::Text(_))).collect();
            return texts.get(self.dice.below(texts.len())).map(|value| (*value).clone());
        }
        if let Value::Date(date) = value {
            // As far from the day of judging as it is in the examples.
            return Date::from_days(date.days_since_epoch() + self.shift).ok().map(Value::Date);
        }
        Some(value)
    }
}
