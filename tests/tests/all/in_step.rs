//! Two schools, two computers of one of them, and the centre's own edits, interleaved over real sockets and processes.

use serde_json::Value;

use crate::people::{activate, add_school, approve_and_sync, assign, computer};
use crate::stand::{Centre, Computer};

fn digest_of(computer: &Computer) -> Value {
    let report = computer.run(&["pull"], &[]);
    assert_eq!(report["equal"], true, "{report}");
    computer.run(&["status"], &[])
}

#[test]
fn two_schools_two_computers_and_the_centre_end_in_step() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let one = add_school(place.path(), &centre, "99999999", "1");
    let other = add_school(place.path(), &centre, "99999998", "2");
    let first = computer(place.path(), &centre, &one, "a");
    let alone = computer(place.path(), &centre, &other, "a");
    for school in [&one, &other] {
        assign(&centre, school);
    }
    for (computer, school) in [(&first, &one), (&alone, &other)] {
        let import = computer.run(&["import", school.files.join("school.jsonl").to_str().unwrap()], &[]);
        assert_eq!(import["invalid"], 0, "{import}");
        activate(computer, school);
        approve_and_sync(computer);
    }
    let second = computer(place.path(), &centre, &one, "b");
    activate(&second, &one);

    // Everybody edits the same student, nobody knowing of the others.
    let students = first.run(&["list", "peserta_didik"], &[]);
    let student = students["records"][0]["id"].as_str().unwrap().to_owned();
    first.run(&["edit", "peserta_didik", &student, "rt=91"], &[]);
    second.run(&["edit", "peserta_didik", &student, "rw=92", "alamat_jalan=Jalan Kedua"], &[]);
    centre.operator(&["record", "edit", one.npsn, "peserta_didik", &student, "alamat_jalan=Jalan Pusat"]);
    let teacher = alone.run(&["list", "ptk"], &[])["records"][0]["id"].as_str().unwrap().to_owned();
    alone.run(&["edit", "ptk", &teacher, "no_hp=0810000093"], &[]);
    approve_and_sync(&first);
    approve_and_sync(&alone);
    approve_and_sync(&second);

    for (computer, school) in [(&first, &one), (&second, &one), (&alone, &other)] {
        let status = digest_of(computer);
        assert_eq!(status["equal"], true);
        assert_eq!(status["pending_records"], 0);
        let at_centre = centre.operator(&["digest", school.npsn]);
        assert_eq!(status["version"], at_centre["version"]);
    }
    for computer in [&first, &second] {
        let shown = computer.run(&["show", "peserta_didik", &student], &[]);
        let text = shown.to_string();
        assert!(text.contains("91") && text.contains("92") && text.contains("Jalan Kedua"), "{text}");
        let conflicts = computer.run(&["conflicts"], &[]).to_string();
        assert!(conflicts.contains("Jalan Pusat") && conflicts.contains("Jalan Kedua"), "{conflicts}");
    }
}

#[test]
fn a_centre_that_is_killed_loses_nothing_that_it_answered() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("centre");
    let mut centre = Centre::start(&data);
    let school = add_school(place.path(), &centre, "99999999", "3");
    let before = centre.operator(&["digest", school.npsn]);
    centre.child.kill().unwrap();
    centre.child.wait().unwrap();
    let centre = Centre::start(&data);
    assert_eq!(centre.operator(&["digest", school.npsn]), before);
}
