//! Plants a failure of any rule, by the rule's id: a change of a valid school after which that rule finds something, and
//! no other rule that blocks does. Where no change is a failure of that rule alone, the one with the fewest others is
//! taken, and the others are told.
//!
//! Nothing here knows the rules. The examples that belong to the rulebook say what makes a rule fail in their small
//! school; the same is proposed for records of this one, and for copies of them, until the judge says that it is a
//! failure of that rule alone. A rule that is written tomorrow is planted by its examples.

mod proposal;

use std::collections::{BTreeMap, BTreeSet};

use selaras_model::{Date, FieldName, Fields, Pack, Record, RecordKey, Side};
use selaras_policy::{
    Changed, Examples, Finding, Judge, Level, MemoryView, PolicyError, RuleId, Rulebook, SchoolView as _, SubjectKey,
};

use self::proposal::Template;
use super::Sample;
use super::dice::Dice;

/// Proposals for one failure before it is given up.
const MAX_TRIES: usize = 1_200;

/// A failure that was planted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlantedRule {
    /// The rule that finds it.
    pub rule: RuleId,
    /// The records that it finds, in order: two where they are alike.
    pub records: Vec<RecordKey>,
    /// Other rules that block and find something because of it.
    pub implied: BTreeSet<RuleId>,
}

/// What a proposal led to.
struct Tried {
    edits: Vec<Record>,
    planted: PlantedRule,
}

/// Why a failure could not be planted.
#[derive(Debug, thiserror::Error)]
pub enum PlantError {
    /// The rulebook has no such rule.
    #[error("there is no rule {0}")]
    Unknown(RuleId),
    /// No proposal was a failure of this rule alone.
    #[error("no place was found for a failure of {0} alone")]
    NoPlace(RuleId),
    /// The records could not be judged.
    #[error(transparent)]
    Judge(#[from] PolicyError),
}

/// A school in which failures are planted one after another.
pub struct Planter<'a> {
    pack: &'a Pack,
    judge: Judge<'a>,
    examples: &'a Examples,
    view: MemoryView,
    found: BTreeMap<SubjectKey, Vec<Finding>>,
    dice: Dice,
    /// What planting has touched: a second failure in the same record might mend the first.
    used: BTreeSet<RecordKey>,
    /// The head's records, on which the whole gate stands: only where there is no other.
    of_head: BTreeSet<RecordKey>,
    /// Days from that on which the examples are judged to that on which this school is.
    shift: i32,
}

impl std::fmt::Debug for Planter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planter").field("used", &self.used.len()).finish_non_exhaustive()
    }
}

impl<'a> Planter<'a> {
    /// Looks at a school as it is by a day.
    ///
    /// # Errors
    /// As the judge gives them.
    pub fn new(
        pack: &'a Pack,
        book: &'a Rulebook,
        examples: &'a Examples,
        sample: &Sample,
        today: Date,
        seed: u64,
    ) -> Result<Self, PlantError> {
        let judge = Judge::new(pack, book, today);
        let view = MemoryView::new(pack, sample.whole().into_values());
        let found = judge.full(&view)?.into_iter().collect();
        let dice = Dice::new("selaras sample planted rules", sample.npsn, seed);
        let of_head = head_of(pack, sample).into_iter().collect();
        let shift = today.days_since_epoch() - examples.judged_on().days_since_epoch();
        Ok(Self { pack, judge, examples, view, found, dice, used: BTreeSet::new(), of_head, shift })
    }

    /// Plants a failure of a rule in a school's records.
    ///
    /// # Errors
    /// [`PlantError::NoPlace`] when nothing that the rule's examples do makes it alone fail here.
    pub fn plant(&mut self, sample: &mut Sample, rule: &RuleId) -> Result<PlantedRule, PlantError> {
        let templates = Template::of(self.examples, rule);
        if templates.is_empty() {
            return Err(PlantError::Unknown(rule.clone()));
        }
        let mut best: Option<Tried> = None;
        for attempt in 0..MAX_TRIES {
            let Some(template) = templates.get(attempt % templates.len()) else { break };
            let Some(edits) = self.propose(template) else { continue };
            let planted = self.try_out(rule, &edits)?;
            let alone = planted.implied.is_empty();
            if planted.records.is_empty() {
                continue;
            }
            if best.as_ref().is_none_or(|best| planted.implied.len() < best.planted.implied.len()) {
                best = Some(Tried { edits, planted });
            }
            if alone {
                break;
            }
        }
        let Tried { edits, planted } = best.ok_or_else(|| PlantError::NoPlace(rule.clone()))?;
        self.keep(sample, edits, &planted)?;
        Ok(planted)
    }

