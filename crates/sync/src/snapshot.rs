//! The log from its beginning, as one file: what a new or empty computer takes instead of page after page.
//!
//! It is the same pages in smaller frames, in one zstd stream, so that alike values compress together and either end
//! needs memory for a frame only. Nothing in it is trusted more than a page is: the chain of entries and the centre's
//! signatures are in it, and all of it is checked before any of it is used. A snapshot of documents would have to carry
//! automerge's bytes from outside, which this protocol avoids, and would be larger: 1.21 to 1.30 times the JSON lines
//! against 0.94.

use std::io::{self, Read, Write};

use prost::Message;
use selaras_merge::Edit;
use selaras_model::{LogVersion, RecordKey};

use crate::edits::{EditSet, size_of};
use crate::entry::LogEntry;
use crate::page::{edits_of, entry_at, head};
use crate::state::Position;
use crate::store::{Blobs, ReadStore, StoreError};
use crate::wire;

/// What a snapshot begins with, inside its compression.
const MAGIC: &[u8; 16] = b"selaras-snap-1\r\n";
/// Edits in a frame, before compression: what either end holds at a time. Smaller ones compress a little worse.
const FRAME_OPEN: usize = 2 << 20;
/// Entries in a frame.
const FRAME_ENTRIES: usize = 200;
/// The largest frame: one edit at its limit, and what stands before it.
const MAX_FRAME: usize = 4 << 20;
/// The level and the window (2 to the power of) of the compression: written once for many readers, at 593,057 bytes for
/// 1,500 students against 619,706 at level 15. A window of 4 MiB is what the reading end holds.
const LEVEL: i32 = 19;
const WINDOW: u32 = 22;
/// A log with more records than this is offered as a snapshot.
pub(crate) const LONG_LOG: u64 = 2_000;

/// Why a snapshot cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file could not be read or decompressed.
    #[error("the snapshot cannot be read")]
    Io(#[from] io::Error),
    /// It is not a snapshot, or its frames are not as they should be.
    #[error("the snapshot is malformed")]
    Malformed,
}

/// A stretch of the log: one message as in an answer, and where it begins.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Frame {
    pub(crate) from: (LogVersion, u32),
    pub(crate) message: Vec<u8>,
}

/// Reads a snapshot frame by frame.
pub struct Snapshot<R: Read> {
    source: zstd::stream::read::Decoder<'static, io::BufReader<R>>,
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame({:?}, {} bytes)", self.from, self.message.len())
    }
}

impl<R: Read> std::fmt::Debug for Snapshot<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
}

impl<R: Read> Snapshot<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// [`SnapshotError`].
    pub fn open(file: R) -> Result<Self, SnapshotError> {
        let mut source = zstd::stream::read::Decoder::new(file)?;
        source.window_log_max(WINDOW)?;
        let mut magic = [0; MAGIC.len()];
        source.read_exact(&mut magic)?;
        if &magic == MAGIC { Ok(Self { source }) } else { Err(SnapshotError::Malformed) }
    }

    /// Gives the next frame; none at the end.
    ///
    /// # Errors
    /// [`SnapshotError`].
    pub fn next_frame(&mut self) -> Result<Option<Frame>, SnapshotError> {
        let mut head = [0; 16];
        match self.source.read_exact(head.get_mut(..1).unwrap_or_default()) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        self.source.read_exact(head.get_mut(1..).unwrap_or_default())?;
        let (version, rest) = head.split_first_chunk::<8>().ok_or(SnapshotError::Malformed)?;
        let (index, rest) = rest.split_first_chunk::<4>().ok_or(SnapshotError::Malformed)?;
        let length: [u8; 4] = rest.try_into().map_err(|_| SnapshotError::Malformed)?;
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| SnapshotError::Malformed)?;
        if length > MAX_FRAME {
            return Err(SnapshotError::Malformed);
        }
        let mut message = vec![0; length];
        self.source.read_exact(&mut message)?;
        let from = (LogVersion::new(u64::from_be_bytes(*version)), u32::from_be_bytes(*index));
        Ok(Some(Frame { from, message }))
    }
}

