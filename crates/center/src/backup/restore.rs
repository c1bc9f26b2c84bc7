//! A data directory from a backup: another life of the database, whose schools are to be healed.

use std::path::Path;
use std::sync::Arc;

use selaras_model::{EpochId, Npsn};
use selaras_storage::{Changelog, EngineKind, RawWriter};
use selaras_sync::{Batch, Blobs as _, Store as _};

use super::copy::{self, CopyError};
use super::{BLOBS, KEYS, Manifest, nobodys};
use crate::access::{Accounts, random};
use crate::audit::{self, Audit, Event, ok};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::desk::rows::{self, CENTRE, CentreRow};
use crate::desk::{Desk, refused};
use crate::failure::Failure;
use crate::host::{Host, nobody, open_changelog};
use crate::init::owner_only;

/// What was restored.
pub(crate) struct Restored {
    pub(crate) schools: usize,
    pub(crate) epoch: EpochId,
}

/// Makes a data directory from a backup. The configuration is written last: what was cut short serves nothing.
///
/// # Errors
/// A directory that holds a centre already is left alone.
pub(crate) fn restore(from: &Path, data: &Path, engine: EngineKind) -> Result<Restored, Failure> {
    let unread = |error: CopyError| Failure::local("the backup cannot be used", &error);
    let manifest = copy::verify(from).map_err(unread)?;
    std::fs::create_dir_all(data).map_err(|error| Failure::local("the directory cannot be made", &error))?;
    if KEYS.iter().any(|name| data.join(name).exists()) || data.join("store").exists() {
        return Err(Failure::input(format!("{} holds a centre, or a part of one, already", data.display())));
    }
    owner_only(data)?;
    let epoch = EpochId::from_bytes(random().ok_or_else(|| Failure::data("the system gives no randomness"))?);
    let config = Config::load(from).map_err(|error| Failure::local("configuration", &error))?;
    let changelog = open_changelog(data, config.cache_mib, engine)?;
    fill(&changelog, from, data, &manifest, epoch).map_err(unread)?;
    drop(changelog);
    take_audit(from, data, &manifest, epoch, &config)?;
    // Without the configuration nothing serves from here; it comes when every school is marked.
    for name in KEYS.into_iter().filter(|name| *name != config::FILE) {
        copy_file(from, data, name)?;
    }
    mark(data, config, &manifest, epoch)?;
    copy_file(from, data, config::FILE)?;
    Ok(Restored { schools: manifest.schools.len(), epoch })
}

/// Puts the audit log back, with an entry that says that everything after it was lost.
fn take_audit(from: &Path, data: &Path, manifest: &Manifest, epoch: EpochId, config: &Config) -> Result<(), Failure> {
    let unwritten = |error: &dyn std::fmt::Display| Failure::local("the audit log cannot be written", error);
    let (theirs, ours) = (from.join(audit::DIRECTORY), data.join(audit::DIRECTORY));
    std::fs::create_dir_all(&ours).map_err(|error| unwritten(&error))?;
    for (name, _) in &manifest.audit {
        copy_file(&theirs, &ours, name)?;
    }
    let clock = Clock::east(config.date_offset_hours);
    let restored = Event { who: "centre".to_owned(), what: "restored".to_owned(), about: epoch.to_string(), ..ok() };
    Audit::open(data, clock, restored).map(drop).map_err(|error| unwritten(&error))
}

fn copy_file(from: &Path, data: &Path, name: &str) -> Result<(), Failure> {
    let copied = std::fs::copy(from.join(name), data.join(name));
    let synced = copied.and_then(|_| std::fs::File::open(data.join(name))).and_then(|file| file.sync_all());
    synced.map_err(|error| Failure::local("a file cannot be written", &error))
}

/// Puts every school's rows and files into a new store.
fn fill(changelog: &Changelog, from: &Path, data: &Path, manifest: &Manifest, epoch: EpochId) -> Result<(), CopyError> {
    let mut scopes = vec![nobodys()];
    scopes.extend(manifest.schools.iter().map(|school| school.npsn.to_string()));
    for scope in scopes {
        let mut writer = RawWriter::new(changelog);
        copy::read_rows(&copy::rows_file(from, &scope), &mut |row| Ok(writer.row(row)?))?;
        writer.finish()?;
    }
    for school in &manifest.schools {
        let blobs = selaras_storage::FileBlobs::open(&data.join("blobs").join(school.npsn.to_string()))?;
        for name in &school.blobs {
            let bytes = std::fs::read(from.join(BLOBS).join(name))?;
            blobs.put(blake3::hash(&bytes).as_bytes(), &bytes)?;
        }
    }
    begin_epoch(changelog, epoch)?;
    let global = changelog.school(nobody().map_err(|_| CopyError::Damaged("NPSN".to_owned()))?);
    Accounts::doubt(&global)?;
    changelog.verify()?;
    Ok(())
}

fn begin_epoch(changelog: &Changelog, epoch: EpochId) -> Result<(), CopyError> {
    let global = changelog.school(nobody().map_err(|_| CopyError::Damaged("NPSN".to_owned()))?);
    let row: Option<CentreRow> = rows::read(&global, CENTRE)?;
    let row = row.ok_or_else(|| CopyError::Damaged("it holds no centre".to_owned()))?;
    let mut batch = Batch::default();
    rows::put(&mut batch, CENTRE, &CentreRow { epoch, ..row })?;
    Ok(global.commit(&batch)?)
}

/// Begins every school's next life.
fn mark(data: &Path, config: Config, manifest: &Manifest, epoch: EpochId) -> Result<(), Failure> {
    let host = Arc::new(Host::open(data, config, None)?);
    for school in &manifest.schools {
        begin(&host, school.npsn, epoch).map_err(|problem| Failure::data(&problem.message.en))?;
    }
    Ok(())
}

fn begin(host: &Arc<Host>, npsn: Npsn, epoch: EpochId) -> Result<(), selaras_transport::Problem> {
    let desk = Desk::open(Arc::clone(host), npsn)?;
    let step = desk.centre().put_back(epoch).map_err(|error| refused(&error))?;
    desk.drive(step)
}
