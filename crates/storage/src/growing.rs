//! A blob that comes in pieces, over several processes if need be, and counts only when it is whole.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::directory::sync_directory;

/// What the file of an unfinished blob ends in.
const GROWING: &str = "growing";

/// A blob that is not whole yet. What it holds survives the process, and perhaps the power: that is found out by its
/// hash, at the end.
#[derive(Debug)]
pub struct Growing {
    whole: PathBuf,
    path: PathBuf,
    file: File,
    length: u64,
}

impl Growing {
    pub(crate) fn open(whole: PathBuf) -> io::Result<Self> {
        let path = whole.with_extension(GROWING);
        let file = File::options().create(true).append(true).open(&path)?;
        let length = file.metadata()?.len();
        Ok(Self { whole, path, file, length })
    }

    /// How many bytes are here.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// As the disk gives them; of a piece that failed nothing counts.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(bytes) {
            // A full disk may have taken a part.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Empties it.
    ///
    /// # Errors
    /// As the disk gives them.
    pub fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.length = 0;
        Ok(())
    }

    /// Makes it the blob of this name, durably, if its hash is that name; else drops it. Says which.
    ///
    /// # Errors
    /// As the disk gives them.
    pub fn finish(self, name: &[u8; 32]) -> io::Result<bool> {
        self.file.sync_all()?;
        let mut hash = blake3::Hasher::new();
        hash.update_reader(File::open(&self.path)?)?;
        if hash.finalize() != blake3::Hash::from_bytes(*name) {
            fs::remove_file(&self.path)?;
            return Ok(false);
        }
        fs::rename(&self.path, &self.whole)?;
        sync_directory(self.whole.parent().unwrap_or(Path::new(".")))?;
        Ok(true)
    }
}
