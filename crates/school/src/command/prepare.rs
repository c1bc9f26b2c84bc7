//! `prepare`: shows what would be sent, and decides nothing.

use selaras_model::Lang;
use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::characters::named;
use crate::command::Report;
use crate::command::validate::FindingLine;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::service::{Open, Service, Sheet};

/// The arguments of `prepare`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Prepare {
    /// Only these modules, separated by commas.
    #[arg(long, value_name = "M", value_delimiter = ',')]
    pub modules: Vec<String>,
}

impl Prepare {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        let sheet = open.sheet(out)?;
        let report = PreparedReport::new(open, &sheet, some(&self.modules), out.lang())?;
        out.report(Report::Prepared(report));
        Ok(Outcome::Done)
    }
}

/// What would be sent.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct PreparedReport {
    /// Counts by module.
    pub modules: Vec<ModuleLine>,
    /// Records in all.
    pub records: u32,
    /// The first of the changes.
    pub changes: Vec<ChangeLine>,
    /// Every finding that closes the gate.
    pub invalid: Vec<FindingLine>,
    /// Warnings that the head acknowledges by approving.
    pub warnings: u32,
    /// The fingerprint of all that waits now: `approve --sheet` seals nothing else.
    #[serde(default)]
    pub sheet: String,
}

/// What waits in a module.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleLine {
    /// The module's name.
    pub module: String,
    /// Records that are new.
    pub new: u32,
    /// Records that were changed.
    pub changed: u32,
    /// Records that were deleted.
    pub deleted: u32,
}

/// What would change in a record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeLine {
    /// The entity.
    pub entity: String,
    /// The id.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// `new`, `changed` or `deleted`.
    pub kind: String,
    /// The changed fields: name, before, after.
    pub fields: Vec<(String, String, String)>,
}

/// Modules that a command line names; none of them means all.
pub(super) fn some(modules: &[String]) -> Option<&[String]> {
    (!modules.is_empty()).then_some(modules)
}

/// The most changes that are shown one by one.
const MAX_SHOWN: usize = 200;

impl PreparedReport {
    fn new(open: &Open, sheet: &Sheet, modules: Option<&[String]>, lang: Lang) -> Result<PreparedReport, Failure> {
        let prepared = open.school().prepare(modules)?;
        let modules = prepared
            .counts
            .iter()
            .map(|(module, count)| ModuleLine {
                module: module.clone(),
                new: count.new,
                changed: count.changed,
                deleted: count.deleted,
            })
            .collect();
        let changes = prepared.changes.iter().take(MAX_SHOWN).map(|change| open.change_line(change)).collect();
        let invalid = prepared.invalid.iter().map(|finding| open.finding_line(finding, lang));
        Ok(PreparedReport {
            modules,
            records: prepared.records,
            changes,
            invalid: invalid.collect::<Result<_, _>>()?,
            warnings: prepared.warnings,
            sheet: sheet.fingerprint().to_owned(),
        })
    }

    pub(super) fn show(&self, words: Words, page: &mut Page) {
        page.head(words.fill("prepare.head", &[("count", &words.number(u64::from(self.records)))]));
        show_modules(&self.modules, words, page);
        for change in &self.changes {
            let kind = words.say_or(&format!("change.{}", change.kind), &change.kind).to_owned();
            let short: String = change.id.chars().take(8).collect();
            page.plain(format!("  {kind} {} {short} — {}", change.entity, change.title));
            if change.kind == "changed" {
                for (field, before, after) in &change.fields {
                    page.line(Manner::Faint, format!("      {field}: {} → {}", named(before), named(after)));
                }
            }
        }
        let shown = u32::try_from(self.changes.len()).unwrap_or(u32::MAX);
        if shown < self.records {
            page.line(Manner::Faint, words.fill("prepare.more", &[("count", &(self.records - shown))]));
        }
        for finding in &self.invalid {
            finding.show(words, page);
        }
        if self.invalid.is_empty() {
            page.line(Manner::Good, words.fill("prepare.open", &[("warnings", &self.warnings)]));
            page.line(Manner::Faint, words.fill("prepare.sheet", &[("sheet", &self.sheet)]));
        } else {
            page.line(Manner::Bad, words.fill("prepare.closed", &[("invalid", &self.invalid.len())]));
        }
    }
}

/// Writes what waits in each module.
pub(super) fn show_modules(modules: &[ModuleLine], words: Words, page: &mut Page) {
    for line in modules.iter().filter(|line| line.new + line.changed + line.deleted > 0) {
        let args: [(&str, &dyn std::fmt::Display); 3] =
            [("new", &line.new), ("changed", &line.changed), ("deleted", &line.deleted)];
        let name = words.say_or(&format!("module.{}", line.module), &line.module).to_owned();
        page.pair(&name, words.fill("prepare.module", &args));
    }
}
