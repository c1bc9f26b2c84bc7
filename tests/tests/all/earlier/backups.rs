//! Backups that an earlier version made.

use super::recorder::Recorder;
use super::stores::{SLED, assert_in_step, at_centre};
use super::{Earlier, NPSN};
use crate::stand::Computer;

#[test]
fn a_schools_backup_of_ee1127c_is_restored_by_either_engine_and_what_it_held_is_sent() {
    let earlier = Earlier::version("ee1127c");
    let centre = earlier.centre();
    let line = Recorder::to(&centre.url);
    let mut versions = Vec::new();
    for engine in ["sled", "redb"] {
        let computer = Computer { data: earlier.path(&format!("restored-{engine}")) };
        let file = earlier.file("school.age");
        let arguments = ["restore", file.to_str().unwrap(), "--engine", engine];
        let report = computer.run(&arguments, &[earlier.word("/passphrase"), earlier.word("/schools/99999999/kode")]);
        assert_eq!(report["outbox"], 1, "{report}");
        SLED.assert_shown(&earlier, &computer);
        earlier.lead(&computer, &line);
        let report = computer.run(&["sync"], &[]);
        assert!(report["equal"] == true && !report["receipt"].is_null(), "{report}");
        assert_in_step(&centre, &computer);
        versions.push(centre.operator(&["digest", NPSN])["version"].as_u64().unwrap());
    }
    // Both held the same bundle, and it counts once. Beside it there is one entry of what the centre had promised.
    assert_eq!(versions, [earlier.number("/version") + 2; 2]);
    assert!(at_centre(&centre, SLED.record(&earlier, "offered")).contains("Jalan Tak Sampai"));
}

#[test]
fn a_centres_backup_of_ee1127c_is_restored_with_the_records_that_the_centre_had() {
    let earlier = Earlier::version("ee1127c");
    let (before, after) = (earlier.centre(), earlier.restored_centre());
    for npsn in [NPSN, "99999998"] {
        let root = |centre: &crate::stand::Centre| centre.operator(&["digest", npsn])["root"].clone();
        assert_eq!(root(&after), root(&before), "{npsn}");
    }
    // And it waits for both computers, which it knows.
    let healing = after.operator(&["school", "healing", NPSN]);
    assert_eq!(healing["waiting"].as_array().unwrap().len(), 2, "{healing}");
}
