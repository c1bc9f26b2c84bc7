//! Guessing at passwords on a school's computer, where every guess is a process that may be killed; and the centre
//! has deleted somebody's record.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::people::{add_school, computer};
use crate::stand::{Centre, Computer, PASSWORD, SCHOOL, last_json};

fn code(computer: &Computer, arguments: &[&str], secrets: &[&str]) -> String {
    let output = computer.try_run(arguments, secrets);
    last_json(&output.stdout)["error"]["code"].as_str().unwrap_or("done").to_owned()
}

/// Offers a password and kills the process once it says that it waits.
fn killed_while_it_waits(computer: &Computer, secret: &str) {
    use std::io::BufRead as _;
    let mut child = Command::new(SCHOOL)
        .args(["--json", "--password-stdin", "--data"])
        .arg(&computer.data)
        .args(["approve", "kepala"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{secret}").unwrap();
    let mut said = std::io::BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let waits = said.any(|line| line.contains("account.wait"));
    assert!(waits, "it ended without a word of waiting");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_process_gives_no_guess_away_and_every_new_one_waits() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let school = add_school(place.path(), &centre, "99999999", "8");
    let computer = computer(place.path(), &centre, &school, "a");
    for _ in 0..5 {
        assert_eq!(code(&computer, &["approve", "kepala"], &["salah sekali"]), "account.password");
    }
    // Killed as often as one likes: none of these was compared, and each next process waits all the same.
    for _ in 0..3 {
        killed_while_it_waits(&computer, PASSWORD);
    }
    let began = Instant::now();
    assert_eq!(code(&computer, &["approve", "kepala"], &["salah lagi"]), "account.password");
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    let began = Instant::now();
    let changed = code(&computer, &["account", "passwd", "kepala"], &[PASSWORD, "hujan di gunung"]);
    assert_eq!(changed, "done", "the right one serves, after its wait");
    assert!(began.elapsed() >= Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(code(&computer, &["approve", "kepala"], &["hujan di gunung"]), "gate.closed", "no wait any more");
}

#[test]
fn somebody_whose_record_the_centre_deleted_gets_no_account() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let school = add_school(place.path(), &centre, "99999999", "9");
    let made = centre.operator(&["record", "edit", school.npsn, "ptk", "new", "nama=Contoh Guru"]);
    let ptk = made["created"][0].as_str().unwrap().to_owned();
    let computer = computer(place.path(), &centre, &school, "a");
    let add = |name: &str, ptk: &str| code(&computer, &["account", "add", name, "--ptk", ptk], &["hujan di gunung"]);
    assert_eq!(add("guru", &ptk), "done");
    assert_eq!(add("lain", &ptk), "account.ptk-taken");
    centre.operator(&["record", "edit", school.npsn, "ptk", &ptk, "--delete"]);
    computer.run(&["pull"], &[]);
    assert_eq!(add("lain", &ptk), "account.ptk-deleted");
    computer.run(&["role", "add", "guru", "head"], &[&school.kode]);
    let status: Value = computer.run(&["status"], &[]);
    let line = status["heads"].as_array().unwrap().iter().find(|line| line["account"] == "guru").unwrap().clone();
    assert_eq!(line["steps"][0]["step"], "ptk-record", "{line}");
}
