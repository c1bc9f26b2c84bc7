//! The Dinas changes a school's head while something is approved: the old one's approval stops at once, nothing is
//! lost, and the new one is told the way step by step.

use serde_json::Value;

use crate::people::{School, activate, add_large_school, add_school, approve_and_sync, assign, computer, computer_at};
use crate::stand::{Centre, Computer, PASSWORD, last_json};
use crate::tap::Tap;

const LAST_DAY: &str = "2026-08-01";
const NEW_PASSWORD: &str = "hujan di gunung";

/// Somebody of the school's staff who is not its head.
fn successor(computer: &Computer, school: &School) -> String {
    let staff = computer.run(&["list", "ptk"], &[]);
    let staff = staff["records"].as_array().unwrap();
    let other = staff.iter().map(|line| line["id"].as_str().unwrap()).find(|id| *id != school.head);
    other.unwrap().to_owned()
}

/// The Dinas ends the head's assignment and assigns another one; gives the keys that ended with it.
fn change(centre: &Centre, school: &School, new: &str) -> Value {
    let ended = end(centre, school);
    assign_next(centre, school, new);
    ended
}

fn end(centre: &Centre, school: &School) -> Value {
    let ended = centre.operator(&["head", "end", school.npsn, "--ptk", &school.head, "--until", LAST_DAY]);
    ended["revoked"].clone()
}

/// Assigns somebody from the day after.
fn assign_next(centre: &Centre, school: &School, who: &str) {
    let decree = ["--sk", "821.2/0002/2026", "--from", "2026-08-02"];
    centre.operator(&[&["head", "assign", school.npsn, "--ptk", who], decree.as_slice()].concat());
}

/// The failure that a command ends in.
fn failure(computer: &Computer, arguments: &[&str], secrets: &[&str]) -> Value {
    let output = computer.try_run(arguments, secrets);
    assert!(!output.status.success(), "{arguments:?}: {output:?}");
    last_json(&output.stdout)["error"].clone()
}

/// What `status` says of the person with an account, or of the one who has none.
fn head_line(computer: &Computer, account: Option<&str>) -> Value {
    let status = computer.run(&["status"], &[]);
    let heads = status["heads"].as_array().unwrap().clone();
    let line = heads.into_iter().find(|line| line["account"].as_str() == account);
    line.unwrap_or_else(|| panic!("{account:?} in {status}"))
}

fn steps(line: &Value) -> Vec<String> {
    let steps = line["steps"].as_array().unwrap();
    for (number, step) in (1..).zip(steps) {
        assert_eq!(step["number"], number, "{line}");
        for part in ["what", "who", "command"] {
            assert!(!step[part].as_str().unwrap().is_empty(), "{line}");
        }
    }
    steps.iter().map(|step| step["step"].as_str().unwrap().to_owned()).collect()
}

fn edit(computer: &Computer, address: &str) -> String {
    let students = computer.run(&["list", "peserta_didik"], &[]);
    let student = students["records"][0]["id"].as_str().unwrap().to_owned();
    computer.run(&["edit", "peserta_didik", &student, &format!("alamat_jalan={address}")], &[]);
    student
}

/// A school that has sent everything once, by its first head.
fn school_in_step(place: &std::path::Path, centre: &Centre) -> (School, Computer) {
    let school = add_school(place, centre, "99999999", "5");
    let first = computer(place, centre, &school, "a");
    assign(centre, &school);
    first.run(&["import", school.files.join("school.jsonl").to_str().unwrap()], &[]);
    activate(&first, &school);
    approve_and_sync(&first);
    (school, first)
}

