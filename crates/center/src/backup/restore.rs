//! A data directory from a backup: another life of the database, whose schools are to be healed.

use std::path::Path;
use std::sync::Arc;

use selaras_model::{Date, EpochId, Npsn};
use selaras_storage::{Changelog, EngineKind, RawWriter};
use selaras_sync::{Batch, Blobs as _, Store as _};

use super::copy::{self, CopyError};
use super::{BLOBS, KEYS, Manifest, named_files, nobodys};
use crate::access::{Accounts, random, write_new};
use crate::audit::{self, Audit, Event, TipKeeper, ok};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::dates;
use crate::desk::Desk;
use crate::desk::rows::{self, CENTRE, CentreRow};
use crate::failure::Failure;
use crate::host::{Host, nobody, open_changelog};
use crate::init::owner_only;
use crate::messages::{LeftOut, ReleaseLine};
use crate::signed;

/// What was restored.
pub(crate) struct Restored {
    pub(crate) schools: usize,
    pub(crate) epoch: EpochId,
    /// Schools that the backup does not hold.
    pub(crate) left_out: Vec<Npsn>,
    /// Schools whose part of the backup is damaged: they are not restored, and come back with their own computers.
    pub(crate) damaged: Vec<LeftOut>,
    /// What the clock shows, where it is so far past the backup's date that an operator has to confirm it.
    pub(crate) unconfirmed: Option<Date>,
    /// The rules that are in force until a school hands back later ones.
    pub(crate) rules: ReleaseLine,
}

/// Makes a data directory from a backup. The configuration is written last: what was cut short serves nothing.
///
/// # Errors
/// A directory that holds a centre already is left alone.
pub(crate) fn restore(from: &Path, data: &Path, engine: EngineKind) -> Result<Restored, Failure> {
    let unread = |error: CopyError| Failure::local("the backup cannot be used", &error);
    let (manifest, mut damaged) = copy::verify(from).map_err(unread)?;
    std::fs::create_dir_all(data).map_err(|error| Failure::local("the directory cannot be made", &error))?;
    if KEYS.iter().any(|name| data.join(name).exists()) || data.join("store").exists() {
        return Err(Failure::input(format!("{} holds a centre, or a part of one, already", data.display())));
    }
    owner_only(data)?;
    let epoch = EpochId::from_bytes(random().ok_or_else(|| Failure::data("the system gives no randomness"))?);
    let config = Config::load(from).map_err(|error| Failure::local("configuration", &error))?;
    let changelog = open_changelog(data, config.cache_mib, engine)?;
    fill(&changelog, from, data, &manifest, epoch).map_err(unread)?;
    let clock = Clock::east(config.date_offset_hours);
    let unconfirmed = dates::of_backup(&changelog.school(nobody()?), clock.date_of(manifest.at), clock.today())
        .map_err(|error| unread(error.into()))?;
    take_audit(from, data, &manifest, &config, &changelog)?;
    drop(changelog);
    // Without the configuration nothing serves from here; it comes when every school is marked.
    for name in KEYS.into_iter().filter(|name| *name != config::FILE) {
        copy_file(from, data, name)?;
    }
    let named = named_files::put_back(from, data, &manifest.named, config.clone()).map_err(unread)?;
    let (rules, unopened) = mark(data, named.clone(), &manifest)?;
    damaged.extend(unopened);
    if named == config {
        copy_file(from, data, config::FILE)?;
    } else {
        // It named files elsewhere, which came into the directory.
        let text = named.to_text().ok_or_else(|| Failure::data("the configuration cannot be written"))?;
        write_new(&data.join(config::FILE), &text)
            .map_err(|error| Failure::local("the configuration cannot be written", &error))?;
    }
    let left_out = manifest.left_out.iter().map(|left| left.npsn).collect();
    for LeftOut { npsn, reason } in &damaged {
        tracing::error!(%npsn, reason, "the part of a school in the backup is damaged");
    }
    Ok(Restored { schools: manifest.schools.len(), epoch, left_out, damaged, unconfirmed, rules })
}

