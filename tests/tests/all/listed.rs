//! No behaviour's file is forgotten: a file that `main.rs` does not name would never be compiled.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_file_is_listed_in_main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/all");
    let main = fs::read_to_string(folder.join("main.rs")).expect("main.rs can be read");
    let listed: BTreeSet<String> =
        main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).map(str::to_owned).collect();
    let present: BTreeSet<String> = fs::read_dir(&folder)
        .expect("the folder can be read")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir() || path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .filter(|name| name != "main")
        .collect();
    assert_eq!(present, listed, "left: files in tests/tests/all, right: modules named in main.rs");
}
