//! The audit log's files: `NNNNNNNNNNNNNNNNNNNN.log`, named by the number of their first entry.
//!
//! A file begins with the 16 bytes `selaras audit\r\n\0`, the format (`u32`, now 1) and the hash before its first entry
//! (32). Then come entries: length of the canonical bytes (`u32`), the bytes, their hash (32). What is not whole at the
//! end of the last file was never acknowledged, and is cut when the centre starts; anything else that is not as written
//! is tampering, and stays for whoever looks.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use super::entry::{Entry, Hash};

const MAGIC: &[u8; 16] = b"selaras audit\r\n\0";
const FORMAT: u32 = 1;
const HEADER: usize = 52;
/// A file that has grown over this is followed by another.
pub(super) const MAX_FILE_BYTES: u64 = 64 << 20;
/// The longest entry, in canonical bytes: six texts and what stands around them.
const MAX_ENTRY: u32 = 8 << 10;

/// Why a log cannot be read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChainError {
    #[error("{0}")]
    Io(#[from] io::Error),
    /// What is written after this entry is not what was written.
    #[error("the audit log is broken after entry {after} in {file}: {what}")]
    Broken { after: u64, file: String, what: &'static str },
}

/// Where the chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tip {
    /// The number of the last entry; 0 for none.
    pub(crate) number: u64,
    /// Its hash.
    pub(crate) hash: Hash,
}

/// Where the last file ends whole, where it does not end so.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Torn {
    pub(super) file: PathBuf,
    /// Bytes that are whole.
    pub(super) whole: u64,
    /// Bytes after them.
    pub(super) torn: u64,
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

/// Reads a log from its beginning, checking every link; gives the tip, and what is torn at the very end.
pub(super) fn read(directory: &Path, visit: &mut dyn FnMut(Entry)) -> Result<(Tip, Option<Torn>), ChainError> {
    let files = files(directory)?;
    let mut tip = Tip::default();
    for (place, path) in files.iter().enumerate() {
        let last = place + 1 == files.len();
        if let Some(torn) = read_file(path, &mut tip, last, visit)? {
            return Ok((tip, Some(torn)));
        }
    }
    Ok((tip, None))
}

/// Reads the last file alone, from the hash that it begins with: what a centre needs to go on. Years of files are read
/// by whoever verifies.
pub(super) fn read_last(directory: &Path) -> Result<(Tip, Option<Torn>), ChainError> {
    let mut files = files(directory)?;
    let Some(last) = files.pop() else { return Ok((Tip::default(), None)) };
    if fs::metadata(&last)?.len() >= HEADER as u64 {
        let mut tip = beginning(&last)?;
        let torn = read_file(&last, &mut tip, true, &mut |_| {})?;
        return Ok((tip, torn));
    }
    // It was being begun: the one before it ends the chain.
    let mut tip = Tip::default();
    if let Some(before) = files.pop() {
        tip = beginning(&before)?;
        read_file(&before, &mut tip, false, &mut |_| {})?;
    }
    let torn = fs::metadata(&last)?.len();
    Ok((tip, Some(Torn { file: last, whole: 0, torn })))
}

/// What a file says of the entry before its first.
fn beginning(path: &Path) -> Result<Tip, ChainError> {
    let broken = |what| ChainError::Broken { after: 0, file: path.display().to_string(), what };
    let header = take::<HEADER>(&mut File::open(path)?)?.ok_or_else(|| broken("a file without a beginning"))?;
    let hash = header.last_chunk::<32>().copied().unwrap_or_default();
    let first = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<u64>().ok());
    let number = first.and_then(|first| first.checked_sub(1)).ok_or_else(|| broken("its name is no number"))?;
    Ok(Tip { number, hash })
}

fn read_file(path: &Path, tip: &mut Tip, last: bool, visit: &mut dyn FnMut(Entry)) -> Result<Option<Torn>, ChainError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let broken = |tip: &Tip, what| ChainError::Broken { after: tip.number, file: name.clone(), what };
    let length = fs::metadata(path)?.len();
    let torn = |whole: u64| Torn { file: path.to_owned(), whole, torn: length.saturating_sub(whole) };
    let mut file = BufReader::new(File::open(path)?);
    let Some(header) = take::<HEADER>(&mut file)? else {
        return if last { Ok(Some(torn(0))) } else { Err(broken(tip, "a file without a beginning")) };
    };
    if header != head(&tip.hash) {
        return Err(broken(tip, "the file does not go on from the entry before"));
    }
    if path != file_at(path.parent().unwrap_or(Path::new("")), tip.number + 1) {
        return Err(broken(tip, "the file is named by another number"));
    }
    let mut whole = HEADER as u64;
    loop {
        let Some(size) = take::<4>(&mut file)? else {
            return Ok((last && whole < length).then(|| torn(whole)));
        };
        let size = u32::from_be_bytes(size);
        if size > MAX_ENTRY {
            return Err(broken(tip, "an entry too long to be one"));
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
        let read = read_up_to(&mut file, &mut bytes)?;
        let hash = take::<32>(&mut file)?;
        let (true, Some(hash)) = (read == bytes.len(), hash) else {
            return if last { Ok(Some(torn(whole))) } else { Err(broken(tip, "a file that was cut")) };
        };
        let entry = Entry::from_bytes(&bytes).ok_or_else(|| broken(tip, "what is no entry"))?;
        if entry.hash() != hash {
            return Err(broken(tip, "an entry that was changed"));
        }
        if entry.number != tip.number + 1 || entry.previous != tip.hash {
            return Err(broken(tip, "an entry that does not follow the one before"));
        }
        *tip = Tip { number: entry.number, hash };
        whole += 4 + u64::from(size) + 32;
        visit(entry);
    }
}

fn head(previous: &Hash) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    for (to, from) in header.iter_mut().zip(MAGIC.iter().chain(&FORMAT.to_be_bytes()).chain(previous)) {
        *to = *from;
    }
    header
}

/// Reads a fixed number of bytes; none where fewer are left.
fn take<const N: usize>(file: &mut impl Read) -> io::Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    Ok((read_up_to(file, &mut bytes)? == N).then_some(bytes))
}

fn read_up_to(file: &mut impl Read, bytes: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
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

    fn begin(directory: &Path, tip: Tip) -> io::Result<Self> {
        let path = file_at(directory, tip.number + 1);
        let mut file = OpenOptions::new().append(true).create_new(true).open(path)?;
        file.write_all(&head(&tip.hash))?;
        file.sync_all()?;
        File::open(directory)?.sync_all()?;
        Ok(Self { directory: directory.to_owned(), file, bytes: HEADER as u64, tip })
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
