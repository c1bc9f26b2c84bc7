//! Fault 6: a computer can never be taken away from its school; here, by the processes of both ends. What needs no
//! school's computer is in crates/center/tests/it/faults/removed_devices.rs.

use crate::restored_centre::student;

use super::scene::{Scene, code, contacts, outcome, try_to_send_street};

#[test]
fn fault_06_a_removed_computer_gets_nothing_more_and_the_others_go_on() {
    let scene = Scene::new();
    let (school, first) = scene.school("99999999", "1601");
    let stolen = scene.computer(&school, "b");
    let device = scene.last_registered();
    assert_eq!(code(&scene.centre().try_operator(&["device", "list", school.npsn])), "done");
    assert_eq!(code(&scene.centre().try_operator(&["device", "remove", school.npsn, &device])), "done");

    assert_ne!(outcome(&stolen, &["pull"], &[]), "done", "the stolen computer");
    assert_eq!(try_to_send_street(&first, &student(&first), "Jalan Sesudah Dicuri"), "done");
}

#[test]
fn fault_06_no_restored_centre_waits_for_a_computer_that_is_removed() {
    let mut scene = Scene::new();
    let (school, first) = scene.school("99999999", "1602");
    let _second = scene.computer(&school, "b");
    let device = scene.last_registered();
    let backup = scene.back_up("backup");
    scene.lose_the_disk(&backup);
    assert_eq!(contacts(&first, "pull"), "done");
    assert_eq!(code(&scene.centre().try_operator(&["device", "remove", school.npsn, &device])), "done");

    let waits = scene.centre().operator(&["school", "healing", school.npsn]);
    assert_eq!(waits["waiting"].as_array().unwrap().len(), 0, "{waits}");
}

/// It was found again, or taken away by mistake: the store is whole, and comes back as another computer's.
#[test]
fn fault_06_a_removed_computer_comes_back_by_recover_as_another_one() {
    let scene = Scene::new();
    let (school, _first) = scene.school("99999999", "1603");
    let second = scene.computer(&school, "b");
    let device = scene.last_registered();
    scene.centre().operator(&["device", "remove", school.npsn, &device, "--reason", "lost"]);
    assert_eq!(outcome(&second, &["pull"], &[]), "session.device-removed");
    let init = ["init", "--server", &scene.centre().url, "--npsn", school.npsn];
    assert_eq!(outcome(&second, &init, &[&school.kode]), "registration.device-removed");

    let recover = ["recover", "--server", &scene.centre().url, "--npsn", school.npsn];
    assert_eq!(outcome(&second, &recover, &[&school.kode]), "done");
    assert_eq!(contacts(&second, "pull"), "done");
    assert_ne!(scene.last_registered(), device);
}
