//! The sync engine without I/O, for both ends.
//!
//! It never waits, reads no clock and opens nothing. [`School`] and [`Centre`] are light values over a store
//! ([`store::ReadStore`]): each call reads, and gives back a [`Step`], one batch to commit and what to do afterwards. The
//! host commits, sends, and goes on.
//!
//! The order of a conversation is a value, [`exchange::Exchange`]; a host does what it needs:
//!
//! ```text
//! let report = exchange::drive(Exchange::new(Purpose::Sync), &mut host)?;      // a school that waits for its line
//! let answer = exchange::answer(&mut desk, device, endpoint, &body)?;          // the centre
//! exchange::carry_out(&mut host, Some(step))?;                                 // either, for a step of its own
//! ```
//!
//! Formats that leave a process are in [`bundle`], [`EditSet`] and [`LogEntry`]; anything else is refused:
//!
//! ```
//! use selaras_sync::bundle;
//!
//! assert!(bundle::decode(b"not a bundle").is_err());
//! ```

mod approval;
pub mod bundle;
mod centre;
mod centre_dates;
mod edits;
mod entry;
mod error;
pub mod evidence;
pub mod exchange;
mod judging;
pub mod local;
mod page;
mod pending;
mod plan;
mod release;
mod release_list;
mod repair;
mod rules;
mod school;
mod snapshot;
mod state;
mod step;
pub mod store;
pub mod transfer;
mod view;
pub mod wire;
mod work;

pub use bundle::Bundle;
pub use centre::{
    Acting, AnsweredMove, AssignmentIds, CarriedMove, DeviceCertificate, DeviceEnd, DeviceRow, DeviceVisit, Enrolment,
    GivenUp, HeadAssignment, HeadKeyRow, KodeRow, LateEdits, LatePage, LeavingPerson, MoveOffer, MoveStage, Mover,
    NewDevice, Promise, Registered, RevokedKeys, SchoolRow, Unconfirmed, registered_device,
};
pub use centre::{
    Announced, Centre, CentreKeys, EnrolledKey, Handing, Head, Landed, Life, Received, Repairing, Verdict,
};
pub use centre_dates::{ActingDate, CentreDates, RulesDay};
pub use edits::{EditSet, EditsChain, EditsError, MAX_EDIT_BYTES, MAX_EDIT_FIELDS, MAX_EDIT_HEADS, MAX_EDITS};
pub use entry::{
    EntryError, FirstLife, LogEntry, MAX_ACT_KIND, MAX_ENTRY_BYTES, MAX_ENTRY_MODULES, MAX_PROMISES, Origin, Receipt,
    entry_hash,
};
pub use error::{CentreError, GateClosed, Refusal, RefusedRecord, Retry, SchoolError};
pub use release::{NotSigned, PromisedRelease, Release, ReleaseStage, ReturnedRelease};
pub use release_list::{ReleaseInForce, ReleaseList, ReleaseRefused, ReleaseSlot, ReleasedRules};
pub use rules::{Rules, RulesError};
pub use school::{
    Absorbed, Approved, Carry, DraftInfo, Healing, Incoming, Mended, ModuleChanges, Offer, OpenConflict, Order,
    Outcome, Outgoing, Pending, Prepared, PreparedChange, Purpose, Repair, School, Signer, Typed, new_among,
};
pub use selaras_merge::{Candidate, PastChange, Subject};
pub use snapshot::{Frame, Snapshot, SnapshotError};
pub use state::{HistoryKind, HistoryLine, Installation, Phase, Position, Sealed};
pub use step::{Effect, Step, TypedEdit};
pub use store::{Batch, Blobs, DraftRow, Flow, Key, Range, ReadStore, Row, StateName, Store, StoreError};
pub use view::StoreView;

/// Named limits of this crate.
pub mod limits {
    pub use crate::bundle::{MAX_BUNDLE_BYTES, MAX_OPEN_BYTES};
    pub use crate::centre::{MAX_DEVICES, MAX_HEAL_BYTES, MAX_JUDGED_DAYS, MAX_REPAIR_BYTES, MAX_REQUEST_BYTES};
    pub use crate::centre_dates::MAX_DAYS_AHEAD;
    pub use crate::edits::MAX_BUNDLE_HEADS;
    pub use crate::page::{MAX_ANSWER_BYTES, MAX_ANSWER_OPEN};
    pub use crate::release_list::{MAX_RELEASES, MAX_RULES_BYTES};
    pub use crate::school::{MAX_EDIT_RECORDS, MAX_INLINE_BUNDLE, MAX_SHOWN_CHANGES};
    pub use crate::store::{MAX_BATCH_BYTES, MAX_BATCH_WRITES};
}
