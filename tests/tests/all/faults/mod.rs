//! Faults that are known: each as a test of what should happen, and siblings that reach the same cause by another way.
//!
//! What fails today stands with `#[ignore = "fault N"]`; `cargo test -p selaras-tests --test all -- --ignored fault_`
//! runs them all.

mod cases;
mod pages_authority;
mod pages_door;
mod pages_guesses;
mod pages_names;
mod pages_sheet;
mod pages_small;
mod pages_stand;
