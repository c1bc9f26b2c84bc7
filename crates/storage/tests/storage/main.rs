//! What the store promises, one file per promise; `crash.rs` beside it holds what needs processes of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

mod blobs;
mod changelog;
mod conformance;
mod damage;
mod golden;
mod model;
mod ownership;
mod sample;
mod split;
