//! Judges records by a rulebook: all of a school, or only what a change touches.
//!
//! Findings are kept under subjects. A record is the subject of the rules that look at it and along its references; a
//! rule over many records has its own subjects: the record for which it counts, or the values that should be unique. An
//! incremental run judges every subject that a changed record belongs to, in its state before or after the change; a
//! property test holds the result equal to a full run.

mod affected;
mod extract;
mod needs;
mod own;
mod reader;
mod set;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use selaras_model::{Date, FieldName, Pack, Record, RecordKey, Value};

use crate::error::PolicyError;
use crate::finding::{Finding, SubjectKey};
use crate::rulebook::kind::Demand;
use crate::rulebook::test::Test;
use crate::rulebook::{Rule, Rulebook};
use crate::view::{Overlay, SchoolView};
use affected::Dependencies;
use extract::Extract;
use needs::Needs;
use reader::Reader;

/// The findings of subjects; what a subject had before is replaced whole.
pub type Judged = Vec<(SubjectKey, Vec<Finding>)>;

/// One record before and after; none where it did not exist.
#[derive(Clone)]
pub struct Changed {
    /// The state before.
    pub before: Option<Record>,
    /// The state after.
    pub after: Option<Record>,
}

impl std::fmt::Debug for Changed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Changed").field("record", &self.key()).finish_non_exhaustive()
    }
}

impl Changed {
    fn key(&self) -> Option<RecordKey> {
        self.after.as_ref().or(self.before.as_ref()).map(Record::key)
    }
}

/// A subject with what is needed to judge it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Subject {
    Record(RecordKey),
    Total(usize, RecordKey),
    /// The rule, which of its sets of fields, and the values.
    Values(usize, usize, Vec<Value>),
}

/// Judges by one pack, rulebook and date.
pub struct Judge<'a> {
    pack: &'a Pack,
    book: &'a Rulebook,
    date: Date,
    dependencies: Dependencies,
    needs: Needs,
}

/// Values that records have, by their hashes: whoever is alone with its values breaks no rule of uniqueness, and most
/// records are.
#[derive(Default)]
struct Groups {
    once: HashSet<u64>,
    shared: BTreeSet<Subject>,
}

impl Groups {
    /// Notes the values of one more record. Two values with one hash cost a look more.
    fn note(&mut self, subject: Subject) {
        let mut hasher = DefaultHasher::new();
        subject.hash(&mut hasher);
        if !self.once.insert(hasher.finish()) {
            self.shared.insert(subject);
        }
    }
}

impl std::fmt::Debug for Judge<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judge").field("book", self.book).field("date", &self.date.to_string()).finish_non_exhaustive()
    }
}

impl<'a> Judge<'a> {
    /// Prepares a judge; the date is the centre's at the last contact.
    #[must_use]
    pub fn new(pack: &'a Pack, book: &'a Rulebook, date: Date) -> Self {
        Self { pack, book, date, dependencies: Dependencies::new(pack, book), needs: Needs::new(pack, book) }
    }

