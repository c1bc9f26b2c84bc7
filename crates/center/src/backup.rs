//! Backups of the centre: every school's rows as they are at one moment under its lock, its blobs, the keys.
//!
//! A backup is a directory. Of each school there is one file of rows, compressed, independent of the engine; files
//! beside the store are named by their content. The manifest is written last and names every file by its hash, so a
//! backup without one is none. What was written is read again, and only then do schools hear that they need not keep it.

mod copy;
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
    /// Seconds since 1970 by the centre's clock; shown, never used to decide.
    pub(crate) at: i64,
    pub(crate) schools: Vec<SchoolCopy>,
    /// Rows that belong to no school.
    pub(crate) global: String,
    /// The audit log's files, by name and hash.
    #[serde(default)]
    pub(crate) audit: Vec<(String, String)>,
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

/// Writes a backup of all schools and verifies it; then tells each school's log what is covered.
pub(crate) async fn back_up(host: &Arc<Host>, to: &Path) -> Result<Manifest, Problem> {
    let broken = |error: copy::CopyError| {
        tracing::error!(%error, "the backup failed");
        problem("backup.failed").with("reason", error)
    };
    if to.join(MANIFEST).exists() {
        return Err(problem("backup.not-empty"));
    }
    copy::prepare(to).map_err(broken)?;
    let reader = Arc::clone(host);
    let listed = tokio::task::spawn_blocking(move || reader.schools(None, usize::MAX)).await;
    let mut schools = Vec::new();
    for npsn in listed.map_err(|_| problem("center.failed"))?? {
        let to = to.to_owned();
        let copied = host.at(npsn, move |desk| copy::school(desk, &to).map_err(broken)).await?;
        schools.push(copied);
    }
    let (copied, directory) = (Arc::clone(host), to.to_owned());
    let global = tokio::task::spawn_blocking(move || copy::global(&copied, &directory)).await;
    let global = global.map_err(|_| problem("center.failed"))?.map_err(broken)?;
    copy::keys(&host.data, to).map_err(broken)?;
    let (data, directory) = (host.data.clone(), to.to_owned());
    let audit = tokio::task::spawn_blocking(move || copy::audit(&data, &directory)).await;
    let audit = audit.map_err(|_| problem("center.failed"))?.map_err(broken)?;
    let manifest = Manifest { format: FORMAT, at: host.clock.now(), schools, global, audit };
    copy::manifest(&manifest, to).map_err(broken)?;
    let directory = to.to_owned();
    let verified = tokio::task::spawn_blocking(move || copy::verify(&directory)).await;
    let manifest = verified.map_err(|_| problem("center.failed"))?.map_err(broken)?;
    for school in &manifest.schools {
        let copied = Head { version: school.version, entry: school.entry };
        host.at(school.npsn, move |desk| desk.verified(copied)).await?;
    }
    Ok(manifest)
}

impl Desk {
    /// Notes that a copy of this school was verified.
    fn verified(&self, copied: Head) -> Result<(), Problem> {
        let step = self.centre().verified(copied).map_err(|error| refused(&error))?;
        self.drive(step)
    }
}

/// The files of a data directory that a backup holds as they are.
const KEYS: [&str; 3] = [KEY_FILE, TOKEN_FILE, crate::config::FILE];

/// The name of the file of rows that belong to no school.
fn nobodys() -> String {
    String::from_utf8_lossy(&NOBODY).into_owned()
}
