//! `status`: where things stand, what waits to be sent and everything that stands in the way.

use std::collections::BTreeMap;

use selaras_policy::Level;
use selaras_sync::{Flow, Phase};
use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::command::Report;
use crate::command::heads::{HeadLine, heads};
use crate::command::moves::offers;
use crate::command::prepare::ModuleLine;
use crate::command::receipt::ReceiptReport;
use crate::command::report::AnnouncedLine;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::service::{Open, Service, tab_word};

/// The arguments of `status`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Status {}

impl Status {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        open.settle(out)?;
        let report = StatusReport::new(open, out)?;
        out.report(Report::Status(Box::new(report)));
        Ok(Outcome::Done)
    }
}

/// Where things stand.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusReport {
    /// The school's number.
    pub npsn: String,
    /// The school's name in its record.
    pub name: Option<String>,
    /// The centre.
    pub centre: String,
    /// The semester of the pack.
    pub semester: String,
    /// The date that rules about dates use: the centre's, at the last contact.
    pub judged_on: String,
    /// The last contact, by this computer's clock.
    pub last_contact: Option<String>,
    /// Up to which version of the school's log this computer has everything.
    pub version: u64,
    /// Whether both sides computed the same digests at the last contact.
    pub equal: Option<bool>,
    /// What waits to be sent, by module.
    pub pending: Vec<ModuleLine>,
    /// Records that wait to be sent.
    pub pending_records: u32,
    /// Findings by tab, tabs without any left out.
    pub tabs: Vec<TabLine>,
    /// The rulebook in force.
    pub rulebook: String,
    /// What the centre has announced.
    pub announced: Option<AnnouncedLine>,
    /// Conflicts that wait for a person.
    pub conflicts: u32,
    /// People whom the centre offers and whom the school has not answered about.
    pub moves: u32,
    /// Who may approve, or why not.
    pub heads: Vec<HeadLine>,
    /// The sealed bundle, when there is one.
    pub sealed: Option<SealedLine>,
    /// The last receipt.
    pub receipt: Option<ReceiptReport>,
}

/// Findings of a tab.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TabLine {
    /// The tab's id.
    pub tab: String,
    /// Findings that block.
    pub invalid: u32,
    /// Findings that do not.
    pub warnings: u32,
}

/// The sealed bundle.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedLine {
    /// The bundle's id.
    pub bundle: String,
    /// `waiting` (for a signature), `approved`, `offered` or `received`.
    pub phase: String,
    /// Its records.
    pub records: u32,
    /// Its size.
    pub bytes: u64,
}

impl StatusReport {
    /// Reads where things stand; what has begun is not ended first.
    pub(crate) fn new(open: &Open, out: &dyn Output) -> Result<StatusReport, Failure> {
        let school = open.school();
        let position = school.position()?;
        let pending = school.pending()?;
        let installation = open.installation();
        let sealed = school.sealed()?.map(|sealed| SealedLine {
            bundle: sealed.bundle.to_string(),
            phase: match sealed.phase {
                Phase::Waiting => "waiting".to_owned(),
                Phase::Approved => "approved".to_owned(),
                Phase::Offered => "offered".to_owned(),
                Phase::Received(_) => "received".to_owned(),
            },
            records: sealed.records,
            bytes: sealed.bytes,
        });
        Ok(StatusReport {
            npsn: installation.npsn.to_string(),
            name: open.school_name()?,
            centre: installation.centre_name.clone(),
            semester: open.rules().pack.semester().to_owned(),
            judged_on: position.judged_on.to_string(),
            last_contact: position.last_contact.map(crate::env::local_time),
            version: position.version.get(),
            equal: position.equal,
            pending: open.module_lines(&pending.by_module),
            pending_records: pending.records,
            tabs: tabs(open)?,
            rulebook: open.rules().rulebook.version().to_owned(),
            announced: open.announced_line()?,
            conflicts: open.conflict_count()?,
            moves: unanswered(open)?,
            // What is sealed has been approved; what came after it waits for the next approval.
            heads: heads(open, out, pending.records > 0 && sealed.is_none())?,
            sealed,
            receipt: open.receipt_report()?,
        })
    }

