//! Backups of a centre whose configuration names files of its own.

use std::path::Path;

use crate::stand::Stand;

/// The rulebook of the program under another version.
fn own_rulebook() -> String {
    let own = selaras_sync::Rules::builtin().rulebook.source().to_owned();
    own.replacen("version = \"2026.1\"", "version = \"2026.1-own\"", 1)
}

/// A stopped centre whose configuration names a rulebook there.
fn with_rulebook_at(path: &Path) -> tempfile::TempDir {
    let data = Stand::start().end();
    let file = data.path().join("selaras-center.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("rulebook = {:?}\n{text}", path.display().to_string())).unwrap();
    let path = data.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, own_rulebook()).unwrap();
    data
}

/// Backs up, loses the disk and what lay elsewhere on that machine, restores; the rulebook in force afterwards.
fn rulebook_after_restore(data: tempfile::TempDir, elsewhere: Option<tempfile::TempDir>) -> String {
    let place = tempfile::tempdir().unwrap();
    let backup = place.path().join("backup");
    let stand = Stand::serve(data, &[]);
    stand.json(&["backup", "--to", backup.to_str().unwrap()]);
    drop((stand.end(), elsewhere));
    let restored = tempfile::tempdir().unwrap();
    let mut restore = std::process::Command::new(env!("CARGO_BIN_EXE_selaras-center"));
    let made = restore.arg("--data").arg(restored.path()).args(["restore", "--from"]).arg(&backup).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let line = Stand::serve(restored, &[]).json(&["rules", "list"]);
    line["rulebook_version"].as_str().unwrap().to_owned()
}

#[test]
fn fault_46_a_backup_holds_the_rulebook_that_the_configuration_names() {
    assert_eq!(rulebook_after_restore(with_rulebook_at(Path::new("rules/own.toml")), None), "2026.1-own");
}

#[test]
fn fault_46_a_rulebook_outside_the_data_directory_comes_into_it() {
    let elsewhere = tempfile::tempdir().unwrap();
    let data = with_rulebook_at(&elsewhere.path().join("own.toml"));
    assert_eq!(rulebook_after_restore(data, Some(elsewhere)), "2026.1-own");
}
