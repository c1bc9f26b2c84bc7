//! A centre that lost its disk, restored from a backup: the schools hand back what the backup lacks.

use std::path::Path;

use serde_json::Value;

use crate::copied::copy;
use crate::people::{School, activate, add_school, approve_and_sync, assign, computer};
use crate::stand::{Centre, Computer, Door};

pub(crate) fn student(computer: &Computer) -> String {
    let students = computer.run(&["list", "peserta_didik"], &[]);
    students["records"][0]["id"].as_str().unwrap().to_owned()
}

/// Synchronises until both sides are equal and nothing waits.
fn in_step(computer: &Computer) -> Value {
    let report = computer.run(&["sync"], &[]);
    assert_eq!(report["equal"], true, "{report}");
    computer.run(&["status"], &[])
}

/// A school whose first computer has imported, and sent, everything.
pub(crate) fn begun(place: &Path, centre: &Centre, npsn: &'static str, seed: &str) -> (School, Computer) {
    let school = add_school(place, centre, npsn, seed);
    let first = computer(place, centre, &school, "a");
    assign(centre, &school);
    let import = first.run(&["import", school.files.join("school.jsonl").to_str().unwrap()], &[]);
    assert_eq!(import["invalid"], 0, "{import}");
    activate(&first, &school);
    approve_and_sync(&first);
    (school, first)
}

#[test]
fn schools_hand_back_what_a_restored_centre_lacks() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("centre");
    let door = Door::open();
    let centre = Centre::start(&data).behind(&door);
    let (one, first) = begun(place.path(), &centre, "99999999", "11");
    let (other, alone) = begun(place.path(), &centre, "99999998", "12");
    let second = computer(place.path(), &centre, &one, "b");
    activate(&second, &one);

    let backup = place.path().join("backup");
    centre.operator(&["backup", "--to", backup.to_str().unwrap()]);

    // Work goes on, on three computers and at the centre.
    let (pupil, other_pupil) = (student(&first), student(&alone));
    first.run(&["edit", "peserta_didik", &pupil, "rt=91"], &[]);
    approve_and_sync(&first);
    centre.operator(&["record", "edit", one.npsn, "peserta_didik", &pupil, "kode_pos=40111"]);
    // Both write one field without having seen the other's value.
    centre.operator(&["record", "edit", one.npsn, "peserta_didik", &pupil, "alamat_jalan=Jalan Pusat"]);
    second.run(&["edit", "peserta_didik", &pupil, "rw=92", "alamat_jalan=Jalan Sekolah"], &[]);
    approve_and_sync(&second);
    alone.run(&["edit", "peserta_didik", &other_pupil, "rt=93"], &[]);
    approve_and_sync(&alone);
    let receipts: Vec<Value> = [&first, &second, &alone].map(|computer| computer.run(&["receipt"], &[])).into();
    let disputed = |computer: &Computer| computer.run(&["conflicts"], &[])["conflicts"].as_array().unwrap().clone();
    let before = disputed(&second);
    assert_eq!(before.len(), 1, "{before:?}");

    drop(centre);
    let restored = place.path().join("restored");
    let centre = Centre::restore(&backup, &restored).behind(&door);

    // Nothing is decided for a school before all its computers have told what they hold.
    first.run(&["edit", "peserta_didik", &pupil, "nama_dusun=Dusun Uji"], &[]);
    first.run(&["approve", "kepala"], &[crate::stand::PASSWORD]);
    let waits = centre.operator(&["school", "healing", one.npsn]);
    assert_eq!(waits["waiting"].as_array().unwrap().len(), 2, "{waits}");
    let refused = centre.try_operator(&["record", "edit", one.npsn, "peserta_didik", &pupil, "rt=1"]);
    assert!(!refused.status.success(), "{refused:?}");
    in_step(&second);
    let status = in_step(&first);
    assert_eq!(status["pending_records"], 0, "{status}");
    in_step(&alone);
    let status = in_step(&second);

    for (computer, school) in [(&first, &one), (&second, &one), (&alone, &other)] {
        let (status, at_centre) = (in_step(computer), centre.operator(&["digest", school.npsn]));
        assert_eq!(status["version"], at_centre["version"], "{status} {at_centre}");
    }
    assert_eq!(status["equal"], true);
    let waits = centre.operator(&["school", "healing", one.npsn]);
    assert_eq!(waits["waiting"].as_array().unwrap().len(), 0, "{waits}");

    // What was acknowledged is there again, once; the receipts of before are what they were.
    let shown = second.run(&["show", "peserta_didik", &pupil], &[]);
    for value in ["91", "92", "40111", "Dusun Uji"] {
        assert!(shown.to_string().contains(value), "{value}: {shown}");
    }
    assert_eq!(disputed(&second), before);
    for (computer, receipt) in [&second, &alone].into_iter().zip(&receipts[1..]) {
        assert_eq!(computer.run(&["receipt"], &[]), *receipt);
    }
    let students =
        |computer: &Computer| computer.run(&["list", "peserta_didik"], &[])["records"].as_array().unwrap().len();
    assert_eq!(students(&first), students(&second));

    // And work goes on.
    second.run(&["edit", "peserta_didik", &pupil, "rt=94"], &[]);
    approve_and_sync(&second);
    let status = in_step(&first);
    assert_eq!(status["version"], centre.operator(&["digest", one.npsn])["version"]);
}

