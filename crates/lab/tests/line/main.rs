//! The bad line, seen by raw clients and raw servers.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod cuts;
mod half_open;
mod intercepted;
mod listed;
mod perfect;
mod requests;
mod seeded;
mod stage;
mod standing_still;
