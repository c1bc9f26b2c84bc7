//! The built-in rulebook over whole sample schools.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod incremental;
mod reads;
mod valid;

use selaras_model::{Date, Pack, Record};
use selaras_policy::{Finding, Judge, Level, MemoryView, Rulebook};

pub(crate) fn today() -> Date {
    "2026-11-24".parse().unwrap()
}

pub(crate) fn full(records: impl IntoIterator<Item = Record>) -> Vec<Finding> {
    let pack = Pack::builtin();
    let book = Rulebook::builtin(&pack).unwrap();
    let view = MemoryView::new(&pack, records);
    let judged = Judge::new(&pack, &book, today()).full(&view).unwrap();
    judged.into_iter().flat_map(|(_, findings)| findings).collect()
}

pub(crate) fn invalid(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| finding.level == Level::Invalid).collect()
}
