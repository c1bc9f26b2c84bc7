//! What other rules than those in force find: those before them, and those that the centre has announced.

use selaras_policy::{Finding, Level};
use selaras_sync::{Flow, Rules, SchoolError, new_among};

use super::Open;
use super::entitle::MAX_NAMED;
use crate::command::report::{AnnouncedLine, FindingsReport};
use crate::failure::{Failure, Reason};
use crate::output::Output;

/// The centre's refusals of what was approved under rules that are no longer in force.
const OLD_RULES: [&str; 2] = ["bundle.rulebook", "bundle.pack"];

impl Open {
    /// Every finding of the rules in force; those that the rules before did not make bear the rulebook's version.
    pub(crate) fn findings_report(&self, out: &dyn Output) -> Result<FindingsReport, Failure> {
        let found = self.all_findings()?;
        let new = self.new_findings(&found)?;
        self.report_of(&found, &new, &self.rules, out)
    }

    /// Every finding that the announced rules will make; none where nothing is announced.
    pub(crate) fn announced_report(&self, out: &dyn Output) -> Result<Option<FindingsReport>, Failure> {
        let Some((from, rules)) = self.school().announced()? else { return Ok(None) };
        let found = self.school().findings_under(&rules)?;
        let new = new_among(&found, &self.all_findings()?);
        let report = self.report_of(&found, &new, &rules, out)?;
        Ok(Some(FindingsReport { from: Some(from.to_string()), ..report }))
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
        let found = self.all_findings()?;
        let new = self.new_findings(&found)?;
        let count = found.iter().zip(new).filter(|(finding, new)| *new && finding.level == Level::Invalid).count();
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
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

    fn report_of(
        &self,
        found: &[Finding],
        new: &[bool],
        rules: &Rules,
        out: &dyn Output,
    ) -> Result<FindingsReport, Failure> {
        let mut report = FindingsReport::under(rules.rulebook.version());
        for (finding, new) in found.iter().zip(new) {
            let mut line = self.finding_line_by(rules, finding, out.lang())?;
            line.new_in = new.then(|| rules.rulebook.version().to_owned());
            report.add(finding, line);
        }
        report.sort();
        Ok(report)
    }
}
