//! Where the school's data lies, and what is in that directory.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};

use crate::failure::Failure;

/// The directory of one school's data. Nothing is written outside of it.
#[derive(Debug, Clone)]
pub struct Place {
    root: PathBuf,
}

impl Place {
    /// Takes the directory that was asked for, else the platform's directory for application data.
    ///
    /// # Errors
    /// `place.unknown` when the system names no home directory.
    pub fn choose(asked: Option<&Path>) -> Result<Place, Failure> {
        if let Some(path) = asked {
            return Ok(Place { root: absolute(path)? });
        }
        let args = AppStrategyArgs {
            top_level_domain: "id".to_owned(),
            author: "selaras".to_owned(),
            app_name: "selaras".to_owned(),
        };
        choose_app_strategy(args)
            .map(|strategy| Place { root: strategy.data_dir() })
            .map_err(|_| Failure::new("place.unknown"))
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The store's directory; it exists once `init` has run.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// Bundles, staged imports and snapshots.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// The key of a registration that was begun; it goes when the store holds it.
    #[must_use]
    pub fn registering(&self) -> PathBuf {
        self.root.join("registering.json")
    }

    /// The name under which the centre knows this computer, also where the store cannot be read any more.
    #[must_use]
    pub fn device(&self) -> PathBuf {
        self.root.join("device")
    }

    /// Where an earlier store lies that was moved out of the way, counted from 1.
    #[must_use]
    pub fn aside(&self, number: u32) -> PathBuf {
        self.root.join(format!("aside-{number}"))
    }

    /// Backups: those made automatically, and those for which no file was named.
    #[must_use]
    pub fn backups(&self) -> PathBuf {
        self.root.join("backups")
    }

    /// The key of this installation's automatic backups.
    #[must_use]
    pub fn backup_key(&self) -> PathBuf {
        self.root.join("backup.key")
    }

    /// A restored store that is whole and goes to its place.
    #[must_use]
    pub fn restoring(&self) -> PathBuf {
        self.root.join("restoring")
    }

    /// A store that is being restored; one that a process left behind counts for nothing.
    #[must_use]
    pub fn restoring_unfinished(&self) -> PathBuf {
        self.root.join("restoring.writing")
    }

    /// What a person may set.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.root.join("selaras.toml")
    }

    /// Where the process that owns the store can be reached.
    #[must_use]
    pub fn serve(&self) -> PathBuf {
        self.root.join("serve.json")
    }
}

/// A path that means the same in another process, whose working directory differs.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|_| Failure::new("input.file").arg("file", path.display()))
}

/// Writes a file that a person named; one that is there already stays as it is.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let unwritable = |_| Failure::new("input.target").arg("file", path.display());
    let mut file = std::fs::File::create_new(path).map_err(unwritable)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(unwritable)
}
