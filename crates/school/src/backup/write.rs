//! Writing a backup: streamed into a file of another name, synced, read back, and only then given its own.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use selaras_storage::{FileBlobs, SchoolStore};
use selaras_sync::{Blobs, StoreError};

use super::frames::{Counts, FORMAT, Frame, FrameWriter, Head, MAGIC};
use super::key::BackupKey;
use super::read::BackupReader;
use crate::failure::Failure;

/// zstd's level: a day's backup must not keep an old computer busy.
const LEVEL: i32 = 3;
/// Bytes of a file beside the store in one frame.
const PIECE_BYTES: u64 = 256 << 10;

/// Writes a backup of all that a store holds, and reads it back.
///
/// # Errors
/// `backup.exists` for a file that is there already, `backup.unwritable`, `backup.not-verified` when what was read back is
/// not what was written; then no file has the name.
pub(crate) fn write(
    path: &Path,
    key: &BackupKey,
    head: &Head,
    store: &SchoolStore,
    blobs: &FileBlobs,
) -> Result<Counts, Failure> {
    if path.exists() {
        return Err(Failure::new("backup.exists").arg("file", path.display()));
    }
    let unfinished = unfinished(path);
    let written = stream(&unfinished, key, head, store, blobs).and_then(|(counts, back)| {
        let read = BackupReader::begin(back, path).and_then(BackupReader::read_all).map_err(|_| not_verified(path))?;
        if read != (head.clone(), counts) {
            return Err(not_verified(path));
        }
        std::fs::rename(&unfinished, path).map_err(|_| unwritable(path))?;
        crate::platform::sync_parent(path).map_err(|_| unwritable(path))?;
        Ok(counts)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    written
}

/// Reads a backup from its first byte to its last; says what it is of and what it holds.
///
/// # Errors
/// As [`BackupReader::open`].
pub(crate) fn check(path: &Path, key: &BackupKey) -> Result<(Head, Counts), Failure> {
    BackupReader::open(path, key)?.read_all()
}

/// Writes all, and gives what reads it back.
fn stream(
    path: &Path,
    key: &BackupKey,
    head: &Head,
    store: &SchoolStore,
    blobs: &FileBlobs,
) -> Result<(Counts, impl Read + use<>), Failure> {
    let disk = |error: io::Error| match StoreErrorInside::take(error) {
        Ok(store) => Failure::from(store),
        Err(_) => unwritable(path),
    };
    let file = crate::platform::create_private(path).map_err(|_| unwritable(path))?;
    let mut sealed = key.encryptor()?.wrap_output(BufWriter::new(file)).map_err(disk)?;
    // Unlocked before the store is read: the passphrase's key takes much memory, and so do the store's caches.
    sealed.flush().map_err(disk)?;
    let back = key.decrypt(path)?;
    sealed.write_all(MAGIC).and_then(|()| sealed.write_all(&FORMAT.to_be_bytes())).map_err(disk)?;
    let packed = zstd::stream::write::Encoder::new(sealed, LEVEL).map_err(disk)?;
    let mut frames = FrameWriter::new(packed);
    frames.put(&Frame::Head(head.clone())).map_err(disk)?;
    rows(&mut frames, store).map_err(disk)?;
    files(&mut frames, blobs).map_err(disk)?;
    let close = |frames: FrameWriter<_>| -> io::Result<Counts> {
        let (counts, packed): (Counts, zstd::stream::write::Encoder<'_, age::stream::StreamWriter<BufWriter<File>>>) =
            frames.finish()?;
        let file = packed.finish()?.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(counts)
    };
    Ok((close(frames).map_err(disk)?, back))
}

/// All rows, but the present token: it would be good for nothing by the time it came back.
fn rows(frames: &mut FrameWriter<impl Write>, store: &SchoolStore) -> io::Result<()> {
    let mut failed = None;
    let visited = store.each_raw(&mut |row| {
        if row.key() == token_key(store) {
            return Ok(());
        }
        let frame = Frame::Row { space: row.prefix(), key: row.key().to_vec(), value: row.value().to_vec() };
        frames.put(&frame).map_err(|error| {
            failed = Some(error);
            StoreError::Full
        })
    });
    match (failed, visited) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(io::Error::other(StoreErrorInside(error))),
        (None, Ok(())) => Ok(()),
    }
}

fn token_key(store: &SchoolStore) -> Vec<u8> {
    [store.npsn().as_bytes().as_slice(), crate::service::TOKEN_ROW.as_bytes()].concat()
}

/// A file that is not what its name says is left out: a backup that held it could not be restored.
fn files(frames: &mut FrameWriter<impl Write>, blobs: &FileBlobs) -> io::Result<()> {
    let inside = |error| io::Error::other(StoreErrorInside(error));
    for name in blobs.names().map_err(inside)? {
        if !blobs.is_sound(&name)? {
            tracing::warn!("a file beside the store is damaged; the backup is made without it");
            continue;
        }
        let Some(mut file) = blobs.reader(&name)? else { continue };
        loop {
            let mut bytes = Vec::new();
            Read::by_ref(&mut file).take(PIECE_BYTES).read_to_end(&mut bytes)?;
            if bytes.is_empty() {
                break;
            }
            frames.put(&Frame::Piece { name, bytes })?;
        }
    }
    Ok(())
}

/// A store's error on its way through a writer.
#[derive(Debug, thiserror::Error)]
#[error("the store could not be read")]
struct StoreErrorInside(#[source] StoreError);

impl StoreErrorInside {
    fn take(error: io::Error) -> Result<StoreError, io::Error> {
        error.downcast::<StoreErrorInside>().map(|inside| inside.0)
    }
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".writing");
    path.with_file_name(name)
}

fn unwritable(path: &Path) -> Failure {
    Failure::new("backup.unwritable").arg("file", path.display())
}

fn not_verified(path: &Path) -> Failure {
    Failure::new("backup.not-verified").arg("file", path.display())
}
