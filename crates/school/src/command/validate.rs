//! `validate`: every finding, by tab, with the value, the remedy and who has to act.

use std::collections::BTreeMap;

use selaras_policy::{Finding, Level};
use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::command::{Done, Report};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::service::{Service, tab_word};

/// The arguments of `validate`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Validate {
    /// Only this tab.
    #[arg(long, value_name = "T")]
    pub tab: Option<String>,
    /// Judges every record anew, also those that did not change.
    #[arg(long)]
    pub full: bool,
    /// Judges by the rulebook that the centre has announced; nothing changes.
    #[arg(long, conflicts_with = "full")]
    pub upcoming: bool,
}

impl Validate {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        open.settle(out)?;
        if self.full {
            let step = open.school().judge_anew()?;
            open.apply(step, out)?;
        }
        if let Some(tab) = &self.tab {
            let known = open.tabs();
            if !known.contains(tab) {
                return Err(Failure::new("input.tab").arg("tab", tab).arg("known", known.join(", ")));
            }
        }
        let report = match self.upcoming {
            false => Some(open.findings_report(out)?),
            true => open.announced_report(out)?,
        };
        let Some(report) = report else {
            out.report(Done::new("rules.none-announced").report());
            return Ok(Outcome::Done);
        };
        out.report(Report::Findings(report.only(self.tab.as_deref())));
        Ok(Outcome::Done)
    }
}

/// All findings.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingsReport {
    /// The rulebook's version.
    pub rulebook: String,
    /// The first day of a rulebook that is not in force yet.
    pub from: Option<String>,
    /// How many block.
    pub invalid: u32,
    /// How many do not.
    pub warnings: u32,
    /// How many of those that block are new in this rulebook: the one before did not find them.
    pub new_invalid: u32,
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
    /// The rulebook that finds it, where the one before did not.
    pub new_in: Option<String>,
}

/// A rulebook that the centre has announced.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncedLine {
    /// Its first day.
    pub from: String,
    /// Its version; none where this version of the program does not understand it.
    pub rulebook: Option<String>,
}

impl AnnouncedLine {
    pub(super) fn show(&self, words: Words, page: &mut Page) {
        let text = match &self.rulebook {
            Some(version) => words.fill("rules.announced", &[("version", version), ("from", &self.from)]),
            None => words.fill("rules.not-understood", &[("from", &self.from)]),
        };
        page.line(Manner::Bad, text);
    }
}

impl FindingsReport {
    /// A report of a rulebook that has found nothing yet.
    pub(crate) fn under(rulebook: &str) -> FindingsReport {
        let rulebook = rulebook.to_owned();
        FindingsReport { rulebook, from: None, invalid: 0, warnings: 0, new_invalid: 0, tabs: BTreeMap::new() }
    }

    /// Adds a finding.
    pub(crate) fn add(&mut self, finding: &Finding, line: FindingLine) {
        match finding.level {
            Level::Invalid => {
                self.invalid += 1;
                self.new_invalid += u32::from(line.new_in.is_some());
            }
            Level::Warning => self.warnings += 1,
        }
        self.tabs.entry(tab_word(finding.tab).to_owned()).or_default().push(line);
    }

    /// Puts those that block first.
    pub(crate) fn sort(&mut self) {
        for lines in self.tabs.values_mut() {
            lines.sort_by(|a, b| b.blocks.cmp(&a.blocks).then_with(|| a.cmp(b)));
        }
    }

    /// The same of one tab, where one is named.
    fn only(mut self, tab: Option<&str>) -> FindingsReport {
        let Some(tab) = tab else { return self };
        self.tabs.retain(|name, _| name == tab);
        let lines = || self.tabs.values().flatten();
        let count = |wanted: &dyn Fn(&FindingLine) -> bool| {
            u32::try_from(lines().filter(|line| wanted(line)).count()).unwrap_or(u32::MAX)
        };
        let (invalid, warnings) = (count(&|line| line.blocks), count(&|line| !line.blocks));
        let new_invalid = count(&|line| line.blocks && line.new_in.is_some());
        FindingsReport { invalid, warnings, new_invalid, ..self }
    }

    pub(super) fn show(&self, words: Words, page: &mut Page) {
        if let Some(from) = &self.from {
            page.line(Manner::Faint, words.fill("validate.upcoming", &[("version", &self.rulebook), ("from", from)]));
        }
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
        if self.new_invalid > 0 {
            let args: [(&str, &dyn std::fmt::Display); 2] = [("count", &self.new_invalid), ("version", &self.rulebook)];
            page.line(Manner::Bad, words.fill("validate.new", &args));
        }
    }
}

impl FindingLine {
    pub(super) fn show(&self, words: Words, page: &mut Page) {
        let mark = words.say(if self.blocks { "validate.invalid" } else { "validate.warning" });
        let short: String = self.id.chars().take(8).collect();
        let new = self.new_in.as_ref().map(|version| words.fill("validate.new-in", &[("version", version)]));
        let new = new.map(|new| format!(" ({new})")).unwrap_or_default();
        page.plain(format!("  {mark} {} {short} — {}{new}", self.title, self.message));
        if let Some(value) = &self.value {
            let field = self.field.as_deref().unwrap_or("");
            page.plain(format!("      {field} = {value}"));
        }
        page.line(Manner::Faint, format!("      → {} ({})", self.remedy, words.who(&self.who)));
    }
}
