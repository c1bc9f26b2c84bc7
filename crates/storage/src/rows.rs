//! Bodies of rows. State and index rows are bincode, with a size limit and every byte accounted for; rows that hold a
//! record's values are protobuf ([`crate::record_rows`]), because they outlive the version that wrote them.

use selaras_sync::store::{MAX_BATCH_BYTES, Row, StoreError};
use serde::{Serialize, de::DeserializeOwned};

use crate::frame::damaged;
use crate::record_rows;
use crate::space::Space;

/// Gives the body of a row for a space.
///
/// # Errors
/// [`StoreError::Io`] for a row that the space has no place for; nothing was written.
pub(crate) fn encode(space: Space, row: &Row) -> Result<Vec<u8>, StoreError> {
    match (space, row) {
        (Space::State | Space::History | Space::Local, Row::Bytes(bytes))
        | (Space::Document | Space::Text | Space::Approval, Row::Blob(bytes))
        | (Space::Lanes, Row::Lanes(bytes)) => Ok(bytes.clone()),
        (Space::Index | Space::Conflict, Row::Mark) => Ok(Vec::new()),
        (Space::Base, Row::Base(row)) => pack(row),
        (Space::Finding, Row::Findings(rows)) => pack(rows),
        (Space::Entry | Space::Past, Row::Entry(row)) => pack(row),
        (Space::Kept, Row::Entry(_) | Row::Blob(_)) => encode_kept(row),
        (Space::Replayed, Row::Version(version)) => pack(version),
        (Space::Answer, Row::Answer(row)) => pack(row),
        (Space::Replica, Row::Replica(row)) => pack(row),
        (Space::View, Row::View(row)) => record_rows::encode_view(row),
        (Space::Draft, Row::Draft(row)) => record_rows::encode_draft(row),
        _ => Err(unfit("the row is of another kind than its key")),
    }
}

/// Reads what [`encode`] gave.
///
/// # Errors
/// [`StoreError::Damaged`] for anything else.
pub(crate) fn decode(space: Space, body: &[u8]) -> Result<Row, StoreError> {
    Ok(match space {
        Space::State | Space::History | Space::Local => Row::Bytes(body.to_vec()),
        Space::Document | Space::Text | Space::Approval => Row::Blob(body.to_vec()),
        Space::Lanes => Row::Lanes(body.to_vec()),
        Space::Index | Space::Conflict if body.is_empty() => Row::Mark,
        Space::Base => Row::Base(unpack(space, body)?),
        Space::Finding => Row::Findings(unpack(space, body)?),
        Space::Entry | Space::Past => Row::Entry(unpack(space, body)?),
        Space::Kept => decode_kept(body)?,
        Space::Replayed => Row::Version(unpack(space, body)?),
        Space::Answer => Row::Answer(unpack(space, body)?),
        Space::Replica => Row::Replica(unpack(space, body)?),
        Space::View => Row::View(record_rows::decode_view(body).ok_or_else(|| unreadable(space))?),
        Space::Draft => Row::Draft(record_rows::decode_draft(body).ok_or_else(|| unreadable(space))?),
        Space::Format | Space::Index | Space::Conflict => return Err(unreadable(space)),
    })
}

const KEPT_ENTRY: u8 = 0;
const KEPT_EDITS: u8 = 1;

/// Rows of two kinds share the space, so that an entry and its edits lie together.
fn encode_kept(row: &Row) -> Result<Vec<u8>, StoreError> {
    let (kind, body) = match row {
        Row::Entry(row) => (KEPT_ENTRY, pack(row)?),
        Row::Blob(bytes) => (KEPT_EDITS, bytes.clone()),
        _ => return Err(unfit("the row is of another kind than its key")),
    };
    Ok([&[kind], body.as_slice()].concat())
}

fn decode_kept(body: &[u8]) -> Result<Row, StoreError> {
    match body.split_first() {
        Some((&KEPT_ENTRY, body)) => Ok(Row::Entry(unpack(Space::Kept, body)?)),
        Some((&KEPT_EDITS, body)) => Ok(Row::Blob(body.to_vec())),
        _ => Err(unreadable(Space::Kept)),
    }
}

/// The error for a row that must not be written, because nobody could read it.
pub(crate) fn unfit(reason: &'static str) -> StoreError {
    StoreError::Io(reason.into())
}

fn unreadable(space: Space) -> StoreError {
    damaged(space, "cannot be read")
}

fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<MAX_BATCH_BYTES>()
}

fn pack<T: Serialize>(row: &T) -> Result<Vec<u8>, StoreError> {
    bincode::serde::encode_to_vec(row, config()).map_err(|error| StoreError::Io(Box::new(error)))
}

fn unpack<T: DeserializeOwned>(space: Space, body: &[u8]) -> Result<T, StoreError> {
    // bincode's own texts may quote what they could not read.
    match bincode::serde::decode_from_slice(body, config()) {
        Ok((row, read)) if read == body.len() => Ok(row),
        _ => Err(unreadable(space)),
    }
}
