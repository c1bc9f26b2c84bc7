//! Files and directories made durable: what is named is there, and what is there is named.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::EngineError;

/// How long a lock that another handle holds is asked for again; a dropped handle releases late.
pub(crate) const LOCK_PATIENCE: Duration = Duration::from_millis(1_200);
/// How long to wait between two attempts.
pub(crate) const LOCK_PAUSE: Duration = Duration::from_millis(25);

/// Syncs every file under a directory and the directories themselves.
pub(crate) fn sync_tree(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            sync_file(&entry.path())?;
        }
    }
    sync_directory(directory)
}

/// Syncs a directory's names. Where directories cannot be opened (Windows) the file system is trusted with it.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

fn sync_file(path: &Path) -> io::Result<()> {
    // Some systems sync only through handles that may write.
    File::options().read(true).write(true).open(path)?.sync_all()
}

/// The directory that holds a path's name; the working directory for a bare name.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A path beside another, named after it.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Takes the lock that makes this process and handle the owner of a store; it ends with the file.
///
/// It lies beside the store and not in it, so that it also covers the store's creation and a renamed directory.
pub(crate) fn lock_beside(path: &Path) -> Result<File, EngineError> {
    let file = File::options().read(true).write(true).create(true).truncate(false).open(beside(path, ".lock"))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_PATIENCE => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => return Err(EngineError::Busy),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
}
