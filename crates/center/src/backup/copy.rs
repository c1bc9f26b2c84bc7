//! Copying out, and reading what was copied again.
//!
//! A file of rows is a zstd frame; a row in it is the space's prefix, the key's length (2 bytes), the value's length (4
//! bytes), key and value.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use selaras_model::Npsn;
use selaras_storage::{RawRow, SchoolStore};
use selaras_sync::{CentreError, StoreError};

use super::{BLOBS, FORMAT, KEYS, MANIFEST, Manifest, SCHOOLS, SchoolCopy, nobodys};
use crate::desk::Desk;
use crate::host::Host;
use crate::messages::LeftOut;

/// The largest key and value of a row.
const MAX_KEY: usize = 1 << 10;
const MAX_VALUE: usize = 8 << 20;
const LEVEL: i32 = 6;

/// Why a copy could not be made or is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Engine(#[from] CentreError),
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is not what the manifest says.
    #[error("the backup is damaged: {0}")]
    Damaged(String),
}

impl CopyError {
    /// Whether the place where the backup is written failed, and not what was to be copied.
    pub(super) fn is_backups_own(&self) -> bool {
        matches!(self, Self::Io(_))
    }

    /// Whether a file of the backup is gone or is another one; a disk that fails for a moment has lost nothing.
    fn is_lost(&self) -> bool {
        match self {
            Self::Damaged(_) => true,
            Self::Io(error) => error.kind() == io::ErrorKind::NotFound,
            Self::Store(_) | Self::Engine(_) => false,
        }
    }
}

pub(super) fn damaged(what: impl std::fmt::Display) -> CopyError {
    CopyError::Damaged(what.to_string())
}