#[test]
fn a_school_whose_other_computer_is_gone_is_declared_healed() {
    let place = tempfile::tempdir().unwrap();
    let door = Door::open();
    let centre = Centre::start(&place.path().join("centre")).behind(&door);
    let (school, first) = begun(place.path(), &centre, "99999999", "13");
    let second = computer(place.path(), &centre, &school, "b");
    let backup = place.path().join("backup");
    centre.operator(&["backup", "--to", backup.to_str().unwrap()]);
    let pupil = student(&first);
    first.run(&["edit", "peserta_didik", &pupil, "rt=91"], &[]);
    approve_and_sync(&first);
    second.run(&["pull"], &[]);
    drop(centre);
    let centre = Centre::restore(&backup, &place.path().join("restored")).behind(&door);

    centre.operator(&["restore", "confirm", school.npsn]);

    // The second computer comes no more. A pull works meanwhile, and hands back.
    first.run(&["pull"], &[]);
    let waits = centre.operator(&["school", "healing", school.npsn]);
    assert_eq!(waits["waiting"].as_array().unwrap().len(), 1, "{waits}");
    let given_up = centre.operator(&["school", "healed", school.npsn]);
    assert_eq!(given_up["waiting"], waits["waiting"]);
    first.run(&["edit", "peserta_didik", &pupil, "rw=92"], &[]);
    approve_and_sync(&first);

    // It comes after all, and is in step.
    let status = in_step(&second);
    assert_eq!(status["version"], centre.operator(&["digest", school.npsn])["version"]);
}

#[test]
fn a_backup_of_a_stopped_centre_restores_into_an_empty_directory_only() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("centre");
    let centre = Centre::start(&data);
    let school = add_school(place.path(), &centre, "99999999", "14");
    let before = centre.operator(&["digest", school.npsn]);
    centre.stop();
    let backup = place.path().join("backup");
    let made =
        Centre::command(&["--json", "backup", "--to", backup.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    assert!(made.status.success(), "{made:?}");
    let from = ["restore", "--from", backup.to_str().unwrap(), "--data", data.to_str().unwrap()];
    assert!(!Centre::command(&from).status.success());

    let centre = Centre::restore(&backup, &place.path().join("restored"));
    let after = centre.operator(&["digest", school.npsn]);
    assert_eq!(after["root"], before["root"]);

    // A byte that changed in the backup is noticed before anything is made of it.
    let rows = backup.join("schools").join("99999999.rows");
    let mut bytes = std::fs::read(&rows).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&rows, bytes).unwrap();
    let elsewhere = place.path().join("elsewhere");
    let from = ["restore", "--from", backup.to_str().unwrap(), "--data", elsewhere.to_str().unwrap()];
    assert!(!Centre::command(&from).status.success());
    assert!(!elsewhere.join("centre.key").exists());
}

/// Somebody copies an older store over the newer one: the centre says so before it signs a second entry for a place, and
/// with the operator's word the schools hand back what is newer.
#[test]
fn a_store_that_is_put_back_behind_our_back_is_refused_until_an_operator_says_so() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("centre");
    let door = Door::open();
    let centre = Centre::start(&data).behind(&door);
    let (school, first) = begun(place.path(), &centre, "99999999", "11");
    centre.stop();
    let earlier = place.path().join("earlier");
    copy(&data, &earlier);

    let centre = Centre::start(&data).behind(&door);
    let pupil = student(&first);
    first.run(&["edit", "peserta_didik", &pupil, "rt=91"], &[]);
    approve_and_sync(&first);
    centre.stop();
    std::fs::remove_dir_all(data.join("store")).unwrap();
    copy(&earlier.join("store"), &data.join("store"));
    // The store's own word of how it was left goes along with it.
    std::fs::copy(earlier.join("store.closed"), data.join("store.closed")).unwrap();

    let with = |more: &[&str]| Centre::command(&[more, &["--json", "--data", data.to_str().unwrap()]].concat());
    let refused = with(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&[refused.stdout, refused.stderr].concat()).into_owned();
    assert!(said.contains("center.put-back"), "{said}");
    let restored = with(&["restored"]);
    assert!(restored.status.success(), "{restored:?}");

    let centre = Centre::start(&data).behind(&door);
    first.run(&["sync"], &[]);
    let status = in_step(&first);
    let at_centre = centre.operator(&["digest", school.npsn]);
    assert_eq!(status["version"], at_centre["version"], "{status} {at_centre}");
    assert!(first.run(&["show", "peserta_didik", &pupil], &[]).to_string().contains("91"));
    assert_eq!(status["pending_records"], 0, "{status}");
}

/// The files of a centre that was killed, or of a machine that was copied while it ran, hold the word of where it served.
#[test]
fn an_operators_word_is_refused_while_the_centre_runs_and_taken_after_it_was_killed() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("centre");
    let mut centre = Centre::start(&data);
    let school = add_school(place.path(), &centre, "99999999", "15");
    let restored = || Centre::command(&["--json", "restored", "--data", data.to_str().unwrap()]);
    let refused = restored();
    let said = String::from_utf8_lossy(&[&refused.stdout[..], &refused.stderr].concat()).into_owned();
    assert!(!refused.status.success() && said.contains("in use by another process"), "{said}");
    let before = centre.operator(&["digest", school.npsn]);

    centre.child.kill().unwrap();
    centre.child.wait().unwrap();
    assert!(data.join("serve.json").exists());
    let taken = restored();
    assert!(taken.status.success(), "{taken:?}");
    let centre = Centre::start(&data);
    assert_eq!(centre.operator(&["digest", school.npsn])["root"], before["root"]);
}
