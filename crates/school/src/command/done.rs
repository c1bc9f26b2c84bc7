//! The report of a command that has nothing to show but that it was done.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::catalogue::{Words, fill};
use crate::command::Report;
use crate::page::{Manner, Page};

/// What was done: a key of the messages and its arguments.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// A key of the messages.
    pub done: String,
    /// Its arguments.
    pub args: BTreeMap<String, String>,
}

impl Done {
    /// Says that something was done.
    pub(crate) fn new(key: &'static str) -> Done {
        Done { done: key.to_owned(), args: BTreeMap::new() }
    }

    /// Adds an argument.
    pub(crate) fn arg(mut self, name: &str, value: impl Display) -> Done {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }

    /// The report.
    pub(crate) fn report(self) -> Report {
        Report::Done(self)
    }

    /// In words.
    pub(crate) fn text(&self, words: Words) -> String {
        fill(words.say_or(&self.done, &self.done), |name| self.args.get(name).cloned())
    }

    pub(super) fn show(&self, words: Words, page: &mut Page) {
        page.line(Manner::Good, self.text(words));
    }
}
