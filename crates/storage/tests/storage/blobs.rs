//! Blobs are durable whole under their names.

use std::fs;

use selaras_storage::{FileBlobs, MemoryBlobs};
use selaras_sync::store::Blobs;

fn behaves(blobs: &dyn Blobs) {
    let (a, b) = ([1; 32], [0xAB; 32]);
    assert_eq!(blobs.get(&a).unwrap(), None);
    blobs.remove(&a).unwrap();
    blobs.put(&b, b"second").unwrap();
    blobs.put(&a, b"first").unwrap();
    blobs.put(&a, b"first").unwrap();
    assert_eq!(blobs.get(&a).unwrap().as_deref(), Some(b"first".as_slice()));
    assert_eq!(blobs.names().unwrap(), [a, b]);
    blobs.remove(&a).unwrap();
    assert_eq!(blobs.names().unwrap(), [b]);
    blobs.put(&a, b"").unwrap();
    assert_eq!(blobs.get(&a).unwrap().as_deref(), Some(b"".as_slice()));
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
    blobs.remove(&[1; 32]).unwrap();
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
