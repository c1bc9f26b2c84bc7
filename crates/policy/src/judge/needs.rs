//! What rules read of records other than the one that they judge: some fields, and who has a value in some.

use std::collections::{BTreeMap, BTreeSet};

use selaras_model::{EntityCode, FieldName, Pack};

use crate::rulebook::kind::{Demand, Limit, Term};
use crate::rulebook::path::Path;
use crate::rulebook::{Rule, Rulebook};

/// By entity: the fields that are read, and those by whose value records are looked for.
#[derive(Default)]
pub(super) struct Needs {
    fields: BTreeMap<EntityCode, BTreeSet<FieldName>>,
    sought: BTreeMap<EntityCode, BTreeSet<FieldName>>,
}

/// Where a path begins.
#[derive(Clone, Copy)]
enum From {
    /// At the record that is judged, which is at hand whole.
    Judged,
    /// At a record of this entity, which is looked up.
    Other(EntityCode),
}

impl Needs {
    pub(super) fn new(pack: &Pack, book: &Rulebook) -> Self {
        let mut needs = Self::default();
        for rule in book.rules() {
            needs.add_rule(rule);
            // The findings of a group say of each of its records who may mend it.
            let grouped = rule.entity.filter(|_| matches!(rule.demand, Demand::Unique { .. }));
            if let Some(entity) = grouped.and_then(|code| pack.entity(code)) {
                let conditions =
                    entity.verified.iter().chain(entity.centre_if.as_ref().map(|condition| &condition.field));
                conditions.for_each(|field| needs.add(entity.code, field));
            }
        }
        needs
    }

    /// The fields that are read of an entity's records, in order.
    pub(super) fn fields(&self, entity: EntityCode) -> Vec<FieldName> {
        self.fields.get(&entity).into_iter().flatten().cloned().collect()
    }

    /// The fields by whose value records of an entity are looked for, in order.
    pub(super) fn sought(&self, entity: EntityCode) -> Vec<FieldName> {
        self.sought.get(&entity).into_iter().flatten().cloned().collect()
    }

    fn add_rule(&mut self, rule: &Rule) {
        // The records of a group are looked up one by one, the judged one among them.
        let from = match (&rule.demand, rule.entity) {
            (Demand::Unique { .. }, Some(entity)) => From::Other(entity),
            _ => From::Judged,
        };
        rule.when.iter().for_each(|test| self.add_path(&test.path, from));
        match &rule.demand {
            Demand::Related { left, right, .. } => {
                self.add_path(left, from);
                self.add_path(right, from);
            }
            Demand::Age { born, min, max } => {
                self.add_path(born, from);
                self.add_limits(min.iter().chain(max), from);
            }
            Demand::Ladder { rungs, step, year, .. } => {
                self.add_term(rungs);
                [step, year].into_iter().for_each(|path| self.add_path(path, From::Other(rungs.entity)));
            }
            Demand::Unique { sets, seed, .. } => {
                sets.iter().flatten().for_each(|path| self.add_path(path, from));
                if let Some(entity) = rule.entity {
                    self.add(entity, seed);
                    self.sought.entry(entity).or_default().insert(seed.clone());
                }
            }
            Demand::Total { terms, min, max, equals, sum: _ } => {
                self.add_limits(min.iter().chain(max), from);
                equals.iter().for_each(|path| self.add_path(path, from));
                terms.iter().for_each(|term| self.add_term(term));
            }
            // These read the judged record alone, or of others only whether they are there.
            Demand::Required(_)
            | Demand::Format(..)
            | Demand::Range { .. }
            | Demand::Code { .. }
            | Demand::Reference
            | Demand::Expression { .. }
            | Demand::Nik { .. } => {}
        }
    }

    fn add_limits<'l>(&mut self, limits: impl Iterator<Item = &'l Limit>, from: From) {
        limits.filter_map(|limit| limit.by.as_ref()).for_each(|(path, _)| self.add_path(path, from));
    }

    fn add_term(&mut self, term: &Term) {
        let sought = self.sought.entry(term.entity).or_default();
        sought.extend(term.by.iter().cloned());
        let tests = term.tests.iter().map(|test| &test.path);
        tests.chain(&term.value).for_each(|path| self.add_path(path, From::Other(term.entity)));
    }

    fn add_path(&mut self, path: &Path, from: From) {
        let mut at = from;
        for hop in &path.hops {
            if let From::Other(entity) = at {
                self.add(entity, &hop.field);
            }
            at = From::Other(hop.target);
        }
        if let From::Other(entity) = at {
            self.add(entity, &path.field);
        }
    }

    fn add(&mut self, entity: EntityCode, field: &FieldName) {
        self.fields.entry(entity).or_default().insert(field.clone());
    }
}
