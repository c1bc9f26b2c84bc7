//! `import`: takes records from a file of JSON lines, all of them or, when asked so, the good ones.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use selaras_model::{Breach, LineError, LineProblem, Record, RecordKey, RecordLine, Value, line_from_json};
use selaras_sync::TypedEdit;
use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::command::Report;
use crate::command::edit::DEFAULT_AUTHOR;
use crate::failure::{Failure, Outcome, Reason};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::service::{Open, Service, check_characters, value_failure};

/// The arguments of `import`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Import {
    /// The file: one record a line.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Takes the good lines and leaves the bad ones.
    #[arg(long)]
    pub partial: bool,
    /// The account that types.
    #[arg(long = "as", value_name = "ACCOUNT", default_value = DEFAULT_AUTHOR)]
    pub author: String,
}

/// The most lines of one file: a school of 5,000 students has about 65,000 records.
const MAX_LINES: usize = 500_000;
/// The longest line.
const MAX_LINE_BYTES: usize = 64 << 10;
/// How often progress is told.
const PROGRESS_EVERY: usize = 1_000;

impl Import {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        open.check_author(&self.author)?;
        open.finish_steps(out)?;
        let mut read = Read::default();
        self.read(open, &mut read, out)?;
        if !read.bad.is_empty() && !self.partial {
            return Err(Failure::new("input.lines")
                .arg("bad", read.bad.len())
                .arg("lines", read.lines)
                .arg("file", self.file.display())
                .because(read.bad));
        }
        let taken = read.edits.len();
        if taken > 0 {
            let step = open.school().import(read.edits, &self.author)?;
            open.apply(step, out)?;
        }
        open.settle(out)?;
        let (invalid, warnings) = open.finding_counts()?;
        out.report(Report::Import(ImportReport {
            taken,
            lines: read.lines,
            gone: read.gone,
            left: read.bad,
            invalid,
            warnings,
        }));
        Ok(Outcome::Done)
    }

    fn read(&self, open: &Open, read: &mut Read, out: &mut dyn Output) -> Result<(), Failure> {
        let failed = || Failure::new("input.file").arg("file", self.file.display());
        let file = std::fs::File::open(&self.file).map_err(|_| failed())?;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(|_| failed())? == 0 {
                return Ok(());
            }
            read.number += 1;
            if read.number > MAX_LINES {
                return Err(Failure::new("input.too-many-lines").arg("limit", MAX_LINES));
            }
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            read.lines += 1;
            match take(open, &line, &read.seen) {
                Ok(line) => {
                    read.seen.insert(line.key(), read.number);
                    match line {
                        Line::Edit(edit) => read.edits.push(edit),
                        Line::Same(_) => {}
                        Line::Gone(_) => read.gone += 1,
                    }
                }
                Err(reason) => read.bad.push(place(reason, read.number, Words(out.lang()))),
            }
            if read.number.is_multiple_of(PROGRESS_EVERY) {
                out.progress("work.read", u64::try_from(read.number).unwrap_or(u64::MAX), 0);
            }
        }
    }
}

/// What was read so far.
#[derive(Default)]
struct Read {
    number: usize,
    lines: usize,
    edits: Vec<TypedEdit>,
    seen: BTreeMap<RecordKey, usize>,
    bad: Vec<Reason>,
    gone: usize,
}

/// Why a line is not taken.
enum BadLine {
    TooLong,
    NotJson(usize),
    Line(LineError),
    Twice(usize),
    Breach(Vec<Breach>),
    Store(Failure),
}

impl From<Failure> for BadLine {
    fn from(failure: Failure) -> BadLine {
        BadLine::Store(failure)
    }
}

/// What a line comes to.
enum Line {
    Edit(TypedEdit),
    /// It says what is so already.
    Same(RecordKey),
    /// It is about a record that was deleted, and does not say that it lives again.
    Gone(RecordKey),
}

impl Line {
    fn key(&self) -> RecordKey {
        match self {
            Self::Edit(edit) => edit.key,
            Self::Same(key) | Self::Gone(key) => *key,
        }
    }
}

