//! The wall around automerge.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::MergeError;

/// Runs calls into automerge and turns a panic into an error.
///
/// Crafted and damaged documents make automerge panic in many places, even while being read. Nothing half-changed can
/// be seen afterwards, because a [`crate::Document`] is never changed in place: only fresh copies are, inside here.
pub(crate) fn guarded<T>(calls: impl FnOnce() -> Result<T, MergeError>) -> Result<T, MergeError> {
    catch_unwind(AssertUnwindSafe(calls)).unwrap_or(Err(MergeError::Damaged("the engine stopped over it")))
}
