//! Which approved bundle waits for its window of the day: kept in the store, so that it goes on waiting when the program
//! is started anew, and nothing else does.

use selaras_sync::{Batch, Key, Row};

use crate::failure::Failure;
use crate::service::Open;

const ROW: &str = "web/later";

/// Remembers that what is sealed now waits.
pub(super) fn remember(open: &Open) -> Result<(), Failure> {
    let Some(sealed) = open.school().sealed()? else { return Ok(()) };
    let mut batch = Batch::default();
    batch.put(Key::Local(ROW.to_owned()), Row::Bytes(sealed.bundle.as_bytes().to_vec()));
    open.commit(&batch)
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

/// Whether what is sealed now waits for its window.
pub(super) fn waits(open: &Open) -> Result<bool, Failure> {
    let Some(sealed) = open.school().sealed()? else { return Ok(false) };
    let kept = open.store().get(&Key::Local(ROW.to_owned()))?;
    Ok(matches!(kept, Some(Row::Bytes(bytes)) if bytes == sealed.bundle.as_bytes()))
}
