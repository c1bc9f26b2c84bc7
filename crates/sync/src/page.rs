//! A page of the log: entries, or parts of large ones, as they travel.

use std::collections::BTreeMap;
use std::io::Read;

use prost::Message;
use selaras_merge::Edit;
use selaras_model::{BundleId, EntryHash, LogVersion, RecordKey};

use crate::bundle;
use crate::edits::{EditSet, size_of};
use crate::entry::{LogEntry, Origin};
use crate::state::Position;
use crate::store::{Blobs, EditsAt, EntryRow, Key, ReadStore, Row, StoreError};
use crate::wire;

/// The largest answer, compressed.
pub const MAX_ANSWER_BYTES: usize = 8 << 20;
/// The largest answer, decompressed.
pub const MAX_ANSWER_OPEN: usize = 32 << 20;
/// Edits of a page, before compression; compressed about a sixth of it, well under 1 MiB.
const MAX_PAGE_OPEN: usize = 8 << 20;
/// Entries of a page.
const MAX_PAGE_ENTRIES: usize = 1_000;
/// Up to this size an answer is worth the slow level.
const SMALL: usize = 2 << 20;
const SLOW_LEVEL: i32 = 19;
const FAST_LEVEL: i32 = 16;
const KEEP_LEVEL: i32 = 6;

/// Compresses a message, the harder the smaller it is.
pub(crate) fn compress(open: &[u8]) -> Result<Vec<u8>, StoreError> {
    let level = if open.len() <= SMALL { SLOW_LEVEL } else { FAST_LEVEL };
    zstd::bulk::compress(open, level).map_err(|error| StoreError::Io(Box::new(error)))
}

/// Decompresses up to a limit; what a frame claims of its size is not believed.
pub(crate) fn decompress(bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut open = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(bytes).ok()?;
    decoder.take(u64::try_from(limit).ok()? + 1).read_to_end(&mut open).ok()?;
    (open.len() <= limit).then_some(open)
}

/// Freezes the edits of an act.
pub(crate) fn freeze_edits(edits: &EditSet) -> Result<Vec<u8>, StoreError> {
    let wire = edits.to_wire().map_err(|error| StoreError::Io(Box::new(error)))?;
    compress(&wire.encode_to_vec())
}

/// Reads an entry's row.
pub(crate) fn entry_row(store: &dyn ReadStore, version: LogVersion) -> Result<EntryRow, StoreError> {
    match store.get(&Key::Entry(version))? {
        Some(Row::Entry(row)) => Ok(row),
        _ => Err(StoreError::Damaged(format!("entry {version} of the log is missing"))),
    }
}

/// Reads an entry's row and the entry in it.
pub(crate) fn entry_at(store: &dyn ReadStore, version: LogVersion) -> Result<(LogEntry, EntryRow), StoreError> {
    let row = entry_row(store, version)?;
    let entry = LogEntry::from_bytes(&row.entry)
        .map_err(|_| StoreError::Damaged(format!("entry {version} of the log cannot be read")))?;
    Ok((entry, row))
}

/// Reads the edits of an entry.
pub(crate) fn edits_of(blobs: &dyn Blobs, entry: &LogEntry, row: &EntryRow) -> Result<EditSet, StoreError> {
    let damaged = || StoreError::Damaged(format!("the edits of entry {}", entry.version));
    let is_bundle = matches!(entry.origin, Origin::Bundle { .. });
    edits_at(blobs, is_bundle, &row.edits)?.ok_or_else(damaged)
}

/// Reads edits where they are kept; none where they cannot be read there.
pub(crate) fn edits_at(blobs: &dyn Blobs, is_bundle: bool, at: &EditsAt) -> Result<Option<EditSet>, StoreError> {
    let of = |bytes: &[u8]| match is_bundle {
        true => bundle::decode(bytes).map(|bundle| bundle.edits).ok(),
        false => thaw_edits(bytes),
    };
    Ok(match at {
        EditsAt::Inline(bytes) => of(bytes),
        EditsAt::Blob(name) => blobs.get(name)?.and_then(|bytes| of(&bytes)),
        EditsAt::Block(bytes) => thaw_edits(bytes),
        EditsAt::Parts(names) => Some(join(blobs, names)?),
        EditsAt::Absent => Some(EditSet::default()),
        EditsAt::Kept => None,
    })
}

/// Freezes edits quickly, for who keeps them on an old computer's disk.
pub(crate) fn pack_edits(edits: &[(RecordKey, Edit)]) -> Result<Vec<u8>, StoreError> {
    let wire = EditSet::wire_of(edits).map_err(|error| StoreError::Io(Box::new(error)))?;
    zstd::bulk::compress(&wire.encode_to_vec(), KEEP_LEVEL).map_err(|error| StoreError::Io(Box::new(error)))
}

/// Reads what [`freeze_edits`] or [`pack_edits`] made.
pub(crate) fn thaw_edits(frozen: &[u8]) -> Option<EditSet> {
    let open = decompress(frozen, bundle::MAX_OPEN_BYTES)?;
    EditSet::from_wire(wire::Edits::decode(open.as_slice()).ok()?).ok()
}

