//! What the project as a whole promises, one file for each behaviour, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop at the first thing that is not as they say"
)]

mod arrows;
mod attacks;
mod audited;
mod backed_up;
mod by_parts;
mod causes;
mod change_of_head;
mod conditions;
mod copied;
mod demo;
mod drill;
mod earlier;
mod error_pages;
mod evidence;
mod faults;
mod guessed;
mod in_step;
mod killed;
mod killed_restored;
mod listed;
mod moved;
mod new_rules;
mod pages;
mod people;
mod player;
mod recovered;
mod repaired;
mod restored_centre;
mod rules;
mod stand;
mod tap;