    /// Puts a proposal into the school for good.
    fn keep(&mut self, sample: &mut Sample, edits: Vec<Record>, planted: &PlantedRule) -> Result<(), PlantError> {
        let changed = self.put(&edits);
        self.found.extend(self.judge.incremental(&self.view, &changed)?);
        self.used.extend(edits.iter().map(Record::key));
        self.used.extend(&planted.records);
        edits.into_iter().for_each(|edit| write(self.pack, sample, edit));
        Ok(())
    }

    /// Puts edits into the view; gives what they changed.
    fn put(&mut self, edits: &[Record]) -> Vec<Changed> {
        let put = |edit: &Record| {
            let before = self.view.record(edit.key()).ok().flatten();
            if edit.deleted {
                self.view.remove(edit.key());
                return Changed { before, after: None };
            }
            self.view.insert(edit.clone());
            Changed { before, after: Some(edit.clone()) }
        };
        edits.iter().map(put).collect()
    }

    /// Tells what a rule, and others that block, find new after edits; the school is as before.
    fn try_out(&mut self, rule: &RuleId, edits: &[Record]) -> Result<PlantedRule, PlantError> {
        let changed = self.put(edits);
        let judged = self.judge.incremental(&self.view, &changed)?;
        for change in changed.into_iter().rev() {
            match (change.before, change.after) {
                (Some(before), _) => drop(self.view.insert(before)),
                (None, Some(after)) => drop(self.view.remove(after.key())),
                (None, None) => {}
            }
        }
        let (mut records, mut implied) = (BTreeSet::new(), BTreeSet::new());
        for (subject, findings) in &judged {
            let old = self.found.get(subject).map(Vec::as_slice).unwrap_or_default();
            for finding in findings.iter().filter(|finding| !old.contains(finding)) {
                if finding.rule == *rule {
                    records.insert(finding.record);
                } else if finding.level == Level::Invalid {
                    implied.insert(finding.rule.clone());
                }
            }
        }
        Ok(PlantedRule { rule: rule.clone(), records: records.into_iter().collect(), implied })
    }
}

fn head_of(pack: &Pack, sample: &Sample) -> Vec<RecordKey> {
    let of_head = |record: &&Record| record.id == sample.head || record.reference("ptk_id") == Some(sample.head);
    let staff = pack.entity_named("ptk_terdaftar").map(|entity| entity.code);
    let records = sample.centre.iter().chain(&sample.school).filter(of_head);
    records.filter(|record| Some(record.entity) == staff || record.id == sample.head).map(Record::key).collect()
}

/// Puts a record into the sets of the sides, so that the school types nothing that is not its to write.
fn write(pack: &Pack, sample: &mut Sample, edit: Record) {
    let key = edit.key();
    let there = sample.centre.iter().find(|record| record.key() == key).cloned();
    sample.centre.retain(|record| record.key() != key);
    sample.school.retain(|record| record.key() != key);
    if edit.deleted {
        return;
    }
    let of_centre = |name: &FieldName| {
        there.as_ref().is_some_and(|there| {
            there.fields.contains_key(name) || pack.owner(edit.entity, name, &edit.fields) == Side::Centre
        })
    };
    let fields = edit.fields.iter().map(|(name, value)| (name.clone(), value.clone()));
    let (centre, school): (Fields, Fields) = fields.partition(|(name, _)| of_centre(name));
    let base = there.as_ref().map(|_| Record { fields: centre, ..Record::new(key) });
    if !pack.breaches(base.as_ref(), &edit).is_empty() {
        // Only the centre can have written this.
        return sample.centre.push(edit);
    }
    sample.centre.extend(base);
    if !school.is_empty() {
        sample.school.push(Record { fields: school, ..Record::new(key) });
    }
}
