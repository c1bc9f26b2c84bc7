//! A school that sends module by module, and one that sends at night: both end in step, with a log that can be read.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use jiff::{ToSpan, Zoned};
use serde_json::Value;

use crate::people::{School, activate, add_school, approve_and_sync, assign, computer};
use crate::stand::{Centre, Computer, PASSWORD, SCHOOL, last_json};

fn school_with_records(place: &Path, centre: &Centre) -> (School, Computer) {
    let school = add_school(place, centre, "99999999", "1");
    let first = computer(place, centre, &school, "a");
    assign(centre, &school);
    first.run(&["import", school.files.join("school.jsonl").to_str().unwrap()], &[]);
    activate(&first, &school);
    (school, first)
}

fn history(computer: &Computer) -> Vec<Value> {
    computer.run(&["log"], &[])["lines"].as_array().unwrap().clone()
}

fn assert_in_step(computer: &Computer, centre: &Centre, school: &School) {
    let status = computer.run(&["status"], &[]);
    assert_eq!((&status["equal"], &status["pending_records"]), (&true.into(), &0.into()), "{status}");
    assert_eq!(status["version"], centre.operator(&["digest", school.npsn])["version"]);
}

#[test]
fn a_first_upload_module_by_module() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let (school, first) = school_with_records(place.path(), &centre);
    // Lessons cannot go before the classes that they are in.
    let dangling = first.try_run(&["approve", "kepala", "--modules", "pembelajaran"], &[PASSWORD]);
    assert_eq!(dangling.status.code(), Some(3), "{dangling:?}");
    assert!(last_json(&dangling.stdout).to_string().contains("gate.invalid"));
    let unknown = first.try_run(&["approve", "kepala", "--modules", "siswa"], &[PASSWORD]);
    assert!(last_json(&unknown.stdout).to_string().contains("seal.unknown-module"));

    let mut left = first.run(&["status"], &[])["pending_records"].as_u64().unwrap();
    for modules in ["sekolah,sarpras,gtk,peserta_didik,rombel", "pembelajaran", "nilai"] {
        let shown = first.run(&["prepare", "--modules", modules], &[]);
        assert!(shown["invalid"].as_array().unwrap().is_empty(), "{modules}: {shown}");
        first.run(&["approve", "kepala", "--modules", modules], &[PASSWORD]);
        let sent = first.run(&["sync"], &[]);
        assert_eq!((&sent["equal"], &sent["records_out"]), (&true.into(), &shown["records"]), "{modules}: {sent}");
        let now = first.run(&["status"], &[])["pending_records"].as_u64().unwrap();
        assert_eq!(now, left - shown["records"].as_u64().unwrap(), "{modules}");
        left = now;
    }
    assert_in_step(&first, &centre, &school);
    let approved: Vec<Value> = history(&first).into_iter().filter(|line| line["what"] == "approved").collect();
    let modules: Vec<&str> = approved.iter().map(|line| line["args"]["modules"].as_str().unwrap()).collect();
    assert_eq!(modules, ["sekolah sarpras gtk peserta_didik rombel", "pembelajaran", "nilai"]);
}

#[test]
fn an_approved_bundle_that_is_sent_at_night() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let (school, first) = school_with_records(place.path(), &centre);
    approve_and_sync(&first);
    // With nothing approved nobody waits for the night to hear it.
    let student = first.run(&["list", "peserta_didik"], &[])["records"][0]["id"].as_str().unwrap().to_owned();
    first.run(&["edit", "peserta_didik", &student, "rt=91"], &[]);
    let unapproved = first.try_run(&["sync", "--at", "20:00-05:00"], &[]);
    assert!(last_json(&unapproved.stdout).to_string().contains("gate.not-approved"), "{unapproved:?}");

    std::fs::write(first.data.join("selaras.toml"), "[line]\nat_spread_seconds = 1\n").unwrap();
    first.run(&["approve", "kepala"], &[PASSWORD]);
    // Not now: the window begins in hours, and the approval stays where it is.
    let hours = |from: i64, to: i64| {
        let now = Zoned::now();
        let clock = |hours: i64| now.checked_add(hours.hours()).unwrap().strftime("%H:%M").to_string();
        format!("{}-{}", clock(from), clock(to))
    };
    let mut waiting = Command::new(SCHOOL)
        .args(["--json", "--data"])
        .arg(&first.data)
        .args(["sync", "--at", &hours(3, 5)])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (tell, told) = mpsc::channel();
    let mut said = BufReader::new(waiting.stderr.take().unwrap()).lines().map_while(Result::ok);
    std::thread::spawn(move || tell.send(said.any(|line| line.contains("sync.later"))));
    assert_eq!(told.recv_timeout(Duration::from_secs(30)), Ok(true), "it says that it waits");
    // People go on meanwhile: the store is free.
    first.run(&["edit", "peserta_didik", &student, "rw=92"], &[]);
    assert!(waiting.try_wait().unwrap().is_none(), "it waits");
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    assert_eq!(first.run(&["status"], &[])["sealed"]["phase"], "approved");

    let sent = first.run(&["sync", "--at", &hours(-1, 1)], &[]);
    assert!(!sent["receipt"].is_null() && sent["equal"] == true, "{sent}");
    approve_and_sync(&first);
    assert_in_step(&first, &centre, &school);
    let kinds: Vec<Value> = history(&first).into_iter().map(|line| line["what"].clone()).collect();
    assert!(kinds.iter().filter(|what| *what == "receipt").count() == 3, "{kinds:?}");
}
