//! The only place that writes to the terminal: data to stdout, everything else to stderr. For machines stdout is one
//! JSON document, and stderr a JSON object a line (docs/events.md).

use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use selaras_model::Lang;

use super::events;
use crate::catalogue::Words;
use crate::characters::clean;
use crate::failure::Failure;
use crate::output::{Event, Meter, Output, Pacer, Progress, Transfer, Wait, Way};
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
    moving: Option<Moving>,
}

/// The transfer that is shown at the moment.
struct Moving {
    way: Way,
    total: u64,
    meter: Meter,
    pacer: Pacer,
    bar: Option<ProgressBar>,
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
        Screen { lang, json, coloured, work: None, moving: None }
    }

    /// Changes the language.
    pub(crate) fn set_lang(&mut self, lang: Lang) {
        self.lang = lang;
    }

    /// Whether a person looks at it.
    pub(crate) fn has_person(&self) -> bool {
        !self.json && stdout().is_terminal()
    }

    /// Whether machines read along.
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
    pub(crate) fn serving(&mut self, address: &str, pages: Option<&str>) {
        if self.json {
            self.document(&serde_json::json!({ "address": address, "pages": pages }));
        } else {
            let text = Words(self.lang).fill("serve.ready", &[("address", &pages.unwrap_or(address))]);
            let _ = writeln!(stdout().lock(), "{text}");
        }
    }

    fn message(&mut self, text: &str) {
        self.end_work();
        let _ = writeln!(stderr().lock(), "{}", clean(text));
    }

    fn transfer(&mut self, transfer: &Transfer) {
        let fresh = |moving: &Moving| moving.way != transfer.way || moving.total != transfer.total;
        if self.moving.as_ref().is_none_or(fresh) {
            self.end_work();
            let (way, total) = (transfer.way, transfer.total);
            self.moving = Some(Moving { way, total, meter: Meter::default(), pacer: Pacer::default(), bar: None });
        }
        let words = Words(self.lang);
        let Some(moving) = &mut self.moving else { return };
        let at = Duration::from_millis(transfer.at);
        let pace = moving.meter.moved(at, transfer.done, transfer.total);
        if !self.json && stderr().is_terminal() {
            let bar = moving.bar.get_or_insert_with(transfer_bar);
            bar.set_length(transfer.total.max(transfer.done));
            bar.set_position(transfer.done);
            bar.set_message(events::transfer_text(transfer, pace, words));
        } else if moving.pacer.due(at, transfer.done, transfer.total) {
            let line = if self.json {
                events::transfer_json(transfer, pace).to_string()
            } else {
                events::transfer_text(transfer, pace, words)
            };
            let _ = writeln!(stderr().lock(), "{line}");
        }
    }

    /// A wait has a line of its own everywhere: it is what a person asks for afterwards.
    fn wait(&mut self, wait: &Wait) {
        let words = Words(self.lang);
        if self.json {
            self.message(&events::wait_json(wait, words).to_string());
        } else {
            self.message(&events::wait_text(wait, words));
        }
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
        if !self.json && stderr().is_terminal() {
            let bar = work.bar.get_or_insert_with(|| new_bar(name));
            bar.set_length(progress.total.max(progress.done));
            bar.set_position(progress.done);
        } else if work.told.is_none_or(|told| told.elapsed() >= LINE_EVERY) {
            work.told = Some(Instant::now());
            let line = if self.json {
                events::progress_json(progress).to_string()
            } else {
                format!("{name}: {}/{}", progress.done, progress.total)
            };
            let _ = writeln!(stderr().lock(), "{line}");
        }
    }

    fn end_work(&mut self) {
        if let Some(Work { bar: Some(bar), .. }) = self.work.take() {
            bar.finish_and_clear();
        }
        if let Some(Moving { bar: Some(bar), .. }) = self.moving.take() {
            bar.finish_and_clear();
        }
    }
}

fn transfer_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {wide_msg}") {
        bar.set_style(style);
    }
    bar
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
            Event::Transfer(transfer) => self.transfer(&transfer),
            Event::Wait(wait) => self.wait(&wait),
            Event::Step(step) if self.json => self.message(&events::step_json(&step).to_string()),
            Event::Step(step) => {
                let mut page = Page::default();
                step.show(Words(self.lang), &mut page);
                self.page(&page);
            }
            Event::Note(note) if self.json => {
                self.message(&events::note_json(&note, Words(self.lang)).to_string());
            }
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
