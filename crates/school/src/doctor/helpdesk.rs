//! The helpdesk file: what somebody far away needs to help, and nothing about anybody.
//!
//! It is put together from values that are named one by one, never by leaving things out of something larger. No text
//! of a step is in it (it may name a directory), no message of the centre, no address of an account; of the log only
//! what, when, codes and counts.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::step::{StepLine, Verdict};
use crate::command::report::LogLine;
use crate::failure::Failure;

/// Lines of the log that are kept, the newest.
const MAX_LINES: usize = 200;
/// The file's format.
const FORMAT: &str = "selaras helpdesk 1";
/// Arguments of the log that are counts, versions or codes; an account's name is a person's.
const LOG_ARGS: [&str; 6] = ["records", "warnings", "version", "code", "pack", "rulebook"];

/// What the file says.
#[derive(Serialize)]
pub(crate) struct Helpdesk {
    format: &'static str,
    made: String,
    npsn: Option<String>,
    application: &'static str,
    protocol: u32,
    centre: Option<String>,
    system: String,
    school: Option<Standing>,
    steps: Vec<Step>,
    /// Codes of the log and of the steps, the newest last.
    codes: Vec<String>,
    log: Vec<Line>,
}

/// Where the school's store stands.
#[derive(Serialize)]
pub(crate) struct Standing {
    /// The pack's and the rulebook's versions.
    pub(crate) pack: String,
    pub(crate) rulebook: String,
    /// Up to which version of the school's log this computer has everything.
    pub(crate) version: u64,
    pub(crate) last_contact: Option<String>,
    pub(crate) equal: Option<bool>,
    pub(crate) pending: u32,
    pub(crate) conflicts: u32,
    pub(crate) invalid: u32,
    pub(crate) warnings: u32,
}

#[derive(Serialize)]
struct Step {
    step: String,
    verdict: Verdict,
    code: Option<String>,
    millis: u64,
    facts: std::collections::BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Line {
    number: u64,
    at: String,
    what: String,
    code: String,
    args: std::collections::BTreeMap<String, String>,
}

impl Helpdesk {
    /// Puts the file together; `data` is the directory whose name is left out of reasons.
    pub(crate) fn new(
        npsn: Option<String>,
        centre: Option<String>,
        school: Option<Standing>,
        steps: &[StepLine],
        log: Vec<LogLine>,
        data: &Path,
    ) -> Helpdesk {
        let skipped = log.len().saturating_sub(MAX_LINES);
        let log: Vec<Line> = log.into_iter().skip(skipped).map(line).collect();
        let of_log = log.iter().map(|line| line.code.clone()).filter(|code| !code.is_empty());
        let codes = of_log.chain(steps.iter().filter_map(|step| step.code.clone())).collect();
        Helpdesk {
            format: FORMAT,
            made: crate::env::utc_time(crate::env::now()),
            npsn,
            application: env!("CARGO_PKG_VERSION"),
            protocol: selaras_transport::PROTOCOL,
            centre,
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            school,
            steps: steps.iter().map(|step| told(step, data)).collect(),
            codes,
            log,
        }
    }
}

fn told(step: &StepLine, data: &Path) -> Step {
    let data = data.display().to_string();
    let facts = step.facts.iter().map(|(name, value)| (name.clone(), value.replace(&data, "<data>"))).collect();
    Step { step: step.step.clone(), verdict: step.verdict, code: step.code.clone(), millis: step.millis, facts }
}

fn line(line: LogLine) -> Line {
    let args = line.args.into_iter().filter(|(name, _)| LOG_ARGS.contains(&name.as_str())).collect();
    Line { number: line.number, at: line.at, what: line.what, code: line.code, args }
}

/// Writes the file; one that is there already is not overwritten.
pub(crate) fn write(path: &Path, file: &Helpdesk) -> Result<(), Failure> {
    let failed = || Failure::new("input.target").arg("file", path.display());
    let text = serde_json::to_vec_pretty(file).map_err(|_| Failure::new("internal.error").arg("place", "helpdesk"))?;
    let mut target = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(|_| failed())?;
    target.write_all(&text).and_then(|()| target.sync_all()).map_err(|_| failed())
}
