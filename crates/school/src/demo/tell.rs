//! What the demonstration says: numbered steps, lines, checks; text or JSON lines.

use std::fmt::Display;
use std::time::Instant;

use crate::catalogue::Words;
use crate::cli::Screen;
use crate::failure::{Failure, Reason};
use crate::output::Output;
use crate::page::{Manner, Page};

/// Arguments of a text of the catalogue.
pub(super) type Args<'a> = &'a [(&'a str, &'a dyn Display)];

/// Tells the story on a screen.
pub(super) struct Tell<'a> {
    screen: &'a mut Screen,
    words: Words,
    step: u32,
    checks: u32,
    began: Instant,
}

impl<'a> Tell<'a> {
    pub(super) fn new(screen: &'a mut Screen) -> Tell<'a> {
        let words = Words(screen.lang());
        Tell { screen, words, step: 0, checks: 0, began: Instant::now() }
    }

    pub(super) fn words(&self) -> Words {
        self.words
    }

    /// Whether a person looks at it.
    pub(super) fn has_person(&self) -> bool {
        self.screen.has_person()
    }

    /// How many checks held.
    pub(super) fn checks(&self) -> u32 {
        self.checks
    }

    /// How long the story has taken.
    pub(super) fn elapsed(&self) -> std::time::Duration {
        self.began.elapsed()
    }

    /// Begins a step.
    pub(super) fn step(&mut self, title: &str) {
        self.step += 1;
        let text = format!("{}. {title}", self.step);
        if self.step > 1 && !self.screen.is_json() {
            self.show(Manner::Plain, "", "space");
        }
        self.show(Manner::Head, &text, "step");
    }

    /// Says something.
    pub(super) fn line(&mut self, text: &str) {
        self.show(Manner::Plain, &format!("   {text}"), "line");
    }

    /// Says what somebody types.
    pub(super) fn types(&mut self, text: &str) {
        self.show(Manner::Faint, &format!("   $ {text}"), "command");
    }

    /// Says what stands in the way: where, what, and who has to act.
    pub(super) fn reason(&mut self, reason: &Reason) {
        let place = if reason.place.is_empty() { String::new() } else { format!("{}: ", reason.place) };
        self.show(Manner::Bad, &format!("   ✗ {place}{}", reason.message), "reason");
        if !reason.remedy.is_empty() {
            let who = self.words.who(&reason.who);
            self.show(Manner::Faint, &format!("     → {} ({who})", reason.remedy), "remedy");
        }
    }

    /// Says that something is as it has to be, or fails.
    pub(super) fn check(&mut self, holds: bool, text: &str) -> Result<(), Failure> {
        if holds {
            self.checks += 1;
            self.show(Manner::Good, &format!("   ✓ {text}"), "check");
            return Ok(());
        }
        self.show(Manner::Bad, &format!("   ✗ {text}"), "failed");
        Err(Failure::new("demo.check").arg("check", text).arg("step", self.step))
    }

    /// Rows with aligned columns.
    pub(super) fn table(&mut self, rows: &[Vec<String>]) {
        if self.screen.is_json() {
            for row in rows {
                self.screen.document(&serde_json::json!({ "demo": "row", "step": self.step, "cells": row }));
            }
            return;
        }
        let mut page = Page::default();
        page.table(rows);
        self.screen.page(&page);
    }

    fn show(&mut self, manner: Manner, text: &str, kind: &str) {
        if self.screen.is_json() {
            self.screen.document(&serde_json::json!({ "demo": kind, "step": self.step, "text": text.trim() }));
            return;
        }
        let mut page = Page::default();
        page.line(manner, text);
        self.screen.page(&page);
    }
}
