//! The files in which bundles land: `uploads/NPSN/ID.LENGTH`, as long as what has arrived. One whose client could not
//! name it ends in `.unnamed`, and gets its content's name when it is whole.
//!
//! The length is part of the name, so that an upload is one file and begins with one act. What a restart finds is
//! synced before it is told: a file as long as it looks may still lose its end with the power.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use selaras_model::{BundleId, Npsn};
use selaras_sync::transfer::Landing;

/// How long an upload is kept after its last byte: a long weekend without electricity.
pub(crate) const EXPIRY: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The directory of all uploads.
pub(crate) struct Files {
    root: PathBuf,
    most: usize,
}

/// An upload as it is on the disk.
#[derive(Debug, Clone)]
pub(crate) struct Landed {
    pub(crate) path: PathBuf,
    pub(crate) landing: Landing,
    /// When its last byte came.
    pub(crate) touched: SystemTime,
    /// Whether its id is not its content's.
    pub(crate) unnamed: bool,
}

/// Whether a client knows what it uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// The id is the content's hash.
    ByContent,
    /// The id is any; the content's follows when it is whole.
    Unnamed,
}

/// A file of the directory.
struct Entry {
    path: PathBuf,
    id: String,
    length: u64,
    unnamed: bool,
}

const UNNAMED: &str = ".unnamed";

impl Files {
    pub(super) fn new(root: PathBuf, most: usize) -> Self {
        Self { root, most }
    }

    /// Finds an upload; what is told of it is on the disk.
    pub(crate) fn find(&self, npsn: Npsn, bundle: BundleId) -> io::Result<Option<Landed>> {
        let wanted = bundle.to_string();
        let Some(entry) = self.of_school(npsn)?.into_iter().find(|entry| entry.id == wanted) else { return Ok(None) };
        let file = File::options().append(true).open(&entry.path)?;
        file.sync_all()?;
        let about = file.metadata()?;
        let landing = Landing::resume(entry.length, about.len());
        Ok(Some(Landed { path: entry.path, landing, touched: about.modified()?, unnamed: entry.unnamed }))
    }

    /// Begins an upload; none where the school has too many that are not finished.
    pub(crate) fn begin(
        &self,
        npsn: Npsn,
        bundle: BundleId,
        landing: Landing,
        naming: Naming,
    ) -> io::Result<Option<Landed>> {
        let directory = self.root.join(npsn.to_string());
        fs::create_dir_all(&directory)?;
        if self.of_school(npsn)?.len() >= self.most {
            return Ok(None);
        }
        let unnamed = naming == Naming::Unnamed;
        let path = directory.join(format!("{bundle}.{}{}", landing.length(), if unnamed { UNNAMED } else { "" }));
        File::options().append(true).create(true).open(&path)?.sync_all()?;
        sync_names(&directory)?;
        Ok(Some(Landed { path, landing, touched: SystemTime::now(), unnamed }))
    }

    /// The bytes of an upload that is whole.
    pub(crate) fn whole(&self, npsn: Npsn, bundle: BundleId) -> io::Result<Option<Vec<u8>>> {
        match self.find(npsn, bundle)? {
            Some(landed) if landed.landing.is_whole() => fs::read(landed.path).map(Some),
            _ => Ok(None),
        }
    }

    /// Removes an upload; one that is not there is allowed.
    pub(crate) fn remove(&self, npsn: Npsn, bundle: BundleId) -> io::Result<()> {
        match self.find(npsn, bundle)? {
            Some(landed) => fs::remove_file(landed.path),
            None => Ok(()),
        }
    }

    /// Moves a finished upload to its content's name, for clients that could not name it before.
    pub(crate) fn rename(&self, npsn: Npsn, from: &Landed, bundle: BundleId) -> io::Result<()> {
        let directory = self.root.join(npsn.to_string());
        fs::rename(&from.path, directory.join(format!("{bundle}.{}", from.landing.length())))?;
        sync_names(&directory)
    }

    /// Removes uploads whose last byte came too long ago; says how many.
    pub(crate) fn sweep(&self, now: SystemTime) -> io::Result<usize> {
        let mut removed = 0;
        for school in read_dir(&self.root)? {
            for path in read_dir(&school)? {
                let touched = fs::metadata(&path)?.modified()?;
                if now.duration_since(touched).is_ok_and(|age| age > EXPIRY) {
                    fs::remove_file(path)?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    fn of_school(&self, npsn: Npsn) -> io::Result<Vec<Entry>> {
        Ok(read_dir(&self.root.join(npsn.to_string()))?.into_iter().filter_map(entry).collect())
    }
}

/// What a file's name says.
fn entry(path: PathBuf) -> Option<Entry> {
    let name = path.file_name()?.to_str()?;
    let (named, unnamed) = name.strip_suffix(UNNAMED).map_or((name, false), |named| (named, true));
    let (id, length) = named.split_once('.')?;
    let (id, length) = (id.to_owned(), length.parse().ok()?);
    Some(Entry { path, id, length, unnamed })
}

fn read_dir(directory: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Syncs a directory's names; where directories cannot be opened (Windows) the file system is trusted with it.
fn sync_names(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::Write as _;

    use super::*;

    fn npsn() -> Npsn {
        "99999999".parse().unwrap()
    }

    fn id(byte: u8) -> BundleId {
        BundleId::from_bytes([byte; 32])
    }

    #[test]
    fn an_upload_is_found_as_long_as_it_is() {
        let place = tempfile::tempdir().unwrap();
        let files = Files::new(place.path().join("uploads"), 2);
        assert!(files.find(npsn(), id(1)).unwrap().is_none());
        let begun = files.begin(npsn(), id(1), Landing::begin(10).unwrap(), Naming::ByContent).unwrap().unwrap();
        File::options().append(true).open(begun.path).unwrap().write_all(b"12345").unwrap();
        let found = files.find(npsn(), id(1)).unwrap().unwrap();
        assert_eq!((found.landing.offset(), found.landing.length()), (5, 10));
        assert!(files.whole(npsn(), id(1)).unwrap().is_none());
        File::options().append(true).open(found.path).unwrap().write_all(b"67890").unwrap();
        assert_eq!(files.whole(npsn(), id(1)).unwrap().unwrap(), b"1234567890");
        files.remove(npsn(), id(1)).unwrap();
        files.remove(npsn(), id(1)).unwrap();
        assert!(files.find(npsn(), id(1)).unwrap().is_none());
    }

    #[test]
    fn a_school_has_only_so_many() {
        let place = tempfile::tempdir().unwrap();
        let files = Files::new(place.path().join("uploads"), 2);
        let begin = |byte| files.begin(npsn(), id(byte), Landing::begin(10).unwrap(), Naming::ByContent).unwrap();
        assert!(begin(1).is_some() && begin(2).is_some());
        assert!(begin(3).is_none());
    }

    #[test]
    fn what_nobody_goes_on_with_is_swept() {
        let place = tempfile::tempdir().unwrap();
        let files = Files::new(place.path().join("uploads"), 2);
        let begun = files.begin(npsn(), id(1), Landing::begin(10).unwrap(), Naming::ByContent).unwrap().unwrap();
        assert_eq!(files.sweep(begun.touched + EXPIRY / 2).unwrap(), 0);
        assert_eq!(files.sweep(SystemTime::now() + EXPIRY * 2).unwrap(), 1);
        assert!(files.find(npsn(), id(1)).unwrap().is_none());
    }
}
