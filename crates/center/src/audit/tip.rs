//! The tip of the log, kept beside it: whoever takes files away does not take with them what they ended in.
//!
//! It is a row of the store, and a file for those who read the log while a centre has the store. Neither is brought up to
//! date with each entry: what they name has to be in the log, which may go on after it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use selaras_storage::SchoolStore;
use selaras_sync::{Batch, Store as _};

use super::files::Tip;
use super::reading::ChainError;
use crate::desk::rows;

/// The file in the centre's data.
pub(crate) const FILE: &str = "audit.tip";
/// The row, in the scope that belongs to no school.
const ROW: &str = "audit-tip";

/// Keeps the tip of the log of a data directory.
pub(crate) struct TipKeeper {
    store: SchoolStore,
    file: PathBuf,
}

impl TipKeeper {
    /// Keeps it in the rows that belong to no school, and in the data directory.
    pub(crate) fn new(store: SchoolStore, data: &Path) -> Self {
        Self { store, file: data.join(FILE) }
    }

    /// Gives what was kept last; none before the first centre that kept it.
    pub(super) fn kept(&self) -> Result<Option<Tip>, ChainError> {
        Ok(rows::read(&self.store, ROW)?)
    }

    /// Keeps a tip whose entry is durable.
    pub(super) fn keep(&self, tip: Tip) -> Result<(), ChainError> {
        let mut batch = Batch::default();
        rows::put(&mut batch, ROW, &tip)?;
        self.store.commit(&batch)?;
        let text = serde_json::to_vec(&tip).map_err(io::Error::from)?;
        let unfinished = self.file.with_extension("tip-writing");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file: File = options.open(&unfinished)?;
        file.write_all(&text)?;
        file.sync_all()?;
        Ok(fs::rename(&unfinished, &self.file)?)
    }
}

/// What the file of a data directory says.
pub(super) fn in_file(data: &Path) -> io::Result<Option<Tip>> {
    match fs::read(data.join(FILE)) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
