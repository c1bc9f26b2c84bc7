//! Faults that are known: each as a test of what should happen, and siblings that reach the same cause by another way.
//!
//! What fails today stands with `#[ignore = "fault N"]`; `cargo test -p selaras-tests --test all -- --ignored fault_`
//! runs them all.

mod authority_after_restore;
mod centre_clock;
mod damaged_school;
mod dead_devices;
mod half_moves;
mod lost_registrations;
mod removed_devices;
mod rules_at_restore;
mod scene;
mod store_moved_away;
mod two_offers;
