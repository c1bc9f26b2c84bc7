//! Schools with their heads, and what people there do with the command line.

use serde_json::Value;

use crate::stand::{Centre, Computer, PASSWORD, SCHOOL};

pub(crate) struct School {
    pub(crate) npsn: &'static str,
    pub(crate) head: String,
    pub(crate) kode: String,
    pub(crate) files: std::path::PathBuf,
}

fn lines(file: &std::path::Path) -> Vec<Value> {
    std::fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn add_school(place: &std::path::Path, centre: &Centre, npsn: &'static str, seed: &str) -> School {
    add_large_school(place, centre, npsn, seed, 60)
}

pub(crate) fn add_large_school(
    place: &std::path::Path,
    centre: &Centre,
    npsn: &'static str,
    seed: &str,
    students: u32,
) -> School {
    let files = place.join(npsn);
    let made = std::process::Command::new(SCHOOL)
        .args(["sample", "--students", &students.to_string(), "--seed", seed, "--npsn", npsn, "--out"])
        .arg(&files)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let import = files.join("centre.jsonl");
    let added = centre.operator(&["school", "add", npsn, "--name", "SMP Uji", "--import", import.to_str().unwrap()]);
    let head = lines(&import).into_iter().find(|line| line["fields"]["jenis_ptk_id"] == "20").unwrap();
    School {
        npsn,
        head: head["fields"]["ptk_id"].as_str().unwrap().to_owned(),
        kode: added["kode_registrasi"].as_str().unwrap().to_owned(),
        files,
    }
}

pub(crate) fn computer(place: &std::path::Path, centre: &Centre, school: &School, name: &str) -> Computer {
    computer_at(place, &centre.url, school, name)
}

/// A computer that reaches its centre by this address.
pub(crate) fn computer_at(place: &std::path::Path, url: &str, school: &School, name: &str) -> Computer {
    let computer = Computer { data: place.join(format!("{}-{name}", school.npsn)) };
    computer.run(&["init", "--server", url, "--npsn", school.npsn], &[&school.kode]);
    computer.run(&["pull"], &[]);
    computer.run(&["account", "add", "kepala", "--ptk", &school.head], &[PASSWORD]);
    computer.run(&["role", "add", "kepala", "head"], &[&school.kode]);
    computer
}

pub(crate) fn activate(computer: &Computer, school: &School) {
    computer.run(&["pull"], &[]);
    computer.run(&["head", "activate", "kepala"], &[&school.kode, PASSWORD]);
}

pub(crate) fn approve_and_sync(computer: &Computer) {
    computer.run(&["approve", "kepala"], &[PASSWORD]);
    let report = computer.run(&["sync"], &[]);
    assert_eq!(report["equal"], true, "{report}");
    assert!(!report["receipt"].is_null(), "{report}");
}

/// The Dinas assigns the school's head.
pub(crate) fn assign(centre: &Centre, school: &School) {
    let decree = ["--sk", "821.2/0001/2026", "--from", "2026-07-01"];
    centre.operator(&[&["head", "assign", school.npsn, "--ptk", &school.head], decree.as_slice()].concat());
}
