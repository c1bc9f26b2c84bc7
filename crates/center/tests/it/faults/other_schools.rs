//! What happens to one school says nothing of another: one that cannot be read hides no other, and a backup of all does not
//! hide for whom the centre has signed last.

use std::path::Path;

use tempfile::TempDir;

use crate::stand::Stand;

/// A school that is listed before the other one.
const FIRST: &str = "99999990";

fn two() -> Stand {
    let stand = Stand::start();
    stand.json(&["school", "add", FIRST, "--name", "SD Pertama"]);
    stand.school();
    stand
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let into = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &into);
        } else {
            std::fs::copy(entry.path(), into).unwrap();
        }
    }
}

/// A backup writes down at each school what it covers, and signs nothing for it.
#[test]
fn a_store_that_was_put_back_is_recognised_behind_a_backup_too() {
    let data = two().end();
    let earlier = TempDir::new().unwrap();
    copy(data.path(), earlier.path());
    let stand = Stand::serve(data, &[]);
    stand.json(&["school", "kode", FIRST]);
    let backup = TempDir::new().unwrap();
    stand.json(&["backup", "--to", backup.path().join("b").to_str().unwrap()]);
    let data = stand.end();
    std::fs::remove_dir_all(data.path().join("store")).unwrap();
    copy(&earlier.path().join("store"), &data.path().join("store"));
    std::fs::copy(earlier.path().join("store.closed"), data.path().join("store.closed")).unwrap();
    let refused = Stand::try_serve(&data);
    let said = String::from_utf8_lossy(&[refused.stdout, refused.stderr].concat()).into_owned();
    assert!(!refused.status.success() && said.contains("center.put-back"), "{said}");
}
