//! Fault 7: after a restore a school's bundles, and the operators' acts, wait for computers that cannot come any more.

use crate::people::{School, activate};
use crate::recovered::damage_a_view;
use crate::restored_centre::student;
use crate::stand::{Centre, Computer, PASSWORD};

use super::scene::{Scene, code, contacts, outcome, send_street, try_to_send_street};

const STREET: &str = "Jalan Sebelum Cadangan";

/// The last backup is restored, and one computer of the school hands back. Nobody else can come, and nobody is waited for.
fn is_healed_by(scene: &mut Scene, school: &School, computer: &Computer, pupil: &str) {
    let backup = scene.back_up("last");
    scene.lose_the_disk(&backup);
    assert_eq!(contacts(computer, "pull"), "done");
    let edit = ["record", "edit", school.npsn, "peserta_didik", pupil, "kode_pos=40111"];
    assert_eq!(code(&scene.centre().try_operator(&edit)), "done");
    let waits = scene.centre().operator(&["school", "healing", school.npsn]);
    assert_eq!(waits["waiting"].as_array().unwrap().len(), 0, "{waits}");
}

/// A computer is registered anew and works on; no restored centre waits for what it was.
fn is_recovered_and_waited_for_no_more(scene: &mut Scene, school: &School, computer: &Computer) {
    computer.run(&["recover", "--server", &scene.centre().url, "--npsn", school.npsn], &[&school.kode]);
    computer.run(&["account", "add", "kepala", "--ptk", &school.head], &[PASSWORD]);
    computer.run(&["role", "add", "kepala", "head"], &[&school.kode]);
    activate(computer, school);
    let pupil = student(computer);
    send_street(computer, &pupil, STREET);
    is_healed_by(scene, school, computer, &pupil);
}

#[test]
fn fault_07_no_restored_centre_waits_for_what_a_recovered_computer_was_before() {
    let mut scene = Scene::new();
    let (school, first) = scene.school("99999999", "1701");
    // The computer is registered anew, and takes the place of what it was.
    damage_a_view(&first.data);
    is_recovered_and_waited_for_no_more(&mut scene, &school, &first);
}

/// The store cannot even be opened, so that it does not tell which computer this was.
#[test]
fn fault_07_no_restored_centre_waits_for_a_computer_whose_store_could_not_be_opened() {
    let mut scene = Scene::new();
    let (school, first) = scene.school("99999999", "1705");
    for file in std::fs::read_dir(first.data.join("store")).unwrap().map(|file| file.unwrap().path()) {
        if file.is_file() {
            std::fs::write(&file, b"bukan apa-apa").unwrap();
        }
    }
    is_recovered_and_waited_for_no_more(&mut scene, &school, &first);
}

#[test]
fn fault_07_no_restored_centre_waits_for_a_computer_that_was_last_seen_before_the_covered_version() {
    let mut scene = Scene::new();
    let (school, first) = scene.school("99999999", "1702");
    // All that the second computer has is covered by the older backup, and it has not been here since.
    let _second = scene.computer(&school, "b");
    scene.back_up("older");
    let pupil = student(&first);
    send_street(&first, &pupil, STREET);
    is_healed_by(&mut scene, &school, &first, &pupil);
}

#[test]
fn fault_07_no_restored_centre_waits_for_a_computer_that_registered_and_never_pulled() {
    let mut scene = Scene::new();
    let (school, first) = scene.school("99999999", "1703");
    let begun = Computer { data: scene.place.path().join("begun") };
    begun.run(&["init", "--server", &scene.centre().url, "--npsn", school.npsn], &[&school.kode]);
    std::fs::remove_dir_all(&begun.data).unwrap();
    let pupil = student(&first);
    send_street(&first, &pupil, STREET);
    is_healed_by(&mut scene, &school, &first, &pupil);
}

/// Nobody has removed the other computer, and it was here since: the head says that it will not come.
#[test]
fn a_head_whose_key_is_confirmed_ends_the_waiting_for_a_computer_that_is_gone() {
    let mut scene = Scene::new();
    let (school, first) = scene.school("99999999", "1704");
    let second = scene.computer(&school, "b");
    contacts(&second, "pull");
    let pupil = student(&first);
    let backup = scene.back_up("backup");
    scene.lose_the_disk_unconfirmed(&backup);
    drop(second);
    assert_eq!(contacts(&first, "pull"), "done");
    assert_eq!(try_to_send_street(&first, &pupil, STREET), "center.healing");

    let listed = first.run(&["head", "healed", "kepala"], &[]);
    let gone = listed["waiting"][0]["device"].as_str().unwrap().to_owned();
    assert_eq!(listed["waiting"].as_array().unwrap().len(), 1, "{listed}");
    let healed = ["head", "healed", "kepala", "--device", &gone];
    assert_eq!(outcome(&first, &healed, &["bukan itu"]), "account.password");
    assert_eq!(outcome(&first, &healed, &[PASSWORD]), "center.unconfirmed");
    scene.centre().operator(&["restore", "confirm", school.npsn]);
    let said = first.run(&healed, &[PASSWORD]);
    assert_eq!((said["waiting"].as_array().unwrap().len(), &said["given_up"][0]), (0, &gone.into()), "{said}");
    assert_eq!(contacts(&first, "sync"), "done", "the bundle waited as it was");
    assert!(scene.at_centre(&school, "peserta_didik", &pupil).contains(STREET));
    let data = scene.data().to_str().unwrap();
    let audit = Centre::command(&["--json", "--data", data, "audit", "show", "--what", "/healed"]);
    assert!(String::from_utf8(audit.stdout).unwrap().contains("given up by key"));
}
