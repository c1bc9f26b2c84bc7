//! Fault 18: a damaged file of one school stops the backups of all, and nobody is told which school it is.

use std::path::{Path, PathBuf};

use selaras_storage::{EngineKind, Space, Write, open_store};
use selaras_sync::Flow;

use crate::people::{School, activate, add_large_school, add_school, approve_and_sync, assign, computer};
use crate::restored_centre::student;
use crate::stand::{Centre, Computer};

use super::scene::{Scene, contacts, outcome, send_street};

/// Enough that the first bundle lies in a file beside the store.
const STUDENTS: u32 = 300;
const STREET: &str = "Jalan Sesudah Cadangan";

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

/// The part of one school in a backup is damaged: all others are restored from it, and this one is named and comes back with
/// what its own computers keep.
fn is_restored_without(seed: &str, damage: impl FnOnce(&Path)) {
    let mut scene = Scene::new();
    let (damaged, first) = scene.school("99999981", seed);
    let (sound, second) = scene.school("99999982", seed);
    let backup = scene.back_up("backup");
    let pupil = student(&first);
    send_street(&first, &pupil, STREET);
    let sent = student(&second);
    send_street(&second, &sent, STREET);
    damage(&backup.join("schools").join(format!("{}.rows", damaged.npsn)));

    let restored = scene.restore_in_part(&backup);
    assert_eq!(restored["error"]["code"].as_str().or(restored["code"].as_str()), Some("backup.damaged-schools"));
    assert!(restored.to_string().contains(damaged.npsn), "{restored}");
    assert!(scene.centre().try_operator(&["restore", "confirm", "--all"]).status.success());
    assert_eq!(contacts(&second, "sync"), "done");
    assert!(scene.at_centre(&sound, "peserta_didik", &sent).contains(STREET));
    assert_eq!(contacts(&first, "pull"), "done");
    assert!(scene.at_centre(&damaged, "peserta_didik", &pupil).contains(STREET), "it came back with its computer");
}

#[test]
fn a_damaged_part_of_one_school_does_not_keep_the_others_from_being_restored() {
    is_restored_without("1805", flip);
}

#[test]
fn a_lost_part_of_one_school_does_not_keep_the_others_from_being_restored() {
    is_restored_without("1806", |file| std::fs::remove_file(file).unwrap());
}

#[test]
fn a_backup_of_which_no_school_is_whole_restores_nothing() {
    let scene = Scene::new();
    let (school, _) = scene.school("99999981", "1807");
    let backup = scene.back_up("backup");
    flip(&backup.join("schools").join(format!("{}.rows", school.npsn)));
    let to = scene.place.path().join("restored");
    let made = Centre::command(&["restore", "--from", backup.to_str().unwrap(), "--data", to.to_str().unwrap()]);
    assert!(!made.status.success() && !to.join("selaras-center.toml").exists(), "{made:?}");
    let said = String::from_utf8_lossy(&[made.stdout, made.stderr].concat()).into_owned();
    assert!(said.contains(school.npsn), "{said}");
}
