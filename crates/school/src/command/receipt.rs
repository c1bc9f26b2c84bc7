//! `receipt`: the centre's signed answer to what was sent last.

use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::command::Report;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::service::Service;

/// The arguments of `receipt`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Receipt {}

impl Receipt {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        let Some(receipt) = open.receipt_report()? else { return Err(Failure::new("receipt.none")) };
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
    }
}
