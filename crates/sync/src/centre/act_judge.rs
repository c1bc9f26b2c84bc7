//! Whether an act of the centre leaves a school with what nobody there may mend: judged by the rulebook before it is done.

use std::collections::BTreeSet;

use selaras_model::{FieldName, Record, RecordKey};
use selaras_policy::{Changed, Finding, Judge, Judged, RuleId, SubjectKey};

use super::Centre;
use crate::error::CentreError;
use crate::view::StoreView;
use crate::work::Work;

/// A finding that nobody at the school may mend, by what it is about.
type Unmendable = (RecordKey, RuleId, Option<FieldName>);

impl Centre<'_> {
    /// Judges what this work changes.
    ///
    /// # Errors
    /// `act.invalid`, with rule, record and field of the first and the count of all.
    pub(super) fn judge_small_act(&self, work: &Work<'_>) -> Result<(), CentreError> {
        let changed = work.changes();
        let judge = Judge::new(&self.rules.pack, &self.rules.rulebook, self.today);
        let read = work.read();
        let after = judge.incremental(&StoreView { store: &read, rules: self.rules }, &changed)?;
        let after = self.unmendable(after);
        if after.is_empty() {
            return Ok(());
        }
        let undone: Vec<Changed> =
            changed.into_iter().map(|change| Changed { before: change.after, after: change.before }).collect();
        let before = self.unmendable(judge.incremental(&self.view(), &undone)?);
        refuse(&after, &before)
    }

    /// Judges an act that is done in steps, by what its records become: the whole school before and after it.
    ///
    /// # Errors
    /// As [`Self::judge_small_act`].
    pub(super) fn judge_large_act(&self, afters: Vec<Record>) -> Result<(), CentreError> {
        let mut whole = crate::judging::whole(self.store, self.rules)?;
        let judge = Judge::new(&self.rules.pack, &self.rules.rulebook, self.today);
        let before = self.unmendable(judge.full(&whole)?);
        for after in afters {
            whole.insert(after);
        }
        refuse(&self.unmendable(judge.full(&whole)?), &before)
    }

    /// Of several records that break one rule together it is enough that one may be mended.
    fn unmendable(&self, judged: Judged) -> BTreeSet<Unmendable> {
        let mut found = BTreeSet::new();
        for (subject, findings) in judged {
            let together = matches!(subject, SubjectKey::Group { .. });
            let not_there = |finding: &&Finding| self.rules.rulebook.closes_without_remedy(finding);
            let theirs: Vec<&Finding> = findings.iter().filter(not_there).collect();
            if !together || theirs.len() == findings.len() {
                found
                    .extend(theirs.iter().map(|finding| (finding.record, finding.rule.clone(), finding.field.clone())));
            }
        }
        found
    }
}

fn refuse(after: &BTreeSet<Unmendable>, before: &BTreeSet<Unmendable>) -> Result<(), CentreError> {
    let mut new = after.difference(before);
    let Some((record, rule, field)) = new.next() else { return Ok(()) };
    let refused = CentreError::refused("act.invalid").with("record", record).with("rule", rule);
    let field = field.as_ref().map(ToString::to_string).unwrap_or_default();
    Err(refused.with("field", field).with("count", 1 + new.count()))
}