/// Writes frames: what of the log goes into which.
struct Writer<'w, W: Write> {
    out: zstd::stream::write::Encoder<'static, W>,
    position: &'w Position,
    today: i32,
    from: (LogVersion, u32),
    page: Vec<wire::Fragment>,
    signature: Vec<u8>,
    room: usize,
}

/// Writes the snapshot of the log up to a position.
pub(crate) fn write<W: Write>(
    store: &dyn ReadStore,
    blobs: &dyn Blobs,
    position: &Position,
    today: i32,
    out: W,
) -> Result<W, StoreError> {
    let mut out = zstd::stream::write::Encoder::new(out, LEVEL).map_err(failed)?;
    out.window_log(WINDOW).map_err(failed)?;
    out.write_all(MAGIC).map_err(failed)?;
    let start = (LogVersion::new(0), 0);
    let (page, signature) = (Vec::new(), Vec::new());
    let mut writer = Writer { out, position, today, from: start, page, signature, room: FRAME_OPEN };
    let mut before: Option<LogEntry> = None;
    let mut version = LogVersion::new(0);
    while version < position.version {
        version = version.next();
        let (entry, row) = entry_at(store, version)?;
        let news = head(&entry, &row, before.as_ref(), position);
        let edits = edits_of(blobs, &entry, &row)?;
        writer.entry(&news, edits.edits(), row.signature.unwrap_or_default(), version)?;
        before = Some(entry);
    }
    writer.flush(version, 0)?;
    writer.out.finish().map_err(failed)
}

impl<W: Write> Writer<'_, W> {
    fn entry(
        &mut self,
        news: &wire::Fragment,
        edits: &[(RecordKey, Edit)],
        signature: Vec<u8>,
        version: LogVersion,
    ) -> Result<(), StoreError> {
        let mut rest = edits;
        let mut index = 0;
        loop {
            let mut count = 0;
            for (_, edit) in rest {
                if self.room == 0 {
                    break;
                }
                self.room = self.room.saturating_sub(size_of(edit));
                count += 1;
            }
            let (taken, left) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            let ends = left.is_empty();
            let edits = EditSet::wire_of(taken).map_err(|error| StoreError::Io(Box::new(error)))?;
            self.page.push(wire::Fragment { from: index, ends, edits: Some(edits), ..news.clone() });
            index += u32::try_from(taken.len()).unwrap_or(u32::MAX);
            rest = left;
            if ends {
                self.signature = signature;
                break;
            }
            self.flush(LogVersion::new(version.get() - 1), index)?;
        }
        if self.room == 0 || self.page.len() >= FRAME_ENTRIES {
            self.flush(version, 0)?;
        }
        Ok(())
    }

    /// Ends a frame; the next begins at this place.
    fn flush(&mut self, version: LogVersion, index: u32) -> Result<(), StoreError> {
        let from = std::mem::replace(&mut self.from, (version, index));
        self.room = FRAME_OPEN;
        if self.page.is_empty() {
            return Ok(());
        }
        let message = wire::ExchangeResponse {
            page: std::mem::take(&mut self.page),
            signature: std::mem::take(&mut self.signature),
            epoch: self.position.epoch.map(|epoch| epoch.as_bytes().to_vec()).unwrap_or_default(),
            head: self.position.version.get(),
            today: self.today,
            ..wire::ExchangeResponse::default()
        }
        .encode_to_vec();
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        let (version, index) = from;
        for part in [&version.get().to_be_bytes()[..], &index.to_be_bytes(), &length.to_be_bytes(), &message] {
            self.out.write_all(part).map_err(failed)?;
        }
        Ok(())
    }
}

fn failed(error: io::Error) -> StoreError {
    if error.kind() == io::ErrorKind::StorageFull { StoreError::Full } else { StoreError::Io(Box::new(error)) }
}
