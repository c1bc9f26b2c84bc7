//! Fault 1: a centre is restored while other rules are in force than when the backup was made. It signs the change of
//! rules in the life of the database that is over, for a place that the school's log has already.

use std::path::Path;

use crate::new_rules::stricter;
use crate::restored_centre::student;

use super::scene::{JAKARTA, Scene, contacts, send_street, set_the_clock};

const STREET: &str = "Jalan Yang Sudah Diterima";

/// A school sends after the backup, the disk is lost, and the restored centre has other rules by what is done to the
/// backup's configuration. The school comes into step, and what it has a receipt for is at the centre again.
fn comes_into_step_under(seed: &str, publish: impl FnOnce(&Scene, &str), change: impl FnOnce(&Scene, &Path)) {
    let mut scene = Scene::new();
    let (school, first) = scene.school("99999999", seed);
    let tomorrow = scene.today(&first).tomorrow().unwrap().to_string();
    publish(&scene, &tomorrow);
    let backup = scene.back_up("backup");
    let pupil = student(&first);
    send_street(&first, &pupil, STREET);
    change(&scene, &backup);
    scene.lose_the_disk(&backup);

    assert_eq!(contacts(&first, "sync"), "done");
    let status = first.run(&["status"], &[]);
    let at_centre = scene.centre().operator(&["digest", school.npsn]);
    assert_eq!((&status["equal"], &status["version"]), (&true.into(), &at_centre["version"]), "{status}");
    assert!(scene.at_centre(&school, "peserta_didik", &pupil).contains(STREET));
}

/// Names a file in the configuration; it stands before the tables.
fn configure(directory: &Path, setting: &str, file: &str) {
    let path = directory.join("selaras-center.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{setting} = \"{file}\"\n{text}")).unwrap();
}

#[test]
fn fault_01_a_school_comes_into_step_when_announced_rules_began_since_the_backup() {
    comes_into_step_under(
        "1101",
        |scene, tomorrow| {
            let (book, examples) = stricter(scene.place.path());
            let publish = ["rules", "publish", "--rulebook", &book, "--examples", &examples, "--from", tomorrow];
            scene.centre().operator(&publish);
        },
        |_, backup| set_the_clock(backup, JAKARTA + 24),
    );
}

#[test]
fn fault_01_a_school_comes_into_step_when_the_program_that_restores_has_a_newer_rulebook() {
    comes_into_step_under(
        "1102",
        |_, _| {},
        |scene, backup| configure(backup, "rulebook", &stricter(scene.place.path()).0),
    );
}

#[test]
fn fault_01_a_school_comes_into_step_when_the_program_that_restores_has_a_newer_pack() {
    comes_into_step_under(
        "1103",
        |_, _| {},
        |scene, backup| {
            let text = std::fs::read_to_string(crate::new_rules::own_pack()).unwrap();
            let version = text.lines().find(|line| line.starts_with("version = ")).unwrap();
            let newer = scene.place.path().join("pack.toml");
            std::fs::write(&newer, text.replacen(version, "version = \"2099.1\"", 1)).unwrap();
            configure(backup, "pack", newer.to_str().unwrap());
        },
    );
}
