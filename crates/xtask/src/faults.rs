//! The known faults: tests of what should happen, ignored until it does. Here all of them run, and a table shows what
//! still fails. It shows and does not judge: only a test that could not run is a failure.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::report::say;
use crate::step::{Outcome, Step, cargo, run_command};
use crate::tool;

/// What the names of these tests begin with; a fault's number follows.
const PREFIX: &str = "fault_";
const OF_WORKSPACE: [&str; 3] = ["test", "--workspace", "--no-fail-fast"];
/// Two browsers at a time, as in the ordinary tests.
const OF_BROWSER: [&str; 5] = ["test", "--workspace", "--no-fail-fast", "--test", "browser"];

/// The steps: both sorts of tests, and the table of both at the end.
pub(crate) fn steps() -> Vec<Step> {
    vec![Step::new("faults", run)]
}

fn run() -> Outcome {
    let mut told = Told::default();
    let built = run_command(cargo().args(OF_WORKSPACE).arg("--no-run"));
    let Outcome::Passed = built else { return built };
    let asked = ["--", "--ignored", PREFIX];
    let mut outcome = listen(cargo().args(OF_WORKSPACE).args(asked), &mut told);
    let browser = match tool::chromium() {
        Outcome::Passed => listen(cargo().args(OF_BROWSER).args(asked).arg("--test-threads=2"), &mut told),
        missing => missing,
    };
    say(&told.table());
    if let Outcome::Passed = outcome {
        outcome = browser;
    }
    outcome
}

/// Runs tests, says what they say, and notes how they ended.
fn listen(command: &mut Command, told: &mut Told) -> Outcome {
    let failed = |error: std::io::Error| Outcome::Failed(error.to_string());
    let mut child = match command.stdout(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => return failed(error),
    };
    let (mut begun, mut ended) = (0, 0);
    if let Some(output) = child.stdout.take() {
        // What a test leaves on the output need not be text.
        for line in BufReader::new(output).split(b'\n') {
            let line = match line {
                Ok(line) => line,
                Err(error) => return failed(error),
            };
            let line = String::from_utf8_lossy(&line);
            say(&format!("{line}\n"));
            begun += u32::from(line.starts_with("running "));
            ended += u32::from(line.starts_with("test result: "));
            told.note(&line);
        }
    }
    match child.wait() {
        // Tests that fail are what is looked for; a program of tests that died is something else.
        Ok(_) if begun > 0 && begun == ended => Outcome::Passed,
        Ok(status) => Outcome::Failed(format!("{ended} of {begun} programs of tests came to their end: {status}")),
        Err(error) => failed(error),
    }
}

/// How the tests of the faults ended, by the fault's number.
#[derive(Default)]
struct Told {
    faults: BTreeMap<u32, Fault>,
}

#[derive(Default)]
struct Fault {
    failing: usize,
    /// The names of those that pass.
    passing: Vec<String>,
}

impl Told {
    /// Takes a line such as `test faults::parts::fault_08_two_entries ... FAILED`.
    fn note(&mut self, line: &str) {
        let Some((name, ending)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")) else { return };
        let own = name.split("::").last().unwrap_or(name);
        let number = own.strip_prefix(PREFIX).and_then(|rest| rest.split('_').next()?.parse().ok());
        let Some(number) = number else { return };
        let fault = self.faults.entry(number).or_default();
        match ending {
            "ok" => fault.passing.push(own.to_owned()),
            _ => fault.failing += 1,
        }
    }

    fn table(&self) -> String {
        let mut text = String::from("\nfault  tests  fail  pass\n");
        let (mut failing, mut passing) = (0, 0);
        for (number, fault) in &self.faults {
            let passed = fault.passing.len();
            let tests = passed + fault.failing;
            text.push_str(&format!("{number:>5}  {tests:>5}  {:>4}  {passed:>4}\n", fault.failing));
            failing += fault.failing;
            passing += passed;
        }
        text.push_str(&format!("  all  {:>5}  {failing:>4}  {passing:>4}\n", failing + passing));
        for (number, fault) in &self.faults {
            if fault.failing == 0 {
                text.push_str(&format!("fault {number} is mended: take the `ignore` of its tests away\n"));
                continue;
            }
            for name in &fault.passing {
                text.push_str(&format!("fault {number} is half mended, or this test does not show it: {name}\n"));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Told;

    #[test]
    fn the_table_counts_by_fault_and_says_what_is_mended() {
        let mut told = Told::default();
        for line in [
            "running 3 tests",
            "test faults::parts::fault_08_in_turns ... FAILED",
            "test faults::parts::fault_08_late ... ok",
            "test fault_10_a_place ... ok",
            "test an_ordinary_one ... ok",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ] {
            told.note(line);
        }
        assert_eq!(
            told.table(),
            "\nfault  tests  fail  pass\n    8      2     1     1\n   10      1     0     1\n  all      3     1     2\n\
             fault 8 is half mended, or this test does not show it: fault_08_late\n\
             fault 10 is mended: take the `ignore` of its tests away\n"
        );
    }
}
