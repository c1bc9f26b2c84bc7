//! `list`: the records of an entity in brief.

use selaras_model::{FieldName, Record, Value};
use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::command::Report;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::service::{Open, Service, split_assignment};

/// The arguments of `list`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct List {
    /// The entity.
    pub entity: String,
    /// Only records with this value in this field; may be given more than once.
    #[arg(long, value_name = "FIELD=VALUE")]
    pub filter: Vec<String>,
    /// Deleted records too.
    #[arg(long)]
    pub deleted: bool,
}

/// The most records of one list; more are counted and not shown.
const MAX_LISTED: usize = 10_000;

impl List {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        open.finish_steps(out)?;
        let entity = open.entity(&self.entity)?;
        let code = entity.code;
        let filter = self.filters(open)?;
        let mut report = ListReport { entity: self.entity.clone(), records: Vec::new(), count: 0 };
        open.each(code, &mut |record| {
            let wanted =
                (self.deleted || !record.deleted) && filter.iter().all(|(field, value)| record.get(field) == value);
            if wanted {
                report.count += 1;
                if report.records.len() < MAX_LISTED {
                    report.records.push(line(open, record));
                }
            }
        })?;
        for line in &mut report.records {
            line.pending = open.is_pending(&self.entity, &line.id)?;
        }
        out.report(Report::List(report));
        Ok(Outcome::Done)
    }

    fn filters(&self, open: &Open) -> Result<Vec<(FieldName, Value)>, Failure> {
        self.filter
            .iter()
            .map(|text| {
                let (field, value) = split_assignment(text)?;
                open.parse_value(&self.entity, field, value)
            })
            .collect()
    }
}

fn line(open: &Open, record: &Record) -> RecordLine {
    RecordLine { id: record.id.to_string(), title: open.title(record), deleted: record.deleted, pending: false }
}

/// Records in brief.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListReport {
    /// The entity.
    pub entity: String,
    /// In order of their ids.
    pub records: Vec<RecordLine>,
    /// How many there are in all.
    pub count: u64,
}

/// A record in brief.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordLine {
    /// The id.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Whether it is deleted.
    pub deleted: bool,
    /// Whether it has edits that were not sent.
    pub pending: bool,
}

impl ListReport {
    pub(super) fn show(&self, words: Words, page: &mut Page) {
        for record in &self.records {
            let mark = if record.pending { "*" } else { " " };
            let manner = if record.deleted { Manner::Faint } else { Manner::Plain };
            let deleted = if record.deleted { format!("  [{}]", words.say("record.deleted")) } else { String::new() };
            page.line(manner, format!("{mark} {}  {}{deleted}", record.id, record.title));
        }
        page.line(Manner::Faint, words.fill("list.count", &[("count", &words.number(self.count))]));
    }
}