/// Makes the directory.
pub(super) fn prepare(to: &Path) -> Result<(), CopyError> {
    fs::create_dir_all(to.join(SCHOOLS))?;
    fs::create_dir_all(to.join(BLOBS))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(to, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Copies a school; its desk holds its lock, and has ended all work that was decided. Which files it needs is what its
/// rows say: a directory from which one is missing looks whole.
pub(super) fn school(desk: &Desk, to: &Path) -> Result<SchoolCopy, CopyError> {
    let centre = desk.centre();
    let copied = centre.copied()?;
    let rows = write_rows(&desk.store, &rows_file(to, &desk.npsn.to_string()))?;
    let mut blobs = Vec::new();
    for name in centre.needed_blobs()? {
        let bytes = centre.whole_blob(&name)?;
        let name = blake3::Hash::from_bytes(name).to_hex().to_string();
        write_synced(&to.join(BLOBS).join(&name), &bytes)?;
        blobs.push(name);
    }
    Ok(SchoolCopy { npsn: desk.npsn, version: copied.version, entry: copied.entry, rows, blobs })
}

/// Copies the rows that belong to no school.
pub(super) fn global(host: &Host, to: &Path) -> Result<String, CopyError> {
    let npsn: Npsn = nobodys().parse().map_err(damaged)?;
    write_rows(&host.changelog.school(npsn), &rows_file(to, &nobodys()))
}

pub(super) fn keys(data: &Path, to: &Path) -> Result<(), CopyError> {
    for name in KEYS {
        write_synced(&to.join(name), &fs::read(data.join(name))?)?;
    }
    Ok(())
}

/// Copies the audit log as far as it is written.
pub(super) fn audit(data: &Path, to: &Path) -> Result<Vec<(String, String)>, CopyError> {
    let directory = to.join(crate::audit::DIRECTORY);
    fs::create_dir_all(&directory)?;
    let mut copied = Vec::new();
    for path in crate::audit::files_of(data)? {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let bytes = fs::read(&path)?;
        write_synced(&directory.join(&name), &bytes)?;
        copied.push((name, blake3::hash(&bytes).to_hex().to_string()));
    }
    sync_directory(&directory)?;
    Ok(copied)
}

/// Writes the manifest, with which the directory becomes a backup.
pub(super) fn manifest(manifest: &Manifest, to: &Path) -> Result<(), CopyError> {
    let text = serde_json::to_vec_pretty(manifest).map_err(damaged)?;
    let unfinished = to.join("backup.writing");
    write_synced(&unfinished, &text)?;
    if fs::read(&unfinished)? != text {
        return Err(damaged("its list of what it holds"));
    }
    for directory in [to.join(SCHOOLS), to.join(BLOBS), to.to_owned()] {
        sync_directory(&directory)?;
    }
    fs::rename(&unfinished, to.join(MANIFEST))?;
    sync_directory(to)?;
    Ok(())
}

/// Reads a backup whole: every file's hash, every row's frame. A school whose files are not what they were is taken out of
/// the manifest and named; it stops no other.
///
/// # Errors
/// What belongs to no school is damaged, or every school is.
pub(super) fn verify(of: &Path) -> Result<(Manifest, Vec<LeftOut>), CopyError> {
    let mut manifest: Manifest = serde_json::from_slice(&fs::read(of.join(MANIFEST))?).map_err(damaged)?;
    if manifest.format != FORMAT {
        return Err(damaged(format!("format {}, this version knows {FORMAT}", manifest.format)));
    }
    check_rest(of, &manifest)?;
    let mut lost = Vec::new();
    for school in std::mem::take(&mut manifest.schools) {
        match check_school(of, &school) {
            Ok(()) => manifest.schools.push(school),
            Err(error) if error.is_lost() => lost.push(LeftOut { npsn: school.npsn, reason: error.to_string() }),
            Err(error) => return Err(error),
        }
    }
    match lost.first() {
        Some(first) if manifest.schools.is_empty() => Err(damaged(format!("{}: {}", first.npsn, first.reason))),
        _ => Ok((manifest, lost)),
    }
}

/// Reads what belongs to no school again.
pub(super) fn check_rest(of: &Path, manifest: &Manifest) -> Result<(), CopyError> {
    check_rows(of, &nobodys(), &manifest.global)?;
    check_files(&of.join(crate::audit::DIRECTORY), &manifest.audit, "the audit log")?;
    check_files(&of.join(super::named_files::DIRECTORY), &manifest.named, "the pack or the rulebook")
}

/// Checks files by their names and hashes.
fn check_files(directory: &Path, files: &[(String, String)], what: &str) -> Result<(), CopyError> {
    for (name, hash) in files {
        // A name from a file must not lead out of the directory.
        let plain = Path::new(name).file_name().is_some_and(|plain| plain.to_string_lossy() == *name);
        if !plain || hash_of(&directory.join(name))? != *hash {
            return Err(damaged(what));
        }
    }
    Ok(())
}

/// Reads the copy of a school again.
pub(super) fn check_school(of: &Path, school: &SchoolCopy) -> Result<(), CopyError> {
    check_rows(of, &school.npsn.to_string(), &school.rows)?;
    for name in &school.blobs {
        if hash_of(&of.join(BLOBS).join(name))? != *name {
            return Err(damaged(format!("a file of {} is not what its name says", school.npsn)));
        }
    }
    Ok(())
}

fn check_rows(of: &Path, scope: &str, hash: &str) -> Result<(), CopyError> {
    let path = rows_file(of, scope);
    if hash_of(&path)? != hash {
        return Err(damaged(format!("the rows of {scope}")));
    }
    read_rows(&path, &mut |row| {
        if row.npsn().to_string() == scope { Ok(()) } else { Err(damaged("a row of another school")) }
    })
}

pub(super) fn rows_file(of: &Path, scope: &str) -> PathBuf {
    of.join(SCHOOLS).join(format!("{scope}.rows"))
}

fn write_rows(store: &SchoolStore, path: &Path) -> Result<String, CopyError> {
    let file = File::create(path)?;
    let mut writer = zstd::stream::write::Encoder::new(BufWriter::new(file), LEVEL)?;
    // What fails to be written is the backup's own matter, what fails to be read is the school's.
    let mut unwritten = None;
    let read = store.each_raw(&mut |row| {
        write_row(&mut writer, &row).map_err(|error| {
            unwritten = Some(error);
            StoreError::Full
        })
    });
    unwritten.map_or(Ok(()), Err)?;
    read?;
    let file = writer.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    hash_of(path)
}

fn write_row(writer: &mut impl Write, row: &RawRow) -> io::Result<()> {
    let long = |_| io::Error::other("a row is too long");
    writer.write_all(&[row.prefix()])?;
    writer.write_all(&u16::try_from(row.key().len()).map_err(long)?.to_be_bytes())?;
    writer.write_all(&u32::try_from(row.value().len()).map_err(long)?.to_be_bytes())?;
    writer.write_all(row.key())?;
    writer.write_all(row.value())
}

/// Gives the rows of a file in order.
pub(super) fn read_rows(path: &Path, visit: &mut dyn FnMut(RawRow) -> Result<(), CopyError>) -> Result<(), CopyError> {
    let mut reader = BufReader::new(zstd::stream::read::Decoder::new(File::open(path)?)?);
    loop {
        let mut space = [0; 1];
        if reader.read(&mut space)? == 0 {
            return Ok(());
        }
        let mut lengths = [0; 6];
        reader.read_exact(&mut lengths)?;
        let [a, b, c, d, e, f] = lengths;
        let key = usize::from(u16::from_be_bytes([a, b]));
        let value = usize::try_from(u32::from_be_bytes([c, d, e, f])).map_err(damaged)?;
        if key > MAX_KEY || value > MAX_VALUE {
            return Err(damaged("a row is over the limits"));
        }
        let (mut key, mut value) = (vec![0; key], vec![0; value]);
        reader.read_exact(&mut key)?;
        reader.read_exact(&mut value)?;
        let [space] = space;
        visit(RawRow::new(space, key, value)?)?;
    }
}

pub(super) fn hash_of(path: &Path) -> Result<String, CopyError> {
    let mut hasher = blake3::Hasher::new();
    let mut file = File::open(path)?;
    let mut piece = vec![0; 64 << 10];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(hasher.finalize().to_hex().to_string());
        }
        hasher.update(piece.get(..read).unwrap_or_default());
    }
}

pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    // Directories cannot be opened everywhere; where they can, a name is lasting only when its directory is synced.
    match File::open(path) {
        Ok(directory) if cfg!(unix) => directory.sync_all(),
        _ => Ok(()),
    }
}
