//! The error body that every endpoint gives, and the entry of a catalogue that it is made from.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits::MAX_RETRY_AFTER;

/// Arguments of a message: names and values, without personal data.
pub type Args = BTreeMap<String, String>;

/// Says whether and when the same call may be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// At once.
    Now,
    /// Later, by itself.
    After,
    /// Once a person has done something.
    AfterHumanAction,
    /// Not with the same content.
    Never,
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Text {
    /// Indonesian.
    pub id: String,
    /// English.
    pub en: String,
}

/// An entry of a catalogue of problems: everything about a code that does not depend on the case.
#[derive(Debug, Clone, Copy)]
pub struct CatalogueEntry {
    /// The stable code, `area.reason`.
    pub code: &'static str,
    /// The HTTP status that it travels with; 0 for problems that never travel.
    pub status: u16,
    /// Whether to try again.
    pub retry: Retry,
    /// Who has to act: `operator`, `head`, `dinas`, `centre`, `verval`, or `nobody`.
    pub who: &'static str,
    /// The message in Indonesian; `{name}` stands for an argument.
    pub id: &'static str,
    /// The message in English.
    pub en: &'static str,
}

/// One of several reasons for a problem, with its own remedy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The reason's stable code.
    pub code: String,
    /// Who has to act.
    pub who: String,
    /// What is missing.
    pub message: Text,
    /// What to do.
    pub remedy: Text,
}

/// An error body: what happened, whether to try again, who acts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The HTTP status; not part of the body.
    #[serde(skip)]
    pub status: u16,
    /// The stable code, `area.reason`.
    pub code: String,
    /// The message's arguments.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: Args,
    /// Whether to try again.
    pub retry: Retry,
    /// Seconds to wait at least; also sent as `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Who has to act.
    pub who: String,
    /// The message, ready to be shown; boxed, because problems are carried as errors.
    pub message: Box<Text>,
    /// All single reasons, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
}

impl Problem {
    /// Makes the problem of a catalogue's entry.
    #[must_use]
    pub fn of(entry: &CatalogueEntry) -> Self {
        Self {
            status: entry.status,
            code: entry.code.to_owned(),
            args: Args::new(),
            retry: entry.retry,
            retry_after: None,
            who: entry.who.to_owned(),
            message: Box::new(Text { id: entry.id.to_owned(), en: entry.en.to_owned() }),
            reasons: Vec::new(),
        }
    }

    /// Adds an argument and fills it into the message.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        let value = value.to_string();
        let hole = format!("{{{name}}}");
        self.message.id = self.message.id.replace(&hole, &value);
        self.message.en = self.message.en.replace(&hole, &value);
        self.args.insert(name.to_owned(), value);
        self
    }

    /// Says how long to wait at least; fills `{seconds}`.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        // A part of a second is a whole one: zero would ask everyone back at once.
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        self.retry_after = Some(seconds);
        self.with("seconds", seconds)
    }

    /// Adds the single reasons.
    #[must_use]
    pub fn because(mut self, reasons: Vec<Reason>) -> Self {
        self.reasons = reasons;
        self
    }

    /// How long to wait at least, capped by [`MAX_RETRY_AFTER`].
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.retry_after.map(|seconds| Duration::from_secs(u64::from(seconds)).min(MAX_RETRY_AFTER))
    }
}

/// Shows status and code only: messages may quote what a person typed.
impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Problem({} {})", self.status, self.code)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const ENTRY: CatalogueEntry = CatalogueEntry {
        code: "center.busy",
        status: 503,
        retry: Retry::After,
        who: "nobody",
        id: "Pusat sedang sibuk, coba lagi dalam {seconds} detik.",
        en: "The centre is busy, try again in {seconds} seconds.",
    };

    #[test]
    fn a_problem_is_written_as_agreed() {
        let problem = Problem::of(&ENTRY).after(Duration::from_millis(1_500));
        assert_eq!(
            serde_json::to_string(&problem).unwrap(),
            concat!(
                r#"{"code":"center.busy","args":{"seconds":"2"},"retry":"after","retry_after":2,"who":"nobody","#,
                r#""message":{"id":"Pusat sedang sibuk, coba lagi dalam 2 detik.","#,
                r#""en":"The centre is busy, try again in 2 seconds."}}"#
            )
        );
    }

    #[test]
    fn a_shorter_body_is_understood() {
        let text = r#"{"code":"a.b","retry":"never","who":"operator","message":{"id":"x","en":"y"},"later":1}"#;
        let problem: Problem = serde_json::from_str(text).unwrap();
        assert_eq!((problem.retry, problem.wait()), (Retry::Never, None));
    }

    #[test]
    fn a_wait_of_a_year_is_not_believed() {
        let problem = Problem::of(&ENTRY).after(Duration::from_secs(31_536_000));
        assert_eq!(problem.wait(), Some(MAX_RETRY_AFTER));
    }
}
