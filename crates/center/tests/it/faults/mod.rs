//! Faults of the centre that are known: each as a test of what should happen, and siblings that reach the same cause by
//! another way.
//!
//! What fails today stands with `#[ignore = "fault N"]`.

mod audit_by_number;
mod audit_moved_away;
mod audit_torn;
mod log_files;
mod other_schools;
mod removed_devices;
