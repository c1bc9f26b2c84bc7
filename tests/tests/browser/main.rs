//! The school's pages in a real Chromium, against the real program and a real centre. Needs Debian's `chromium` and
//! `chromium-driver`; `cargo xtask test` installs them where it may.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    reason = "tests stop at the first thing that is not as they say; what other tests need is shared"
)]

#[path = "../all/pages/links.rs"]
mod links;
#[path = "../all/pages/school.rs"]
mod school;
#[path = "../all/stand.rs"]
mod stand;

mod access;
mod chromium;
mod day;
mod gate;
mod line;
mod looks;
mod others;
mod records;
mod screens;
