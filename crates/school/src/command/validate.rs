//! `validate`: every finding, by tab, with the value, the remedy and who has to act.

use std::collections::BTreeMap;

use selaras_policy::Level;
use selaras_sync::Flow;
use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::command::Report;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::service::{Open, Service, tab_word};

/// The arguments of `validate`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Validate {
    /// Only this tab.
    #[arg(long, value_name = "T")]
    pub tab: Option<String>,
    /// Judges every record anew, also those that did not change.
    #[arg(long)]
    pub full: bool,
}

impl Validate {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        open.settle(out)?;
        if self.full {
            let step = open.school().judge_anew()?;
            open.apply(step, out)?;
        }
        let report = FindingsReport::new(open, self.tab.as_deref(), out)?;
        if let Some(tab) = &self.tab {
            let known = open.tabs();
            if !known.contains(tab) {
                return Err(Failure::new("input.tab").arg("tab", tab).arg("known", known.join(", ")));
            }
        }
        out.report(Report::Findings(report));
        Ok(Outcome::Done)
    }
}

/// All findings.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingsReport {
    /// How many block.
    pub invalid: u32,
    /// How many do not.
    pub warnings: u32,
    /// By tab: first those that block.
    pub tabs: BTreeMap<String, Vec<FindingLine>>,
}

/// A finding as a person sees it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FindingLine {
    /// Whether it blocks.
    pub blocks: bool,
    /// The rule.
    pub rule: String,
    /// The record's entity.
    pub entity: String,
    /// The record's id.
    pub id: String,
    /// The record's title.
    pub title: String,
    /// The field.
    pub field: Option<String>,
    /// The value that the rule found.
    pub value: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// Who has to act.
    pub who: String,
}

impl FindingsReport {
    fn new(open: &Open, tab: Option<&str>, out: &dyn Output) -> Result<FindingsReport, Failure> {
        let mut found = Vec::new();
        open.school().findings(&mut |finding| {
            if tab.is_none_or(|tab| tab_word(finding.tab) == tab) {
                found.push(finding.clone());
            }
            Flow::Continue
        })?;
        let mut report = FindingsReport { invalid: 0, warnings: 0, tabs: BTreeMap::new() };
        for finding in found {
            match finding.level {
                Level::Invalid => report.invalid += 1,
                Level::Warning => report.warnings += 1,
            }
            let line = open.finding_line(&finding, out.lang())?;
            report.tabs.entry(tab_word(finding.tab).to_owned()).or_default().push(line);
        }
        for lines in report.tabs.values_mut() {
            lines.sort_by(|a, b| b.blocks.cmp(&a.blocks).then_with(|| a.cmp(b)));
        }
        Ok(report)
    }

    pub(super) fn show(&self, words: Words, page: &mut Page) {
        for (tab, lines) in &self.tabs {
            let invalid = lines.iter().filter(|line| line.blocks).count();
            let name = words.say_or(&format!("tab.{tab}"), tab).to_owned();
            let counts = words.fill("status.tab", &[("invalid", &invalid), ("warnings", &(lines.len() - invalid))]);
            page.head(format!("{name}: {counts}"));
            for line in lines {
                line.show(words, page);
            }
        }
        let args: [(&str, &dyn std::fmt::Display); 2] = [("invalid", &self.invalid), ("warnings", &self.warnings)];
        let manner = if self.invalid == 0 { Manner::Good } else { Manner::Bad };
        page.line(manner, words.fill(if self.invalid == 0 { "validate.clean" } else { "validate.blocked" }, &args));
    }
}

impl FindingLine {
    pub(super) fn show(&self, words: Words, page: &mut Page) {
        let mark = words.say(if self.blocks { "validate.invalid" } else { "validate.warning" });
        let short: String = self.id.chars().take(8).collect();
        page.plain(format!("  {mark} {} {short} — {}", self.title, self.message));
        if let Some(value) = &self.value {
            let field = self.field.as_deref().unwrap_or("");
            page.plain(format!("      {field} = {value}"));
        }
        page.line(Manner::Faint, format!("      → {} ({})", self.remedy, words.who(&self.who)));
    }
}
