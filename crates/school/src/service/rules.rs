//! What other rules than those in force find: those before them, and those that the centre has announced.

use std::collections::BTreeMap;

use selaras_model::{Date, Lang};
use selaras_policy::{Finding, Level};
use selaras_sync::{Flow, Rules, SchoolError, new_among};

use super::entitle::MAX_NAMED;
use super::{Open, tab_word};
use crate::command::report::{AnnouncedLine, FindingLine, FindingsReport};
use crate::failure::{Failure, Reason};
use crate::output::Output;

/// The centre's refusals of what was approved under rules that are no longer in force.
const OLD_RULES: [&str; 2] = ["bundle.rulebook", "bundle.pack"];

/// What rules find, not yet in words: of thousands of findings a page shows a few.
pub(crate) struct Found {
    rules: Rules,
    /// The first day of rules that are not in force yet.
    pub(crate) from: Option<Date>,
    /// Each finding, and whether the rules beside these did not make it.
    findings: Vec<(Finding, bool)>,
}

impl Found {
    /// The rulebook's version.
    pub(crate) fn rulebook(&self) -> &str {
        self.rules.rulebook.version()
    }

    /// How many block, and how many do not, by tab.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, (usize, usize)> {
        let mut counts: BTreeMap<_, (usize, usize)> = BTreeMap::new();
        for (finding, _) in &self.findings {
            let (invalid, warnings) = counts.entry(tab_word(finding.tab)).or_default();
            *(if finding.level == Level::Invalid { invalid } else { warnings }) += 1;
        }
        counts
    }

    /// How many block that did not by the rules beside these.
    pub(crate) fn new_invalid(&self) -> usize {
        self.findings.iter().filter(|(finding, new)| *new && finding.level == Level::Invalid).count()
    }
}

impl Open {
    /// What the rules in force find; new is what the rules before did not.
    pub(crate) fn found(&self) -> Result<Found, Failure> {
        let found = self.all_findings()?;
        let new = self.new_findings(&found)?;
        Ok(Found { rules: self.rules.clone(), from: None, findings: found.into_iter().zip(new).collect() })
    }

    /// What the announced rules will find; none where nothing is announced.
    pub(crate) fn found_by_announced(&self) -> Result<Option<Found>, Failure> {
        let Some((from, rules)) = self.school().announced()? else { return Ok(None) };
        let found = self.school().findings_under(&rules)?;
        let new = new_among(&found, &self.all_findings()?);
        Ok(Some(Found { rules, from: Some(from), findings: found.into_iter().zip(new).collect() }))
    }

    /// Some findings of a tab in words, those that block first.
    pub(crate) fn lines_of(
        &self,
        found: &Found,
        tab: &str,
        skip: usize,
        take: usize,
        lang: Lang,
    ) -> Result<Vec<FindingLine>, Failure> {
        let mut here: Vec<_> = found.findings.iter().filter(|(finding, _)| tab_word(finding.tab) == tab).collect();
        here.sort_by_key(|(finding, _)| {
            (finding.level != Level::Invalid, &finding.rule, finding.record, &finding.field)
        });
        let shown = here.into_iter().skip(skip).take(take);
        shown.map(|(finding, new)| self.line_of(found, finding, *new, lang)).collect()
    }

    fn line_of(&self, found: &Found, finding: &Finding, new: bool, lang: Lang) -> Result<FindingLine, Failure> {
        let mut line = self.finding_line_by(&found.rules, finding, lang)?;
        line.new_in = new.then(|| found.rulebook().to_owned());
        Ok(line)
    }

    /// Every finding of the rules in force; those that the rules before did not make bear the rulebook's version.
    pub(crate) fn findings_report(&self, out: &dyn Output) -> Result<FindingsReport, Failure> {
        self.report_of(&self.found()?, out)
    }

    /// Every finding that the announced rules will make; none where nothing is announced.
    pub(crate) fn announced_report(&self, out: &dyn Output) -> Result<Option<FindingsReport>, Failure> {
        self.found_by_announced()?.map(|found| self.report_of(&found, out)).transpose()
    }

    /// What the centre has announced.
    pub(crate) fn announced_line(&self) -> Result<Option<AnnouncedLine>, Failure> {
        match self.school().announced() {
            Ok(announced) => Ok(announced.map(|(from, rules)| AnnouncedLine {
                from: from.to_string(),
                rulebook: Some(rules.rulebook.version().to_owned()),
            })),
            // This version does not understand what is to come; whoever asks for more is told so.
            Err(SchoolError::Refused(refusal)) if refusal.code == "rules.broken" => {
                let from = self.school().first_day_announced()?;
                Ok(from.map(|from| AnnouncedLine { from: from.to_string(), rulebook: None }))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// How many findings block because of the rules in force, and did not under those before.
    pub(crate) fn new_invalid(&self) -> Result<u32, Failure> {
        Ok(u32::try_from(self.found()?.new_invalid()).unwrap_or(u32::MAX))
    }

    /// A refusal because the rules changed between approval and arrival names what is invalid because of that.
    pub(super) fn with_new_findings(&self, refusal: Failure, out: &dyn Output) -> Result<Failure, Failure> {
        if !OLD_RULES.contains(&refusal.code.as_str()) {
            return Ok(refusal);
        }
        let report = self.findings_report(out)?;
        let lines = report.tabs.into_values().flatten().filter(|line| line.blocks && line.new_in.is_some());
        let mut reasons: Vec<Reason> = lines.map(Reason::from).collect();
        let left = reasons.len().saturating_sub(MAX_NAMED);
        reasons.truncate(MAX_NAMED);
        if left > 0 {
            let message = crate::catalogue::Words(out.lang()).fill("gate.more", &[("count", &left)]);
            reasons.push(Reason { place: String::new(), message, remedy: String::new(), who: String::new() });
        }
        Ok(refusal.arg("rulebook", self.rules.rulebook.version()).because(reasons))
    }

    fn new_findings(&self, found: &[Finding]) -> Result<Vec<bool>, Failure> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        Ok(match self.school().rules_before()? {
            Some(before) => {
                let records = found.iter().map(|finding| finding.record).collect();
                new_among(found, &self.school().findings_about(&records, &before)?)
            }
            None => vec![false; found.len()],
        })
    }

    fn all_findings(&self) -> Result<Vec<Finding>, Failure> {
        let mut found = Vec::new();
        self.school().findings(&mut |finding| {
            found.push(finding.clone());
            Flow::Continue
        })?;
        Ok(found)
    }

    fn report_of(&self, found: &Found, out: &dyn Output) -> Result<FindingsReport, Failure> {
        let mut report = FindingsReport::under(found.rulebook());
        report.from = found.from.map(|from| from.to_string());
        for (finding, new) in &found.findings {
            report.add(finding, self.line_of(found, finding, *new, out.lang())?);
        }
        report.sort();
        Ok(report)
    }
}
