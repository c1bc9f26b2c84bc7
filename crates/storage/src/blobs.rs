//! Files beside the store: bundles, imports, snapshots. A row names them by their content.
//!
//! They are kept as they are, without a frame: their name is their hash, and `Blobs::get` holds them to it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use selaras_sync::store::{Blobs, StoreError};

use crate::directory::{parent, sync_directory};
use crate::engine::EngineError;
use crate::growing::Growing;

const UNFINISHED: &str = ".writing";

/// Blobs as files in a directory, named in hexadecimal.
pub struct FileBlobs {
    directory: PathBuf,
    // Two writers of one name would share one temporary file.
    writer: Mutex<()>,
}

impl FileBlobs {
    /// Takes a directory, makes it where there is none, and removes what an earlier process began and did not finish.
    ///
    /// # Errors
    /// As the disk gives them.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let blobs = Self { directory: directory.to_owned(), writer: Mutex::new(()) };
        blobs.prepare().map_err(failed)?;
        Ok(blobs)
    }

    /// Gives a blob that comes in pieces, as far as it has come.
    ///
    /// # Errors
    /// As the disk gives them.
    pub fn growing(&self, name: &[u8; 32]) -> io::Result<Growing> {
        Growing::open(self.path(name))
    }

    /// Opens a blob to be read in order; none where there is no such blob.
    ///
    /// # Errors
    /// As the disk gives them.
    pub fn reader(&self, name: &[u8; 32]) -> io::Result<Option<File>> {
        match File::open(self.path(name)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a blob is there and is what its name says; it is read in pieces, however large it is.
    ///
    /// # Errors
    /// As the disk gives them.
    pub fn is_sound(&self, name: &[u8; 32]) -> io::Result<bool> {
        let Some(mut file) = self.reader(name)? else { return Ok(false) };
        let mut hasher = blake3::Hasher::new();
        io::copy(&mut file, &mut hasher)?;
        Ok(hasher.finalize().as_bytes() == name)
    }

    /// Reads a stretch of a blob; what lies beyond its end is left out.
    ///
    /// # Errors
    /// As the disk gives them; [`io::ErrorKind::NotFound`] where there is no such blob.
    pub fn slice(&self, name: &[u8; 32], from: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(self.path(name))?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn prepare(&self) -> io::Result<()> {
        if !self.directory.exists() {
            fs::create_dir_all(&self.directory)?;
            sync_directory(parent(&self.directory))?;
        }
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().ends_with(UNFINISHED) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn path(&self, name: &[u8; 32]) -> PathBuf {
        self.directory.join(blake3::Hash::from_bytes(*name).to_hex().as_str())
    }

    fn write(&self, name: &[u8; 32], bytes: &[u8]) -> io::Result<()> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(name);
        if fs::read(&path).is_ok_and(|held| held == bytes) {
            // It may have been renamed by a process that ended before it synced the directory.
            return sync_directory(&self.directory);
        }
        let unfinished = path.with_extension(UNFINISHED.trim_start_matches('.'));
        let written = write_synced(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, &path));
        if let Err(error) = written {
            // On a full disk the half of a bundle would be in the way of everything else.
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        sync_directory(&self.directory)
    }
}

impl Blobs for FileBlobs {
    fn put(&self, name: &[u8; 32], bytes: &[u8]) -> Result<(), StoreError> {
        self.write(name, bytes).map_err(failed)
    }

    fn unchecked(&self, name: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        missing_is_none(fs::read(self.path(name)))
    }

    fn remove(&self, name: &[u8; 32]) -> Result<(), StoreError> {
        // Not synced: a blob that comes back after a power loss is named by no row, and removed again.
        missing_is_none(fs::remove_file(self.path(name))).map(drop)
    }

    fn names(&self) -> Result<Vec<[u8; 32]>, StoreError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if let Some(hash) = name.to_str().and_then(|name| blake3::Hash::from_hex(name).ok()) {
                names.push(*hash.as_bytes());
            }
        }
        names.sort_unstable();
        Ok(names)
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn missing_is_none<T>(result: io::Result<T>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn failed(error: io::Error) -> StoreError {
    EngineError::from(error).into()
}

type ByName = BTreeMap<[u8; 32], Arc<[u8]>>;

/// Blobs in memory, for tests and simulations.
#[derive(Debug, Default)]
pub struct MemoryBlobs {
    blobs: RwLock<Arc<ByName>>,
}

impl MemoryBlobs {
    /// Makes an empty store of blobs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives another store with the same content; later writes of one are not seen by the other.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { blobs: RwLock::new(self.all()) }
    }

    fn all(&self) -> Arc<ByName> {
        Arc::clone(&self.blobs.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut ByName)) {
        change(Arc::make_mut(&mut self.blobs.write().unwrap_or_else(PoisonError::into_inner)));
    }
}

impl Blobs for MemoryBlobs {
    fn put(&self, name: &[u8; 32], bytes: &[u8]) -> Result<(), StoreError> {
        self.change(|blobs| {
            blobs.insert(*name, bytes.into());
        });
        Ok(())
    }

    fn unchecked(&self, name: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.all().get(name).map(|bytes| bytes.to_vec()))
    }

    fn remove(&self, name: &[u8; 32]) -> Result<(), StoreError> {
        self.change(|blobs| {
            blobs.remove(name);
        });
        Ok(())
    }

    fn names(&self) -> Result<Vec<[u8; 32]>, StoreError> {
        Ok(self.all().keys().copied().collect())
    }
}
