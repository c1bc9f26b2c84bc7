//! Reading the audit log: every link is checked, what is damaged is named, and what is whole after it is given too.
//!
//! A log begins where its first file does: older ones may have been moved away, and the header of the first that is left
//! names the hash that it goes on from.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::entry::{Entry, Hash};
use super::files::{HEADER, MAX_ENTRY, Tip, files, head};

/// Damages that are told one by one.
const MAX_TOLD: usize = 20;
/// Bytes of an entry's length, and of its hash.
const LENGTH: usize = 4;
const HASH: usize = 32;

/// Why a log does not hold.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChainError {
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is not what was written.
    #[error("{0}")]
    Broken(Damages),
    /// The tip that the store keeps cannot be read or written.
    #[error("{0}")]
    Store(#[from] selaras_sync::StoreError),
}

/// A place where the log is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damage {
    /// The file's name.
    pub(crate) file: String,
    /// The number of the last entry before it.
    pub(crate) after: u64,
    pub(crate) what: &'static str,
}

/// All places where the log is not what was written, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damages(Vec<Damage>);

impl fmt::Display for Damages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Damage { file, after, what }) in self.0.iter().take(MAX_TOLD).enumerate() {
            let and = if place == 0 { "" } else { "; " };
            write!(f, "{and}the audit log is broken after entry {after} in {file}: {what}")?;
        }
        let more = self.0.len().saturating_sub(MAX_TOLD);
        if more > 0 { write!(f, "; and {more} more") } else { Ok(()) }
    }
}

/// Where the last file ends whole, where it does not end so.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Torn {
    pub(super) file: PathBuf,
    /// Bytes that are whole.
    pub(super) whole: u64,
    /// Bytes after them.
    pub(super) torn: u64,
}

/// What was found in the files.
#[derive(Debug, Default)]
pub(crate) struct LogRead {
    /// The entry before the first one: where older files were moved away, the last of them.
    pub(crate) before: Tip,
    /// The last entry.
    pub(crate) tip: Tip,
    /// What is not as it was written.
    pub(crate) damages: Vec<Damage>,
    /// What is not whole at the very end: being written now, or cut at the next start.
    pub(crate) torn: Option<Torn>,
}

impl LogRead {
    /// Gives the tip of a log without damage.
    pub(crate) fn whole(&self) -> Result<Tip, ChainError> {
        if self.damages.is_empty() { Ok(self.tip) } else { Err(ChainError::Broken(Damages(self.damages.clone()))) }
    }

    pub(super) fn is_damaged(&mut self, file: &str, after: u64, what: &'static str) {
        self.damages.push(Damage { file: file.to_owned(), after, what });
    }
}

/// Reads a log from the first file that is there.
pub(super) fn read(directory: &Path, visit: &mut dyn FnMut(Entry)) -> io::Result<LogRead> {
    let files = files(directory)?;
    let mut reading = Reading::new(visit);
    for (place, path) in files.iter().enumerate() {
        reading.file(path, place + 1 == files.len())?;
    }
    Ok(reading.log)
}

/// Reads the last file alone, from the hash that it begins with: what a centre needs to go on. Years of files are read
/// by whoever verifies.
pub(super) fn read_last(directory: &Path, visit: &mut dyn FnMut(Entry)) -> io::Result<LogRead> {
    let mut files = files(directory)?;
    let Some(last) = files.pop() else { return Ok(LogRead::default()) };
    let mut reading = Reading::new(visit);
    reading.file(&last, true)?;
    let mut log = reading.log;
    let was_being_begun = log.torn.as_ref().is_some_and(|torn| torn.whole == 0);
    if let Some(before) = files.pop().filter(|_| was_being_begun) {
        // The one before it ends the chain.
        let mut reading = Reading::new(visit);
        reading.file(&before, false)?;
        log = LogRead { torn: log.torn, ..reading.log };
    }
    Ok(log)
}

/// What stands at a place in a file.
enum Found {
    End,
    Whole(Box<Entry>, Hash, u64),
    Bad(&'static str),
}

struct Reading<'v> {
    log: LogRead,
    /// Whether the next entry has to follow the tip: not at the beginning, nor after something that could not be read.
    linked: bool,
    visit: &'v mut dyn FnMut(Entry),
}

impl<'v> Reading<'v> {
    fn new(visit: &'v mut dyn FnMut(Entry)) -> Self {
        Self { log: LogRead::default(), linked: false, visit }
    }

