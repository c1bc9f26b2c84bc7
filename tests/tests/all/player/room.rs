//! A disk that is full: a small one of its own where mounting is allowed, else a limit on the size of files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::copied::copy;
use crate::stand::SCHOOL;

/// What the small disk has beyond what lies on it.
const BEYOND: u64 = 8 << 20;

/// A directory with little room; it ends when this is dropped.
pub(super) enum Room {
    /// Its directory lies on a small disk meanwhile.
    Small(Small),
    /// No file may grow over so many bytes.
    Limit(u64),
}

/// A small disk.
pub(super) struct Small {
    at: PathBuf,
    /// Where the directory belongs.
    home: PathBuf,
    /// What it has when it is filled.
    kib: u64,
}

impl Room {
    /// Moves a directory of a stopped program where [`Self::fill`] leaves so many KiB.
    pub(super) fn scarce(data: &mut PathBuf, at: &Path, kib: u64) -> Self {
        let size = length(data) + BEYOND;
        fs::create_dir_all(at).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "selaras-tests"]).arg(at).output();
        if !mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Self::Limit(largest(data) + (kib << 10));
        }
        let small = Small { at: at.to_owned(), home: data.clone(), kib };
        *data = at.join("data");
        copy(&small.home, data);
        Self::Small(small)
    }

    /// Takes the room; a limit on files is there from the beginning.
    pub(super) fn fill(&self) {
        if let Self::Small(small) = self {
            fill(&small.at.join("filler"), small.kib);
        }
    }

    pub(super) fn is_a_disk(&self) -> bool {
        matches!(self, Self::Small(_))
    }

    /// The program, where files are limited: to it the limit is an error of writing, as a full disk is.
    pub(super) fn program(&self) -> Command {
        let Self::Limit(bytes) = self else { return Command::new(SCHOOL) };
        let mut command = Command::new("sh");
        // The shell counts in blocks of 512 bytes.
        command.args(["-c", "trap '' XFSZ; ulimit -f $0; exec \"$@\"", &bytes.div_ceil(512).to_string(), SCHOOL]);
        command
    }

    /// Gives the room back to a stopped program.
    pub(super) fn free(self, data: &mut PathBuf) {
        let Self::Small(small) = self else { return };
        fs::remove_dir_all(&small.home).unwrap();
        copy(data, &small.home);
        data.clone_from(&small.home);
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).output();
    }
}

/// Writes a file until the disk has so many KiB.
fn fill(file: &Path, kib: u64) {
    use std::io::Write as _;
    let mut filler = fs::File::create(file).unwrap();
    let piece = vec![0; 1 << 10];
    while filler.write_all(&piece).is_ok() {}
    let full = filler.metadata().unwrap().len();
    filler.set_len(full.saturating_sub(kib << 10)).unwrap();
}

/// Bytes of all files of a directory.
fn length(directory: &Path) -> u64 {
    files(directory).iter().map(|file| fs::metadata(file).unwrap().len()).sum()
}

/// Bytes of the largest file of a directory.
pub(super) fn largest(directory: &Path) -> u64 {
    files(directory).iter().map(|file| fs::metadata(file).unwrap().len()).max().unwrap_or_default()
}

/// The files of a directory and of those in it, in their order by name.
pub(super) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}