    fn invalid(&self) -> u32 {
        self.tabs.iter().map(|tab| tab.invalid).sum()
    }

    pub(super) fn show(&self, words: Words, page: &mut Page) {
        page.head(format!("{} ({})", self.name.as_deref().unwrap_or_else(|| words.say("status.no-name")), self.npsn));
        page.pair(words.say("status.centre"), &self.centre);
        page.pair(words.say("status.semester"), &self.semester);
        page.pair(words.say("status.rulebook"), &self.rulebook);
        page.pair(words.say("status.judged"), &self.judged_on);
        page.pair(
            words.say("status.contact"),
            self.last_contact.as_deref().unwrap_or_else(|| words.say("status.never")),
        );
        page.pair(words.say("status.version"), words.number(self.version));
        self.show_equal(words, page);
        self.show_work(words, page);
        self.show_findings(words, page);
        crate::command::heads::show(&self.heads, words, page);
    }

    fn show_equal(&self, words: Words, page: &mut Page) {
        match self.equal {
            Some(true) => page.line(Manner::Good, format!("  {}", words.say("status.equal"))),
            Some(false) => page.line(Manner::Bad, format!("  {}", words.say("status.not-equal"))),
            None => page.line(Manner::Faint, format!("  {}", words.say("status.not-compared"))),
        }
        if let Some(receipt) = &self.receipt {
            page.pair(words.say("status.receipt"), receipt.brief(words));
        }
    }

    fn show_work(&self, words: Words, page: &mut Page) {
        page.head(words.fill("status.pending", &[("count", &words.number(u64::from(self.pending_records)))]));
        crate::command::prepare::show_modules(&self.pending, words, page);
        if let Some(sealed) = &self.sealed {
            let phase = words.say_or(&format!("phase.{}", sealed.phase), &sealed.phase).to_owned();
            let size = words.bytes(sealed.bytes);
            let args: [(&str, &dyn std::fmt::Display); 3] =
                [("records", &sealed.records), ("size", &size), ("phase", &phase)];
            page.plain(format!("  {}", words.fill("status.sealed", &args)));
        }
        if self.moves > 0 {
            page.line(Manner::Bad, words.fill("status.moves", &[("count", &self.moves)]));
        }
        if self.conflicts > 0 {
            page.line(Manner::Bad, words.fill("exchange.conflicts", &[("count", &self.conflicts)]));
        }
    }

    fn show_findings(&self, words: Words, page: &mut Page) {
        let invalid = self.invalid();
        let manner = if invalid == 0 { Manner::Good } else { Manner::Bad };
        page.line(manner, words.fill("status.findings", &[("count", &words.number(u64::from(invalid)))]));
        for tab in &self.tabs {
            let name = words.say_or(&format!("tab.{}", tab.tab), &tab.tab).to_owned();
            let counts = words.fill("status.tab", &[("invalid", &tab.invalid), ("warnings", &tab.warnings)]);
            page.pair(&name, counts);
        }
        if let Some(announced) = &self.announced {
            announced.show(words, page);
        }
    }
}

fn unanswered(open: &Open) -> Result<u32, Failure> {
    let waiting = offers(open)?.iter().filter(|line| line.answer.is_none()).count();
    Ok(u32::try_from(waiting).unwrap_or(u32::MAX))
}

fn tabs(open: &Open) -> Result<Vec<TabLine>, Failure> {
    let mut counts: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    open.school().findings(&mut |finding| {
        let count = counts.entry(tab_word(finding.tab).to_owned()).or_default();
        match finding.level {
            Level::Invalid => count.0 += 1,
            Level::Warning => count.1 += 1,
        }
        Flow::Continue
    })?;
    Ok(counts.into_iter().map(|(tab, (invalid, warnings))| TabLine { tab, invalid, warnings }).collect())
}
