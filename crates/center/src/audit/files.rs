//! The audit log's files: `NNNNNNNNNNNNNNNNNNNN.log`, named by the number of their first entry.
//!
//! A file begins with the 16 bytes `selaras audit\r\n\0`, the format (`u32`, now 1) and the hash before its first entry
//! (32). Then come entries: length of the canonical bytes (`u32`), the bytes, their hash (32). Where no whole entry stands
//! any more at the end of the last file, that end was never acknowledged, and is cut when the centre starts; anything else
//! that is not as written is tampering or a worn disk, and stays for whoever looks.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::entry::{Entry, Hash, hex};
use super::reading::Torn;

const MAGIC: &[u8; 16] = b"selaras audit\r\n\0";
const FORMAT: u32 = 1;
/// Bytes before the first entry.
pub(super) const HEADER: usize = 52;
/// A file that has grown over this is followed by another.
pub(super) const MAX_FILE_BYTES: u64 = 64 << 20;
/// The longest entry, in canonical bytes: six texts and what stands around them.
pub(super) const MAX_ENTRY: u32 = 8 << 10;

/// Where the chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Tip {
    /// The number of the last entry; 0 for none.
    pub(crate) number: u64,
    /// Its hash.
    #[serde(with = "hex")]
    pub(crate) hash: Hash,
}

/// The files of a log in order.
pub(super) fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for file in fs::read_dir(directory)? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// What a file begins with.
pub(super) fn head(previous: &Hash) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    for (to, from) in header.iter_mut().zip(MAGIC.iter().chain(&FORMAT.to_be_bytes()).chain(previous)) {
        *to = *from;
    }
    header
}

pub(super) fn file_at(directory: &Path, first: u64) -> PathBuf {
    directory.join(format!("{first:020}.log"))
}

/// The file that entries are appended to.
pub(super) struct Tail {
    directory: PathBuf,
    file: File,
    bytes: u64,
    tip: Tip,
}

impl Tail {
    /// Goes on after a tip: in the last file, or in a new one.
    pub(super) fn open(directory: &Path, tip: Tip) -> io::Result<Self> {
        match files(directory)?.pop() {
            Some(path) => {
                let file = OpenOptions::new().append(true).open(&path)?;
                let bytes = file.metadata()?.len();
                Ok(Self { directory: directory.to_owned(), file, bytes, tip })
            }
            None => Self::begin(directory, tip),
        }
    }

    /// Goes on after a tip in a new file.
    pub(super) fn begin(directory: &Path, tip: Tip) -> io::Result<Self> {
        let path = file_at(directory, tip.number + 1);
        let mut file = OpenOptions::new().append(true).create_new(true).open(path)?;
        file.write_all(&head(&tip.hash))?;
        file.sync_all()?;
        File::open(directory)?.sync_all()?;
        Ok(Self { directory: directory.to_owned(), file, bytes: HEADER as u64, tip })
    }

    /// The last entry.
    pub(super) fn tip(&self) -> Tip {
        self.tip
    }

    /// Lets the file look as long as it would be after years.
    #[cfg(test)]
    pub(super) fn pretend_bytes(&mut self, bytes: u64) {
        self.bytes = bytes;
    }

    /// Writes to another file until told otherwise; gives the one before.
    #[cfg(test)]
    pub(super) fn swap(&mut self, file: File) -> File {
        std::mem::replace(&mut self.file, file)
    }

    /// Appends entries and makes them durable, all by one sync; on failure none of them is there.
    pub(super) fn append(&mut self, events: impl Iterator<Item = (i64, super::entry::Event)>) -> io::Result<()> {
        if self.bytes > MAX_FILE_BYTES {
            *self = Self::begin(&self.directory, self.tip)?;
        }
        let (mut bytes, mut tip) = (Vec::new(), self.tip);
        for (at, event) in events {
            let entry = Entry { number: tip.number + 1, at, event, previous: tip.hash };
            let body = entry.to_bytes();
            tip = Tip { number: entry.number, hash: entry.hash() };
            bytes.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(&body);
            bytes.extend_from_slice(&tip.hash);
        }
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // What got there is taken back, so that the next attempt goes on from a whole entry.
            self.file.set_len(self.bytes)?;
            return Err(error);
        }
        self.bytes += bytes.len() as u64;
        self.tip = tip;
        Ok(())
    }
}

/// Cuts off what is torn at the end of the last file.
pub(super) fn mend(torn: &Torn) -> io::Result<()> {
    if torn.whole == 0 {
        return fs::remove_file(&torn.file);
    }
    let file = OpenOptions::new().write(true).open(&torn.file)?;
    file.set_len(torn.whole)?;
    file.sync_all()
}
