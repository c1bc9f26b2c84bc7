//! The only place that writes to the terminal: data to stdout, everything else to stderr.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use selaras_model::Lang;

use crate::catalogue::Words;
use crate::failure::Failure;
use crate::output::{Event, Output, Progress};
use crate::page::Page;

/// Work that ends sooner shows no progress.
const SHOW_AFTER: Duration = Duration::from_secs(1);
/// How often a line of progress goes to a pipe.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows events as text or JSON.
pub(crate) struct Screen {
    lang: Lang,
    json: bool,
    coloured: bool,
    work: Option<Work>,
}

/// The piece of work that is shown at the moment.
struct Work {
    name: String,
    since: Instant,
    bar: Option<ProgressBar>,
    told: Option<Instant>,
}

impl Screen {
    /// Shows events in a language, as text or JSON.
    pub(crate) fn new(lang: Lang, json: bool) -> Screen {
        let coloured = stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Screen { lang, json, coloured, work: None }
    }

    /// Changes the language.
    pub(crate) fn set_lang(&mut self, lang: Lang) {
        self.lang = lang;
    }

    /// Whether machines read along.
    #[cfg(feature = "demo")]
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Writes a page to stdout.
    pub(crate) fn page(&mut self, page: &Page) {
        self.end_work();
        // Whoever closed the pipe has read enough.
        let _ = page.write(&mut stdout().lock(), self.coloured);
    }

    /// Writes one JSON document to stdout.
    pub(crate) fn document(&mut self, document: &serde_json::Value) {
        self.end_work();
        let _ = writeln!(stdout().lock(), "{document}");
    }

    /// Says what failed: on stderr for people, on stdout for machines, which read nothing else.
    pub(crate) fn fail(&mut self, failure: &Failure) {
        self.end_work();
        if self.json {
            self.document(&crate::show::failure_json(failure, Words(self.lang)));
            return;
        }
        let mut page = Page::default();
        crate::show::failure(failure, Words(self.lang), &mut page);
        let coloured = stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let _ = page.write(&mut stderr().lock(), coloured);
    }

    /// Says where the service can be reached.
    pub(crate) fn serving(&mut self, address: &str) {
        if self.json {
            self.document(&serde_json::json!({ "address": address }));
        } else {
            let text = Words(self.lang).fill("serve.ready", &[("address", &address)]);
            let _ = writeln!(stdout().lock(), "{text}");
        }
    }

    fn message(&mut self, text: &str) {
        self.end_work();
        let _ = writeln!(stderr().lock(), "{text}");
    }

    fn progress(&mut self, progress: &Progress) {
        if self.work.as_ref().is_none_or(|work| work.name != progress.work) {
            self.end_work();
            self.work = Some(Work { name: progress.work.clone(), since: Instant::now(), bar: None, told: None });
        }
        let words = Words(self.lang);
        let Some(work) = &mut self.work else { return };
        if work.since.elapsed() < SHOW_AFTER {
            return;
        }
        let name = words.say_or(&work.name, &work.name);
        if stderr().is_terminal() {
            let bar = work.bar.get_or_insert_with(|| new_bar(name));
            bar.set_length(progress.total.max(progress.done));
            bar.set_position(progress.done);
        } else if work.told.is_none_or(|told| told.elapsed() >= LINE_EVERY) {
            work.told = Some(Instant::now());
            let _ = writeln!(stderr().lock(), "{name}: {}/{}", progress.done, progress.total);
        }
    }

    fn end_work(&mut self) {
        if let Some(Work { bar: Some(bar), .. }) = self.work.take() {
            bar.finish_and_clear();
        }
    }
}

fn new_bar(name: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:32} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.set_message(name.to_owned());
    bar
}

impl Output for Screen {
    fn lang(&self) -> Lang {
        self.lang
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Progress(progress) => self.progress(&progress),
            Event::Note(note) => {
                let text = note.text(self.lang);
                self.message(&text);
            }
            Event::Data(line) => {
                self.end_work();
                let _ = writeln!(stdout().lock(), "{line}");
            }
            Event::Report(report) if self.json => match serde_json::to_value(&report) {
                Ok(document) => self.document(&document),
                Err(_) => self.fail(&Failure::new("internal.error").arg("place", "report")),
            },
            Event::Report(report) => {
                let mut page = Page::default();
                report.show(self.lang, &mut page);
                self.page(&page);
            }
        }
    }
}
