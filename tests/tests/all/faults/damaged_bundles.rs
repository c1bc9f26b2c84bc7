//! Fault 13, where a centre is restored: a bundle that was received long ago, and whose file changed since, is handed back
//! as it is now.

use std::path::{Path, PathBuf};

use crate::restored_centre::student;

use super::scene::{Scene, contacts, send_street};

const STREET: &str = "Jalan Yang Sudah Diterima";

/// Changes a byte among the edits of the file that came last, as a worn disk does: they stand behind its head.
fn flip_the_last_bundle(data: &Path, before: &[PathBuf]) {
    let file = bundles(data).into_iter().find(|file| !before.contains(file)).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let among_edits = bytes.len() * 7 / 8;
    bytes[among_edits] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

fn bundles(data: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(data.join("blobs")).unwrap().map(|file| file.unwrap().path()).collect()
}

#[test]
fn fault_13_a_damaged_bundle_of_before_does_not_keep_a_restored_centre_waiting() {
    let mut scene = Scene::new();
    let (school, first) = scene.school("99999999", "1391");
    let second = scene.computer(&school, "b");
    let backup = scene.back_up("backup");
    let (pupil, before) = (student(&first), bundles(&first.data));
    send_street(&first, &pupil, STREET);
    second.run(&["pull"], &[]);
    flip_the_last_bundle(&first.data, &before);
    scene.lose_the_disk(&backup);

    // The second computer has the same entry, so that nothing is lost; the first is not kept out for its sake.
    for computer in [&first, &second, &first] {
        assert_eq!(contacts(computer, "pull"), "done");
    }
    let waits = scene.centre().operator(&["school", "healing", school.npsn]);
    assert_eq!(waits["waiting"].as_array().unwrap().len(), 0, "{waits}");
    assert!(scene.at_centre(&school, "peserta_didik", &pupil).contains(STREET));
}
