//! Edits of large work in a blob, cut into parts: a step reads one, and ends within it where its batch is full.
//!
//! A part is its length (4 bytes, big-endian) and an `Edits` message. Nothing is compressed: a step skips to its part.

use prost::Message;
use selaras_merge::Edit;
use selaras_model::{Pack, RecordKey};

use crate::edits::{EditSet, EditsError, size_of};
use crate::state::{Plan, Progress};
use crate::store::{Blobs, StoreError};
use crate::wire;

/// About how many writes a part causes, and bytes of its edits: as much as most steps take, and nothing that they rely on.
const PART_WRITES: usize = 700;
const PART_BYTES: usize = 150 << 10;

/// How many rows an edit of a record may write: its own, and two for every index.
fn writes_of(pack: &Pack, key: RecordKey, edit: &Edit) -> usize {
    let indexed = |name: &&selaras_model::FieldName| pack.field(key.entity, name).is_some_and(|field| field.indexed);
    let indexes = match edit.deleted {
        // A record that goes or comes takes all its indexes with it.
        Some(_) => pack.entity(key.entity).map_or(0, |entity| entity.fields().iter().filter(|f| f.indexed).count()),
        None => edit.fields.keys().filter(indexed).count(),
    };
    6 + 2 * indexes
}

fn parts<'e>(pack: &Pack, edits: &'e [(RecordKey, Edit)]) -> Vec<&'e [(RecordKey, Edit)]> {
    let mut parts = Vec::new();
    let (mut rest, mut at, mut writes, mut bytes) = (edits, 0, 0, 0);
    for (key, edit) in edits {
        let (more_writes, more_bytes) = (writes_of(pack, *key, edit), size_of(edit));
        if at > 0 && (writes + more_writes > PART_WRITES || bytes + more_bytes > PART_BYTES) {
            let (part, left) = rest.split_at(at);
            parts.push(part);
            (rest, at, writes, bytes) = (left, 0, 0, 0);
        }
        at += 1;
        writes += more_writes;
        bytes += more_bytes;
    }
    parts.extend((!rest.is_empty()).then_some(rest));
    parts
}

/// Writes a plan's blob and gives its first state.
pub(crate) fn write(blobs: &dyn Blobs, pack: &Pack, edits: &EditSet) -> Result<Plan, PlanError> {
    let mut bytes = Vec::new();
    for part in parts(pack, edits.edits()) {
        let part = EditSet::wire_of(part)?.encode_to_vec();
        bytes.extend_from_slice(&u32::try_from(part.len()).map_err(|_| EditsError::TooLarge)?.to_be_bytes());
        bytes.extend_from_slice(&part);
    }
    let blob = *blake3::hash(&bytes).as_bytes();
    blobs.put(&blob, &bytes)?;
    Ok(Plan { blob, part: 0, done: 0, total: edits.edits().len() as u64 })
}

/// Reads what is left of the part that is next; none after the last.
pub(crate) fn rest(blobs: &dyn Blobs, progress: &Progress) -> Result<Option<Vec<(RecordKey, Edit)>>, StoreError> {
    let Some(part) = read(blobs, &progress.plan)? else { return Ok(None) };
    let mut edits = part.into_edits();
    edits.drain(..edits.len().min(usize::try_from(progress.within).unwrap_or(usize::MAX)));
    Ok(Some(edits))
}

/// Notes that so many of the edits that [`rest`] gave are done.
pub(crate) fn advance(progress: &mut Progress, done: usize, rest: usize) {
    progress.plan.done += done as u64;
    if done < rest {
        progress.within = progress.within.saturating_add(u32::try_from(done).unwrap_or(u32::MAX));
    } else {
        progress.plan.part += 1;
        progress.within = 0;
    }
}

fn read(blobs: &dyn Blobs, plan: &Plan) -> Result<Option<EditSet>, StoreError> {
    let damaged = || StoreError::Damaged("the plan of large work".to_owned());
    let bytes = blobs.get(&plan.blob)?.ok_or_else(damaged)?;
    let mut rest = bytes.as_slice();
    for skipped in 0..=plan.part {
        let Some((length, after)) = rest.split_first_chunk::<4>() else {
            return if rest.is_empty() { Ok(None) } else { Err(damaged()) };
        };
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| damaged())?;
        let (part, after) = after.split_at_checked(length).ok_or_else(damaged)?;
        if skipped == plan.part {
            let part = wire::Edits::decode(part).map_err(|_| damaged())?;
            return EditSet::from_wire(part).map(Some).map_err(|_| damaged());
        }
        rest = after;
    }
    Ok(None)
}

/// Why a plan could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    #[error(transparent)]
    Edits(#[from] EditsError),
    #[error(transparent)]
    Store(#[from] StoreError),
}
