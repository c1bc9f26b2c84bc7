//! `restore`: everything back from a backup, onto an empty computer or in place of the present store.

use std::path::PathBuf;

use selaras_storage::EngineKind;
use serde::{Deserialize, Serialize};

use crate::backup::{BackupKey, Head, is_under_passphrase};
use crate::catalogue::Words;
use crate::command::{Report, Wanted};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::secret::Secret;
use crate::service::{Aside, Service, aside_of};

/// The arguments of `restore`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Restore {
    /// The backup.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The key of an automatic backup that was made on another computer.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// The engine that keeps the store: sled or redb.
    #[arg(long, value_name = "ENGINE", default_value_t)]
    #[serde(default)]
    pub engine: EngineKind,
    /// The passphrase, of a backup that a person asked for.
    #[arg(skip)]
    pub passphrase: Secret,
    /// The kode registrasi, where there are no present accounts that could be carried over.
    #[arg(skip)]
    #[serde(default)]
    pub kode: Secret,
}

impl Restore {
    pub(super) fn secrets(&mut self) -> Vec<(Wanted, &mut Secret)> {
        // One that cannot be read, and one under a key, are told about without asking anything.
        if is_under_passphrase(&self.file) { vec![(Wanted::Passphrase, &mut self.passphrase)] } else { Vec::new() }
    }

    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let key = if self.passphrase.is_empty() {
            if !self.file.exists() {
                return Err(Failure::new("backup.unreadable").arg("file", self.file.display()));
            }
            BackupKey::from_file(&self.key.clone().unwrap_or_else(|| service.place().backup_key()))?
        } else {
            BackupKey::Passphrase(self.passphrase.clone())
        };
        let before = service.newest_aside().map(|aside| aside.directory);
        let head = service.restore(&self.file, &key, self.engine, &self.kode, out)?;
        out.report(Report::Restored(RestoredReport::new(&head, aside_of(service, before.as_deref()))));
        Ok(Outcome::Done)
    }
}

/// What a restored backup brought.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredReport {
    /// The school.
    pub npsn: String,
    /// When the backup was made, by the clock of the computer that made it.
    pub at: String,
    /// Where in the school's log it stands.
    pub version: u64,
    /// Records with unsent edits; they are drafts.
    pub drafts: u64,
    /// Records in the outbox, which waits for its fate.
    pub outbox: u64,
    /// Where the earlier store lies, where there was one.
    pub aside: Option<String>,
    /// The file of what was typed there and not sent.
    pub aside_drafts: Option<String>,
    /// The records in that file.
    pub aside_records: u64,
}

impl RestoredReport {
    fn new(head: &Head, aside: Option<Aside>) -> RestoredReport {
        let (directory, drafts) = aside.map(|aside| (aside.directory, aside.drafts)).unzip();
        let (drafts, records) = drafts.flatten().unzip();
        let shown = |path: PathBuf| path.display().to_string();
        RestoredReport {
            npsn: head.npsn.to_string(),
            at: crate::env::local_time(head.at),
            version: head.version,
            drafts: head.drafts,
            outbox: head.outbox,
            aside: directory.map(shown),
            aside_drafts: drafts.map(shown),
            aside_records: records.unwrap_or(0),
        }
    }

    pub(super) fn show(&self, words: Words, page: &mut Page) {
        let args: [(&str, &dyn std::fmt::Display); 3] =
            [("npsn", &self.npsn), ("at", &self.at), ("version", &self.version)];
        page.line(Manner::Good, words.fill("restore.done", &args));
        let (drafts, outbox) = (words.number(self.drafts), words.number(self.outbox));
        page.plain(words.fill("restore.holds", &[("drafts", &drafts), ("outbox", &outbox)]));
        if let Some(aside) = &self.aside {
            page.plain(words.fill("recover.aside", &[("place", aside)]));
        }
        if let Some(file) = &self.aside_drafts {
            let count = words.number(self.aside_records);
            page.plain(words.fill("recover.drafts", &[("count", &count), ("file", file)]));
        }
        page.plain(words.say("restore.next"));
    }
}
