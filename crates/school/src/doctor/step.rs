//! A step of the diagnosis as a value, and telling one after another.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::failure::{Exit, Failure};
use crate::output::{Event, Note, Output};
use crate::page::{Manner, Page};

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Passed,
    /// Exchanges work, and something is not as it should be.
    Warned,
    /// Nothing gets past this.
    Failed,
    /// It could not be looked at.
    Skipped,
}

/// What a step found, before it is put into words.
pub(super) enum Found {
    /// As it should be.
    Passed(Note),
    /// Not as it should be, but in nobody's way.
    Warned(Failure),
    /// In the way.
    Failed(Failure),
    /// It could not be looked at, and why.
    Skipped(Note),
}

/// A step of the diagnosis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepLine {
    /// The step: `dns`, `tls`, …
    pub step: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found, in the language of the one who asked.
    pub text: String,
    /// The code, where something is not as it should be.
    pub code: Option<String>,
    /// What to do next; may be empty.
    pub next: String,
    /// Who has to act: a key of the catalogue's `who`; may be empty.
    pub who: String,
    /// Not before this time, in seconds since 1970 by this computer's clock, when the centre said so.
    pub until: Option<i64>,
    /// How long it took.
    pub millis: u64,
    /// The exit code of a failure; 0 of anything else.
    pub exit: u8,
    /// Those arguments of the finding that name no person and no place on this computer.
    pub facts: BTreeMap<String, String>,
}

/// Arguments that may leave the computer with a helpdesk file: numbers, names of the network, words of our own.
const FACTS: [&str; 26] = [
    "addresses",
    "bytes",
    "count",
    "difference",
    "found",
    "free",
    "host",
    "issuer",
    "known",
    "limit",
    "newest",
    "oldest",
    "phase",
    "port",
    "protocol",
    "proxy",
    "reason",
    "records",
    "seconds",
    "size",
    "speed",
    "status",
    "time",
    "invalid",
    "version",
    "npsn",
];
/// The longest fact.
const MAX_FACT: usize = 200;

impl StepLine {
    fn new(step: &'static str, found: &Found, took: Duration, words: Words) -> StepLine {
        let (verdict, note, failure) = match found {
            Found::Passed(note) => (Verdict::Passed, Some(note), None),
            Found::Skipped(note) => (Verdict::Skipped, Some(note), None),
            Found::Warned(failure) => (Verdict::Warned, None, Some(failure)),
            Found::Failed(failure) => (Verdict::Failed, None, Some(failure)),
        };
        let told = failure.map(|failure| crate::show::tell(failure, words));
        let text = told.as_ref().map(|told| told.what.clone());
        let args = note.map(|note| &note.args).or_else(|| failure.map(|failure| &failure.args));
        StepLine {
            step: step.to_owned(),
            verdict,
            text: text.or_else(|| note.map(|note| note.text(words.0))).unwrap_or_default(),
            code: failure.map(|failure| failure.code.clone()),
            next: told.map(|told| told.next).unwrap_or_default(),
            who: failure.map(crate::show::who_key).unwrap_or_default(),
            until: failure.and_then(|failure| failure.until),
            millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            exit: match found {
                Found::Failed(failure) => failure.exit().number(),
                _ => Exit::Done.number(),
            },
            facts: args.into_iter().flatten().filter_map(fact).collect(),
        }
    }

    /// Writes the step for a person: the finding, and beneath it what to do.
    pub(crate) fn show(&self, words: Words, page: &mut Page) {
        let (manner, mark) = match self.verdict {
            Verdict::Passed => (Manner::Good, words.say("doctor.mark.passed")),
            Verdict::Warned => (Manner::Bad, words.say("doctor.mark.warned")),
            Verdict::Failed => (Manner::Bad, words.say("doctor.mark.failed")),
            Verdict::Skipped => (Manner::Faint, words.say("doctor.mark.skipped")),
        };
        let key = format!("doctor.step.{}", self.step);
        let name = words.say_or(&key, &self.step);
        let code = self.code.as_ref().map(|code| format!(" [{code}]")).unwrap_or_default();
        page.line(manner, format!("{mark:<6} {name:<18} {}{code}", self.text));
        if !self.next.is_empty() {
            let who = if self.who.is_empty() { String::new() } else { format!(" ({})", words.who(&self.who)) };
            page.plain(format!("       → {}{who}", self.next));
        }
        if let Some(until) = self.until {
            page.plain(format!("       {}: {}", words.say("failure.until"), crate::env::local_clock(until)));
        }
    }
}

fn fact((name, value): (&String, &String)) -> Option<(String, String)> {
    FACTS.contains(&name.as_str()).then(|| (name.clone(), value.chars().take(MAX_FACT).collect()))
}

/// Tells steps as they end, and keeps them.
pub(crate) struct Teller<'a> {
    pub(super) out: &'a mut dyn Output,
    steps: Vec<StepLine>,
    began: Instant,
}

impl<'a> Teller<'a> {
    /// Begins with no step.
    pub(crate) fn new(out: &'a mut dyn Output) -> Teller<'a> {
        Teller { out, steps: Vec::new(), began: Instant::now() }
    }

    /// Tells a step that ends now and began when the one before ended. Says whether the way goes on behind it.
    pub(super) fn tell(&mut self, step: &'static str, found: &Found) -> bool {
        let line = StepLine::new(step, found, self.began.elapsed(), Words(self.out.lang()));
        self.steps.push(line.clone());
        self.out.event(Event::Step(Box::new(line)));
        self.began = Instant::now();
        matches!(found, Found::Passed(_) | Found::Warned(_))
    }

    /// Tells several steps that could not be looked at because of one before them.
    pub(super) fn skip(&mut self, steps: &[&'static str], why: &Note) {
        for step in steps {
            self.tell(step, &Found::Skipped(why.clone()));
        }
    }

    /// The steps in their order.
    pub(crate) fn steps(self) -> Vec<StepLine> {
        self.steps
    }
}
