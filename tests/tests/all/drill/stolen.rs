//! What a stolen computer gets of a restored centre before an honest one has come: what it could read before its removal.

use std::path::PathBuf;

use crate::faults::scene::{Scene, code, contacts, outcome, send_street, try_to_send_street};
use crate::moved::nth;
use crate::people::activate;
use crate::stand::Computer;

const READ: &str = "Jalan Sebelum Dicuri";
const SINCE: &str = "Jalan Sesudah Dicuri";
const ITS_OWN: &str = "Jalan Si Pencuri";
const OUT: &str = "session.device-removed";

/// All that a computer shows of its records.
fn read_by(computer: &Computer, scene: &Scene, name: &str) -> String {
    let file: PathBuf = scene.place.path().join(name);
    computer.run(&["export", file.to_str().unwrap()], &[]);
    std::fs::read_to_string(file).unwrap()
}

/// A computer is stolen and removed since the backup; the disk is lost, and the stolen one is the first to come.
fn thief_comes_first(seed: &str, confirmed_before: bool) {
    let mut scene = Scene::new();
    let (school, honest) = scene.school("99999999", seed);
    let stolen = scene.computer(&school, "b");
    let device = scene.last_registered();
    activate(&stolen, &school);
    honest.run(&["pull"], &[]);
    let pupils = [0, 1, 2].map(|place| nth(&honest, "peserta_didik", place));
    let backup = scene.back_up("backup");
    send_street(&honest, &pupils[0], READ);
    stolen.run(&["pull"], &[]);
    let read = read_by(&stolen, &scene, "before");
    assert!(read.contains(READ));
    scene.centre().operator(&["device", "remove", school.npsn, &device, "--reason", "stolen"]);
    scene.centre().operator(&["school", "kode", school.npsn]);
    honest.run(&["pull"], &[]);
    send_street(&honest, &pupils[1], SINCE);
    if confirmed_before {
        scene.lose_the_disk(&backup);
    } else {
        scene.lose_the_disk_unconfirmed(&backup);
        let stranger = Computer { data: scene.place.path().join("stranger") };
        let init = ["init", "--server", &scene.centre().url, "--npsn", school.npsn];
        assert_ne!(outcome(&stranger, &init, &[&school.kode]), "done", "the kode that the thief knows");
    }

    assert_eq!(contacts(&stolen, "pull"), "done");
    assert_eq!(read_by(&stolen, &scene, "first"), read, "nothing less, and nothing more");
    let sent = try_to_send_street(&stolen, &pupils[2], ITS_OWN);
    assert!(["center.healing", "center.unconfirmed"].contains(&sent.as_str()), "{sent}");
    let at_centre = |scene: &Scene| pupils.each_ref().map(|pupil| scene.at_centre(&school, "peserta_didik", pupil));
    assert!(!at_centre(&scene)[2].contains(ITS_OWN));

    // The honest one comes, and the centre knows again what it had promised.
    assert_eq!(contacts(&honest, "pull"), "done");
    for command in ["pull", "sync"] {
        assert_eq!(outcome(&stolen, &[command], &[]), OUT);
    }
    let confirmed = scene.centre().try_operator(&["restore", "confirm", school.npsn]);
    assert_eq!(code(&confirmed), "done");
    assert!(!String::from_utf8_lossy(&confirmed.stdout).contains(&device), "{confirmed:?}");
    assert_eq!(outcome(&stolen, &["sync"], &[]), OUT);
    let [first, second, third] = at_centre(&scene);
    assert!(first.contains(READ) && second.contains(SINCE) && !third.contains(ITS_OWN));
    assert!(!read_by(&stolen, &scene, "last").contains(SINCE));
}

#[test]
fn a_stolen_computer_that_comes_first_reads_what_it_had_read_and_approves_nothing() {
    thief_comes_first("1701", false);
}

#[test]
fn nor_does_it_where_the_operator_confirmed_before_anybody_came() {
    thief_comes_first("1702", true);
}