    fn file(&mut self, path: &Path, last: bool) -> io::Result<()> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut source = Source { file: BufReader::new(File::open(path)?), length: fs::metadata(path)?.len() };
        let mut whole = HEADER as u64;
        match source.header()?.map(|previous| beginning(path, previous)) {
            Some(Some(begins)) => self.begins(&name, begins),
            Some(None) => self.log.is_damaged(&name, self.log.tip.number, "its name is no number"),
            None if last && source.whole_after(0)?.is_none() => {
                self.log.torn = Some(source.torn(path, 0));
                return Ok(());
            }
            None => {
                self.log.is_damaged(&name, self.log.tip.number, "a file without a beginning");
                self.linked = false;
                let Some(place) = source.whole_after(0)? else { return Ok(()) };
                whole = place;
            }
        }
        source.go_to(whole)?;
        loop {
            match source.next()? {
                Found::End => return Ok(()),
                Found::Whole(entry, hash, bytes) => {
                    whole += bytes;
                    self.entry(&name, *entry, hash);
                }
                Found::Bad(what) => {
                    let goes_on = source.whole_after(whole + 1)?;
                    if goes_on.is_none() && last {
                        self.log.torn = Some(source.torn(path, whole));
                        return Ok(());
                    }
                    self.log.is_damaged(&name, self.log.tip.number, what);
                    self.linked = false;
                    let Some(place) = goes_on else { return Ok(()) };
                    source.go_to(place)?;
                    whole = place;
                }
            }
        }
    }

    /// A file says which entry it goes on from.
    fn begins(&mut self, name: &str, begins: Tip) {
        let tip = self.log.tip;
        let is_first = self.log.tip == Tip::default() && self.log.damages.is_empty();
        if is_first {
            self.log.before = begins;
            if begins.number == 0 && begins.hash != Hash::default() {
                self.log.is_damaged(name, 0, "the first file goes on from something");
            }
        } else if self.linked && begins.number > tip.number {
            self.log.is_damaged(name, tip.number, "the entries before it are missing");
        } else if self.linked && begins != tip {
            self.log.is_damaged(name, tip.number, "the file does not go on from the entry before");
        }
        (self.log.tip, self.linked) = (begins, true);
    }

    fn entry(&mut self, name: &str, entry: Entry, hash: Hash) {
        let tip = self.log.tip;
        if self.linked && (entry.number != tip.number + 1 || entry.previous != tip.hash) {
            self.log.is_damaged(name, tip.number, "an entry that does not follow the one before");
        }
        (self.log.tip, self.linked) = (Tip { number: entry.number, hash }, true);
        (self.visit)(entry);
    }
}

/// The entry that a file goes on from; none where its name is no number.
fn beginning(path: &Path, previous: Hash) -> Option<Tip> {
    let first = path.file_stem()?.to_str()?.parse::<u64>().ok()?;
    Some(Tip { number: first.checked_sub(1)?, hash: previous })
}

/// A file that is being read.
struct Source {
    file: BufReader<File>,
    length: u64,
}

impl Source {
    fn torn(&self, path: &Path, whole: u64) -> Torn {
        Torn { file: path.to_owned(), whole, torn: self.length.saturating_sub(whole) }
    }

    fn go_to(&mut self, place: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(place)).map(drop)
    }

    /// The hash that the file goes on from; none where it does not begin as a file of the log.
    fn header(&mut self) -> io::Result<Option<Hash>> {
        let Some(header) = take::<HEADER>(&mut self.file)? else { return Ok(None) };
        let previous = header.last_chunk::<HASH>().copied().unwrap_or_default();
        Ok((header == head(&previous)).then_some(previous))
    }

    fn next(&mut self) -> io::Result<Found> {
        let mut length = [0; LENGTH];
        match read_up_to(&mut self.file, &mut length)? {
            0 => return Ok(Found::End),
            LENGTH => {}
            _ => return Ok(Found::Bad("a file that was cut")),
        }
        let size = u32::from_be_bytes(length);
        if size > MAX_ENTRY {
            return Ok(Found::Bad("an entry too long to be one"));
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
        let read = read_up_to(&mut self.file, &mut bytes)?;
        let (true, Some(hash)) = (read == bytes.len(), take::<HASH>(&mut self.file)?) else {
            return Ok(Found::Bad("a file that was cut"));
        };
        let Some(entry) = Entry::from_bytes(&bytes) else { return Ok(Found::Bad("what is no entry")) };
        if entry.hash() != hash {
            return Ok(Found::Bad("an entry that was changed"));
        }
        Ok(Found::Whole(Box::new(entry), hash, (LENGTH + HASH) as u64 + u64::from(size)))
    }

    /// Finds the next place from here on at which a whole entry stands. A file is read into memory for it, which is done
    /// where one is damaged only.
    fn whole_after(&mut self, place: u64) -> io::Result<Option<u64>> {
        self.go_to(place)?;
        let mut rest = Vec::new();
        self.file.read_to_end(&mut rest)?;
        let found = (0..rest.len()).find(|start| rest.get(*start..).is_some_and(is_entry));
        Ok(found.and_then(|start| u64::try_from(start).ok()).map(|start| place + start))
    }
}

/// Whether bytes begin with a whole entry.
fn is_entry(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH>() else { return false };
    let size = u32::from_be_bytes(*length);
    if size == 0 || size > MAX_ENTRY {
        return false;
    }
    let Some((body, rest)) = usize::try_from(size).ok().and_then(|size| rest.split_at_checked(size)) else {
        return false;
    };
    let hash = rest.first_chunk::<HASH>();
    Entry::from_bytes(body).is_some_and(|entry| Some(&entry.hash()) == hash)
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
