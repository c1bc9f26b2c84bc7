//! Fault 5: what was revoked or replaced since the backup is good again after a restore.

use crate::people::activate;
use crate::restored_centre::student;
use crate::stand::Computer;

use super::scene::{Scene, code, contacts, outcome, send_street, try_to_send_street};

const STREET: &str = "Jalan Dari Komputer Curian";

#[test]
fn fault_05_a_key_revoked_since_the_backup_approves_nothing_after_a_restore() {
    let mut scene = Scene::new();
    let (school, stolen) = scene.school("99999999", "1501");
    let honest = scene.computer(&school, "b");
    let pupil = student(&stolen);
    let backup = scene.back_up("backup");
    scene.centre().operator(&["head", "revoke", school.npsn, "--ptk", &school.head]);
    // The honest computer hears of it before the disk is lost, and speaks first afterwards.
    honest.run(&["pull"], &[]);
    scene.lose_the_disk_unconfirmed(&backup);
    assert_eq!(contacts(&honest, "pull"), "done");

    let sent = try_to_send_street(&stolen, &pupil, STREET);
    assert!(
        !scene.at_centre(&school, "peserta_didik", &pupil).contains(STREET),
        "the stolen computer's bundle: {sent}"
    );
    assert_ne!(sent, "done");
}

/// A school with one computer: nobody there can vouch for it.
#[test]
fn fault_05_what_is_from_before_the_restore_approves_when_an_operator_has_confirmed_it() {
    let mut scene = Scene::new();
    let (school, alone) = scene.school("99999999", "1504");
    let pupil = student(&alone);
    let backup = scene.back_up("backup");
    scene.lose_the_disk_unconfirmed(&backup);
    assert_eq!(contacts(&alone, "pull"), "done", "everybody pulls, and hands back");
    assert_eq!(try_to_send_street(&alone, &pupil, STREET), "center.unconfirmed");
    assert!(!scene.at_centre(&school, "peserta_didik", &pupil).contains(STREET));

    let confirmed = scene.centre().operator(&["restore", "confirm", school.npsn]);
    let count = |what: &str| confirmed[what].as_array().map(Vec::len);
    assert_eq!((count("devices"), count("keys"), confirmed["kode"].as_u64()), (Some(1), Some(1), Some(1)));
    assert_eq!(contacts(&alone, "sync"), "done", "the bundle waited as it was");
    assert!(scene.at_centre(&school, "peserta_didik", &pupil).contains(STREET));
    let again = scene.centre().operator(&["restore", "confirm", school.npsn]);
    assert_eq!(again["devices"].as_array().map(Vec::len), Some(0), "{again}");
}

#[test]
fn fault_05_a_schools_computers_confirm_each_other() {
    let mut scene = Scene::new();
    let (school, first) = scene.school("99999999", "1505");
    let second = scene.computer(&school, "b");
    let pupil = student(&first);
    let backup = scene.back_up("backup");
    scene.lose_the_disk_unconfirmed(&backup);
    assert_eq!(contacts(&first, "pull"), "done");
    assert_eq!(contacts(&second, "pull"), "done");
    send_street(&first, &pupil, STREET);
    assert!(scene.at_centre(&school, "peserta_didik", &pupil).contains(STREET));
}

/// The operator was quick: the key that was enrolled since the backup comes back after the word, and is doubted.
#[test]
fn fault_05_what_comes_back_after_the_operators_word_is_confirmed_by_the_schools_other_computer() {
    let mut scene = Scene::new();
    let (school, first) = scene.school("99999999", "1506");
    let second = scene.computer(&school, "b");
    let pupil = student(&second);
    // Who vouches for others stood where the backup was made.
    first.run(&["pull"], &[]);
    let backup = scene.back_up("backup");
    activate(&second, &school);
    second.run(&["pull"], &[]);
    scene.lose_the_disk(&backup);
    assert_eq!(contacts(&second, "pull"), "done");
    assert_eq!(contacts(&first, "pull"), "done");
    send_street(&second, &pupil, STREET);
    assert!(scene.at_centre(&school, "peserta_didik", &pupil).contains(STREET));
}

#[test]
fn fault_05_a_kode_replaced_since_the_backup_registers_nobody_after_a_restore() {
    let mut scene = Scene::new();
    let (school, first) = scene.school("99999999", "1502");
    let backup = scene.back_up("backup");
    scene.centre().operator(&["school", "kode", school.npsn]);
    first.run(&["pull"], &[]);
    scene.lose_the_disk_unconfirmed(&backup);

    let init = ["init", "--server", &scene.centre().url, "--npsn", school.npsn];
    for (name, spoken) in [("before", false), ("after", true)] {
        if spoken {
            assert_eq!(contacts(&first, "pull"), "done");
        }
        let stranger = Computer { data: scene.place.path().join(name) };
        assert_ne!(outcome(&stranger, &init, &[&school.kode]), "done", "{name} the school has spoken");
    }
}

#[test]
fn fault_05_an_account_disabled_since_the_backup_acts_no_more_after_a_restore() {
    let mut scene = Scene::new();
    let (school, first) = scene.school("99999999", "1503");
    let made = scene.centre().operator(&["account", "add", "dinas-uji", "--role", "dinas", "--school", school.npsn]);
    let token = scene.place.path().join("dinas.token");
    std::fs::write(&token, made["token"].as_str().unwrap()).unwrap();
    let backup = scene.back_up("backup");
    scene.centre().operator(&["account", "disable", "dinas-uji"]);
    scene.lose_the_disk_unconfirmed(&backup);
    assert_eq!(contacts(&first, "pull"), "done");

    let act = ["--token-file", token.to_str().unwrap(), "head", "keys", school.npsn];
    assert_ne!(code(&scene.centre().try_operator(&act)), "done");
}