/// Goes the new head's way, and sees each step go once it is done.
fn new_head_goes_the_way(computer: &Computer, school: &School, new: &str, role: &str) {
    assert_eq!(steps(&head_line(computer, None)), ["account", &format!("{role}-role"), "key-activated", "approve"]);
    computer.run(&["account", "add", "baru", "--ptk", new], &[NEW_PASSWORD]);
    let line = head_line(computer, Some("baru"));
    assert_eq!(steps(&line), ["role-none", "key-activated", "approve"]);
    assert_eq!(line["steps"][0]["command"], format!("selaras role add baru {role}"));
    computer.run(&["role", "add", "baru", role], &[&school.kode]);
    assert_eq!(steps(&head_line(computer, Some("baru"))), ["key-activated", "approve"]);
    computer.run(&["head", "activate", "baru"], &[&school.kode, NEW_PASSWORD]);
    assert_eq!(steps(&head_line(computer, Some("baru"))), ["approve"]);
    computer.run(&["approve", "baru"], &[NEW_PASSWORD]);
    let line = head_line(computer, Some("baru"));
    assert_eq!((steps(&line).len(), &line["may_approve"]), (0, &Value::Bool(true)), "{line}");
}

#[test]
fn what_the_old_head_approved_is_refused_and_the_new_one_is_shown_the_way() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let (school, computer) = school_in_step(place.path(), &centre);
    let student = edit(&computer, "Jalan Disetujui");
    computer.run(&["approve", "kepala"], &[PASSWORD]);
    let new = successor(&computer, &school);
    let revoked = change(&centre, &school, &new);
    assert_eq!(revoked.as_array().unwrap().len(), 1, "the key ends with the assignment: {revoked}");

    let refused = failure(&computer, &["sync"], &[]);
    assert_eq!(refused["code"], "approval.key-revoked", "{refused}");
    let status = computer.run(&["status"], &[]);
    assert!(status["sealed"].is_null() && status["pending_records"] == 1, "its edits are drafts again: {status}");
    let shown = computer.run(&["show", "peserta_didik", &student], &[]).to_string();
    assert!(shown.contains("Jalan Disetujui"), "{shown}");

    let old = head_line(&computer, Some("kepala"));
    assert_eq!(steps(&old), ["head-assignment-ended", "key-revoked", "approve"]);
    assert!(old["unmet"][0]["message"].as_str().unwrap().contains(LAST_DAY), "{old}");
    let closed = failure(&computer, &["approve", "kepala"], &[PASSWORD]);
    assert_eq!(closed["code"], "gate.not-entitled", "{closed}");
    let again = failure(&computer, &["head", "activate", "kepala"], &[&school.kode, PASSWORD]);
    assert_eq!(again["code"], "gate.not-entitled", "{again}");

    new_head_goes_the_way(&computer, &school, &new, "head");
    let report = computer.run(&["sync"], &[]);
    assert_eq!(report["equal"], true, "{report}");
    let landed = centre.operator(&["record", "show", school.npsn, "peserta_didik", &student]);
    assert_eq!(landed["fields"]["alamat_jalan"], "Jalan Disetujui");
}

#[test]
fn a_teacher_takes_over_as_plt_and_approves() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let (school, computer) = school_in_step(place.path(), &centre);
    let teacher = std::fs::read_to_string(school.files.join("school.jsonl")).unwrap();
    let teacher = teacher.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut teachers = teacher.filter(|line| line["fields"]["jenis_ptk_id"] == "4");
    let teacher = teachers.next().unwrap()["fields"]["ptk_id"].as_str().unwrap().to_owned();
    end(&centre, &school);
    let decree = ["--plt", "--sk", "821.2/0004/2026", "--from", "2026-08-02"];
    centre.operator(&[&["head", "assign", school.npsn, "--ptk", &teacher], decree.as_slice()].concat());
    computer.run(&["pull"], &[]);
    edit(&computer, "Jalan Sementara");
    new_head_goes_the_way(&computer, &school, &teacher, "plt");
    let report = computer.run(&["sync"], &[]);
    assert_eq!(report["equal"], true, "{report}");
}

#[test]
fn who_is_in_office_again_activates_a_new_key() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let (school, computer) = school_in_step(place.path(), &centre);
    edit(&computer, "Jalan Kembali");
    computer.run(&["approve", "kepala"], &[PASSWORD]);
    end(&centre, &school);
    assign_next(&centre, &school, &school.head);
    // Ended and assigned again between two exchanges: by the records nothing has happened, but the key is over.
    assert_eq!(failure(&computer, &["sync"], &[])["code"], "approval.key-revoked");
    assert_eq!(steps(&head_line(&computer, Some("kepala"))), ["key-revoked", "approve"]);
    assert_eq!(failure(&computer, &["approve", "kepala"], &[PASSWORD])["code"], "gate.not-entitled");
    computer.run(&["head", "activate", "kepala"], &[&school.kode, PASSWORD]);
    approve_and_sync(&computer);
}

