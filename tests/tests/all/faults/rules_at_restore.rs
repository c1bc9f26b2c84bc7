//! Fault 1: a centre is restored while other rules are in force than when the backup was made. It signs the change of
//! rules in the life of the database that is over, for a place that the school's log has already.
//!
//! And releases that were published since the backup: the schools hand them back.

use std::path::Path;

use serde_json::Value;

use crate::new_rules::stricter;
use crate::restored_centre::student;

use super::scene::{JAKARTA, Scene, contacts, send_street, set_the_clock};
use crate::stand::Centre;

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

fn publish(scene: &Scene, from: &str) {
    let (book, examples) = stricter(scene.place.path());
    scene.centre().operator(&["rules", "publish", "--rulebook", &book, "--examples", &examples, "--from", from]);
}

/// The first day, the version of the rulebook and whether it is in force, of each release that was published.
fn released(centre: &Centre) -> Vec<(String, String, bool)> {
    let listed = centre.try_operator(&["rules", "list"]);
    assert!(listed.status.success(), "{listed:?}");
    let listed = String::from_utf8(listed.stdout).unwrap();
    let listed = listed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    listed
        .filter(|line| line["from"].is_string())
        .map(|line| (text(&line["from"]), text(&line["rulebook_version"]), line["in_force"].as_bool().unwrap()))
        .collect()
}

#[test]
fn a_release_that_began_since_the_backup_comes_back_with_the_first_school_that_knows_it() {
    let mut scene = Scene::new();
    let (school, first) = scene.school("99999999", "1111");
    let (other, second) = scene.school("99999998", "1112");
    let backup = scene.back_up("backup");
    let today = scene.today(&first).to_string();
    publish(&scene, &today);
    contacts(&first, "pull");
    let pupil = student(&first);
    send_street(&first, &pupil, STREET);
    assert_eq!(released(scene.centre()), [(today.clone(), "2026.2".to_owned(), true)]);

    scene.lose_the_disk(&backup);
    assert!(released(scene.centre()).is_empty(), "until then the rules of the backup are in force");
    // Who knows nothing of it brings nothing, and goes by the rules of the backup meanwhile.
    assert_eq!(contacts(&second, "sync"), "done");
    assert!(released(scene.centre()).is_empty());
    assert_eq!(contacts(&first, "sync"), "done");
    assert_eq!(released(scene.centre()), [(today, "2026.2".to_owned(), true)]);
    assert!(scene.at_centre(&school, "peserta_didik", &pupil).contains(STREET));
    for (computer, school) in [(&first, &school), (&second, &other)] {
        assert_eq!(contacts(computer, "sync"), "done");
        let status = computer.run(&["status"], &[]);
        let at_centre = scene.centre().operator(&["digest", school.npsn]);
        assert_eq!((&status["equal"], &status["version"]), (&true.into(), &at_centre["version"]), "{status}");
        assert_eq!(computer.run(&["validate"], &[])["rulebook"], "2026.2");
    }
    let data = scene.data().to_str().unwrap();
    let audit = Centre::command(&["--json", "--data", data, "audit", "show", "--what", "/heal"]);
    let told = String::from_utf8(audit.stdout).unwrap();
    assert_eq!(told.matches(" begun").count(), 1, "{told}");
}

/// The day of the backup is weeks ago by the clock, and nobody has confirmed today's date: it stays begun all the same.
#[test]
fn a_release_that_came_back_stays_begun_by_the_date_of_the_backup() {
    let mut scene = Scene::new();
    let (_, first) = scene.school("99999999", "1113");
    let backup = scene.back_up("backup");
    let tomorrow = scene.today(&first).tomorrow().unwrap().to_string();
    publish(&scene, &tomorrow);
    contacts(&first, "pull");
    scene.set_the_clock(JAKARTA + 24);
    contacts(&first, "sync");
    assert_eq!(released(scene.centre()), [(tomorrow.clone(), "2026.2".to_owned(), true)]);

    // The restored centre's clock shows the day before.
    scene.lose_the_disk(&backup);
    assert_eq!(contacts(&first, "sync"), "done");
    assert_eq!(released(scene.centre()), [(tomorrow, "2026.2".to_owned(), true)]);
    assert_eq!(first.run(&["validate"], &[])["rulebook"], "2026.2");
}

#[test]
fn what_was_announced_since_the_backup_is_announced_again_and_what_was_withdrawn_is_not() {
    let mut scene = Scene::new();
    let (_, first) = scene.school("99999999", "1114");
    let (_, second) = scene.school("99999998", "1115");
    let backup = scene.back_up("backup");
    publish(&scene, "2098-01-01");
    for computer in [&first, &second] {
        contacts(computer, "pull");
    }
    // The second school never hears that it was withdrawn, and of the other one.
    scene.centre().operator(&["rules", "withdraw", "--from", "2098-01-01"]);
    publish(&scene, "2099-01-01");
    contacts(&first, "pull");

    scene.lose_the_disk(&backup);
    contacts(&second, "pull");
    assert_eq!(released(scene.centre()), [("2098-01-01".to_owned(), "2026.2".to_owned(), false)]);
    contacts(&first, "pull");
    let announced = [("2099-01-01".to_owned(), "2026.2".to_owned(), false)];
    assert_eq!(released(scene.centre()), announced);
    for computer in [&second, &first] {
        contacts(computer, "pull");
        assert_eq!(computer.run(&["status"], &[])["announced"]["from"], "2099-01-01");
    }
    assert_eq!(released(scene.centre()), announced);
}
