//! Behaviour of selaras-merge, one file each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod conflicts;
mod damage;
mod deletion;
mod laws;
mod meaning;
mod minting;
mod refusals;
mod story;
mod vectors;
