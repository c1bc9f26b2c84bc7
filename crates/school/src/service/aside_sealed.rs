//! A store that a restore moved out of the way is kept as an encrypted file, as every backup is: else each restore leaves
//! one more whole school that whoever comes to the computer can read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use selaras_storage::{Changelog, EngineKind, FileBlobs, open_store};

use super::{Open, Service, only_school};
use crate::backup::BackupKey;
use crate::failure::Failure;
use crate::output::{Event, Note, Output};

/// The file, in the directory of what was moved out of the way.
pub(super) const SEALED: &str = "store.age";
/// What of the store lies beside the file, and goes once the file was read back.
const DIRECTORIES: [&str; 2] = ["store", "blobs"];
const FILES: [&str; 3] = ["store.lock", "store.closed", "registering.json"];

impl Service {
    /// Puts every store that lies out of the way into an encrypted file, under the key of this installation's backups;
    /// `restore` brings it back. One that cannot be read whole stays as it is: it may be all that is left of something.
    pub(super) fn seal_asides(&self, out: &mut dyn Output) {
        for aside in super::aside::asides(self.place()) {
            if !aside.join("store").exists() {
                continue;
            }
            match self.seal_aside(&aside) {
                Ok(file) => out.event(Event::Note(Note::new("restore.sealed").arg("file", file.display()))),
                Err(failure) => {
                    tracing::warn!(code = failure.code, "a store that lies out of the way stays readable");
                    out.event(Event::Note(Note::new("restore.readable").arg("place", aside.display())));
                }
            }
        }
    }

    fn seal_aside(&self, aside: &Path) -> Result<PathBuf, Failure> {
        let file = aside.join(SEALED);
        if !file.exists() {
            let cache_bytes = self.config().store.cache_mib.saturating_mul(1 << 20);
            let opened = open_store(&aside.join("store"), EngineKind::default(), cache_bytes)?;
            let changelog = Changelog::new(opened.engine)?;
            changelog.verify()?;
            let missing = || Failure::new("store.damaged").arg("reason", "no school");
            let npsn = only_school(&changelog)?.ok_or_else(missing)?;
            let blobs = Arc::new(FileBlobs::open(&aside.join("blobs"))?);
            let open = Open::load(Arc::new(changelog.school(npsn)), blobs)?.ok_or_else(missing)?;
            let key = BackupKey::of_installation(self.place())?;
            // What is written is read back before it has its name.
            crate::backup::write(&file, &key, &open.backup_head()?, &open.store, &open.blobs)?;
        }
        let unwritable = |_| Failure::new("place.unwritable").arg("place", aside.display());
        for name in DIRECTORIES.map(|name| aside.join(name)).iter().filter(|path| path.exists()) {
            std::fs::remove_dir_all(name).map_err(unwritable)?;
        }
        for name in FILES.map(|name| aside.join(name)).iter().filter(|path| path.exists()) {
            std::fs::remove_file(name).map_err(unwritable)?;
        }
        Ok(file)
    }
}
