//! The one place that writes to the terminal: data to stdout, messages to stderr.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the output module")]

use std::io::Write as _;

use selaras_model::Lang;
use selaras_transport::{Problem, Text};

/// How a command speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voice {
    pub(crate) json: bool,
    pub(crate) lang: Lang,
}

/// Writes a line of data at once, also into a pipe.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    // Who closed the pipe does not want the rest.
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

impl Voice {
    /// Picks a text of the person's language.
    pub(crate) fn pick<'t>(self, id: &'t str, en: &'t str) -> &'t str {
        match self.lang {
            Lang::Id => id,
            Lang::En => en,
        }
    }

    /// Says something to a person; a machine does not hear it.
    pub(crate) fn say(self, id: &str, en: &str) {
        if !self.json {
            eprintln!("{}", self.pick(id, en));
        }
    }

    /// Writes a problem: JSON to stdout for machines, else text to stderr.
    pub(crate) fn problem(self, problem: &Problem) {
        if self.json {
            line(&serde_json::to_string(problem).unwrap_or_default());
            return;
        }
        let text = |text: &Text| self.pick(&text.id, &text.en).to_owned();
        eprintln!("{} [{}]", text(&problem.message), problem.code);
        for reason in &problem.reasons {
            eprintln!("- {} {}", text(&reason.message), text(&reason.remedy));
        }
    }
}
