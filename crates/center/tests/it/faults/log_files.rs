//! The files of the audit log, handled as somebody with access to the disk does; their format is in docs/formats.md.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::stand::{NPSN, Stand};

/// Bytes of a file before its first entry; the last 32 are the hash before it.
const HEADER: usize = 52;
const HASH: usize = 32;

/// The files of a log in order.
pub(super) fn files(data: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(data.join("audit")).unwrap();
    let mut found: Vec<PathBuf> = listed.map(|file| file.unwrap().path()).collect();
    found.sort();
    found
}

/// A centre with a school and some acts, stopped; its directory and the tip of its log.
pub(super) fn stopped() -> (tempfile::TempDir, Value) {
    let stand = Stand::start();
    stand.school();
    for _ in 0..3 {
        stand.json(&["digest", NPSN]);
    }
    let data = stand.end();
    let tip = verified(data.path(), &[]).expect("the chain holds before anything happens to it");
    (data, tip)
}

/// Checks the chain: the tip, or what was said instead.
pub(super) fn verified(data: &Path, more: &[&str]) -> Result<Value, String> {
    audit(data, &[&["verify"], more].concat()).map(|lines| lines.last().unwrap().clone())
}

/// Runs a command of the audit log: its lines, or what was said instead.
pub(super) fn audit(data: &Path, arguments: &[&str]) -> Result<Vec<Value>, String> {
    let (done, text) = said(data, arguments);
    if done { Ok(lines(&text)) } else { Err(text) }
}

/// Runs a command of the audit log: whether it was content, and what it said.
pub(super) fn said(data: &Path, arguments: &[&str]) -> (bool, String) {
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_selaras-center"));
    let output = program.args(["--json", "--lang", "en", "--data"]).arg(data).arg("audit").args(arguments).output();
    let output = output.unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

/// The lines of JSON in what was said.
pub(super) fn lines(said: &str) -> Vec<Value> {
    said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Cuts the one file of a log in two after so many entries, as if the first had become full there.
pub(super) fn cut_in_two(data: &Path, entries: usize) -> [PathBuf; 2] {
    let [first] = files(data).try_into().expect("one file");
    let bytes = std::fs::read(&first).unwrap();
    let mut end = HEADER;
    for _ in 0..entries {
        let length = u32::from_be_bytes(bytes[end..end + 4].try_into().unwrap());
        end += 4 + usize::try_from(length).unwrap() + HASH;
    }
    let second = first.with_file_name(format!("{:020}.log", entries + 1));
    let header = [&bytes[..HEADER - HASH], &bytes[end - HASH..end]].concat();
    std::fs::write(&second, [&header, &bytes[end..]].concat()).unwrap();
    std::fs::write(&first, &bytes[..end]).unwrap();
    [first, second]
}

#[test]
fn a_log_that_was_cut_in_two_is_the_same_log() {
    let (data, tip) = stopped();
    cut_in_two(data.path(), 3);
    assert_eq!(verified(data.path(), &[]), Ok(tip.clone()));
    let data = Stand::serve(data, &[]).end();
    assert!(verified(data.path(), &["--tip", tip["tip"].as_str().unwrap()]).is_ok());
}
