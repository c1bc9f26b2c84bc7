//! From a changed record back to the subjects whose judgement reads it.

use std::collections::{BTreeSet, HashMap};

use selaras_model::{EntityCode, FieldKind, FieldName, Pack, Record, RecordKey, Value};

use super::Change;
use super::reader::Reader;
use crate::rulebook::kind::{Demand, Term};
use crate::rulebook::path::Path;
use crate::rulebook::{Rule, Rulebook};
use crate::view::ViewError;

/// One step back.
#[derive(Clone)]
enum Step {
    /// To the records that refer to this one.
    Referrers(EntityCode, FieldName),
    /// To the records that these references name.
    Named(EntityCode, Vec<FieldName>),
}

/// A rule reads some fields of an entity; the steps lead from a record of it to the rule's subjects.
struct Dependency {
    /// The rule with subjects of its own, or none for rules under the record's subject.
    rule: Option<usize>,
    fields: BTreeSet<FieldName>,
    steps: Vec<Step>,
}

pub(super) struct Dependencies {
    by_entity: HashMap<EntityCode, Vec<Dependency>>,
    /// By rule: what it reads of the record that it judges.
    own: Vec<BTreeSet<FieldName>>,
}

impl Dependencies {
    pub(super) fn new(pack: &Pack, book: &Rulebook) -> Self {
        let own = book.rules().iter().map(read_of_own).collect();
        let mut all = Self { by_entity: HashMap::new(), own };
        for (index, rule) in book.rules().iter().enumerate() {
            all.add_rule(index, rule, pack);
        }
        all
    }

    /// Whether a change of a record may change what a rule says of the group that the record itself stands for.
    pub(super) fn touches_own(&self, rule: usize, change: &Change<'_>) -> bool {
        self.own.get(rule).is_none_or(|fields| change.touches(fields))
    }

    /// Gives the subjects' records that a changed record touches, with the rule where it has its own subjects.
    pub(super) fn touched(
        &self,
        record: &Record,
        change: &Change<'_>,
        reader: &Reader<'_>,
    ) -> Result<BTreeSet<(Option<usize>, RecordKey)>, ViewError> {
        let mut found = BTreeSet::new();
        for dependency in self.by_entity.get(&record.entity).into_iter().flatten() {
            if change.touches(&dependency.fields) {
                let keys = walk(record, &dependency.steps, reader)?;
                found.extend(keys.into_iter().map(|key| (dependency.rule, key)));
            }
        }
        Ok(found)
    }

    fn add_rule(&mut self, index: usize, rule: &Rule, pack: &Pack) {
        match &rule.demand {
            // Whether a target exists is all that is read of it; no field of it matters.
            Demand::Reference => {
                for entity in pack.entities() {
                    for field in entity.fields() {
                        if let FieldKind::Ref { entity: target } = field.kind {
                            let steps = vec![Step::Referrers(entity.code, field.name.clone())];
                            self.add(target, None, BTreeSet::new(), steps);
                        }
                    }
                }
            }
            Demand::Related { left, right, .. } => {
                let tests = rule.when.iter().map(|test| &test.path);
                tests.chain([left, right]).for_each(|path| self.add_path(None, path, &[]));
            }
            Demand::Age { born, min, max } => {
                let limits = min.iter().chain(max).filter_map(|limit| limit.by.as_ref().map(|(path, _)| path));
                let tests = rule.when.iter().map(|test| &test.path);
                tests.chain(limits).chain([born]).for_each(|path| self.add_path(None, path, &[]));
            }
            Demand::Ladder { rungs, .. } => {
                rule.when.iter().for_each(|test| self.add_path(Some(index), &test.path, &[]));
                self.add_term(index, rule, rungs, pack);
            }
            Demand::Unique { sets, .. } => {
                let tests = rule.when.iter().map(|test| &test.path);
                tests.chain(sets.iter().flatten()).for_each(|path| self.add_path(Some(index), path, &[]));
            }
            Demand::Total { terms, min, max, equals, .. } => {
                let limits = min.iter().chain(max).filter_map(|limit| limit.by.as_ref().map(|(path, _)| path));
                let own = rule.when.iter().map(|test| &test.path).chain(limits).chain(equals);
                own.for_each(|path| self.add_path(Some(index), path, &[]));
                terms.iter().for_each(|term| self.add_term(index, rule, term, pack));
            }
            _ => rule.when.iter().for_each(|test| self.add_path(None, &test.path, &[])),
        }
    }

