//! What is inside a backup, as bytes: frames one after another, closed by their number and their hash.

use std::io::{self, Read, Write};

use selaras_model::Npsn;
use serde::{Deserialize, Serialize};

/// What a backup begins with, inside its encryption.
pub(super) const MAGIC: &[u8; 16] = b"selaras backup\r\n";
/// The format that this version writes, and the newest that it reads.
pub(super) const FORMAT: u32 = 1;
/// The largest body of a frame: a row at a commit's limit, and its key.
const MAX_BODY: usize = 2 << 20;
const CONTEXT: &str = "selaras 1 backup";

const HEAD: u8 = 1;
const ROW: u8 = 2;
const PIECE: u8 = 3;
const END: u8 = 4;

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// The school.
    pub(crate) npsn: Npsn,
    /// When it was made, by the clock of the computer; shown, never used to decide.
    pub(crate) at: i64,
    /// The program that made it.
    pub(crate) app: String,
    /// The format of the store that its rows are of.
    pub(crate) store_format: u32,
    /// Where in the school's log it stands.
    pub(crate) version: u64,
    /// Records with unsent edits.
    pub(crate) drafts: u64,
    /// Records in the outbox.
    pub(crate) outbox: u64,
}

/// How much is in a backup.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Rows of the store.
    pub(crate) rows: u64,
    /// Files beside it: bundles, staged imports, snapshots.
    pub(crate) files: u64,
}

/// A frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The first one.
    Head(Head),
    /// A row as it is kept: the space's byte, the key, the value.
    Row { space: u8, key: Vec<u8>, value: Vec<u8> },
    /// The next bytes of the file of this name.
    Piece { name: [u8; 32], bytes: Vec<u8> },
}

/// Why bytes are no backup.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Broken {
    /// They are not as they were written, or end too early.
    Damaged,
    /// A later version wrote them.
    Newer(u32),
}

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Broken {
        Broken::Damaged
    }
}

/// Counts and hashes what goes by.
struct Tally {
    counts: Counts,
    hash: blake3::Hasher,
    file: Option<[u8; 32]>,
}

impl Tally {
    fn new() -> Tally {
        Tally { counts: Counts::default(), hash: blake3::Hasher::new_derive_key(CONTEXT), file: None }
    }

    fn piece_of(&mut self, name: [u8; 32]) {
        if self.file != Some(name) {
            self.file = Some(name);
            self.counts.files += 1;
        }
    }

    fn end(&self) -> Vec<u8> {
        let mut body = self.counts.rows.to_be_bytes().to_vec();
        body.extend_from_slice(&self.counts.files.to_be_bytes());
        body.extend_from_slice(self.hash.finalize().as_bytes());
        body
    }
}

/// Writes frames.
pub(super) struct FrameWriter<W: Write> {
    out: W,
    tally: Tally,
}

impl<W: Write> FrameWriter<W> {
    pub(super) fn new(out: W) -> FrameWriter<W> {
        FrameWriter { out, tally: Tally::new() }
    }

    pub(super) fn put(&mut self, frame: &Frame) -> io::Result<()> {
        match frame {
            Frame::Head(head) => self.frame(HEAD, &[&serde_json::to_vec(head)?]),
            Frame::Row { space, key, value } => {
                self.tally.counts.rows += 1;
                let length = u16::try_from(key.len()).map_err(io::Error::other)?.to_be_bytes();
                self.frame(ROW, &[&[*space], &length, key, value])
            }
            Frame::Piece { name, bytes } => {
                self.tally.piece_of(*name);
                self.frame(PIECE, &[name, bytes])
            }
        }
    }

    /// Writes the end; gives what was counted and the writer below.
    pub(super) fn finish(mut self) -> io::Result<(Counts, W)> {
        let end = self.tally.end();
        self.frame(END, &[&end])?;
        Ok((self.tally.counts, self.out))
    }