fn take(open: &Open, line: &[u8], seen: &BTreeMap<RecordKey, usize>) -> Result<Line, BadLine> {
    if line.len() > MAX_LINE_BYTES {
        return Err(BadLine::TooLong);
    }
    let value: serde_json::Value = serde_json::from_slice(line).map_err(|error| BadLine::NotJson(error.column()))?;
    let pack = &open.rules().pack;
    let RecordLine { record, deleted } = line_from_json(pack, &value).map_err(BadLine::Line)?;
    if let Some(earlier) = seen.get(&record.key()) {
        return Err(BadLine::Twice(*earlier));
    }
    let before = open.known_record(record.key())?;
    // A line names the fields that it sets, and whether the record lives; all else stays as it is.
    let was_deleted = before.as_ref().is_some_and(|before| before.deleted);
    if was_deleted && deleted.is_none() {
        return Ok(Line::Gone(record.key()));
    }
    let mut after = before.clone().unwrap_or_else(|| Record::new(record.key()));
    after.deleted = deleted.unwrap_or(was_deleted);
    after.fields.extend(record.fields.clone());
    for (field, value) in &record.fields {
        // What is there already is left as it is.
        if let Value::Text(text) = value
            && before.as_ref().is_none_or(|before| before.get(field) != value)
        {
            check_characters(field, text)?;
        }
    }
    let breaches = pack.breaches(before.as_ref(), &after);
    if !breaches.is_empty() {
        return Err(BadLine::Breach(breaches));
    }
    let deleted = (was_deleted != after.deleted).then_some(after.deleted);
    let says = |before: &Record| record.fields.iter().all(|(name, value)| before.get(name) == value);
    if deleted.is_none() && before.as_ref().is_some_and(says) {
        return Ok(Line::Same(record.key()));
    }
    Ok(Line::Edit(TypedEdit { key: record.key(), fields: record.fields, deleted }))
}

fn place(bad: BadLine, number: usize, words: Words) -> Reason {
    let message = match bad {
        BadLine::TooLong => words.fill("import.too-long", &[("limit", &MAX_LINE_BYTES)]),
        BadLine::NotJson(at) => words.fill("import.not-json", &[("at", &at)]),
        BadLine::Line(error) => {
            let texts: Vec<String> = error.problems().iter().map(|problem| problem_text(problem, words)).collect();
            texts.join("; ")
        }
        BadLine::Twice(earlier) => words.fill("import.twice", &[("line", &earlier)]),
        BadLine::Breach(breaches) => {
            let texts: Vec<String> = breaches.iter().map(|breach| crate::service::breach_text(breach, words)).collect();
            texts.join("; ")
        }
        BadLine::Store(failure) => crate::show::tell(&failure, words).what,
    };
    let place = words.fill("import.line", &[("line", &number)]);
    Reason { place, message, remedy: String::new(), who: String::new() }
}

fn problem_text(problem: &LineProblem, words: Words) -> String {
    match problem {
        LineProblem::NotAnObject => words.say("import.not-object").to_owned(),
        LineProblem::UnknownKey(key) => words.fill("import.unknown-key", &[("key", key)]),
        LineProblem::Key(key) => words.fill("import.key", &[("key", key)]),
        LineProblem::UnknownEntity => words.say("import.unknown-entity").to_owned(),
        LineProblem::UnknownField(field) => words.fill("import.unknown-field", &[("field", field)]),
        LineProblem::Value { field, error } => crate::show::tell(&value_failure(field, error), words).what,
    }
}

/// What an import took.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Records that the file changed.
    pub taken: usize,
    /// Lines read, empty ones not counted.
    pub lines: usize,
    /// Lines about records that were deleted, and that do not say that they live again: nobody comes back unsaid.
    #[serde(default)]
    pub gone: usize,
    /// Lines that were left, with their numbers.
    pub left: Vec<Reason>,
    /// Findings of the whole school that block, afterwards.
    pub invalid: u32,
    /// Findings that do not.
    pub warnings: u32,
}

impl ImportReport {
    pub(super) fn show(&self, words: Words, page: &mut Page) {
        let taken = words.number(u64::try_from(self.taken).unwrap_or(u64::MAX));
        page.line(Manner::Good, words.fill("import.taken", &[("count", &taken)]));
        if self.gone > 0 {
            page.line(Manner::Faint, words.fill("import.gone", &[("count", &self.gone)]));
        }
        if !self.left.is_empty() {
            page.line(Manner::Bad, words.fill("import.left", &[("count", &self.left.len())]));
            crate::show::reasons(&self.left, words, page);
        }
        let args: [(&str, &dyn std::fmt::Display); 2] = [("invalid", &self.invalid), ("warnings", &self.warnings)];
        let manner = if self.invalid == 0 { Manner::Good } else { Manner::Bad };
        page.line(manner, words.fill(if self.invalid == 0 { "validate.clean" } else { "validate.blocked" }, &args));
    }
}