    fn add_term(&mut self, index: usize, rule: &Rule, term: &Term, pack: &Pack) {
        let Some(subject) = rule.entity else { return };
        let steps = match &term.of {
            None => vec![Step::Named(subject, term.by.clone())],
            Some(of) => {
                let shared = pack.field(subject, of).map(|field| field.kind.clone());
                let Some(FieldKind::Ref { entity }) = shared else { return };
                vec![Step::Named(entity, term.by.clone()), Step::Referrers(subject, of.clone())]
            }
        };
        let mut fields: BTreeSet<FieldName> = term.by.iter().cloned().collect();
        let paths: Vec<&Path> = term.tests.iter().map(|test| &test.path).chain(&term.value).collect();
        for path in paths {
            match path.hops.first() {
                None => _ = fields.insert(path.field.clone()),
                Some(hop) => _ = fields.insert(hop.field.clone()),
            }
            self.add_path(Some(index), path, &steps);
        }
        self.add(term.entity, Some(index), fields, steps);
    }

    /// Adds what a path reads of the records it leads to; `rest` leads on from the record where it begins.
    fn add_path(&mut self, rule: Option<usize>, path: &Path, rest: &[Step]) {
        for (place, hop) in path.hops.iter().enumerate() {
            let back = path.hops.iter().take(place + 1).rev();
            let mut steps: Vec<Step> = back.map(|hop| Step::Referrers(hop.entity, hop.field.clone())).collect();
            steps.extend_from_slice(rest);
            let read = path.hops.get(place + 1).map_or(&path.field, |next| &next.field);
            self.add(hop.target, rule, BTreeSet::from([read.clone()]), steps);
        }
    }

    fn add(&mut self, entity: EntityCode, rule: Option<usize>, fields: BTreeSet<FieldName>, steps: Vec<Step>) {
        self.by_entity.entry(entity).or_default().push(Dependency { rule, fields, steps });
    }
}

/// What a rule over a group reads of the record that stands for it: of a path that leads on, its first reference.
fn read_of_own(rule: &Rule) -> BTreeSet<FieldName> {
    let mut paths: Vec<&Path> = rule.when.iter().map(|test| &test.path).collect();
    let mut fields = BTreeSet::new();
    match &rule.demand {
        Demand::Unique { sets, .. } => paths.extend(sets.iter().flatten()),
        Demand::Total { terms, min, max, equals, .. } => {
            paths.extend(min.iter().chain(max).filter_map(|limit| limit.by.as_ref().map(|(path, _)| path)));
            paths.extend(equals);
            fields.extend(terms.iter().filter_map(|term| term.of.clone()));
        }
        // The rungs are other records; those below are judged with the record itself.
        _ => {}
    }
    fields.extend(paths.into_iter().map(|path| path.hops.first().map_or(&path.field, |hop| &hop.field).clone()));
    fields
}

fn walk(record: &Record, steps: &[Step], reader: &Reader<'_>) -> Result<BTreeSet<RecordKey>, ViewError> {
    let mut here = BTreeSet::from([record.key()]);
    for (index, step) in steps.iter().enumerate() {
        let mut next = BTreeSet::new();
        for key in here {
            match step {
                Step::Referrers(entity, field) => {
                    let ids = reader.having(*entity, field, &Value::Ref(key.id))?;
                    next.extend(ids.iter().map(|id| RecordKey { entity: *entity, id: *id }));
                }
                Step::Named(entity, fields) => {
                    // The changed record itself is at hand, in the state that is asked about.
                    let read = if index == 0 { None } else { reader.live(key)? };
                    let from = if index == 0 { Some(record) } else { read.as_deref() };
                    let ids = fields.iter().filter_map(|field| from?.reference(field));
                    next.extend(ids.map(|id| RecordKey { entity: *entity, id }));
                }
            }
        }
        here = next;
    }
    Ok(here)
}