    fn frame(&mut self, kind: u8, parts: &[&[u8]]) -> io::Result<()> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let length = u32::try_from(length).ok().filter(|_| length <= MAX_BODY);
        let length = length.ok_or_else(|| io::Error::other("a frame over its limit"))?.to_be_bytes();
        for part in [&[kind][..], &length].iter().chain(parts) {
            self.tally.hash.update(part);
            self.out.write_all(part)?;
        }
        Ok(())
    }
}

/// Reads frames, and holds them to what the last one says.
pub(super) struct FrameReader<R: Read> {
    source: R,
    tally: Tally,
    ended: bool,
}

impl<R: Read> FrameReader<R> {
    pub(super) fn new(source: R) -> FrameReader<R> {
        FrameReader { source, tally: Tally::new(), ended: false }
    }

    /// The next frame; none after the last, which was what was counted, and behind which there is nothing.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, Broken> {
        if self.ended {
            return Ok(None);
        }
        let mut before = [0; 5];
        self.source.read_exact(&mut before)?;
        let [kind, length @ ..] = before;
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| Broken::Damaged)?;
        if length > MAX_BODY {
            return Err(Broken::Damaged);
        }
        let mut body = vec![0; length];
        self.source.read_exact(&mut body)?;
        if kind == END {
            let nothing_behind = self.source.read(&mut [0])? == 0;
            self.ended = body == self.tally.end() && nothing_behind;
            return if self.ended { Ok(None) } else { Err(Broken::Damaged) };
        }
        self.tally.hash.update(&before).update(&body);
        self.read(kind, body).ok_or(Broken::Damaged).map(Some)
    }

    pub(super) fn counts(&self) -> Counts {
        self.tally.counts
    }

    fn read(&mut self, kind: u8, mut body: Vec<u8>) -> Option<Frame> {
        match kind {
            HEAD => serde_json::from_slice(&body).ok().map(Frame::Head),
            ROW => {
                self.tally.counts.rows += 1;
                let (&[space, high, low], rest) = body.split_first_chunk::<3>()?;
                let (key, value) = rest.split_at_checked(usize::from(u16::from_be_bytes([high, low])))?;
                Some(Frame::Row { space, key: key.to_vec(), value: value.to_vec() })
            }
            PIECE => {
                let name = *body.first_chunk::<32>()?;
                self.tally.piece_of(name);
                Some(Frame::Piece { name, bytes: body.split_off(32) })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn sample() -> Vec<Frame> {
        let head = Head {
            npsn: "99999999".parse().unwrap(),
            at: 1_795_500_000,
            app: "0.1.0".to_owned(),
            store_format: 1,
            version: 7,
            drafts: 1,
            outbox: 2,
        };
        let row = Frame::Row { space: 0x14, key: b"99999999key".to_vec(), value: b"value".to_vec() };
        let piece = |bytes: &[u8]| Frame::Piece { name: [7; 32], bytes: bytes.to_vec() };
        vec![Frame::Head(head), row, piece(b"bun"), piece(b"dle")]
    }

    fn written() -> Vec<u8> {
        let mut writer = FrameWriter::new(Vec::new());
        for frame in sample() {
            writer.put(&frame).unwrap();
        }
        let (counts, bytes) = writer.finish().unwrap();
        assert_eq!(counts, Counts { rows: 1, files: 1 });
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Vec<Frame>, Broken> {
        let mut reader = FrameReader::new(bytes);
        let mut frames = Vec::new();
        while let Some(frame) = reader.next()? {
            frames.push(frame);
        }
        Ok(frames)
    }

    #[test]
    fn frames_are_written_as_ever_and_read() {
        let hex: String = written().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, include_str!("golden.txt").trim(), "the format of a backup changed");
        assert_eq!(read(&written()).unwrap(), sample());
    }

    #[test]
    fn what_is_cut_altered_or_longer_is_no_backup() {
        let whole = written();
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "cut at {length}");
        }
        for place in 0..whole.len() {
            let mut altered = whole.clone();
            altered[place] ^= 1;
            assert!(read(&altered).is_err(), "altered at {place}");
        }
        assert!(read(&[whole.as_slice(), b"x"].concat()).is_err());
    }
}
