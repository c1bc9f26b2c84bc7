//! The demonstration tells the truth: spoilt, it says so and fails.

use std::process::Command;

use crate::stand::SCHOOL;

fn demo(arguments: &[&str]) -> (bool, String) {
    let output =
        Command::new(SCHOOL).args(["--lang", "en", "demo", "--students", "60"]).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

#[test]
fn the_demonstration_runs_to_its_end() {
    let (success, text) = demo(&[]);
    assert!(success, "{text}");
    assert!(text.contains("In step at version"), "{text}");
    assert!(!text.contains('✗') || text.contains("Refused with"), "{text}");
}

#[test]
fn a_wrong_digest_is_told() {
    let (success, text) = demo(&["--sabotage", "wrong-digest"]);
    assert!(!success, "{text}");
    assert!(text.contains("demo.check"), "{text}");
}

#[test]
fn a_refused_bundle_is_told() {
    let (success, text) = demo(&["--sabotage", "refused-bundle"]);
    assert!(!success, "{text}");
}
