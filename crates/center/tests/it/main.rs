//! The centre as a process of its own, over real sockets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod backups;
mod closed;
mod faults;
mod heads;
mod operator;
mod probe;
mod protocol;
mod registration;
mod sessions;
mod snapshots;
mod staff;
mod stand;
mod tls;
mod uploads;
mod uploads_cut;
