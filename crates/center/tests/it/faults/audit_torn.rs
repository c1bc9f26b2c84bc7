//! Fault 38: an end of the audit log that is torn otherwise than short stops the centre, as does whatever is damaged in an
//! older file for those who read.

use std::io::Write as _;
use std::path::Path;

use super::log_files::{audit, cut_in_two, files, lines, said, stopped, verified};
use crate::stand::Stand;

/// A power cut leaves these bytes after the last whole entry. The centre starts, says so, and has lost nothing.
fn starts_after(tail: &[u8]) {
    let (data, tip) = stopped();
    append(data.path(), tail);
    // It says on its standard error why it does not start.
    let data = Stand::serve(data, &[]).end();
    let told = audit(data.path(), &["show", "--what", "torn-end-cut"]).unwrap();
    assert_eq!(told.len(), 2, "one entry, and the tip: {told:?}");
    verified(data.path(), &["--tip", tip["tip"].as_str().unwrap()]).unwrap();
}

fn append(data: &Path, tail: &[u8]) {
    let last = files(data).pop().unwrap();
    std::fs::OpenOptions::new().append(true).open(last).unwrap().write_all(tail).unwrap();
}

#[test]
fn fault_38_a_centre_starts_after_a_tail_of_zeros() {
    starts_after(&[0; 512]);
}

#[test]
fn fault_38_a_centre_starts_after_a_tail_of_other_bytes() {
    // What lay on the disk before: any bytes, here made by a hash.
    let mut tail = [0; 512];
    blake3::Hasher::new().update(b"fault 38").finalize_xof().fill(&mut tail);
    starts_after(&tail);
}

#[test]
fn fault_38_a_centre_starts_after_an_entry_whose_second_page_did_not_reach_the_disk() {
    let mut tail = [0; 4 + 200 + 32];
    tail[..4].copy_from_slice(&200_u32.to_be_bytes());
    tail[4..100].fill(b'x');
    starts_after(&tail);
}

/// A reader is told which file is damaged, and gets what is whole after it too.
#[test]
fn fault_38_a_flipped_bit_in_an_older_file_hides_no_newer_entry() {
    let (data, tip) = stopped();
    let [older, _] = cut_in_two(data.path(), 3);
    let mut bytes = std::fs::read(&older).unwrap();
    let place = bytes.len() - 40;
    bytes[place] ^= 1;
    std::fs::write(&older, bytes).unwrap();

    let data = Stand::serve(data, &[]).end();
    let name = older.file_name().unwrap().to_str().unwrap();
    assert!(verified(data.path(), &[]).unwrap_err().contains(name), "the file is named");
    let (_, shown) = said(data.path(), &["show"]);
    assert!(lines(&shown).iter().any(|entry| entry["number"] == tip["entries"]), "nothing after it is shown: {shown}");
}
