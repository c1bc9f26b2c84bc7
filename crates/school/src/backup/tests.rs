#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
//! What is wrong with a file beside an ordinary backup: it is of a later version, of no known encryption, or could not be
//! read back.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use selaras_model::Npsn;
use selaras_storage::{Changelog, FileBlobs, MemoryEngine, STORE_FORMAT};
use selaras_sync::{Batch, Key, Row, Store as _};

use super::frames::{FORMAT, Frame, FrameWriter, MAGIC};
use super::*;
use crate::failure::Failure;
use crate::secret::Secret;

const SCHOOL: &str = "99999999";

fn head(npsn: &str, store_format: u32) -> Head {
    let app = "0.1.0".to_owned();
    Head { npsn: npsn.parse().unwrap(), at: 1_795_500_000, app, store_format, version: 7, drafts: 0, outbox: 0 }
}

fn key() -> BackupKey {
    BackupKey::new_passphrase(&Secret::new("empat perahu di teluk")).unwrap()
}

fn code<T>(result: Result<T, Failure>) -> (String, u64) {
    let Err(failure) = result else { panic!("it was taken") };
    (failure.code.clone(), failure.args.get("found").map_or(0, |found| found.parse().unwrap()))
}

/// What is inside the encryption of an empty backup of these formats.
fn opened(format: u32, store_format: u32) -> std::io::Cursor<Vec<u8>> {
    let mut bytes = [MAGIC.as_slice(), &format.to_be_bytes()].concat();
    let mut frames = FrameWriter::new(zstd::stream::write::Encoder::new(&mut bytes, 1).unwrap());
    frames.put(&Frame::Head(head(SCHOOL, store_format))).unwrap();
    frames.finish().unwrap().1.finish().unwrap();
    std::io::Cursor::new(bytes)
}

#[test]
fn a_backup_of_a_later_version_is_not_called_damaged() {
    let begin = |format, store| BackupReader::begin(opened(format, store), Path::new("a.age")).map(drop);
    assert!(begin(FORMAT, STORE_FORMAT).is_ok());
    assert_eq!(code(begin(FORMAT + 6, STORE_FORMAT)), ("backup.newer".to_owned(), u64::from(FORMAT + 6)));
    assert_eq!(code(begin(FORMAT, STORE_FORMAT + 7)), ("backup.newer".to_owned(), u64::from(STORE_FORMAT + 7)));
}

#[test]
fn a_file_of_an_encryption_that_nobody_knows_yet_is_not_called_damaged() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.age");
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(b"age-encryption.org/v9\n-> later\n\n--- later\n").unwrap();
    drop(file);
    assert_eq!(code(BackupReader::open(&path, &key()).map(drop)).0, "backup.unknown");
}

#[test]
fn a_backup_that_does_not_read_back_has_no_name() {
    let place = tempfile::tempdir().unwrap();
    let npsn: Npsn = SCHOOL.parse().unwrap();
    let store = Changelog::new(Arc::new(MemoryEngine::new())).unwrap().school(npsn);
    let mut batch = Batch::default();
    batch.put(Key::Local("row".to_owned()), Row::Bytes(vec![7]));
    store.commit(&batch).unwrap();
    let blobs = FileBlobs::open(&place.path().join("blobs")).unwrap();
    let path = place.path().join("a.age");
    // It says that it is another school's than its rows are.
    let written = write(&path, &key(), &head("99999998", STORE_FORMAT), &store, &blobs);
    assert_eq!(code(written.map(drop)).0, "backup.not-verified");
    let left: Vec<_> = std::fs::read_dir(place.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["blobs"], "nothing has the name, and nothing is left over");
    write(&path, &key(), &head(SCHOOL, STORE_FORMAT), &store, &blobs).unwrap();
}
