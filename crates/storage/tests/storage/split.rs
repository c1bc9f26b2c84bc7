//! Values over 4 KiB: no entry of sled's gets so large that it becomes a file which sled never syncs.

use selaras_storage::{Space, Write};

use crate::conformance::{OnSled, Subject};

fn unsynced_files(subject: &OnSled) -> usize {
    std::fs::read_dir(subject.directory().join("blobs")).unwrap().count()
}

#[test]
fn nothing_ever_becomes_a_file_of_its_own() {
    let subject = OnSled::new();
    for round in 0..6_u8 {
        for batch in 0..8_u8 {
            let key = |number: u8| [[batch; 120].as_slice(), &[number; 136]].concat();
            let writes: Vec<Write> = (0..60)
                .map(|number| {
                    let len = [12_000, 4_095, 17_000, 4_096][usize::from((number + round) % 4)];
                    Write::put(Space::Document, key(number), vec![round; len])
                })
                .collect();
            subject.engine().commit(&writes).unwrap();
        }
        assert_eq!(unsynced_files(&subject), 0, "after round {round}");
    }
    subject.engine().verify().unwrap();
    let subject = subject.reopened();
    assert_eq!(unsynced_files(&subject), 0);
    assert_eq!(crate::conformance::rows(subject.engine(), Space::Document, b"").len(), 480);
}

#[test]
fn a_thousand_large_values_are_removed_at_once() {
    let subject = OnSled::new();
    let key = |number: u16| number.to_be_bytes();
    for batch in 0..10_u16 {
        let large = |number| Write::put(Space::Document, key(number), vec![1; 9_000]);
        let writes: Vec<Write> = (batch * 100..batch * 100 + 100).map(large).collect();
        subject.engine().commit(&writes).unwrap();
    }
    let writes: Vec<Write> = (0..1_000).map(|number| Write::remove(Space::Document, key(number))).collect();
    subject.engine().commit(&writes).unwrap();
    let subject = subject.reopened();
    assert_eq!(crate::conformance::rows(subject.engine(), Space::Document, b""), []);
    subject.engine().verify().unwrap();
}
