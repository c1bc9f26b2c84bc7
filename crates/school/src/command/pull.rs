//! `pull`: fetches what is new at the centre and sends nothing; also the report of every exchange.

use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::command::Report;
use crate::command::receipt::ReceiptReport;
use crate::command::report::AnnouncedLine;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::service::{Direction, Service};

/// The arguments of `pull`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Pull {}

impl Pull {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let report = service.open_store()?.exchange(Direction::Pull, out)?;
        let outcome = report.outcome();
        out.report(Report::Exchange(report));
        Ok(outcome)
    }
}

/// What an exchange brought, and what it cost.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ExchangeReport {
    /// Requests of the exchange, in all attempts, tokens included.
    pub requests: u64,
    /// Bytes of heads and bodies that were sent.
    pub bytes_up: u64,
    /// Bytes of heads and bodies that came.
    pub bytes_down: u64,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Records that were sent and took effect.
    pub records_out: u32,
    /// Records that came from the centre.
    pub records_in: u64,
    /// Entries of the school's log that came.
    pub entries: u64,
    /// Whether both sides computed the same digests; empty when nothing could be compared.
    pub equal: Option<bool>,
    /// Whether a new pack or rulebook came.
    pub rules_changed: bool,
    /// The rulebook in force.
    pub rulebook: String,
    /// Findings that block because of a rulebook that came, and did not under the one before.
    pub new_invalid: u32,
    /// What the centre has announced in this exchange.
    pub announced: Option<AnnouncedLine>,
    /// Conflicts that wait for a person.
    pub conflicts: u32,
    /// Invalid findings.
    pub invalid: u32,
    /// Records changed here and not yet sent.
    pub pending: u32,
    /// The receipt for what was sent.
    pub receipt: Option<ReceiptReport>,
}

impl ExchangeReport {
    pub(crate) fn outcome(&self) -> Outcome {
        if self.equal == Some(false) { Outcome::NotEqual } else { Outcome::Done }
    }

    pub(super) fn show(&self, words: Words, page: &mut Page) {
        page.head(words.say(if self.receipt.is_some() { "exchange.sent" } else { "exchange.pulled" }));
        if self.receipt.is_some() {
            page.pair(words.say("exchange.records-out"), words.number(u64::from(self.records_out)));
        }
        page.pair(words.say("exchange.records-in"), words.number(self.records_in));
        let cost = words.fill(
            "exchange.cost",
            &[
                ("requests", &self.requests),
                ("up", &words.bytes(self.bytes_up)),
                ("down", &words.bytes(self.bytes_down)),
                ("time", &words.duration(std::time::Duration::from_millis(self.millis))),
            ],
        );
        page.pair(words.say("exchange.traffic"), cost);
        if self.rules_changed {
            page.plain(format!("  {}", words.fill("exchange.rules", &[("version", &self.rulebook)])));
        }
        if self.new_invalid > 0 {
            let args: [(&str, &dyn std::fmt::Display); 2] = [("count", &self.new_invalid), ("version", &self.rulebook)];
            page.line(Manner::Bad, words.fill("validate.new", &args));
        }
        if let Some(announced) = &self.announced {
            announced.show(words, page);
        }
        if let Some(receipt) = &self.receipt {
            receipt.show(words, page);
        }
        match self.equal {
            Some(true) => page.line(Manner::Good, words.say("exchange.equal")),
            Some(false) => page.line(Manner::Bad, words.say("exchange.not-equal")),
            None => page.line(Manner::Faint, words.say("exchange.not-compared")),
        }
        for (count, text) in [
            (self.conflicts, words.fill("exchange.conflicts", &[("count", &self.conflicts)])),
            (self.invalid, words.fill("exchange.invalid", &[("count", &self.invalid)])),
            (self.pending, words.fill("exchange.pending", &[("count", &self.pending)])),
        ] {
            if count > 0 {
                page.line(Manner::Bad, text);
            }
        }
    }
}
