//! Behaviour of selaras-model, one file each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod canonical;
mod digest;
mod edges;
mod hidden;
mod identifiers;
mod ownership;
mod pack;
mod pack_problems;
mod school;
mod succession;
mod vectors;
