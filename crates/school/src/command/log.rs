//! `log`: what happened, oldest first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalogue::{Words, fill};
use crate::command::Report;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::service::Service;

/// The arguments of `log`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Log {
    /// Only the newest so many lines.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub last: usize,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogReport {
    /// Oldest first.
    pub lines: Vec<LogLine>,
}

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// The line's number.
    pub number: u64,
    /// When, by this computer's clock.
    pub at: String,
    /// What: a word of the engine's.
    pub what: String,
    /// The code, where something was refused.
    pub code: String,
    /// Arguments.
    pub args: BTreeMap<String, String>,
}

impl Log {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        let mut lines = open.history()?;
        let skipped = lines.len().saturating_sub(self.last);
        lines.drain(..skipped);
        out.report(Report::Log(LogReport { lines }));
        Ok(Outcome::Done)
    }
}

impl LogReport {
    pub(super) fn show(&self, words: Words, page: &mut Page) {
        if self.lines.is_empty() {
            page.line(Manner::Faint, words.say("log.none"));
        }
        for line in &self.lines {
            let text = words.say_or(&format!("history.{}", line.what), &line.what).to_owned();
            let text = fill(&text, |name| line.args.get(name).cloned());
            let code = if line.code.is_empty() { String::new() } else { format!(" [{}]", line.code) };
            page.plain(format!("{:>5}  {}  {text}{code}", line.number, line.at));
        }
    }
}
