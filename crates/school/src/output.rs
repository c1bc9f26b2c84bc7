//! What a running command says: progress, notes, one report. The same events are shown in process and when the
//! command ran in the process that owns the store.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use selaras_model::Lang;
use serde::{Deserialize, Serialize};

use crate::account::Source;
use crate::command::Report;
use crate::doctor::StepLine;
use crate::failure::Failure;

mod pace;
mod transfer;

pub use pace::{Meter, Pace, Pacer};
pub use transfer::{Transfer, Wait, Way};

/// Something that a running command says.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Work that takes a while has come this far.
    Progress(Progress),
    /// Bytes have moved to or from the centre.
    Transfer(Transfer),
    /// The command waits before it tries again.
    Wait(Wait),
    /// A step of a diagnosis has ended.
    Step(Box<StepLine>),
    /// Something worth knowing on the way.
    Note(Note),
    /// A line of data as it is, for `export`.
    Data(String),
    /// What the command was asked for.
    Report(Box<Report>),
}

// Reports hold field values.
impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Event::Progress(_) => "Progress",
            Event::Transfer(_) => "Transfer",
            Event::Wait(_) => "Wait",
            Event::Step(_) => "Step",
            Event::Note(_) => "Note",
            Event::Data(_) => "Data",
            Event::Report(_) => "Report",
        })
    }
}

/// How far a piece of work has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The work: a key `work.…` of the messages.
    pub work: String,
    /// Units done.
    pub done: u64,
    /// Units in all; 0 while unknown.
    pub total: u64,
}

/// A message with arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// A key of the messages.
    pub key: String,
    /// Its arguments.
    pub args: BTreeMap<String, String>,
}

impl Note {
    /// Makes a note of a key of the messages.
    #[must_use]
    pub fn new(key: &'static str) -> Note {
        Note { key: key.to_owned(), args: BTreeMap::new() }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, name: &str, value: impl Display) -> Note {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }

    /// The note in a language.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        match crate::catalogue::message(&self.key) {
            Some(both) => crate::catalogue::fill(both.get(lang), |name| self.args.get(name).cloned()),
            None => self.key.clone(),
        }
    }
}

/// Takes the events of a running command.
pub trait Output {
    /// The language of the one who asked.
    fn lang(&self) -> Lang;
    /// From where it was asked: wrong passwords are counted for each source apart.
    fn from(&self) -> Source {
        Source::Here
    }
    /// Takes one event. A reader that has gone away is not the command's concern: what was begun is ended.
    fn event(&mut self, event: Event);
}

impl dyn Output + '_ {
    /// Says how far a piece of work has come.
    pub(crate) fn progress(&mut self, work: &'static str, done: u64, total: u64) {
        self.event(Event::Progress(Progress { work: work.to_owned(), done, total }));
    }

    /// Says how far a transfer has come: up, what the centre acknowledged; down, what is kept.
    pub(crate) fn transferred(&mut self, way: Way, done: u64, total: u64) {
        self.event(Event::Transfer(Transfer { way, done, total, at: millis(steady()) }));
    }

    /// Says that the command waits, why, and for how long; `attempt` is the one that failed, from 1.
    pub(crate) fn waiting(&mut self, because: Failure, wait: Duration, attempt: u32) {
        let seconds = i64::try_from(wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)));
        let until = crate::env::now().saturating_add(seconds.unwrap_or(i64::MAX));
        self.event(Event::Wait(Wait { because, millis: millis(wait), until, attempt }));
    }

    /// Hands over what the command was asked for.
    pub(crate) fn report(&mut self, report: Report) {
        self.event(Event::Report(Box::new(report)));
    }
}

/// The time since this process first asked; never goes back.
pub(crate) fn steady() -> Duration {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGAN.elapsed()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Keeps all events, for tests and for the demonstration.
#[derive(Debug, Default)]
pub struct Collected {
    /// The language that texts are made in.
    pub lang: Lang,
    /// From where it was asked.
    pub from: Source,
    /// The events in order, progress and transfers left out.
    pub events: Vec<Event>,
}

impl Collected {
    /// Nothing yet, for somebody who asks here.
    pub(crate) fn new(lang: Lang) -> Collected {
        Collected { lang, ..Collected::default() }
    }

    /// Nothing yet, for somebody who asks from there.
    pub(crate) fn asked(lang: Lang, from: Source) -> Collected {
        Collected { lang, from, ..Collected::default() }
    }

    /// The text of what was done, where a command said so.
    pub(crate) fn done_text(&self) -> String {
        let report = self.events.iter().rev().find_map(|event| match event {
            Event::Report(report) => Some(report.as_ref()),
            _ => None,
        });
        match report {
            Some(Report::Done(done)) => done.text(crate::catalogue::Words(self.lang)),
            _ => String::new(),
        }
    }
}

impl Output for Collected {
    fn lang(&self) -> Lang {
        self.lang
    }

    fn from(&self) -> Source {
        self.from.clone()
    }

    fn event(&mut self, event: Event) {
        if !matches!(event, Event::Progress(_) | Event::Transfer(_)) {
            self.events.push(event);
        }
    }
}
