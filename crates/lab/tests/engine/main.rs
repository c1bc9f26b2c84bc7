//! The engine of both ends over the memory store, told as scenarios.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

mod acts;
mod backup;
mod backups;
mod copies;
mod exactly_once;
mod faults;
mod forged;
mod gate;
mod hostile;
mod landed;
mod large;
mod mending;
mod merging;
mod modules;
mod moves;
mod order;
mod reads;
mod registry;
mod repair;
mod restored;
mod rules;
mod snapshot;
mod stage;
mod story;
mod talk;
