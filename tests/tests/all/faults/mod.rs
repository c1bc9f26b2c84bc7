//! Faults that are known: each as a test of what should happen, and siblings that reach the same cause by another way.
//!
//! What fails today stands with `#[ignore = "fault N"]`; `cargo test --workspace --test all -- --ignored fault_`
//! runs them all.

mod authority_after_restore;
mod cases;
mod centre_clock;
mod damaged_bundles;
mod damaged_school;
mod dead_devices;
mod half_moves;
mod lost_registrations;
mod pages_authority;
mod pages_door;
mod pages_guesses;
mod pages_names;
mod pages_sheet;
mod pages_small;
mod pages_stand;
mod removed_devices;
mod rules_at_restore;
pub(crate) mod scene;
mod store_moved_away;
mod two_offers;
