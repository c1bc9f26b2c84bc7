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
