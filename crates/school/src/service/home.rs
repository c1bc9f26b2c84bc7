//! Where the store lies, as this process opened it. Files that were moved away or deleted under a running program go on
//! taking what is written to them, and nobody ever reads it again: so each commit looks whether they still lie there.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::place::Place;
use crate::platform::{Identity, identity};

/// The files and directories of an open store, each with what it was when it was opened.
#[derive(Clone)]
pub(super) struct Home {
    root: PathBuf,
    parts: Vec<(PathBuf, Identity)>,
}

impl Home {
    /// Remembers what lies in a place now.
    pub(super) fn of(place: &Place) -> Home {
        let directories = [place.store(), place.blobs()];
        let files = selaras_storage::lasting_files(&place.store());
        let parts = directories.into_iter().chain(files).filter_map(|path| known(&path).map(|known| (path, known)));
        Home { root: place.root().to_owned(), parts: parts.collect() }
    }

    /// Fails where something else lies there now, or nothing.
    ///
    /// # Errors
    /// `store.moved`.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let is_there = |(path, before): &(PathBuf, Identity)| known(path).as_ref() == Some(before);
        if self.parts.iter().all(is_there) {
            return Ok(());
        }
        tracing::error!("the store does not lie any more where it was opened");
        Err(Failure::new("store.moved").arg("place", self.root.display()))
    }
}

fn known(path: &Path) -> Option<Identity> {
    identity(path).ok()
}
