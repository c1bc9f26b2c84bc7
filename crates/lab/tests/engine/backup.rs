//! A backup of a centre, and its restore.

use std::collections::BTreeSet;
use std::sync::Arc;

use selaras_model::{DeviceId, EpochId};
use selaras_storage::{Changelog, MemoryBlobs, MemoryEngine, RawWriter, SchoolStore};

use crate::stage::{CentreStage, Computer};

/// A verified backup of a centre: its rows and its files.
pub(crate) struct Backup(SchoolStore, MemoryBlobs);

fn copy_of(store: &SchoolStore) -> SchoolStore {
    let changelog = Changelog::new(Arc::new(MemoryEngine::new())).unwrap();
    let mut writer = RawWriter::new(&changelog);
    store.each_raw(&mut |row| writer.row(row)).unwrap();
    writer.finish().unwrap();
    changelog.school(store.npsn())
}

pub(crate) fn back_up(centre: &CentreStage) -> Backup {
    Backup(copy_of(&centre.store), centre.blobs.fork())
}

/// Puts a backup in the place of a centre's disk, as who copies files does: the centre does not know of it.
pub(crate) fn put_back(centre: &mut CentreStage, backup: &Backup) {
    (centre.store, centre.blobs) = (copy_of(&backup.0), backup.1.fork());
}

/// The centre's disk is lost and a backup restored: another life, which waits for these computers.
pub(crate) fn restore(centre: &mut CentreStage, backup: &Backup, life: u8, computers: &[&Computer]) {
    put_back(centre, backup);
    let devices: BTreeSet<DeviceId> = computers.iter().map(|computer| computer.device).collect();
    centre.epoch.set(EpochId::from_bytes([life; 8]));
    let step = centre.centre().restored(devices).unwrap();
    centre.drive(Some(step));
}
