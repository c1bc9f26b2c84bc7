//! Fault 4: what registered after the last backup is unknown to a restored centre for ever, with all that it sent and has
//! receipts for.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::people::{School, activate};
use crate::restored_centre::student;

use super::scene::{Scene, code, contacts, outcome, send_street};

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

/// What the record of the school was made of is in a later backup that is lost too, and its computers need not keep it:
/// they hand back the name and the area that the school was promised under last.
#[test]
fn a_school_that_comes_back_without_its_record_is_seen_by_the_dinas_of_its_area() {
    let mut scene = Scene::new();
    let (other, _) = scene.school("99999998", "1405");
    let place = |scene: &Scene, school: &School| {
        let listed = scene.centre().operator(&["record", "list", school.npsn, "sekolah"]);
        let record = listed;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&record["id"]), text(&record["fields"]["kode_wilayah"]))
    };
    let (_, area) = place(&scene, &other);
    let made = scene.centre().operator(&["account", "add", "dinas-uji", "--role", "dinas", "--area", &area]);
    let token = scene.place.path().join("dinas.token");
    std::fs::write(&token, made["token"].as_str().unwrap()).unwrap();
    let backup = scene.back_up("backup");
    let (school, first) = scene.school("99999999", "1405");
    let (id, _) = place(&scene, &school);
    scene.back_up("later");
    contacts(&first, "pull");
    scene.centre().operator(&["record", "edit", school.npsn, "sekolah", &id, "nama=SMP Berganti Nama"]);
    contacts(&first, "pull");
    scene.lose_the_disk(&backup);

    assert_eq!(contacts(&first, "pull"), "done");
    assert_eq!(place(&scene, &school).1, "", "its record has lost its place");
    let sees = ["--token-file", token.to_str().unwrap(), "head", "keys", school.npsn];
    assert_eq!(code(&scene.centre().try_operator(&sees)), "done");
    let listed = scene.centre().try_operator(&["school", "list"]);
    assert!(String::from_utf8(listed.stdout).unwrap().contains("SMP Berganti Nama"));
}

/// The keys in a listing.
fn ids(lines: &[u8]) -> BTreeSet<String> {
    let lines = String::from_utf8_lossy(lines);
    let listed = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    listed.map(|key| key["key"].as_str().unwrap().to_owned()).collect()
}
