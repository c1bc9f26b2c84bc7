//! Who approved what, and that it arrived: as a file that anybody verifies, and with the head's key on another computer.

use std::path::Path;

use serde_json::Value;

use crate::people::{School, activate, add_school, approve_and_sync, assign, computer};
use crate::stand::{Centre, Computer, Door, PASSWORD, SCHOOL, last_json};

fn in_step(place: &Path, centre: &Centre) -> (School, Computer) {
    let school = add_school(place, centre, "99999999", "1");
    let first = computer(place, centre, &school, "a");
    assign(centre, &school);
    first.run(&["import", school.files.join("school.jsonl").to_str().unwrap()], &[]);
    activate(&first, &school);
    approve_and_sync(&first);
    (school, first)
}

fn student(computer: &Computer) -> String {
    computer.run(&["list", "peserta_didik"], &[])["records"][0]["id"].as_str().unwrap().to_owned()
}

/// Verifies a file where there is no school.
fn verify(place: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = std::process::Command::new(SCHOOL)
        .args(["--json", "--data"])
        .arg(place.join("nowhere"))
        .arg("verify")
        .args(arguments)
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_receipt_with_its_approval_is_verified_by_anybody_and_an_edit_made_since_is_not_in_it() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let (school, first) = in_step(place.path(), &centre);
    first.run(&["edit", "peserta_didik", &student(&first), "rt=91"], &[]);
    first.run(&["approve", "kepala"], &[PASSWORD]);
    // Typed after the head had approved.
    first.run(&["edit", "peserta_didik", &student(&first), "rt=92"], &[]);
    first.run(&["sync"], &[]);
    let file = place.path().join("bukti");
    let receipt = first.run(&["receipt", "--out", file.to_str().unwrap()], &[]);
    assert_eq!((&receipt["since"], &receipt["approval"]["records"]), (&1.into(), &1.into()), "{receipt}");
    assert_eq!(receipt["approval"]["modules"], serde_json::json!([["peserta_didik", 1]]));
    assert_eq!(receipt["approval"]["ptk"], school.head.as_str());

    // Here the centre is known; elsewhere its key has to be given.
    let here = first.run(&["verify", file.to_str().unwrap()], &[]);
    assert_eq!((&here["centre_known"], &here["short_code"]), (&true.into(), &receipt["short_code"]));
    let path = file.to_str().unwrap();
    let (code, said) = verify(place.path(), &[path]);
    assert!(code == Some(8) && said.contains("evidence.centre-unknown"), "{said}");
    let key = centre.operator(&["key"])["public"].as_str().unwrap().to_owned();
    let (code, said) = verify(place.path(), &[path, "--centre-key", &key]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = verify(place.path(), &[path, "--centre-key", &"00".repeat(32)]);
    assert!(code == Some(8) && said.contains("evidence.other-centre"), "{said}");
    let (code, said) = verify(place.path(), &[path, "--centre-key", "zz"]);
    assert!(code == Some(8) && said.contains("input.centre-key"), "{said}");

    // The centre holds the same evidence, byte for byte.
    let theirs = place.path().join("bukti-pusat");
    let version = receipt["version"].to_string();
    centre.operator(&["evidence", school.npsn, &version, "--out", theirs.to_str().unwrap()]);
    assert_eq!(std::fs::read(&theirs).unwrap(), std::fs::read(&file).unwrap());
    let act = centre.try_operator(&["evidence", school.npsn, "1", "--out", "unwritten"]);
    assert!(String::from_utf8_lossy(&act.stdout).contains("evidence.none"), "{act:?}");

    // Any changed byte is noticed, and what is there already is not written over.
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(&theirs, &bytes).unwrap();
    let (code, said) = verify(place.path(), &[theirs.to_str().unwrap(), "--centre-key", &key]);
    assert!(code == Some(8) && said.contains("evidence."), "{said}");
    let again = first.try_run(&["receipt", "--out", path], &[]);
    assert!(last_json(&again.stdout).to_string().contains("input.target"));
    // The first upload's receipt is still there, with its own approval.
    let before = first.run(&["log"], &[]);
    let first_version = before["lines"].as_array().unwrap().iter().find(|line| line["what"] == "receipt").unwrap();
    let old = first.run(&["receipt", "--of", first_version["args"]["version"].as_str().unwrap()], &[]);
    assert!(old["approval"]["records"].as_u64().unwrap() > 100, "{old}");
}

/// The head's own computer, with a key of its own.
fn heads_computer(place: &Path, centre: &Centre, school: &School) -> Computer {
    let own = computer(place, centre, school, "kepala");
    activate(&own, school);
    own
}

#[test]
fn a_head_approves_at_another_computer_without_a_line_and_without_lending_a_password() {
    let place = tempfile::tempdir().unwrap();
    let door = Door::open();
    let centre = Centre::start(&place.path().join("centre")).behind(&door);
    let (school, first) = in_step(place.path(), &centre);
    let own = heads_computer(place.path(), &centre, &school);
    let file = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    first.run(&["edit", "peserta_didik", &student(&first), "rt=93"], &[]);
    let exported = first.run(&["approve", "kepala", "--export", &file("minta")], &[]);
    assert_eq!((&exported["records"], &exported["key"]), (&1.into(), &Value::Null));
    // Nothing is sent before the signature has come.
    let waits = first.try_run(&["sync"], &[]);
    assert!(waits.status.code() == Some(3) && last_json(&waits.stdout).to_string().contains("gate.waits-for-head"));
    assert_eq!(first.run(&["status"], &[])["sealed"]["phase"], "waiting");
    first.run(&["pull"], &[]);

    // The head sees what it is, signs, and the signature goes back; the line is down meanwhile.
    centre.stop();
    let shown = own.run(&["approve", "--sign", &file("minta")], &[]);
    assert_eq!((&shown["bundle"], &shown["records"], &shown["key"]), (&exported["bundle"], &1.into(), &Value::Null));
    let signed = own.run(&["approve", "kepala", "--sign", &file("minta"), "--out", &file("tanda")], &[PASSWORD]);
    assert!(!signed["key"].is_null());
    let imported = first.run(&["approve", "--import", &file("tanda")], &[]);
    assert_eq!(imported["bundle"], exported["bundle"]);
    let twice = first.try_run(&["approve", "--import", &file("tanda")], &[]);
    assert!(last_json(&twice.stdout).to_string().contains("approval.not-asked"));

    let _centre = Centre::start(&place.path().join("centre")).behind(&door);
    let sent = first.run(&["sync"], &[]);
    assert!(!sent["receipt"].is_null() && sent["equal"] == true, "{sent}");
    let kinds: Vec<Value> = first.run(&["log"], &[])["lines"].as_array().unwrap().clone();
    let kinds = kinds.iter().map(|line| line["what"].as_str().unwrap());
    let kinds: Vec<&str> = kinds.filter(|kind| *kind != "pulled").collect();
    assert!(kinds.windows(2).any(|two| two == ["sealed", "approved"]), "{kinds:?}");
}

#[test]
fn only_the_right_signature_over_exactly_what_waits_is_taken() {
    let place = tempfile::tempdir().unwrap();
    let door = Door::open();
    let centre = Centre::start(&place.path().join("centre")).behind(&door);
    let (school, first) = in_step(place.path(), &centre);
    let own = heads_computer(place.path(), &centre, &school);
    let other = add_school(place.path(), &centre, "99999998", "2");
    let elsewhere = computer(place.path(), &centre, &other, "a");
    let file = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let refused = |computer: &Computer, arguments: &[&str], secrets: &[&str], code: &str| {
        let output = computer.try_run(arguments, secrets);
        let said = last_json(&output.stdout).to_string();
        assert!(!output.status.success() && said.contains(code), "{arguments:?}: {code}: {said}");
    };
    first.run(&["edit", "peserta_didik", &student(&first), "rt=94"], &[]);
    refused(&own, &["approve", "--sign", &file("tidak-ada")], &[], "input.file");
    first.run(&["approve", "kepala", "--export", &file("lama")], &[]);
    own.run(&["approve", "kepala", "--sign", &file("lama"), "--out", &file("tanda-lama")], &[PASSWORD]);
    // Taken back and sealed anew with another edit: the old signature is over other bytes.
    first.run(&["withdraw"], &[]);
    first.run(&["edit", "peserta_didik", &student(&first), "rw=95"], &[]);
    refused(&first, &["approve", "--import", &file("tanda-lama")], &[], "approval.not-asked");
    first.run(&["approve", "kepala", "--export", &file("baru")], &[]);
    refused(&first, &["approve", "--import", &file("tanda-lama")], &[], "approval.other-bytes");
    refused(&first, &["approve", "--import", &file("baru")], &[], "evidence.kind");
    // Another school's computer, a wrong password, an account without a key.
    refused(&elsewhere, &["approve", "--sign", &file("baru")], &[], "approval.other-school");
    let target = file("tidak-jadi");
    let sign = ["approve", "kepala", "--sign", &file("baru"), "--out", &target].map(str::to_owned);
    let sign: Vec<&str> = sign.iter().map(String::as_str).collect();
    refused(&own, &sign, &["salah sekali"], "account.password");
    let fresh = computer(place.path(), &centre, &school, "tanpa-kunci");
    refused(&fresh, &sign, &[PASSWORD], "approval.no-key");
    // A changed file, at the head's and on the way back.
    let mut bytes = std::fs::read(file("baru")).unwrap();
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    std::fs::write(file("diubah"), &bytes).unwrap();
    own.run(&["approve", "kepala", "--sign", &file("baru"), "--out", &file("tanda")], &[PASSWORD]);
    let mut bytes = std::fs::read(file("tanda")).unwrap();
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    std::fs::write(file("tanda-diubah"), &bytes).unwrap();
    refused(&first, &["approve", "--import", &file("tanda-diubah")], &[], "approval.key-unknown");
    // The right one is taken, and sent.
    first.run(&["approve", "--import", &file("tanda")], &[]);
    let sent = first.run(&["sync"], &[]);
    assert!(!sent["receipt"].is_null() && sent["equal"] == true, "{sent}");
    // What was signed elsewhere is evidence like any other.
    first.run(&["receipt", "--out", &file("bukti")], &[]);
    assert_eq!(first.run(&["verify", &file("bukti")], &[])["approval"]["ptk"], school.head.as_str());
}
