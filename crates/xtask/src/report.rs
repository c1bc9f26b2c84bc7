//! What a chore says: a heading for each step while it runs, and the summary. The crate prints nowhere else.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the output of the chores")]

use std::time::Duration;

use crate::step::Outcome;

/// One step, done.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
}

/// The steps of a chore, done.
pub(crate) struct Report {
    pub(crate) lines: Vec<Line>,
}

impl Report {
    /// Tells whether nothing failed; a skipped step is not a failure.
    pub(crate) fn passed(&self) -> bool {
        !self.lines.iter().any(|line| matches!(line.outcome, Outcome::Failed(_)))
    }

    /// Prints the summary to stdout.
    pub(crate) fn print(&self) {
        print!("{}", self.text());
    }

    fn text(&self) -> String {
        let width = self.lines.iter().map(|line| line.name.len()).max().unwrap_or(0);
        let mut text = String::from("\n");
        for line in &self.lines {
            let (word, why) = match &line.outcome {
                Outcome::Passed => ("ok", ""),
                Outcome::Skipped(why) => ("skipped", why.as_str()),
                Outcome::Failed(why) => ("FAILED", why.as_str()),
            };
            let took = line.took.as_secs_f64();
            let row = format!("{:width$}  {word:7}  {took:7.1} s  {why}", line.name);
            text.push_str(row.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Says on stdout what a step has found.
pub(crate) fn say(text: &str) {
    print!("{text}");
}

/// Says on stderr which step begins.
pub(crate) fn announce(name: &str) {
    eprintln!("\n== {name}");
}

/// Says on stderr what a step has to say.
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcomes: Vec<Outcome>) -> Report {
        let line = |outcome| Line { name: "step", outcome, took: Duration::from_millis(1_250) };
        Report { lines: outcomes.into_iter().map(line).collect() }
    }

    #[test]
    fn a_skipped_step_does_not_fail_the_chore_and_says_why() {
        let report = report(vec![Outcome::Passed, Outcome::Skipped("not installed".into())]);
        assert!(report.passed());
        assert_eq!(report.text(), "\nstep  ok           1.2 s\nstep  skipped      1.2 s  not installed\n");
    }

    #[test]
    fn a_failed_step_fails_the_chore() {
        assert!(!report(vec![Outcome::Passed, Outcome::Failed("exit status: 1".into())]).passed());
    }
}