#[test]
fn a_key_that_was_revoked_by_hand_ends_while_its_head_stays_in_office() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let (school, computer) = school_in_step(place.path(), &centre);
    edit(&computer, "Jalan Hilang");
    computer.run(&["approve", "kepala"], &[PASSWORD]);
    let revoked = centre.operator(&["head", "revoke", school.npsn, "--ptk", &school.head]);
    assert_eq!(revoked["revoked"].as_array().unwrap().len(), 1, "{revoked}");
    let keys = centre.operator(&["head", "keys", school.npsn]);
    assert_eq!(keys["revoked_because"][0], "by-hand", "{keys}");
    assert_eq!(failure(&computer, &["sync"], &[])["code"], "approval.key-revoked");
    activate(&computer, &school);
    approve_and_sync(&computer);
}

#[test]
fn two_heads_at_once_approve_nothing_and_lose_no_key() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let (school, computer) = school_in_step(place.path(), &centre);
    let new = successor(&computer, &school);
    let decree = ["--plt", "--sk", "821.2/0003/2026", "--from", "2026-08-02"];
    let assign = [&["head", "assign", school.npsn, "--ptk", &new], decree.as_slice()].concat();
    let refused = centre.try_operator(&assign);
    assert_eq!(last_json(&refused.stdout)["code"], "act.invalid", "nobody at the school could end it: {refused:?}");
    let acted = centre.operator(&[assign.as_slice(), &["--reason", "serah terima jabatan"]].concat());
    assert!(acted["revoked"].is_null(), "{acted}");
    edit(&computer, "Jalan Berdua");
    computer.run(&["pull"], &[]);
    assert_eq!(steps(&head_line(&computer, Some("kepala"))), ["head-and-plt", "approve"]);
    let closed = failure(&computer, &["approve", "kepala"], &[PASSWORD]);
    assert_eq!(closed["code"], "gate.closed", "the rulebook finds it too: {closed}");
    centre.operator(&["head", "end", school.npsn, "--ptk", &new, "--until", LAST_DAY]);
    computer.run(&["pull"], &[]);
    approve_and_sync(&computer);
}

#[test]
fn a_change_between_upload_and_commit_refuses_what_has_landed() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let school = add_large_school(place.path(), &centre, "99999999", "6", 250);
    let tap = Tap::to(&centre.url);
    let computer = computer_at(place.path(), &tap.url, &school, "a");
    assign(&centre, &school);
    activate(&computer, &school);
    computer.run(&["import", school.files.join("school.jsonl").to_str().unwrap()], &[]);
    computer.run(&["approve", "kepala"], &[PASSWORD]);

    // How far the centre has it, then all of it; the school does not hear that it has landed.
    let landed = tap.silence(2, 0);
    let mut cut = computer.begin(&["sync"]);
    landed.recv_timeout(std::time::Duration::from_secs(60)).expect("the centre has answered");
    end(&centre, &school);
    cut.kill().unwrap();
    cut.wait().unwrap();
    tap.clear();
    let refused = failure(&computer, &["sync"], &[]);
    assert_eq!(refused["code"], "approval.key-revoked", "{refused}");
    assert_eq!(tap.requests(), 2, "how far the centre has it, and the commit: no byte of it went twice");
    let status = computer.run(&["status"], &[]);
    assert!(status["pending_records"].as_u64().unwrap() > 100, "nothing is lost: {status}");

    assert_eq!(steps(&head_line(&computer, Some("kepala"))), ["head-assignment-ended", "key-revoked", "approve"]);
    assign_next(&centre, &school, &school.head);
    activate(&computer, &school);
    approve_and_sync(&computer);
}
