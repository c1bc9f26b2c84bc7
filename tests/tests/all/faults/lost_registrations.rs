//! Fault 4: what registered after the last backup is unknown to a restored centre for ever, with all that it sent and has
//! receipts for.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::people::activate;
use crate::restored_centre::student;

use super::scene::{Scene, contacts, outcome, send_street};

const STREET: &str = "Jalan Dari Komputer Baru";

#[test]
fn fault_04_a_computer_registered_after_the_backup_comes_back_with_what_it_sent() {
    let mut scene = Scene::new();
    let (school, first) = scene.school("99999999", "1401");
    let backup = scene.back_up("backup");
    let second = scene.computer(&school, "b");
    activate(&second, &school);
    let pupil = student(&second);
    send_street(&second, &pupil, STREET);
    scene.lose_the_disk(&backup);

    // The first computer never saw it: only the second one can hand it back.
    assert_eq!(contacts(&first, "pull"), "done");
    assert_eq!(contacts(&second, "pull"), "done");
    assert!(scene.at_centre(&school, "peserta_didik", &pupil).contains(STREET));
}

#[test]
fn fault_04_a_school_added_after_the_backup_comes_back_with_what_it_sent() {
    let mut scene = Scene::new();
    let backup = scene.back_up("backup");
    let (school, first) = scene.school("99999999", "1402");
    let pupil = student(&first);
    send_street(&first, &pupil, STREET);
    scene.lose_the_disk(&backup);

    assert_eq!(contacts(&first, "pull"), "done");
    assert!(scene.at_centre(&school, "peserta_didik", &pupil).contains(STREET));
}

#[test]
fn fault_04_init_over_a_store_of_the_school_registers_the_computer_again() {
    let mut scene = Scene::new();
    let (school, _) = scene.school("99999999", "1403");
    let backup = scene.back_up("backup");
    let second = scene.computer(&school, "b");
    scene.lose_the_disk(&backup);

    // A kode from after the restore: one from before it proves nothing.
    let fresh = scene.centre().operator(&["school", "kode", school.npsn]);
    let kode = fresh["kode_registrasi"].as_str().unwrap();
    let init = ["init", "--server", &scene.centre().url, "--npsn", school.npsn];
    assert_eq!(outcome(&second, &init, &[kode]), "done");
    assert_eq!(contacts(&second, "pull"), "done");
}

/// The computer is known, and its head's key is not: the next approval would be refused for good.
#[test]
fn fault_04_a_heads_key_enrolled_after_the_backup_is_known_again() {
    let mut scene = Scene::new();
    let (school, first) = scene.school("99999999", "1404");
    let second = scene.computer(&school, "b");
    let backup = scene.back_up("backup");
    activate(&second, &school);
    send_street(&second, &student(&second), STREET);
    let keys = |scene: &Scene| scene.centre().try_operator(&["head", "keys", school.npsn]).stdout;
    let enrolled = ids(&keys(&scene));
    assert_eq!(enrolled.len(), 2, "one on each computer");
    scene.lose_the_disk(&backup);

    for computer in [&first, &second] {
        assert_eq!(contacts(computer, "pull"), "done");
    }
    assert_eq!(ids(&keys(&scene)), enrolled);
}

/// The keys in a listing.
fn ids(lines: &[u8]) -> BTreeSet<String> {
    let lines = String::from_utf8_lossy(lines);
    let listed = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    listed.map(|key| key["key"].as_str().unwrap().to_owned()).collect()
}