/// Joins the edits of an entry that are kept in parts, in their order.
pub(crate) fn join(blobs: &dyn Blobs, names: &[[u8; 32]]) -> Result<EditSet, StoreError> {
    let damaged = || StoreError::Damaged("a part of an entry's edits".to_owned());
    let mut edits = Vec::new();
    for name in names {
        let frozen = blobs.get(name)?.ok_or_else(damaged)?;
        edits.extend(thaw_edits(&frozen).ok_or_else(damaged)?.into_edits());
    }
    Ok(EditSet::joined(edits))
}

/// Edits that are left out because the asker holds them.
pub(crate) struct Held<'a> {
    /// Those of the bundle that it sent.
    pub(crate) bundle: Option<BundleId>,
    /// Those of entries of an earlier life, by the versions that replay them.
    pub(crate) again: &'a BTreeMap<LogVersion, EntryHash>,
}

/// A page of the log.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) fragments: Vec<wire::Fragment>,
    /// The signature over the last entry that ends in it.
    pub(crate) signature: Vec<u8>,
    /// The last version that ends in it.
    pub(crate) last: Option<LogVersion>,
}

/// Cuts the page that begins at a cursor.
pub(crate) fn cut(
    store: &dyn ReadStore,
    blobs: &dyn Blobs,
    position: &Position,
    (from, index): (LogVersion, u32),
    held: &Held<'_>,
) -> Result<Page, StoreError> {
    let mut page = Page::default();
    let mut room = MAX_PAGE_OPEN;
    let mut before = if from.get() > 0 { Some(entry_at(store, from)?.0) } else { None };
    let mut index = index;
    let mut version = from;
    while version < position.version && page.fragments.len() < MAX_PAGE_ENTRIES && room > 0 {
        version = version.next();
        let (entry, row) = entry_at(store, version)?;
        let mut fragment = head(&entry, &row, before.as_ref(), position);
        fragment.from = index;
        let own =
            matches!((&entry.origin, held.bundle), (Origin::Bundle { bundle, .. }, Some(held)) if *bundle == held);
        let again = held.again.get(&version).filter(|_| index == 0);
        if own {
            fragment.held = true;
            fragment.ends = true;
        } else if let Some(known_as) = again {
            fragment.known_as = known_as.as_bytes().to_vec();
            fragment.ends = true;
        } else {
            let edits = edits_of(blobs, &entry, &row)?;
            let rest = edits.edits().get(usize::try_from(index).unwrap_or(usize::MAX)..).unwrap_or_default();
            let taken = fitting(rest, &mut room);
            fragment.ends = taken.len() == rest.len();
            fragment.edits = Some(EditSet::wire_of(taken).map_err(|error| StoreError::Io(Box::new(error)))?);
        }
        let ends = fragment.ends;
        page.fragments.push(fragment);
        if !ends {
            break;
        }
        page.signature = row.signature.unwrap_or_default();
        page.last = Some(version);
        before = Some(entry);
        index = 0;
    }
    Ok(page)
}

/// Takes edits while there is room, at least one.
fn fitting<'e, K>(edits: &'e [(K, selaras_merge::Edit)], room: &mut usize) -> &'e [(K, selaras_merge::Edit)] {
    let mut count = 0;
    for (_, edit) in edits {
        if *room == 0 {
            break;
        }
        *room = room.saturating_sub(size_of(edit));
        count += 1;
    }
    edits.get(..count).unwrap_or(edits)
}

/// What of an entry differs from the one before; the whole of it where that would not make the same bytes.
pub(crate) fn head(entry: &LogEntry, row: &EntryRow, before: Option<&LogEntry>, position: &Position) -> wire::Fragment {
    let mut fragment = wire::Fragment::default();
    let mut news = wire::LogEntry { records: entry.records, at: entry.at, ..wire::LogEntry::default() };
    news.origin = Some(entry.origin_to_wire());
    news.first = entry.first_to_wire();
    if before.is_none_or(|before| before.pack != entry.pack) {
        news.pack = entry.pack.as_bytes().to_vec();
    }
    if before.is_none_or(|before| before.rulebook != entry.rulebook) {
        news.rulebook = entry.rulebook.as_bytes().to_vec();
    }
    for (module, digest) in entry.digests.iter().enumerate() {
        let known = before.and_then(|before| before.digests.get(module)) == Some(digest);
        if !known {
            fragment.modules.push(u32::try_from(module).unwrap_or(u32::MAX));
            news.digests.push(digest.as_bytes().to_vec());
        }
    }
    // Who does not know promises builds an entry without them: it is given the bytes.
    let whole = position.epoch == Some(entry.epoch)
        && entry.promises().is_empty()
        && before.is_none_or(|before| before.digests.len() <= entry.digests.len())
        && entry.to_bytes() == row.entry;
    if !whole {
        fragment.entry.clone_from(&row.entry);
    }
    fragment.news = Some(news);
    fragment
}
