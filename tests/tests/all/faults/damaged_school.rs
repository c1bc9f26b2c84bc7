//! Fault 18: a damaged file of one school stops the backups of all, and nobody is told which school it is.

use std::path::{Path, PathBuf};

use selaras_storage::{EngineKind, Space, Write, open_store};
use selaras_sync::Flow;

use crate::people::{School, activate, add_large_school, add_school, approve_and_sync, assign, computer};
use crate::stand::{Centre, Computer};

use super::scene::{Scene, outcome};

/// Enough that the first bundle lies in a file beside the store.
const STUDENTS: u32 = 300;

/// A school whose files will be damaged, and a sound one whose number comes after it.
fn two(scene: &Scene, seed: &str) -> (School, School) {
    let damaged = add_large_school(scene.place.path(), scene.centre(), "99999981", seed, STUDENTS);
    let first = computer(scene.place.path(), scene.centre(), &damaged, "a");
    assign(scene.centre(), &damaged);
    first.run(&["import", damaged.files.join("school.jsonl").to_str().unwrap()], &[]);
    activate(&first, &damaged);
    approve_and_sync(&first);
    (damaged, add_school(scene.place.path(), scene.centre(), "99999982", seed))
}

/// The largest file beside the store of a school: the bundle that its log refers to.
fn bundle_of(data: &Path, school: &School) -> PathBuf {
    let files = std::fs::read_dir(data.join("blobs").join(school.npsn)).unwrap();
    files.map(|file| file.unwrap().path()).max_by_key(|path| std::fs::metadata(path).unwrap().len()).unwrap()
}

/// Changes a byte in the middle, as a worn disk does.
fn flip(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

/// The backup names the damaged school, and a centre that is made from it has the sound one.
fn is_backed_up_without(scene: &Scene, damaged: &School, sound: &School) {
    let backup = scene.place.path().join("backup");
    let before = scene.centre().operator(&["digest", sound.npsn]);
    let made = scene.centre().try_operator(&["backup", "--to", backup.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&[made.stdout, made.stderr].concat()).into_owned();
    assert!(said.contains(damaged.npsn), "the damaged school is not named: {said}");
    assert!(backup.join("backup.json").exists(), "nobody is backed up: {said}");
    let centre = Centre::restore(&backup, &scene.place.path().join("restored"));
    assert_eq!(centre.operator(&["digest", sound.npsn])["root"], before["root"]);
}

#[test]
fn fault_18_a_flipped_bit_in_a_schools_bundle_leaves_that_school_out_of_the_backup() {
    let scene = Scene::new();
    let (damaged, sound) = two(&scene, "1801");
    flip(&bundle_of(scene.data(), &damaged));
    is_backed_up_without(&scene, &damaged, &sound);
}

#[test]
fn fault_42_a_lost_bundle_of_a_school_leaves_that_school_out_of_the_backup() {
    let scene = Scene::new();
    let (damaged, sound) = two(&scene, "1802");
    std::fs::remove_file(bundle_of(scene.data(), &damaged)).unwrap();
    is_backed_up_without(&scene, &damaged, &sound);
}

#[test]
fn fault_18_a_damaged_row_of_a_school_leaves_that_school_out_of_the_backup() {
    let mut scene = Scene::new();
    let (damaged, sound) = two(&scene, "1803");
    scene.while_stopped(|data| damage_a_document(&data.join("store"), damaged.npsn));
    is_backed_up_without(&scene, &damaged, &sound);
}

/// Damages one row of a school beneath everything that would notice.
fn damage_a_document(store: &Path, npsn: &str) {
    let engine = open_store(store, EngineKind::Sled, 1 << 20).unwrap().engine;
    let mut first = None;
    engine
        .scan(Space::Document, npsn.as_bytes(), &mut |key, value| {
            first = Some((key.to_vec(), value.to_vec()));
            Ok(Flow::Stop)
        })
        .unwrap();
    let (key, mut value) = first.unwrap();
    *value.last_mut().unwrap() ^= 1;
    engine.commit(&[Write::put(Space::Document, key, value)]).unwrap();
}

/// The other way in which the same file is believed: what a page is made of is not looked at before it is sent.
#[test]
fn fault_18_a_computer_that_recovers_is_told_that_the_centres_file_is_damaged() {
    let scene = Scene::new();
    let (damaged, _) = two(&scene, "1804");
    flip(&bundle_of(scene.data(), &damaged));
    let empty = Computer { data: scene.place.path().join("empty") };
    let recover = ["recover", "--server", &scene.centre().url, "--npsn", damaged.npsn];
    let told = outcome(&empty, &recover, &[&damaged.kode]);
    assert!(told.starts_with("center."), "the school looks for the fault in its own network: {told}");
}
