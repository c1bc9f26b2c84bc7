//! The known faults of the engine: of each its kind, and what else has the same root. A test says what should happen; one
//! that fails today stands ignored, with the fault's number, and `cargo xtask faults` runs it.

mod another_life;
mod approvals;
mod damaged_bundle;
mod disaster;
mod given_up;
mod handing;
mod late_edits;
mod long_history;
mod names;
mod older_backup;
mod own_damage;
mod owners;
mod parts;
mod promises;
mod releases;
mod rules;
mod set_aside;
mod twins;
mod unlogged;
