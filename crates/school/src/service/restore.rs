//! Bringing a backup back: a whole new store is made beside, checked, and takes the old one's place, which is moved out
//! of the way and kept, encrypted. Who may do what here is not put back (`authority.rs`).
//!
//! The new store counts from the moment its directory has its name; whoever finds that name ends what was begun. A kill
//! before it leaves the old store as it was, a kill after it ends in the new one.

use std::path::Path;
use std::sync::Arc;

use selaras_model::ReplicaId;
use selaras_storage::{
    Changelog, Claim, EngineKind, FileBlobs, Growing, RawWriter, move_aside, open_store, put_in_place,
};
use selaras_sync::Rules;

use super::authority::Permit;
use super::{Open, Service};
use crate::backup::{BackupKey, BackupReader, Head, Item};
use crate::failure::Failure;
use crate::output::{Event, Note, Output};
use crate::place::Place;
use crate::secret::Secret;

impl Service {
    /// Puts what a backup holds in the place of the present store, if there is one.
    ///
    /// # Errors
    /// A code for each: the file, its key, another school, and what [`Service::permit`] asks for; the present store is
    /// as it was then.
    pub(crate) fn restore(
        &mut self,
        file: &Path,
        key: &BackupKey,
        engine: EngineKind,
        kode: &Secret,
        out: &mut dyn Output,
    ) -> Result<Head, Failure> {
        // All of it before anything is touched.
        let (head, _) = crate::backup::check(file, key)?;
        self.fits(&head)?;
        let permit = self.permit(kode, &out.from())?;
        self.make_root()?;
        let _nobody_else = Claim::on(&self.place().restoring())?;
        let rules = self.make_beside(file, key, engine, permit).inspect_err(|_| {
            // Nobody needs it, and it is not encrypted. What stays behind is removed by the next one.
            let _ = std::fs::remove_dir_all(self.place().restoring_unfinished());
        })?;
        let had_store = self.place().store().exists();
        let switched = self.switch(&rules, had_store, out);
        self.reopen()?;
        switched?;
        self.seal_asides(out);
        Ok(head)
    }

    /// Refuses a backup of another school than the one that is here, and a store that is only busy.
    fn fits(&self, head: &Head) -> Result<(), Failure> {
        if let Some(trouble) = self.trouble().filter(|trouble| trouble.code != "store.damaged") {
            return Err(trouble.clone());
        }
        match &self.open {
            Some(open) if open.npsn() != head.npsn => {
                let failure = Failure::new("backup.other-school").arg("npsn", head.npsn).arg("here", open.npsn());
                Err(failure.arg("place", self.place().root().display()))
            }
            _ => Ok(()),
        }
    }

    fn make_beside(
        &self,
        file: &Path,
        key: &BackupKey,
        engine: EngineKind,
        permit: Permit<'_>,
    ) -> Result<Rules, Failure> {
        let unfinished = self.place().restoring_unfinished();
        let unwritable = |_| Failure::new("place.unwritable").arg("place", unfinished.display());
        if unfinished.exists() {
            // A process that was stopped left it; it never counted.
            std::fs::remove_dir_all(&unfinished).map_err(unwritable)?;
        }
        crate::platform::create_private_dir(&unfinished).map_err(unwritable)?;
        let cache_bytes = self.config().store.cache_mib.saturating_mul(1 << 20);
        let opened = open_store(&unfinished.join("store"), engine, cache_bytes)?;
        let changelog = Changelog::new(opened.engine)?;
        let blobs = FileBlobs::open(&unfinished.join("blobs"))?;
        let mut reader = BackupReader::open(file, key)?;
        let store = changelog.school(reader.head().npsn);
        take_in(&mut reader, &changelog, &blobs)?;
        let damaged = || Failure::new("backup.damaged").arg("file", file.display());
        let mut open = Open::load(Arc::new(store), Arc::new(blobs))?.ok_or_else(damaged)?;
        open.permitted(permit)?;
        if let Some(present) = &self.open {
            open.take_back_as(present)?;
        }
        let step = open.school().restored(ReplicaId::from_bytes(crate::env::random()?))?;
        open.commit(&step.batch)?;
        changelog.verify()?;
        Ok(open.rules().clone())
    }

