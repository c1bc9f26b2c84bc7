//! No behaviour's file is forgotten: a file that `main.rs` does not name would never be compiled.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_file_is_listed_in_main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/line");
    let main = fs::read_to_string(folder.join("main.rs")).unwrap();
    let listed: BTreeSet<String> =
        main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).map(str::to_owned).collect();
    let present: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| name != "main")
        .collect();
    assert_eq!(present, listed, "left: files in tests/line, right: modules named in main.rs");
}
