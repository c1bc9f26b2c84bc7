//! Making backups: the one that a person asks for, and the automatic one at the end of a day's first change.

use std::path::{Path, PathBuf};

use selaras_storage::STORE_FORMAT;
use selaras_sync::ReadStore;

use super::{Open, RECOVERING_ROW, Service};
use crate::backup::{BackupKey, Counts, Head, Shelf, What};
use crate::failure::Failure;
use crate::output::{Event, Note, Output};

/// A backup that was made.
pub(crate) struct Made {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// How large it is.
    pub(crate) bytes: u64,
    /// What it says of itself.
    pub(crate) head: Head,
    /// What it holds.
    pub(crate) counts: Counts,
}

impl Service {
    /// Makes a backup, in this file or on the shelf.
    pub(crate) fn back_up(&mut self, file: Option<&Path>, key: &BackupKey, what: What) -> Result<Made, Failure> {
        let path = match file {
            Some(file) => file.to_owned(),
            None => Shelf::of(self.place()).next(what, crate::env::now())?,
        };
        let open = self.open_store()?;
        let head = open.backup_head()?;
        // What can be made again of the sealed bundle is, before it is copied.
        open.school().lost_bundle()?;
        let counts = crate::backup::write(&path, key, &head, &open.store, &open.blobs)?;
        let bytes = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        Ok(Made { path, bytes, head, counts })
    }

    /// Makes the automatic backup when it is due. That it fails is told, and undoes nothing of the command.
    pub(crate) fn back_up_when_due(&mut self, out: &mut dyn Output) {
        if !self.config().backup.automatic || !Shelf::of(self.place()).is_due(crate::env::now()) {
            return;
        }
        let Some(open) = &self.open else { return };
        let recovering = selaras_sync::Key::Local(RECOVERING_ROW.to_owned());
        if !matches!(open.store.get(&recovering), Ok(None)) {
            // What is not whole is no backup.
            return;
        }
        let made = BackupKey::of_installation(self.place()).and_then(|key| self.back_up(None, &key, What::Automatic));
        match made {
            Ok(made) => {
                tracing::info!(bytes = made.bytes, rows = made.counts.rows, "a backup was made");
                Shelf::of(self.place()).prune();
            }
            Err(failure) => {
                tracing::warn!(code = failure.code, "no backup could be made");
                out.event(Event::Note(Note::new("backup.none-made").arg("code", &failure.code)));
            }
        }
    }
}

impl Open {
    pub(super) fn backup_head(&self) -> Result<Head, Failure> {
        let school = self.school();
        Ok(Head {
            npsn: self.npsn(),
            at: crate::env::now(),
            app: env!("CARGO_PKG_VERSION").to_owned(),
            store_format: STORE_FORMAT,
            version: school.position()?.version.get(),
            drafts: u64::from(school.pending()?.records),
            outbox: school.sealed()?.map_or(0, |sealed| u64::from(sealed.records)),
        })
    }
}
