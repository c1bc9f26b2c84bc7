//! `backup`: everything of this school's store in one encrypted file, read back before it counts.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::backup::{BackupKey, Shelf, What};
use crate::catalogue::Words;
use crate::command::{Report, Wanted};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::secret::Secret;
use crate::service::{Made, Service};

/// The arguments of `backup`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Backup {
    /// The file to write; without one, a file beside the store.
    #[arg(value_name = "FILE", conflicts_with = "list")]
    pub file: Option<PathBuf>,
    /// Lists the backups beside the store.
    #[arg(long)]
    pub list: bool,
    /// The passphrase.
    #[arg(skip)]
    pub passphrase: Secret,
}

impl Backup {
    pub(super) fn secrets(&mut self) -> Vec<(Wanted, &mut Secret)> {
        if self.list { Vec::new() } else { vec![(Wanted::NewPassphrase, &mut self.passphrase)] }
    }

    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        if self.list {
            out.report(Report::Backups(BackupsReport::of(&Shelf::of(service.place()))));
            return Ok(Outcome::Done);
        }
        let key = BackupKey::new_passphrase(&self.passphrase)?;
        let made = service.back_up(self.file.as_deref(), &key, What::Asked)?;
        out.report(Report::Backup(BackupReport::of(&made)));
        Ok(Outcome::Done)
    }
}

/// A backup that was made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupReport {
    /// Where it is.
    pub file: String,
    /// How large it is.
    pub bytes: u64,
    /// Where in the school's log it stands.
    pub version: u64,
    /// Records with unsent edits in it.
    pub drafts: u64,
    /// Records in its outbox.
    pub outbox: u64,
    /// Rows that were read back.
    pub rows: u64,
}

impl BackupReport {
    fn of(made: &Made) -> BackupReport {
        BackupReport {
            file: made.path.display().to_string(),
            bytes: made.bytes,
            version: made.head.version,
            drafts: made.head.drafts,
            outbox: made.head.outbox,
            rows: made.counts.rows,
        }
    }

    pub(super) fn show(&self, words: Words, page: &mut Page) {
        let (bytes, rows) = (words.bytes(self.bytes), words.number(self.rows));
        page.line(Manner::Good, words.fill("backup.done", &[("file", &self.file), ("bytes", &bytes), ("rows", &rows)]));
        let (drafts, outbox) = (words.number(self.drafts), words.number(self.outbox));
        page.plain(words.fill("backup.holds", &[("version", &self.version), ("drafts", &drafts), ("outbox", &outbox)]));
        page.plain(words.say("backup.keep"));
    }
}

/// The backups beside the store.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupsReport {
    /// Oldest first.
    pub backups: Vec<BackupLine>,
}

/// A backup beside the store.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupLine {
    /// Its number.
    pub number: u64,
    /// When it was made, by this computer's clock.
    pub at: String,
    /// Whether it was made by itself.
    pub automatic: bool,
    /// How large it is.
    pub bytes: u64,
    /// Where it is.
    pub file: String,
}

impl BackupsReport {
    fn of(shelf: &Shelf) -> BackupsReport {
        let line = |kept: &crate::backup::Kept| BackupLine {
            number: kept.number,
            at: crate::env::local_time(kept.at),
            automatic: kept.what == What::Automatic,
            bytes: kept.bytes,
            file: kept.path.display().to_string(),
        };
        BackupsReport { backups: shelf.kept().iter().map(line).collect() }
    }

    pub(super) fn show(&self, words: Words, page: &mut Page) {
        if self.backups.is_empty() {
            page.line(Manner::Faint, words.say("backup.list.none"));
        }
        for line in &self.backups {
            let what = words.say(if line.automatic { "backup.list.automatic" } else { "backup.list.asked" });
            page.plain(format!("{}  {:>10}  {what}  {}", line.at, words.bytes(line.bytes), line.file));
        }
    }
}
