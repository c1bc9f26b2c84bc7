//! Snapshots of schools' logs: files that never change, made when somebody begins, kept while they may be fetched.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use selaras_model::{EntryHash, Npsn};
use selaras_sync::{Centre, CentreError, Head, Offer, StoreError};

/// How long a snapshot is kept after its school's log has gone on: whoever fetches it on a bad line may finish.
const KEPT: Duration = Duration::from_secs(2 * 24 * 3_600);
/// Digits of the entry's hash in a file's name.
const ENTRY_DIGITS: usize = 32;
const UNFINISHED: &str = "unfinished";

/// The directory of all snapshots: `snapshots/NPSN/ENTRY-HASH`.
pub(crate) struct Snapshots {
    root: PathBuf,
}

impl Snapshots {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Gives the snapshot of a school's present log, made if it is not there yet; the caller holds the school's lock.
    pub(crate) fn offer(&self, npsn: Npsn, centre: &Centre<'_>) -> Result<Option<Offer>, CentreError> {
        let Head { version, entry: Some(entry) } = centre.head()? else { return Ok(None) };
        let directory = self.root.join(npsn.to_string());
        let known = self.known(&directory, &entry).map_err(disk)?;
        let (hash, bytes) = match known {
            Some(known) => known,
            None => make(&directory, &entry, centre)?,
        };
        Ok(Some(Offer { version, hash, bytes }))
    }

    /// Opens a snapshot by its hash.
    pub(crate) fn open(&self, npsn: Npsn, hash: &str) -> io::Result<Option<File>> {
        let wanted = format!("-{hash}");
        let found = names(&self.root.join(npsn.to_string()))?.into_iter().find(|path| ends(path, &wanted));
        found.map(File::open).transpose()
    }

    fn known(&self, directory: &Path, entry: &EntryHash) -> io::Result<Option<([u8; 32], u64)>> {
        let wanted = named(entry);
        for path in names(directory)? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Some(hash) = name.strip_prefix(&wanted).and_then(|hash| blake3::Hash::from_hex(hash).ok()) else {
                continue;
            };
            // Whoever begins would fetch a damaged one, find that out, and be offered it again.
            match hash_of(&path)? {
                (found, bytes) if found == hash => return Ok(Some((*hash.as_bytes(), bytes))),
                _ => fs::remove_file(&path)?,
            }
        }
        Ok(None)
    }
}

fn make(directory: &Path, entry: &EntryHash, centre: &Centre<'_>) -> Result<([u8; 32], u64), CentreError> {
    fs::create_dir_all(directory).map_err(disk)?;
    drop_old(directory).map_err(disk)?;
    let unfinished = directory.join(UNFINISHED);
    let out = Hashing { out: BufWriter::new(File::create(&unfinished).map_err(disk)?), hash: blake3::Hasher::new() };
    let Hashing { out, hash } = centre.snapshot(out)?;
    let file = out.into_inner().map_err(|error| disk(error.into_error()))?;
    file.sync_all().map_err(disk)?;
    let bytes = file.metadata().map_err(disk)?.len();
    let hash = hash.finalize();
    fs::rename(&unfinished, directory.join(format!("{}{}", named(entry), hash.to_hex()))).map_err(disk)?;
    Ok((*hash.as_bytes(), bytes))
}

/// Gives a file's hash and its length.
fn hash_of(path: &Path) -> io::Result<(blake3::Hash, u64)> {
    let mut hasher = blake3::Hasher::new();
    let bytes = io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok((hasher.finalize(), bytes))
}

/// Drops snapshots of a log that has gone on since.
fn drop_old(directory: &Path) -> io::Result<()> {
    let now = SystemTime::now();
    for path in names(directory)? {
        let made = fs::metadata(&path)?.modified()?;
        if now.duration_since(made).is_ok_and(|age| age > KEPT) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn named(entry: &EntryHash) -> String {
    let mut name = entry.to_string();
    name.truncate(ENTRY_DIGITS);
    name.push('-');
    name
}

fn names(directory: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn ends(path: &Path, wanted: &str) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(wanted))
}

fn disk(error: io::Error) -> CentreError {
    let full = error.kind() == io::ErrorKind::StorageFull;
    CentreError::Store(if full { StoreError::Full } else { StoreError::Io(Box::new(error)) })
}

/// Hashes what it passes on.
struct Hashing<W: Write> {
    out: W,
    hash: blake3::Hasher,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_damaged_snapshot_is_not_offered_again() {
        let directory = tempfile::tempdir().unwrap();
        let (snapshots, entry) = (Snapshots::new(directory.path().to_owned()), EntryHash::from_bytes([7; 32]));
        let hash = blake3::hash(b"a log");
        let path = directory.path().join(format!("{}{}", named(&entry), hash.to_hex()));
        fs::write(&path, b"a log").unwrap();
        assert_eq!(snapshots.known(directory.path(), &entry).unwrap(), Some((*hash.as_bytes(), 5)));
        fs::write(&path, b"a lob").unwrap();
        assert_eq!(snapshots.known(directory.path(), &entry).unwrap(), None);
        assert!(!path.exists());
    }
}
