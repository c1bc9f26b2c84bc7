//! Directories as one compressed file: `tar`, and zstd.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Packs what is in a directory, without what is of the machine.
pub(crate) fn pack(directory: &Path, file: &Path) {
    let whose = ["--owner=0", "--group=0", "--numeric-owner", "--mtime=@0", "--sort=name"];
    let packed = Command::new("tar").args(whose).arg("-C").arg(directory).args(["-cf", "-", "."]).output().unwrap();
    assert!(packed.status.success(), "{packed:?}");
    std::fs::write(file, zstd::bulk::compress(&packed.stdout, 19).unwrap()).unwrap();
}

/// Unpacks it into a directory that it makes.
pub(crate) fn unpack(file: &Path, directory: &Path) {
    std::fs::create_dir_all(directory).unwrap();
    let open = zstd::stream::decode_all(std::fs::File::open(file).unwrap()).unwrap();
    let mut tar =
        Command::new("tar").arg("-C").arg(directory).args(["-xf", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    tar.stdin.take().unwrap().write_all(&open).unwrap();
    assert!(tar.wait().unwrap().success());
}