/// Begins another life of a store that was put back as a copy of its files.
///
/// # Errors
/// A directory that holds no centre.
pub(crate) fn put_back(data: &Path) -> Result<Restored, Failure> {
    let epoch = EpochId::from_bytes(random().ok_or_else(|| Failure::data("the system gives no randomness"))?);
    let config = Config::load(data).map_err(|error| Failure::local("configuration", &error))?;
    let changelog = open_changelog(data, config.cache_mib, EngineKind::default())?;
    begin_epoch(&changelog, epoch).map_err(|error| Failure::local("the store cannot be written", &error))?;
    drop(changelog);
    // It speaks of the life that is over.
    signed::forget(data).map_err(|error| Failure::local("signed.json cannot be removed", &error))?;
    let host = Arc::new(Host::open(data, config, None)?);
    let schools = host.schools(None, usize::MAX).map_err(|problem| Failure::data(&problem.message.en))?;
    let damaged = begin_lives(&host, schools.iter().copied());
    let unconfirmed = host.clock.today().and_then(|clock| host.dates.judged(clock).unconfirmed);
    let rules = in_force(&host)?;
    Ok(Restored { schools: schools.len(), epoch, left_out: Vec::new(), damaged, unconfirmed, rules })
}

/// Puts the audit log back, with an entry that says that everything after it was lost.
fn take_audit(
    from: &Path,
    data: &Path,
    manifest: &Manifest,
    config: &Config,
    changelog: &Changelog,
) -> Result<(), Failure> {
    let unwritten = |error: &dyn std::fmt::Display| Failure::local("the audit log cannot be written", error);
    let (theirs, ours) = (from.join(audit::DIRECTORY), data.join(audit::DIRECTORY));
    std::fs::create_dir_all(&ours).map_err(|error| unwritten(&error))?;
    for (name, _) in &manifest.audit {
        copy_file(&theirs, &ours, name)?;
    }
    let clock = Clock::east(config.date_offset_hours);
    let global = changelog.school(nobody()?);
    let row: Option<CentreRow> = rows::read(&global, CENTRE).map_err(|error| unwritten(&error))?;
    let about = row.map(|row| row.epoch.to_string()).unwrap_or_default();
    let restored = Event { who: "centre".to_owned(), what: "restored".to_owned(), about, ..ok() };
    Audit::open(data, clock, TipKeeper::new(global, data), restored).map(drop).map_err(|error| unwritten(&error))
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
    changelog.verify()?;
    Ok(())
}

/// Begins the next life of the database, with its staff doubted. They are first: this may end in the middle, and is done
/// again as a whole while the old life goes on.
fn begin_epoch(changelog: &Changelog, epoch: EpochId) -> Result<(), CopyError> {
    let global = changelog.school(nobody().map_err(|_| CopyError::Damaged("NPSN".to_owned()))?);
    let row: Option<CentreRow> = rows::read(&global, CENTRE)?;
    let row = row.ok_or_else(|| CopyError::Damaged("it holds no centre".to_owned()))?;
    Accounts::doubt(&global)?;
    let mut batch = Batch::default();
    rows::put(&mut batch, CENTRE, &CentreRow { epoch, ..row })?;
    Ok(global.commit(&batch)?)
}

/// The rules in force.
fn in_force(host: &Host) -> Result<ReleaseLine, Failure> {
    let acting = host.acting().map_err(|problem| Failure::data(&problem.message.en))?;
    let listed = host.releases.list(acting.day).into_iter().find(|line| line.in_force);
    listed.ok_or_else(|| Failure::data("no rules are in force"))
}

/// Begins every school's next life; gives the rules in force, and the schools that cannot be opened.
fn mark(data: &Path, config: Config, manifest: &Manifest) -> Result<(ReleaseLine, Vec<LeftOut>), Failure> {
    let host = Arc::new(Host::open(data, config, None)?);
    let damaged = begin_lives(&host, manifest.schools.iter().map(|school| school.npsn));
    Ok((in_force(&host)?, damaged))
}

/// Begins every school's next life; gives those for which that fails. Theirs begins when they can be opened: nothing is
/// signed for them before.
fn begin_lives(host: &Arc<Host>, schools: impl Iterator<Item = Npsn>) -> Vec<LeftOut> {
    // Opening a desk finishes what is due, and the next life of a log is what is due first.
    let begun = schools.map(|npsn| (npsn, Desk::open(Arc::clone(host), npsn)));
    begun.filter_map(|(npsn, opened)| opened.err().map(|problem| LeftOut { npsn, reason: problem.code })).collect()
}
