//! What happens to one school says nothing of another: one that cannot be read hides no other, and a backup of all does not
//! hide for whom the centre has signed last.

use std::path::Path;

use selaras_storage::{Changelog, EngineKind, open_store};
use selaras_sync::{Batch, Store as _, local};
use tempfile::TempDir;

use crate::stand::{NPSN, Stand};

/// A school that is listed before the other one.
const FIRST: &str = "99999990";

fn two() -> Stand {
    let stand = Stand::start();
    stand.json(&["school", "add", FIRST, "--name", "SD Pertama"]);
    stand.school();
    // What a new school begins with is signed when it is first looked at.
    assert!(stand.command(&["school", "list"]).status.success());
    stand
}

/// Makes the row unreadable by which a school is known.
fn damage(data: &TempDir, npsn: &str) {
    let engine = open_store(&data.path().join("store"), EngineKind::default(), 1 << 20).unwrap().engine;
    let mut batch = Batch::default();
    local::put(&mut batch, "registration", &7).unwrap();
    Changelog::new(engine).unwrap().school(npsn.parse().unwrap()).commit(&batch).unwrap();
}

#[test]
fn a_school_that_cannot_be_read_is_named_and_hides_no_other() {
    let data = two().end();
    damage(&data, FIRST);
    let stand = Stand::serve(data, &[]);
    for command in [&["school", "list"][..], &["restore", "confirm", "--all"]] {
        let output = stand.command(command);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains(&format!("{{\"npsn\":\"{FIRST}\",\"failed\":\"center.store-damaged\"}}")), "{said}");
        assert!(said.contains(NPSN), "{said}");
        assert_eq!(output.status.code(), Some(4), "{output:?}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned() + &said;
        assert!(told.contains("school.some-failed"), "{told}");
    }
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
