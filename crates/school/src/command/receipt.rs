//! `receipt`: the centre's signed answer to what was sent last.

use std::path::PathBuf;

use selaras_model::LogVersion;
use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::command::Report;
use crate::command::approval::ApprovalReport;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::service::Service;

/// The arguments of `receipt`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Receipt {
    /// Of this version of the school's log, instead of the last.
    #[arg(long = "of", value_name = "VERSION")]
    pub version: Option<u64>,
    /// Writes receipt and approval into a file that anybody can verify.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

impl Receipt {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        let Some(mut receipt) = open.receipt_of(self.version)? else { return Err(Failure::new("receipt.none")) };
        if let Some(file) = &self.out {
            let evidence = open.school().evidence(self.version.map(LogVersion::new))?;
            crate::place::write_new(file, &evidence.to_bytes())?;
            receipt.file = Some(file.display().to_string());
        }
        out.report(Report::Receipt(receipt));
        Ok(Outcome::Done)
    }
}

/// A receipt.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptReport {
    /// The short code, to be read out.
    pub short_code: String,
    /// The version of the school's log that the bundle became.
    pub version: u64,
    /// The bundle.
    pub bundle: Option<String>,
    /// The hash of the entry, which the centre signed.
    pub entry: String,
    /// The centre's signature.
    pub signature: String,
    /// What the head approved, where that is kept here.
    #[serde(default)]
    pub approval: Option<ApprovalReport>,
    /// Records edited since, which are not in it.
    #[serde(default)]
    pub since: u32,
    /// The file with receipt and approval.
    #[serde(default)]
    pub file: Option<String>,
}

impl ReceiptReport {
    /// In one line.
    pub(super) fn brief(&self, words: Words) -> String {
        words.fill("receipt.brief", &[("code", &self.short_code), ("version", &self.version)])
    }

    pub(super) fn show(&self, words: Words, page: &mut Page) {
        page.line(Manner::Good, words.fill("receipt.head", &[("code", &self.short_code)]));
        page.pair(words.say("receipt.version"), words.number(self.version));
        if let Some(bundle) = &self.bundle {
            page.pair(words.say("receipt.bundle"), bundle);
        }
        page.pair(words.say("receipt.entry"), &self.entry);
        page.pair(words.say("receipt.signature"), self.signature.chars().take(32).collect::<String>() + "…");
        if let Some(approval) = &self.approval {
            approval.show(words, page);
        }
        if self.since > 0 {
            page.line(Manner::Bad, words.fill("receipt.since", &[("count", &words.number(u64::from(self.since)))]));
        }
        if let Some(file) = &self.file {
            page.line(Manner::Good, words.fill("receipt.written", &[("file", file)]));
        }
    }
}
