//! The mock centre, seen by raw clients, with a raw server in the centre's place.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod acts;
mod connections;
mod rules;
mod stage;
