//! `recover`: everything from the centre, onto an empty computer or in place of a damaged store.
//!
//! Every part is durable by itself: the registration (its key is kept before it is sent), the store that remembers
//! that it is being recovered, the snapshot that grows, the pages. Run again after a cut or a kill, it goes on.

use std::path::PathBuf;

use selaras_model::Npsn;
use selaras_storage::EngineKind;
use selaras_sync::{Batch, Key};
use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::command::Report;
use crate::command::init::read_ca;
use crate::command::pull::ExchangeReport;
use crate::failure::{Failure, Outcome};
use crate::output::{Event, Note, Output};
use crate::page::{Manner, Page};
use crate::secret::Secret;
use crate::service::{Aside, Direction, Enrolment, RECOVERING_ROW, Service, fetch_rules};

/// The arguments of `recover`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Recover {
    /// The centre's address.
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// The school's number.
    #[arg(long, value_name = "N")]
    pub npsn: Npsn,
    /// A file with the centre's certificate authority (PEM); then no other is trusted.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// The engine that keeps the store: sled or redb.
    #[arg(long, value_name = "ENGINE", default_value_t)]
    #[serde(default)]
    pub engine: EngineKind,
    /// The kode registrasi.
    #[arg(skip)]
    pub kode: Secret,
}

impl Recover {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        if self.goes_on(service, out)? {
            // What a process that was stopped behind its commit left.
            service.forget_registration();
        } else {
            self.begin(service, out)?;
        }
        let aside = service.newest_aside();
        let open = service.open_store()?;
        let exchange = open.exchange(Direction::Pull, out)?;
        let outcome = exchange.outcome();
        if exchange.equal == Some(true) {
            let mut batch = Batch::default();
            batch.remove(Key::Local(RECOVERING_ROW.to_owned()));
            open.commit(&batch)?;
        }
        let version = open.school().position()?.version.get();
        out.report(Report::Recovered(RecoveredReport::new(exchange, version, aside)));
        Ok(outcome)
    }

    /// Whether a recovery of this school was begun here and has not ended.
    fn goes_on(&self, service: &mut Service, out: &mut dyn Output) -> Result<bool, Failure> {
        if let Some(damage) = service.damage()? {
            tracing::warn!(code = damage.code, "the store is damaged");
            return Ok(false);
        }
        if !service.is_installed() {
            return Ok(false);
        }
        let place = service.place().root().display().to_string();
        let open = service.open_store()?;
        let recovering = open.store().get(&Key::Local(RECOVERING_ROW.to_owned()))?.is_some();
        if (recovering || open.npsn() == self.npsn) && open.is_removed(out)? {
            return Ok(false);
        }
        if !recovering {
            // Its rows are whole; what a lost file needs is an exchange, and no recovery.
            let lost = open.school().lost_bundle()?.map(|bundle| Failure::new("bundle.lost").arg("bundle", bundle));
            return Err(lost.unwrap_or_else(|| Failure::new("recover.whole").arg("place", place)));
        }
        if open.npsn() != self.npsn {
            return Err(Failure::new("recover.other-school").arg("npsn", open.npsn()).arg("place", place));
        }
        Ok(true)
    }

    /// Registers this computer; a damaged store is moved out of the way before, but after the centre was reached.
    fn begin(&self, service: &mut Service, out: &mut dyn Output) -> Result<(), Failure> {
        let ca = self.ca.as_ref().map(|path| read_ca(path)).transpose()?;
        let mut asked = Enrolment {
            server: &self.server,
            npsn: self.npsn,
            ca,
            kode: &self.kode,
            engine: self.engine,
            recovering: true,
            replaces: None,
        };
        let link = asked.connect(service)?;
        let rules = fetch_rules(&link, out)?;
        // A store that is whole is of a computer that was taken away, and comes back as another one.
        if service.is_installed() || service.damage()?.is_some() {
            let salvaged = service.set_aside(&rules.rules.pack)?;
            out.event(Event::Note(Note::new("recover.salvaged").arg("count", salvaged.records)));
            if salvaged.incomplete {
                out.event(Event::Note(Note::new("recover.incomplete")));
            }
        }
        // Also where the store was moved away by a process that was stopped before it registered.
        asked.replaces = service.newest_aside().and_then(|aside| aside.device);
        service.enrol(&asked, &link, &rules, out).map(drop)
    }
}

/// What a recovery brought.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct RecoveredReport {
    /// The exchange that ended it.
    #[serde(flatten)]
    pub exchange: ExchangeReport,
    /// The version of the school's log that this computer holds.
    pub version: u64,
    /// Where an earlier store lies that was moved out of the way.
    pub aside: Option<String>,
    /// The file of what was typed there and not sent.
    pub drafts: Option<String>,
    /// The records in that file.
    pub drafts_records: u64,
}

impl RecoveredReport {
    fn new(exchange: ExchangeReport, version: u64, aside: Option<Aside>) -> RecoveredReport {
        let shown = |path: PathBuf| path.display().to_string();
        let (directory, drafts) = aside.map(|aside| (aside.directory, aside.drafts)).unzip();
        let (drafts, records) = drafts.flatten().unzip();
        RecoveredReport {
            exchange,
            version,
            aside: directory.map(shown),
            drafts: drafts.map(shown),
            drafts_records: records.unwrap_or(0),
        }
    }

    pub(super) fn show(&self, words: Words, page: &mut Page) {
        self.exchange.show(words, page);
        if self.exchange.equal == Some(true) {
            page.line(Manner::Good, words.fill("recover.done", &[("version", &self.version)]));
        }
        if let Some(aside) = &self.aside {
            page.plain(words.fill("recover.aside", &[("place", aside)]));
        }
        if let Some(file) = &self.drafts {
            page.line(Manner::Bad, words.fill("recover.drafts", &[("count", &self.drafts_records), ("file", file)]));
        }
        page.plain(words.say("recover.accounts"));
        for command in NEXT {
            page.plain(format!("  {command}"));
        }
    }
}

/// What is made anew after a recovery: nothing of it ever leaves a school's computer.
const NEXT: [&str; 3] =
    ["selaras account add KEPALA --ptk PTK", "selaras role add KEPALA head", "selaras head activate KEPALA"];
