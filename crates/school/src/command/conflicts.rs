//! `conflicts`: fields on which both sides wrote, with both values.

use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::characters::named;
use crate::command::Report;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::service::Service;

/// The arguments of `conflicts`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Conflicts {}

impl Conflicts {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        open.finish_steps(out)?;
        out.report(Report::Conflicts(ConflictsReport { conflicts: open.conflict_lines()? }));
        Ok(Outcome::Done)
    }
}

/// Open conflicts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictsReport {
    /// In order of their records.
    pub conflicts: Vec<ConflictLine>,
}

/// A field on which both sides wrote.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictLine {
    /// The entity.
    pub entity: String,
    /// The id.
    pub id: String,
    /// What people call the record.
    pub title: String,
    /// The field, or `~deleted` for an edit of a deleted record.
    pub field: String,
    /// The values; the first holds for now.
    pub values: Vec<CandidateLine>,
    /// Who decides: `school` or `centre`.
    pub owner: String,
    /// Whether the decision, or one of the values, still waits to be sent.
    pub pending: bool,
}

/// A value that somebody wrote.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateLine {
    /// The value.
    pub value: String,
    /// Whose: `school` or `centre`.
    pub side: String,
}

impl ConflictsReport {
    pub(super) fn show(&self, words: Words, page: &mut Page) {
        if self.conflicts.is_empty() {
            page.line(Manner::Good, words.say("conflicts.none"));
        }
        for conflict in &self.conflicts {
            let short: String = conflict.id.chars().take(8).collect();
            page.head(format!("{} {short} — {}: {}", conflict.entity, conflict.title, conflict.field));
            for (number, candidate) in conflict.values.iter().enumerate() {
                let side = words.say_or(&format!("side.{}", candidate.side), &candidate.side).to_owned();
                let holds = if number == 0 { format!("  ← {}", words.say("conflicts.holds")) } else { String::new() };
                let value = if candidate.value.is_empty() { words.say("record.null") } else { &candidate.value };
                page.plain(format!("  {}. {} ({side}){holds}", number + 1, named(value)));
            }
            let key = if conflict.owner == "school" { "conflicts.ours" } else { "conflicts.theirs" };
            let text = if key == "conflicts.ours" {
                words
                    .fill("conflicts.ours", &[("entity", &conflict.entity), ("id", &short), ("field", &conflict.field)])
            } else {
                words.say("conflicts.theirs").to_owned()
            };
            page.line(Manner::Faint, format!("  → {text}"));
            if conflict.pending {
                page.line(Manner::Faint, format!("  {}", words.say("conflicts.pending")));
            }
        }
    }
}
