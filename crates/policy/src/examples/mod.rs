//! Tests of a rulebook that are data: one small school in which nothing is to be found, and for each rule changes of it
//! that the rule has to pass and changes that it has to find.

mod build;

use std::collections::{BTreeMap, BTreeSet};

use selaras_model::{Date, Pack, Record, RecordKey};

use crate::error::PolicyError;
use crate::finding::RuleId;
use crate::judge::Judge;
use crate::rulebook::{Node, Problems, Rulebook, RulebookError};
use crate::view::MemoryView;

/// Longest text of examples.
pub const MAX_EXAMPLES_BYTES: usize = 1 << 20;

/// Examples, read and checked against a pack.
pub struct Examples {
    judged_on: Date,
    school: School,
    examples: Vec<Example>,
}

/// Records by the name that the text gives them.
type School = BTreeMap<String, Record>;

/// One change of the school, and what one rule has to say of it.
pub struct Example {
    rule: RuleId,
    line: usize,
    source: String,
    school: School,
    finds: BTreeSet<RecordKey>,
}

/// An example that did not come out as it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// The rule; none where the school itself is not without findings.
    pub rule: RuleId,
    /// The line of the example, from 1; 0 for the school itself.
    pub line: usize,
    /// Names of records that the rule should have found and did not.
    pub missing: Vec<String>,
    /// Names of records that it found and should not have.
    pub surplus: Vec<String>,
}

impl std::fmt::Debug for Examples {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Examples").field("records", &self.school.len()).field("examples", &self.examples.len()).finish()
    }
}

impl Example {
    /// Gives the rule that it is of.
    #[must_use]
    pub fn rule(&self) -> &RuleId {
        &self.rule
    }

    /// Gives the school as the example changes it.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.school.values()
    }

    /// Gives the records that the rule has to find.
    pub fn finds(&self) -> impl Iterator<Item = RecordKey> {
        self.finds.iter().copied()
    }

    /// Tells whether the rule has to find something.
    #[must_use]
    pub fn fails(&self) -> bool {
        !self.finds.is_empty()
    }

    /// Gives its text, as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl Examples {
    /// Reads examples, and checks that every rule of a rulebook has one that passes and one that fails.
    ///
    /// # Errors
    /// Every problem, with its line.
    pub fn from_toml(text: &str, book: &Rulebook, pack: &Pack) -> Result<Self, RulebookError> {
        let mut problems = Problems::new(text);
        let value = if text.len() > MAX_EXAMPLES_BYTES {
            problems.add(0, format!("examples have at most {MAX_EXAMPLES_BYTES} bytes"));
            None
        } else {
            build::read(text, book, pack, &mut problems)
        };
        if let Some(examples) = &value {
            examples.check_covered(book, &mut problems);
        }
        problems.into_result(value)
    }

    /// Gives the examples of the rulebook that is built in.
    ///
    /// # Errors
    /// As [`Self::from_toml`], for another rulebook or pack.
    pub fn builtin(book: &Rulebook, pack: &Pack) -> Result<Self, RulebookError> {
        Self::from_toml(include_str!("../../data/examples.toml"), book, pack)
    }

    /// Gives the day by which they are judged.
    #[must_use]
    pub fn judged_on(&self) -> Date {
        self.judged_on
    }

    /// Gives the school without changes.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.school.values()
    }

    /// Gives the examples in the text's order.
    pub fn iter(&self) -> impl Iterator<Item = &Example> {
        self.examples.iter()
    }

    /// Runs every example, and the school as it is, in which no rule may find anything.
    ///
    /// # Errors
    /// As the judge gives them.
    pub fn run(&self, book: &Rulebook, pack: &Pack) -> Result<Vec<Missed>, PolicyError> {
        let judge = Judge::new(pack, book, self.judged_on);
        let mut missed = Vec::new();
        let found = found_by_rule(&judge, pack, &self.school)?;
        for (rule, records) in found {
            missed.extend(compare(&rule, 0, &self.school, &BTreeSet::new(), &records));
        }
        for example in &self.examples {
            let found = found_by_rule(&judge, pack, &example.school)?;
            let records = found.get(&example.rule).cloned().unwrap_or_default();
            missed.extend(compare(&example.rule, example.line, &example.school, &example.finds, &records));
        }
        Ok(missed)
    }

    fn check_covered(&self, book: &Rulebook, problems: &mut Problems<'_>) {
        for rule in book.rules() {
            for (fails, what) in [(false, "passes"), (true, "fails")] {
                let shown = self.examples.iter().any(|example| example.rule == *rule.id() && example.fails() == fails);
                if !shown {
                    problems.add(0, format!("rule `{}` has no example that {what}", rule.id()));
                }
            }
        }
    }
}

fn found_by_rule(
    judge: &Judge<'_>,
    pack: &Pack,
    school: &School,
) -> Result<BTreeMap<RuleId, BTreeSet<RecordKey>>, PolicyError> {
    let view = MemoryView::new(pack, school.values().cloned());
    let mut found: BTreeMap<RuleId, BTreeSet<RecordKey>> = BTreeMap::new();
    for finding in judge.full(&view)?.into_iter().flat_map(|(_, findings)| findings) {
        found.entry(finding.rule).or_default().insert(finding.record);
    }
    Ok(found)
}

fn compare(
    rule: &RuleId,
    line: usize,
    school: &School,
    expected: &BTreeSet<RecordKey>,
    found: &BTreeSet<RecordKey>,
) -> Option<Missed> {
    let names =
        |keys: &mut dyn Iterator<Item = &RecordKey>| -> Vec<String> { keys.map(|key| name_of(school, *key)).collect() };
    let missing = names(&mut expected.difference(found));
    let surplus = names(&mut found.difference(expected));
    let wrong = !missing.is_empty() || !surplus.is_empty();
    wrong.then(|| Missed { rule: rule.clone(), line, missing, surplus })
}

fn name_of(school: &School, key: RecordKey) -> String {
    let named = school.iter().find(|(_, record)| record.key() == key);
    named.map_or_else(|| key.to_string(), |(name, _)| name.clone())
}
