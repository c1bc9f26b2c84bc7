//! Fault 39: older files of the audit log are moved away, as docs/audit.md allows, and then nobody can read the rest; all
//! of them gone pass for a log that is empty.

use std::path::Path;

use serde_json::Value;

use super::log_files::{audit, cut_in_two, files, stopped, verified};
use crate::stand::Stand;

/// A stopped centre whose first entries are in a file that was moved away, and the tip of its log.
fn without_the_older_file() -> (tempfile::TempDir, Value) {
    let (data, tip) = stopped();
    let [older, _] = cut_in_two(data.path(), 3);
    std::fs::rename(older, data.path().join("moved-away.log")).unwrap();
    (data, tip)
}

#[test]
fn fault_39_what_is_left_is_verified_when_older_files_were_moved_away() {
    let (data, tip) = without_the_older_file();
    let found = verified(data.path(), &["--tip", tip["tip"].as_str().unwrap()]);
    assert_eq!(found.map(|found| found["tip"].clone()), Ok(tip["tip"].clone()));
}

#[test]
fn fault_39_what_is_left_is_shown_and_exported_when_older_files_were_moved_away() {
    let (data, tip) = without_the_older_file();
    let shown = audit(data.path(), &["show"]).unwrap();
    assert!(shown.iter().any(|entry| entry["number"] == tip["entries"]), "{shown:?}");
    let file = data.path().join("export.jsonl");
    audit(data.path(), &["export", file.to_str().unwrap()]).unwrap();
    verified(data.path(), &[file.to_str().unwrap(), "--tip", tip["tip"].as_str().unwrap()]).unwrap();
}

#[test]
fn fault_39_a_log_all_of_whose_files_are_gone_is_not_called_whole() {
    let (data, tip) = stopped();
    remove_all(data.path());
    assert!(verified(data.path(), &[]).is_err(), "nothing is left of {tip}");
}

#[test]
fn fault_39_a_centre_all_of_whose_files_are_gone_begins_no_chain_as_if_there_had_been_none() {
    let (data, _) = stopped();
    remove_all(data.path());
    let data = Stand::serve(data, &[]).end();
    let shown = audit(data.path(), &["show"]).unwrap();
    assert_ne!(shown[0]["number"], 1, "{shown:?}");
}

fn remove_all(data: &Path) {
    for file in files(data) {
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn fault_39_a_log_whose_newest_file_is_gone_is_not_called_whole() {
    let (data, tip) = stopped();
    let [_, newest] = cut_in_two(data.path(), 3);
    std::fs::remove_file(newest).unwrap();
    assert!(verified(data.path(), &[]).is_err(), "only 3 entries are left of {tip}");
}
