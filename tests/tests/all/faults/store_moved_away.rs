//! Fault 22: the store is moved away or deleted under `serve`, which goes on writing into files that have no name any more,
//! and reports edits as saved.

use std::path::Path;

use crate::copied::copy;
use crate::pages::school::{School, Serving};
use crate::restored_centre::student;
use crate::stand::PASSWORD;

use super::pages_stand::code;
use super::scene::{Scene, outcome};

const STREET: &str = "alamat_jalan=Jalan Yang Disimpan";

/// Something happens to the store while the program serves from it. An edit is then refused, or it is there when the
/// program is started anew.
fn an_edit_is_saved_or_refused_when(seed: &str, happens: impl FnOnce(&Path)) {
    let scene = Scene::new();
    let (_, first) = scene.school("99999999", seed);
    let pupil = student(&first);
    let mut serving = Serving::start(&first.data);
    happens(&first.data);
    let said = outcome(&first, &["edit", "peserta_didik", &pupil, STREET], &[]);
    serving.kill();
    if said == "done" {
        let kept = first.try_run(&["show", "peserta_didik", &pupil], &[]);
        let shown = String::from_utf8_lossy(&kept.stdout);
        assert!(shown.contains("Jalan Yang Disimpan"), "it was reported as saved, and is gone");
    }
}

#[test]
fn fault_22_an_edit_is_not_reported_as_saved_when_the_store_was_moved_away() {
    an_edit_is_saved_or_refused_when("2201", |data| {
        std::fs::rename(data.join("store"), data.join("store-old")).unwrap();
    });
}

#[test]
fn fault_22_an_edit_is_not_reported_as_saved_when_the_store_was_deleted() {
    an_edit_is_saved_or_refused_when("2202", |data| std::fs::remove_dir_all(data.join("store")).unwrap());
}

#[test]
fn fault_22_an_edit_is_not_reported_as_saved_when_another_store_was_put_in_its_place() {
    an_edit_is_saved_or_refused_when("2203", |data| {
        copy(&data.join("store"), &data.join("image"));
        std::fs::rename(data.join("store"), data.join("store-old")).unwrap();
        std::fs::rename(data.join("image"), data.join("store")).unwrap();
    });
}

/// The same by what lies in it: the directory stays, and is empty.
#[test]
fn fault_22_an_edit_is_not_reported_as_saved_when_the_files_of_the_store_were_deleted() {
    an_edit_is_saved_or_refused_when("2204", |data| {
        for entry in std::fs::read_dir(data.join("store")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
        }
    });
}

/// The same by what lies beside it: bundles are kept there, and one that is gone cannot be sent.
#[test]
fn fault_22_nothing_is_approved_into_blobs_that_were_moved_away() {
    let school = School::with_a_days_work();
    let blobs = school.computer.data.join("blobs");
    std::fs::rename(&blobs, school.computer.data.join("blobs-old")).unwrap();
    assert_eq!(code(&school.computer, &["approve", "kepala"], &[PASSWORD]), "store.moved");
}
