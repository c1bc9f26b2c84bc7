//! `moves`: students and PTK that the centre offers to this school. The answer is an ordinary edit: it is typed offline
//! and travels with the next approval.

use selaras_model::{Record, RecordKey};
use selaras_sync::TypedEdit;
use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::command::edit::DEFAULT_AUTHOR;
use crate::command::{Done, Report};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::service::{Open, Service};

/// Entities of the offers.
const OFFERS: [&str; 2] = ["mutasi_peserta_didik", "mutasi_ptk"];
/// Answers, by the reference table `keputusan_mutasi`.
const ACCEPTED: &str = "1";
const DECLINED: &str = "2";

/// The arguments of `moves`.
#[derive(Debug, Clone, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moves {
    /// Lists the people who are offered.
    List {},
    /// Accepts one.
    Accept {
        /// The offer's id, or a unique beginning of it.
        id: String,
        /// The account that types.
        #[arg(long = "as", value_name = "ACCOUNT", default_value = DEFAULT_AUTHOR)]
        author: String,
    },
    /// Declines one.
    Decline {
        /// The offer's id, or a unique beginning of it.
        id: String,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        why: String,
        /// The account that types.
        #[arg(long = "as", value_name = "ACCOUNT", default_value = DEFAULT_AUTHOR)]
        author: String,
    },
}

impl Moves {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        open.finish_steps(out)?;
        match self {
            Self::List {} => {
                out.report(Report::Moves(MovesReport { moves: offers(open)? }));
                Ok(Outcome::Done)
            }
            Self::Accept { id, author } => answer(open, id, (ACCEPTED, ""), author, out),
            Self::Decline { id, why, author } => answer(open, id, (DECLINED, why), author, out),
        }
    }

    /// Whether it types something.
    pub(super) fn changes(&self) -> bool {
        !matches!(self, Self::List {})
    }
}

fn answer(
    open: &mut Open,
    id: &str,
    (keputusan, alasan): (&str, &str),
    author: &str,
    out: &mut dyn Output,
) -> Result<Outcome, Failure> {
    open.check_author(author)?;
    let (entity, key) = find(open, id)?;
    let fields = [format!("keputusan={keputusan}"), format!("alasan={alasan}")];
    let fields = open.parse_assignments(entity, &fields)?;
    let step = open.school().edit(&[TypedEdit { key, fields, deleted: None }], author)?;
    open.apply(step, out)?;
    let title = open.record(key).map(|record| open.title(&record))?;
    let done = Done::new(if keputusan == ACCEPTED { "moves.accepted" } else { "moves.declined" });
    out.report(done.arg("title", title).arg("id", key.id).report());
    Ok(Outcome::Done)
}

/// The live offer of an id, whichever kind it is.
fn find(open: &Open, id: &str) -> Result<(&'static str, RecordKey), Failure> {
    let mut failure = None;
    for entity in OFFERS {
        match open.find_record(entity, id) {
            Ok(key) if open.record(key)?.deleted => failure = Some(Failure::new("move.over").arg("id", key.id)),
            Ok(key) => return Ok((entity, key)),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    Err(failure.unwrap_or_else(|| Failure::new("move.over").arg("id", id)))
}

/// The offers that are open, answered ones included until the centre has carried them out.
pub(crate) fn offers(open: &Open) -> Result<Vec<MoveLine>, Failure> {
    let mut moves = Vec::new();
    for name in OFFERS {
        // A pack of the centre's own need not have moves.
        let Ok(entity) = open.entity(name) else { continue };
        open.each(entity.code, &mut |record| {
            if !record.deleted {
                moves.push(MoveLine::new(name, open, record));
            }
        })?;
    }
    Ok(moves)
}

/// The people who are offered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovesReport {
    /// Students first.
    pub moves: Vec<MoveLine>,
}

/// A person who is offered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveLine {
    /// The entity of the offer.
    pub entity: String,
    /// The offer's id.
    pub id: String,
    /// The person's name.
    pub title: String,
    /// The school that the person comes from.
    pub from: String,
    /// The day of the move.
    pub on: String,
    /// The answer, `accepted` or `declined`; none yet.
    pub answer: Option<String>,
}

impl MoveLine {
    fn new(entity: &str, open: &Open, record: &Record) -> Self {
        let answer = match record.code("keputusan") {
            Some(ACCEPTED) => Some("accepted".to_owned()),
            Some(_) => Some("declined".to_owned()),
            None => None,
        };
        Self {
            entity: entity.to_owned(),
            id: record.id.to_string(),
            title: open.title(record),
            from: record.text("sekolah_asal").unwrap_or_default().to_owned(),
            on: record.date("tanggal_mutasi").map(|day| day.to_string()).unwrap_or_default(),
            answer,
        }
    }
}

impl MovesReport {
    pub(super) fn show(&self, words: Words, page: &mut Page) {
        if self.moves.is_empty() {
            page.line(Manner::Good, words.say("moves.none"));
        }
        for line in &self.moves {
            let short: String = line.id.chars().take(8).collect();
            let kind = words.say_or(&format!("moves.{}", line.entity), &line.entity);
            page.head(format!("{short} {kind}: {}", line.title));
            page.plain(format!("  {}", words.fill("moves.from", &[("school", &line.from), ("on", &line.on)])));
            let text = match line.answer.as_deref() {
                None => words.fill("moves.open", &[("id", &short)]),
                Some(answer) => words.say_or(&format!("moves.answer-{answer}"), answer).to_owned(),
            };
            page.line(Manner::Faint, format!("  → {text}"));
        }
    }
}
