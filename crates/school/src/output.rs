//! What a running command says: progress, notes, one report. The same events are shown in process and when the
//! command ran in the process that owns the store.

use std::collections::BTreeMap;
use std::fmt::Display;

use selaras_model::Lang;
use serde::{Deserialize, Serialize};

use crate::command::Report;

/// Something that a running command says.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Work that takes a while has come this far.
    Progress(Progress),
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
    /// Takes one event. A reader that has gone away is not the command's concern: what was begun is ended.
    fn event(&mut self, event: Event);
}

impl dyn Output + '_ {
    /// Says how far a piece of work has come.
    pub(crate) fn progress(&mut self, work: &'static str, done: u64, total: u64) {
        self.event(Event::Progress(Progress { work: work.to_owned(), done, total }));
    }

    /// Hands over what the command was asked for.
    pub(crate) fn report(&mut self, report: Report) {
        self.event(Event::Report(Box::new(report)));
    }
}

/// Keeps all events, for tests and for the demonstration.
#[derive(Debug, Default)]
pub struct Collected {
    /// The language that texts are made in.
    pub lang: Lang,
    /// The events in order, progress left out.
    pub events: Vec<Event>,
}

impl Output for Collected {
    fn lang(&self) -> Lang {
        self.lang
    }

    fn event(&mut self, event: Event) {
        if !matches!(event, Event::Progress(_)) {
            self.events.push(event);
        }
    }
}
