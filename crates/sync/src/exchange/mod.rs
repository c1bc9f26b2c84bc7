//! One conversation of a school with its centre: the order in which things are asked, made durable and taken in.
//!
//! A normal day is one request. The other orders are rare, and each of them has lost data when it was written twice:
//! what differs is mended before the answer is taken in and asked for again; a clone takes another name before it takes
//! anything in; a restored centre gets back what it lacks before it is asked once more; a snapshot is fetched, checked
//! whole, and taken in frame by frame. So the order stands here once, for the program that ships, for the simulated
//! worlds and for the tests of the engine.
//!
//! [`Exchange`] is a value: it does nothing by itself, and it can be cloned, compared and hashed. It is told what
//! happened ([`Event`]) and says what is needed next ([`Need`]):
//!
//! ```text
//!                  Begin                        Answered | Refused        Landed, Fetched
//!   host --------------------> Exchange::next <-------------------- line -----------------
//!        <-------------------- Commit, Resume, Name, Tell, Check, Frame   (here)
//!                              Send, Land, Fetch                          (over the line)
//!                              Done, GiveUp
//! ```
//!
//! [`advance`] does what is needed here, until something has to go over the line; [`drive`] goes over the line as well,
//! for hosts that wait. [`carry_out`] is the one loop of commit, effects and resume, for both ends, and [`answer`] the
//! centre's side of a request. Whoever dies in a conversation begins another one: what counts is in the store.

mod drive;
#[cfg(feature = "flaws")]
mod flaw;
mod machine;
mod mend;
mod need;
mod serve;
mod stage;
mod steps;

pub use drive::{Host, Line, Outside, SchoolHost, advance, carry_out, drive};
#[cfg(feature = "flaws")]
pub use flaw::Flaw;
pub use machine::Exchange;
pub use need::{Endpoint, Event, ExchangeError, Need, Notice, Report, Request};
pub use serve::{CentreHost, answer, mend_centre};

/// Pages of one exchange: at 1 MiB each far more than any school has; a centre that always says "more" must not keep a
/// computer for ever.
pub const MAX_PAGES: u32 = 4_096;
/// Times within one exchange that a restored centre is given back what it lacks; one that asks again and again heals
/// never.
pub const MAX_HEALINGS: u32 = 8;
/// Requests of one healing: at 1 MiB of edits each far more than any school has.
pub const MAX_HEAL_REQUESTS: u32 = 10_000;
/// Searches for records that differ within one exchange: a centre that mends itself needs a second one.
pub const MAX_REPAIRS: u32 = 3;
/// Requests of one search: buckets, then the edits of what differs.
pub const MAX_REPAIR_REQUESTS: u32 = 1 + 20_000 / 500;
/// Times within one exchange that a bundle is brought again which no longer lies where it landed.
pub const MAX_LANDINGS: u32 = 3;
/// Times within one exchange that a snapshot is gone before it was fetched; a centre keeps one for days.
pub const MAX_FETCHES: u32 = 2;