    /// Judges a whole school; only subjects with findings are given, in order.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn full(&self, view: &dyn SchoolView) -> Result<Judged, PolicyError> {
        let mut judged = Judged::new();
        self.each(view, &mut |subject, findings| judged.push((subject, findings)))?;
        judged.sort_by(|left, right| left.0.cmp(&right.0));
        Ok(judged)
    }

    /// Judges a whole school and gives every subject with findings once, as they come.
    ///
    /// All records are read twice, each alone: once for what rules read of other records, which is kept in a small form,
    /// once to be judged. A school of 5,000 students would not fit an old computer's memory as records.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn each(
        &self,
        view: &dyn SchoolView,
        visit: &mut dyn FnMut(SubjectKey, Vec<Finding>),
    ) -> Result<(), PolicyError> {
        let extract = Extract::read(view, &self.needs, self.pack)?;
        let reader = Reader::new(&extract);
        let mut groups = Groups::default();
        for entity in self.pack.entities() {
            view.each(entity.code, &mut |record| {
                let findings = self.own(record, &reader)?;
                if !findings.is_empty() {
                    visit(SubjectKey::Record(record.key()), findings);
                }
                self.each_group(record, &reader, &mut groups, visit)
            })?;
        }
        for subject in groups.shared {
            let findings = self.findings(&subject, &reader)?;
            if !findings.is_empty() {
                visit(self.key(&subject), findings);
            }
        }
        Ok(())
    }

    /// Judges the set rules of which a record is the subject, and notes the values that it may share with others.
    fn each_group(
        &self,
        record: &Record,
        reader: &Reader<'_>,
        groups: &mut Groups,
        visit: &mut dyn FnMut(SubjectKey, Vec<Finding>),
    ) -> Result<(), crate::view::ViewError> {
        for (index, rule) in self.book.rules().iter().enumerate().filter(|(_, rule)| rule.entity == Some(record.entity))
        {
            match &rule.demand {
                Demand::Total { .. } => {
                    if let Some(finding) = self.total(rule, record, reader)? {
                        visit(self.key(&Subject::Total(index, record.key())), vec![finding]);
                    }
                }
                Demand::Ladder { .. } => {
                    if let Some(finding) = self.ladder(rule, record, reader)? {
                        visit(self.key(&Subject::Total(index, record.key())), vec![finding]);
                    }
                }
                Demand::Unique { sets, alike, .. } => {
                    for (set, fields) in sets.iter().enumerate() {
                        if let Some(values) = set::values(fields, alike, record, reader)? {
                            groups.note(Subject::Values(index, set, values));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Judges what a change touches; every subject judged is given with all its findings, with none if it has none now.
    ///
    /// The view shows the state after the change.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn incremental(&self, view: &dyn SchoolView, changed: &[Changed]) -> Result<Judged, PolicyError> {
        let mut subjects = BTreeSet::new();
        let after = Reader::remembering(view);
        self.touched(&after, changed, |change| change.after.as_ref(), &mut subjects)?;
        let befores = changed.iter().filter_map(|change| change.before.clone()).collect();
        let mut overlay = Overlay::new(view, befores, self.pack);
        let new = changed.iter().filter(|change| change.before.is_none());
        new.filter_map(Changed::key).for_each(|key| overlay.hide(key));
        self.touched(&Reader::remembering(&overlay), changed, |change| change.before.as_ref(), &mut subjects)?;
        let mut judged = Judged::with_capacity(subjects.len());
        for subject in subjects {
            let findings = self.findings(&subject, &after)?;
            judged.push((self.key(&subject), findings));
        }
        judged.sort_by(|left, right| left.0.cmp(&right.0));
        Ok(judged)
    }

    fn touched(
        &self,
        reader: &Reader<'_>,
        changed: &[Changed],
        side: impl Fn(&Changed) -> Option<&Record>,
        subjects: &mut BTreeSet<Subject>,
    ) -> Result<(), PolicyError> {
        for change in changed {
            let Some(record) = side(change) else { continue };
            subjects.insert(Subject::Record(record.key()));
            if record.deleted {
                continue;
            }
            let differs = Change::of(change);
            self.groups_of(record, &differs, reader, subjects)?;
            for (rule, key) in self.dependencies.touched(record, &differs, reader)? {
                match rule {
                    None => _ = subjects.insert(Subject::Record(key)),
                    Some(rule) => self.groups_by_rule(rule, key, reader, subjects)?,
                }
            }
        }
        Ok(())
    }

    fn findings(&self, subject: &Subject, reader: &Reader<'_>) -> Result<Vec<Finding>, PolicyError> {
        Ok(match subject {
            Subject::Record(key) => match reader.live(*key)? {
                Some(record) => self.own(&record, reader)?,
                None => Vec::new(),
            },
            Subject::Total(rule, key) => match (self.book.rules().get(*rule), reader.live(*key)?) {
                (Some(rule), Some(record)) => match rule.demand {
                    Demand::Ladder { .. } => self.ladder(rule, &record, reader)?.into_iter().collect(),
                    _ => self.total(rule, &record, reader)?.into_iter().collect(),
                },
                _ => Vec::new(),
            },
            Subject::Values(rule, set, values) => match self.book.rules().get(*rule) {
                Some(rule) => self.unique(rule, *set, values, reader)?,
                None => Vec::new(),
            },
        })
    }

    /// Adds the subjects of set rules to which a live record itself belongs, where what they read of it has changed.
    fn groups_of(
        &self,
        record: &Record,
        change: &Change<'_>,
        reader: &Reader<'_>,
        subjects: &mut BTreeSet<Subject>,
    ) -> Result<(), crate::view::ViewError> {
        // Who may mend a finding stands in it.
        let other_owner = change.changes_owner(self.pack);
        for (index, rule) in self.book.rules().iter().enumerate() {
            if rule.entity == Some(record.entity) && (other_owner || self.dependencies.touches_own(index, change)) {
                self.add_group(index, rule, record, reader, subjects)?;
            }
        }
        Ok(())
    }

    fn groups_by_rule(
        &self,
        index: usize,
        key: RecordKey,
        reader: &Reader<'_>,
        subjects: &mut BTreeSet<Subject>,
    ) -> Result<(), PolicyError> {
        if let (Some(rule), Some(record)) = (self.book.rules().get(index), reader.live(key)?) {
            self.add_group(index, rule, &record, reader, subjects)?;
        }
        Ok(())
    }

    fn add_group(
        &self,
        index: usize,
        rule: &Rule,
        record: &Record,
        reader: &Reader<'_>,
        subjects: &mut BTreeSet<Subject>,
    ) -> Result<(), crate::view::ViewError> {
        match &rule.demand {
            Demand::Total { .. } | Demand::Ladder { .. } => _ = subjects.insert(Subject::Total(index, record.key())),
            Demand::Unique { sets, alike, .. } => {
                for (set, fields) in sets.iter().enumerate() {
                    if let Some(values) = set::values(fields, alike, record, reader)? {
                        subjects.insert(Subject::Values(index, set, values));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn key(&self, subject: &Subject) -> SubjectKey {
        let group = |rule: &usize, key: Vec<u8>| match self.book.rules().get(*rule) {
            Some(rule) => SubjectKey::Group { rule: rule.id().clone(), key },
            None => SubjectKey::Group { rule: crate::finding::unknown_rule(), key },
        };
        match subject {
            Subject::Record(key) => SubjectKey::Record(*key),
            Subject::Total(rule, key) => group(rule, key.to_bytes().to_vec()),
            Subject::Values(rule, set, values) => group(rule, set::group_key(*set, values)),
        }
    }

    fn applies(&self, tests: &[Test], record: &Record, reader: &Reader<'_>) -> Result<bool, crate::view::ViewError> {
        for test in tests {
            if !test.ask.holds(&reader.value(record, &test.path)?, self.pack, self.date) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What of a record differs between before and after.
enum Change<'a> {
    Whole,
    Fields(&'a Record, &'a Record),
}

impl<'a> Change<'a> {
    fn of(changed: &'a Changed) -> Self {
        match (&changed.before, &changed.after) {
            (Some(before), Some(after)) if before.deleted == after.deleted => Self::Fields(before, after),
            _ => Self::Whole,
        }
    }
}

impl Change<'_> {
    /// Whether fields of the record belong to another side than before.
    fn changes_owner(&self, pack: &Pack) -> bool {
        let Self::Fields(before, after) = self else { return true };
        pack.entity(after.entity).is_some_and(|entity| {
            entity.is_verified(&before.fields) != entity.is_verified(&after.fields)
                || entity.is_centres(&before.fields) != entity.is_centres(&after.fields)
        })
    }

    fn touches(&self, fields: &BTreeSet<FieldName>) -> bool {
        match self {
            Self::Whole => true,
            Self::Fields(before, after) => fields.iter().any(|field| before.get(field) != after.get(field)),
        }
    }
}
