//! Backups of the centre: every school's rows as they are at one moment under its lock, its blobs, the keys.
//!
//! A backup is a directory. Of each school there is one file of rows, compressed, independent of the engine; files
//! beside the store are named by their content. The manifest is written last and names every file by its hash, so a
//! backup without one is none. What was written is read again, and only then do schools hear that they need not keep it.
//! A school that cannot be copied whole is named and left out; all others are covered.

mod copy;
mod named_files;
mod restore;

use std::path::Path;
use std::sync::Arc;

use selaras_model::{EntryHash, LogVersion, Npsn};
use selaras_sync::Head;
use selaras_transport::Problem;
use serde::{Deserialize, Serialize};

use crate::catalogue::problem;
use crate::desk::{Desk, refused};
use crate::host::{Host, KEY_FILE, NOBODY};
use crate::init::TOKEN_FILE;
use crate::messages::LeftOut;

pub(crate) use restore::{Restored, put_back, restore};

/// The format of a backup's directory.
const FORMAT: u32 = 1;
/// What makes a directory a backup.
const MANIFEST: &str = "backup.json";
/// Schools' files and blobs.
const SCHOOLS: &str = "schools";
const BLOBS: &str = "blobs";

/// What a backup holds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    /// Seconds since 1970 by the centre's clock; the date of a backup that holds none of its own.
    pub(crate) at: i64,
    pub(crate) schools: Vec<SchoolCopy>,
    /// Rows that belong to no school.
    pub(crate) global: String,
    /// The audit log's files, by name and hash.
    #[serde(default)]
    pub(crate) audit: Vec<(String, String)>,
    /// Schools that could not be copied: this backup does not hold them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) left_out: Vec<LeftOut>,
    /// The files that the configuration names, by name and hash.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) named: Vec<(String, String)>,
}

/// A school in a backup.
#[derive(Serialize, Deserialize)]
pub(crate) struct SchoolCopy {
    pub(crate) npsn: Npsn,
    /// The version of its log.
    pub(crate) version: LogVersion,
    /// That entry's hash.
    pub(crate) entry: Option<EntryHash>,
    /// BLAKE3 of its file of rows, in hexadecimal.
    pub(crate) rows: String,
    /// The blobs that it needs.
    pub(crate) blobs: Vec<String>,
}

/// Times that a school is asked for whose turn does not come because the centre is busy.
const BUSY_TRIES: usize = 5;

/// Writes a backup of all schools and verifies it; then tells each school's log what is covered.
pub(crate) async fn back_up(host: &Arc<Host>, to: &Path) -> Result<Manifest, Problem> {
    if to.join(MANIFEST).exists() {
        return Err(problem("backup.not-empty"));
    }
    copy::prepare(to).map_err(|error| broken(&error))?;
    let (schools, left_out) = copy_schools(host, to).await?;
    if let (true, Some(first)) = (schools.is_empty(), left_out.first()) {
        return Err(problem("backup.failed").with("reason", format!("{}: {}", first.npsn, first.reason)));
    }
    let (copied, directory) = (Arc::clone(host), to.to_owned());
    let rest = move || {
        let global = copy::global(&copied, &directory)?;
        copy::keys(&copied.data, &directory)?;
        let named = named_files::copy(&copied.config, &copied.data, &directory)?;
        let audit = copy::audit(&copied.data, &directory)?;
        let manifest = Manifest { format: FORMAT, at: copied.clock.now(), schools, global, audit, left_out, named };
        copy::check_rest(&directory, &manifest)?;
        copy::manifest(&manifest, &directory)?;
        Ok::<_, copy::CopyError>(manifest)
    };
    let written = tokio::task::spawn_blocking(rest).await;
    let manifest = written.map_err(|_| problem("center.failed"))?.map_err(|error| broken(&error))?;
    for school in &manifest.schools {
        let copied = Head { version: school.version, entry: school.entry };
        note(host, school.npsn, move |desk| desk.verified(copied)).await;
    }
    for LeftOut { npsn, .. } in &manifest.left_out {
        note(host, *npsn, Desk::left_out).await;
    }
    Ok(manifest)
}

fn broken(error: &copy::CopyError) -> Problem {
    tracing::error!(%error, "the backup failed");
    problem("backup.failed").with("reason", error)
}

/// Copies every school, and reads each copy again.
async fn copy_schools(host: &Arc<Host>, to: &Path) -> Result<(Vec<SchoolCopy>, Vec<LeftOut>), Problem> {
    let reader = Arc::clone(host);
    let listed = tokio::task::spawn_blocking(move || reader.schools(None, usize::MAX)).await;
    let (mut schools, mut left_out) = (Vec::new(), Vec::new());
    for npsn in listed.map_err(|_| problem("center.failed"))?? {
        match copy_school(host, npsn, to).await? {
            Ok(copied) => schools.push(copied),
            Err(reason) => {
                tracing::error!(%npsn, reason, "a school could not be copied and is left out of the backup");
                left_out.push(LeftOut { npsn, reason });
            }
        }
    }
    Ok((schools, left_out))
}

/// Copies a school under its lock and reads the copy again; says why it cannot be copied.
///
/// # Errors
/// What is not this school's: the backup's own disk.
async fn copy_school(host: &Arc<Host>, npsn: Npsn, to: &Path) -> Result<Result<SchoolCopy, String>, Problem> {
    let mut tries = 1;
    let copied = loop {
        let to = to.to_owned();
        match host.at(npsn, move |desk| Ok(copy::school(desk, &to))).await {
            Err(busy) if busy.code == "center.busy" && tries < BUSY_TRIES => tries += 1,
            // It does not open.
            Err(problem) => break Err(problem.code),
            Ok(Ok(copied)) => break Ok(copied),
            Ok(Err(error)) if error.is_backups_own() => return Err(broken(&error)),
            Ok(Err(error)) => break Err(error.to_string()),
        }
    };
    let directory = to.to_owned();
    let read_again = move || {
        let checked = copied.and_then(|copied| match copy::check_school(&directory, &copied) {
            Ok(()) => Ok(copied),
            Err(error) => Err(error.to_string()),
        });
        if checked.is_err() {
            // What was begun is no part of the backup.
            let _ = std::fs::remove_file(copy::rows_file(&directory, &npsn.to_string()));
        }
        checked
    };
    tokio::task::spawn_blocking(read_again).await.map_err(|_| problem("center.failed"))
}

/// Writes down at a school what became of its copy. Where that fails the school keeps more than it has to.
async fn note(host: &Arc<Host>, npsn: Npsn, noted: impl FnOnce(&Desk) -> Result<(), Problem> + Send + 'static) {
    if let Err(problem) = host.at(npsn, noted).await {
        tracing::warn!(%npsn, code = problem.code, "what a backup covers could not be noted at a school");
    }
}

impl Desk {
    /// Notes that a copy of this school was verified.
    fn verified(&self, copied: Head) -> Result<(), Problem> {
        let step = self.centre().verified(copied).map_err(|error| refused(&error))?;
        self.drive(step)
    }

    /// Notes that the newest backup does not hold this school.
    fn left_out(&self) -> Result<(), Problem> {
        let step = self.centre().left_out().map_err(|error| refused(&error))?;
        self.drive(step)
    }
}

/// The files of a data directory that a backup holds as they are.
const KEYS: [&str; 3] = [KEY_FILE, TOKEN_FILE, crate::config::FILE];

/// The name of the file of rows that belong to no school.
fn nobodys() -> String {
    String::from_utf8_lossy(&NOBODY).into_owned()
}
