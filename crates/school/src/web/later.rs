//! Which approved bundle waits for its window of the day: kept in the store, so that it goes on waiting when the program
//! is started anew, and nothing else does.

use selaras_model::BundleId;
use selaras_sync::{Batch, Key, Row};

use crate::failure::Failure;
use crate::service::Open;

const ROW: &str = "web/later";

/// Remembers that what is sealed now waits; gives it, if there is something.
pub(super) fn remember(open: &Open) -> Result<Option<BundleId>, Failure> {
    let Some(sealed) = open.school().sealed()? else { return Ok(None) };
    let mut batch = Batch::default();
    batch.put(Key::Local(ROW.to_owned()), Row::Bytes(sealed.bundle.as_bytes().to_vec()));
    open.commit(&batch)?;
    Ok(Some(sealed.bundle))
}

/// It does not wait any more: it is sent now, or somebody paused it.
pub(super) fn forget(open: &Open) -> Result<(), Failure> {
    if open.store().get(&Key::Local(ROW.to_owned()))?.is_none() {
        return Ok(());
    }
    let mut batch = Batch::default();
    batch.remove(Key::Local(ROW.to_owned()));
    open.commit(&batch)
}

/// What is sealed now, if it waits for its window.
pub(super) fn waiting(open: &Open) -> Result<Option<BundleId>, Failure> {
    let Some(sealed) = open.school().sealed()? else { return Ok(None) };
    let kept = open.store().get(&Key::Local(ROW.to_owned()))?;
    let waits = matches!(kept, Some(Row::Bytes(bytes)) if bytes == sealed.bundle.as_bytes());
    Ok(waits.then_some(sealed.bundle))
}
