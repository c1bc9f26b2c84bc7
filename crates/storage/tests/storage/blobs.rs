//! Blobs are durable whole under their names.

use std::fs;

use selaras_storage::{FileBlobs, MemoryBlobs};
use selaras_sync::store::{Blobs, StoreError};

fn name_of(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

fn sorted(mut names: [[u8; 32]; 2]) -> [[u8; 32]; 2] {
    names.sort_unstable();
    names
}

fn behaves(blobs: &dyn Blobs) {
    let (a, b, empty) = (name_of(b"first"), name_of(b"second"), name_of(b""));
    assert_eq!(blobs.get(&a).unwrap(), None);
    blobs.remove(&a).unwrap();
    blobs.put(&b, b"second").unwrap();
    blobs.put(&a, b"first").unwrap();
    blobs.put(&a, b"first").unwrap();
    assert_eq!(blobs.get(&a).unwrap().as_deref(), Some(b"first".as_slice()));
    assert_eq!(blobs.names().unwrap(), sorted([a, b]));
    blobs.remove(&a).unwrap();
    assert_eq!(blobs.names().unwrap(), [b]);
    blobs.put(&empty, b"").unwrap();
    assert_eq!(blobs.get(&empty).unwrap().as_deref(), Some(b"".as_slice()));
}

/// What is not what its name says is never taken for it, and gives way to what is.
fn is_checked(blobs: &dyn Blobs) {
    let name = name_of(b"as it was signed");
    blobs.put(&name, b"as it was sighed").unwrap();
    assert!(matches!(blobs.get(&name), Err(StoreError::Damaged(_))));
    assert_eq!(blobs.sound(&name).unwrap(), None);
    assert_eq!(blobs.unchecked(&name).unwrap().as_deref(), Some(b"as it was sighed".as_slice()));
    blobs.put(&name, b"as it was signed").unwrap();
    assert_eq!(blobs.get(&name).unwrap().as_deref(), Some(b"as it was signed".as_slice()));
}

#[test]
fn every_byte_is_checked_when_it_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let files = FileBlobs::open(directory.path()).unwrap();
    is_checked(&files);
    let (sound, other) = (name_of(b"as it was signed"), name_of(b"another"));
    files.put(&other, b"something else").unwrap();
    assert!(files.is_sound(&sound).unwrap() && !files.is_sound(&other).unwrap() && !files.is_sound(&[7; 32]).unwrap());
    is_checked(&MemoryBlobs::new());
}

#[test]
fn files_are_blobs() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("blobs");
    behaves(&FileBlobs::open(&path).unwrap());
    assert_eq!(FileBlobs::open(&path).unwrap().names().unwrap().len(), 2);
}

#[test]
fn memory_holds_blobs() {
    let blobs = MemoryBlobs::new();
    behaves(&blobs);
    let earlier = blobs.fork();
    blobs.remove(&name_of(b"")).unwrap();
    assert_eq!(earlier.names().unwrap().len(), 2);
    assert_eq!(blobs.names().unwrap().len(), 1);
}

#[test]
fn what_a_cut_left_unfinished_is_swept_away_and_never_read() {
    let directory = tempfile::tempdir().unwrap();
    let unfinished = directory.path().join(format!("{}.writing", "01".repeat(32)));
    fs::write(&unfinished, b"ha").unwrap();
    fs::write(directory.path().join("note.txt"), b"of a person").unwrap();
    let blobs = FileBlobs::open(directory.path()).unwrap();
    assert_eq!(blobs.names().unwrap(), Vec::<[u8; 32]>::new());
    assert_eq!(blobs.get(&[1; 32]).unwrap(), None);
    assert!(!unfinished.exists());
    assert!(directory.path().join("note.txt").exists());
}

#[test]
fn a_blob_that_comes_in_pieces_counts_when_it_is_whole_and_what_its_name_says() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = FileBlobs::open(directory.path()).unwrap();
    let name = *blake3::hash(b"first and second").as_bytes();
    blobs.growing(&name).unwrap().append(b"first ").unwrap();
    assert!(blobs.get(&name).unwrap().is_none() && blobs.names().unwrap().is_empty());
    drop(blobs);
    // Another process goes on.
    let blobs = FileBlobs::open(directory.path()).unwrap();
    let mut growing = blobs.growing(&name).unwrap();
    assert_eq!(growing.length(), 6);
    growing.append(b"and second").unwrap();
    assert!(growing.finish(&name).unwrap());
    assert_eq!(blobs.get(&name).unwrap().unwrap(), b"first and second");

    let mut altered = blobs.growing(&[7; 32]).unwrap();
    altered.append(b"something else").unwrap();
    assert!(!altered.finish(&[7; 32]).unwrap());
    assert_eq!(blobs.growing(&[7; 32]).unwrap().length(), 0, "what is not what its name says is gone");
}