    /// Saves what was typed in the present store, gives the new one its name, and puts it in place.
    fn switch(&mut self, rules: &Rules, had_store: bool, out: &mut dyn Output) -> Result<(), Failure> {
        if had_store {
            let salvaged = self.save_beside(&rules.pack)?;
            if salvaged.records > 0 {
                out.event(Event::Note(Note::new("restore.salvaged").arg("count", salvaged.records)));
            }
            if salvaged.incomplete {
                out.event(Event::Note(Note::new("recover.incomplete")));
            }
        }
        let place = self.place();
        let named = std::fs::rename(place.restoring_unfinished(), place.restoring());
        named
            .and_then(|()| crate::platform::sync_parent(&place.restoring()))
            .map_err(|_| Failure::new("place.unwritable").arg("place", place.root().display()))?;
        put_restored(place)
    }

    /// Opens what is in place now.
    fn reopen(&mut self) -> Result<(), Failure> {
        if self.open.is_some() {
            return Ok(());
        }
        // The threads that share the old store's turns go on with the new one.
        *self = Service::open_in_place(self.place().clone(), Arc::clone(self.turns()))?;
        Ok(())
    }
}

/// Ends a restore that a process began and did not end; tells whether there was one.
pub(super) fn end_restore(place: &Place) -> Result<bool, Failure> {
    if !place.restoring().exists() {
        return Ok(false);
    }
    let _nobody_else = Claim::on(&place.restoring())?;
    let begun = place.restoring().exists();
    if begun {
        put_restored(place)?;
    }
    Ok(begun)
}

/// Moves the present store out of the way and the new one into its place; called again, ends what was begun.
fn put_restored(place: &Place) -> Result<(), Failure> {
    let restored = place.restoring();
    if restored.join("store").exists() {
        if place.store().exists() {
            let aside = super::aside::free_aside(place)?;
            crate::platform::create_private_dir(&aside)
                .map_err(|_| Failure::new("place.unwritable").arg("place", aside.display()))?;
            move_aside(&place.store(), &[&place.blobs(), &place.registering()], &aside)?;
        }
        put_in_place(&restored.join("store"), &place.store(), &[(&restored.join("blobs"), &place.blobs())])?;
    }
    std::fs::remove_dir_all(&restored).map_err(|_| Failure::new("place.unwritable").arg("place", restored.display()))
}

fn take_in(reader: &mut BackupReader, changelog: &Changelog, blobs: &FileBlobs) -> Result<(), Failure> {
    let mut rows = RawWriter::new(changelog);
    let mut file: Option<([u8; 32], Growing)> = None;
    while let Some(item) = reader.next()? {
        match item {
            Item::Row(row) => rows.row(row)?,
            Item::Piece(name, piece) => {
                if file.as_ref().is_none_or(|(at, _)| *at != name) {
                    finish(file.take())?;
                    file = Some((name, blobs.growing(&name).map_err(|error| full_disk(&error))?));
                }
                if let Some((_, growing)) = &mut file {
                    growing.append(&piece).map_err(|error| full_disk(&error))?;
                }
            }
        }
    }
    rows.finish()?;
    finish(file)
}

/// A file beside the store is what its name says, or it was damaged before the backup was made.
fn finish(file: Option<([u8; 32], Growing)>) -> Result<(), Failure> {
    let Some((name, growing)) = file else { return Ok(()) };
    if growing.finish(&name).map_err(|error| full_disk(&error))? {
        Ok(())
    } else {
        Err(Failure::new("store.damaged").arg("reason", "a file of the backup"))
    }
}

fn full_disk(error: &std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Failure::new("store.full"),
        _ => Failure::new("store.io"),
    }
}

/// Where the store lies that was moved out of the way, if one was.
pub(crate) fn aside_of(service: &Service, before: Option<&Path>) -> Option<super::Aside> {
    service.newest_aside().filter(|aside| Some(aside.directory.as_path()) != before)
}
