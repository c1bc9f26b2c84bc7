//! The drill: a centre loses its disk after everything has happened since the backup that may happen to schools.
//!
//! `selaras demo --disaster` plays it by real processes, in both orders of the schools' contact and the operator's word,
//! to be watched. Here it is played, what it leaves on the disks is judged by other eyes, and what a thief gets is shown
//! once more by itself.

mod disks;
mod stolen;

use std::path::Path;
use std::process::Command;

use crate::stand::SCHOOL;

/// Plays the drill in a directory that it leaves; whether it held, and what it said.
fn played(keep: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(SCHOOL);
    command.args(["--lang", "en", "demo", "--disaster", "--keep"]).arg(keep).args(arguments);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

#[test]
fn the_drill_tells_of_a_record_that_differs() {
    let place = tempfile::tempdir().unwrap();
    let (held, text) = played(&place.path().join("drill"), &["--sabotage", "wrong-digest"]);
    assert!(!held, "{text}");
    assert!(text.contains("✗ asal-kantor: the digests of its own records") && text.contains("demo.check"), "{text}");
}
