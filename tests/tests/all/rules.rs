//! The rulebook as whoever writes one meets it: by command, without a school, in both languages.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::people::{School, computer};
use crate::stand::{Centre, SCHOOL};

fn rules(arguments: &[&str]) -> Output {
    Command::new(SCHOOL).arg("rules").args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn the_page_in_docs_is_current() {
    let written = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules.md")).unwrap();
    assert!(written == selaras_tests::rules_page::page().unwrap(), "run `cargo xtask pages`");
}

#[test]
fn all_rules_are_listed_and_each_is_shown_with_its_examples() {
    let list: Value = serde_json::from_slice(&rules(&["list", "--json"]).stdout).unwrap();
    let ids: Vec<&str> = list["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"pd.nik") && ids.contains(&"jadwal.guru"), "{ids:?}");
    let shown: Value = serde_json::from_slice(&rules(&["show", "pd.nik", "--json"]).stdout).unwrap();
    let examples = shown["examples"].as_array().unwrap();
    assert!(examples.iter().any(|example| example["finds"] == true), "{shown}");
    assert!(examples.iter().any(|example| example["finds"] == false), "{shown}");
    let text = said(&rules(&["show", "pd.nik", "--lang", "en"]));
    assert!(text.contains("siswa.nik") && text.contains("16 digits"), "{text}");
    let unknown = rules(&["show", "pd.tidak-ada"]);
    assert_eq!(unknown.status.code(), Some(8));
    assert!(said(&unknown).contains("input.rule"), "{}", said(&unknown));
}

#[test]
fn a_rulebook_that_is_being_written_is_tested_without_rust() {
    assert!(rules(&["test"]).status.success());
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/policy/data");
    let place = tempfile::tempdir().unwrap();
    let mine = place.path().join("mine.toml");
    let book = std::fs::read_to_string(data.join("rulebook.toml")).unwrap();
    // A limit that was typed wrongly: the examples at the old limit tell it, with their lines.
    let head = book.split("id = \"pd.tinggi\"").next().unwrap().len();
    let (before, after) = book.split_at(head);
    std::fs::write(&mine, format!("{before}{}", after.replacen("max = 2200", "max = 220", 1))).unwrap();
    let missed = rules(&["test", "--rulebook", mine.to_str().unwrap(), "--lang", "en"]);
    assert_eq!(missed.status.code(), Some(8));
    let text = said(&missed);
    assert!(
        text.contains("rulebook.missed") && text.contains("pd.tinggi") && text.contains("siswa-semester"),
        "{text}"
    );
    // A field that is not in the pack: refused with its line.
    std::fs::write(&mine, book.replacen("fields = [\"nisn\"]", "fields = [\"nisnn\"]", 1)).unwrap();
    let text = said(&rules(&["test", "--rulebook", mine.to_str().unwrap(), "--lang", "en"]));
    assert!(text.contains("rulebook.invalid") && text.contains("line ") && text.contains("nisnn"), "{text}");
}

#[test]
fn what_sample_plants_by_a_rules_id_is_what_validation_finds() {
    let place = tempfile::tempdir().unwrap();
    let files = place.path().join("planted");
    let asked = ["--plant", "pd.registrasi=2", "--plant", "gtk.sk-tugas", "--plant", "sarpras.lantai"];
    let made = Command::new(SCHOOL)
        .args(["sample", "--students", "60", "--npsn", "99999985", "--json", "--out"])
        .arg(&files)
        .args(asked)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", said(&made));
    let told: Vec<Value> = serde_json::Deserializer::from_slice(&made.stdout).into_iter().map(Result::unwrap).collect();
    let planted: BTreeSet<(String, String)> = told[1..].iter().flat_map(records_told).collect();
    assert_eq!(planted.len(), 4, "{told:?}");
    let centre = Centre::start(&place.path().join("centre"));
    let import = files.join("centre.jsonl");
    let added = centre.operator(&["school", "add", "99999985", "--name", "SMP", "--import", import.to_str().unwrap()]);
    let kode = added["kode_registrasi"].as_str().unwrap().to_owned();
    let head = told[0]["args"]["head"].as_str().unwrap().to_owned();
    let school = School { npsn: "99999985", head, kode, files };
    let computer = computer(place.path(), &centre, &school, "tu");
    computer.run(&["import", school.files.join("school.jsonl").to_str().unwrap()], &[]);
    let found = computer.run(&["validate"], &[]);
    let tabs = found["tabs"].as_object().unwrap().values();
    let found: BTreeSet<(String, String)> = tabs
        .flat_map(|tab| tab.as_array().unwrap())
        .filter(|finding| finding["blocks"] == true)
        .map(|finding| (text(&finding["rule"]), text(&finding["id"])))
        .collect();
    assert_eq!(found, planted);
    let unknown = Command::new(SCHOOL).args(["sample", "--plant", "pd.tidak-ada", "--out", "x"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(8));
    assert!(said(&unknown).contains("input.rule"), "{}", said(&unknown));
}

fn records_told(told: &Value) -> Vec<(String, String)> {
    let records = text(&told["args"]["records"]);
    records.split(", ").map(|record| (text(&told["args"]["rule"]), record.to_owned())).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
