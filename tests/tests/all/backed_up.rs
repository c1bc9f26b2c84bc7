//! Backups and what comes back from them: everything, under a name of its own, nothing lost and nothing sent twice; and
//! whatever goes wrong with the file leaves the store as it was.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::people::{add_school, approve_and_sync, computer};
use crate::recovered::{NPSN, Scene};
use crate::stand::{Computer, PASSWORD, SCHOOL, last_json};

const PASSPHRASE: &str = "tiga perahu di teluk";

fn student(computer: &Computer, place: usize) -> String {
    computer.run(&["list", "peserta_didik"], &[])["records"][place]["id"].as_str().unwrap().to_owned()
}

fn edit(computer: &Computer, student: &str, what: &str) {
    computer.run(&["edit", "peserta_didik", student, what], &[]);
}

fn shown(computer: &Computer, student: &str) -> String {
    computer.run(&["show", "peserta_didik", student], &[]).to_string()
}

fn back_up(scene: &Scene, computer: &Computer, name: &str) -> PathBuf {
    let file = scene.place.path().join(name);
    let report = computer.run(&["backup", file.to_str().unwrap()], &[PASSPHRASE]);
    assert!(report["rows"].as_u64().unwrap() > 100, "{report}");
    file
}

fn restore(computer: &Computer, file: &Path, more: &[&str]) -> Value {
    computer.run(&[&["restore", file.to_str().unwrap()], more].concat(), &[PASSPHRASE])
}

/// Onto a computer without accounts, where the kode registrasi stands for them.
fn restore_empty(scene: &Scene, computer: &Computer, file: &Path, more: &[&str]) -> Value {
    computer.run(&[&["restore", file.to_str().unwrap()], more].concat(), &[PASSPHRASE, &scene.school.kode])
}

fn versions(scene: &Scene) -> u64 {
    scene.centre.operator(&["digest", NPSN])["version"].as_u64().unwrap()
}

fn in_step(scene: &Scene, computer: &Computer) {
    let report = computer.run(&["sync"], &[]);
    assert_eq!(report["equal"], true, "{report}");
    assert_eq!(versions(scene), computer.run(&["status"], &[])["version"].as_u64().unwrap());
}

/// The code of a command that fails.
fn code(computer: &Computer, arguments: &[&str], secrets: &[&str]) -> String {
    let output = computer.try_run(arguments, secrets);
    assert!(!output.status.success(), "{output:?}");
    let said = last_json(&output.stdout);
    let said = if said.is_null() { last_json(&output.stderr) } else { said };
    said["error"]["code"].as_str().or(said["code"].as_str()).unwrap_or_else(|| panic!("{output:?}")).to_owned()
}

#[test]
fn an_old_backup_over_the_store_comes_into_step_and_nothing_is_sent_twice() {
    let scene = Scene::new("31");
    let first = &scene.first;
    let (one, two, three) = (student(first, 0), student(first, 1), student(first, 2));
    edit(first, &one, "alamat_jalan=Jalan Sebelum Cadangan");
    let file = back_up(&scene, first, "old.age");
    // Sent since, the draft of the backup among it; and typed since, not sent.
    edit(first, &two, "alamat_jalan=Jalan Sesudah Cadangan");
    approve_and_sync(first);
    let before = versions(&scene);
    edit(first, &three, "alamat_jalan=Jalan Belum Terkirim");

    let report = restore(first, &file, &[]);
    assert_eq!((&report["drafts"], &report["outbox"]), (&Value::from(1), &Value::from(0)), "{report}");
    assert_eq!(report["aside_records"], 1, "{report}");
    // Nobody reads it who comes to the computer, and it comes back like any backup.
    let aside = Path::new(report["aside"].as_str().unwrap());
    assert!(aside.join("store.age").is_file() && !aside.join("store").exists() && !aside.join("blobs").exists());
    let pulled = first.run(&["pull"], &[]);
    assert_eq!((&pulled["equal"], &pulled["pending"]), (&Value::from(true), &Value::from(0)), "{pulled}");
    assert_eq!(versions(&scene), before);
    for (student, street) in [(&one, "Jalan Sebelum Cadangan"), (&two, "Jalan Sesudah Cadangan")] {
        assert!(shown(first, student).contains(street));
    }
    // What was typed and lay in the store that was moved aside is in a file.
    first.run(&["import", report["aside_drafts"].as_str().unwrap()], &[]);
    approve_and_sync(first);
    assert!(shown(first, &three).contains("Jalan Belum Terkirim"));
    assert_eq!(versions(&scene), before + 1);
    in_step(&scene, first);
}

#[test]
fn a_backup_on_an_empty_computer_brings_drafts_accounts_and_keys_and_either_engine() {
    let scene = Scene::new("32");
    let one = student(&scene.first, 0);
    edit(&scene.first, &one, "alamat_jalan=Jalan Dari Cadangan");
    let file = back_up(&scene, &scene.first, "new.age");
    for (name, engine) in [("kept-by-sled", "sled"), ("kept-by-redb", "redb")] {
        let computer = scene.empty(name);
        let report = restore_empty(&scene, &computer, &file, &["--engine", engine]);
        assert_eq!((&report["drafts"], &report["aside"]), (&Value::from(1), &Value::Null), "{report}");
        assert_eq!(scene.exported(&computer, "restored.jsonl"), scene.exported(&scene.first, "first.jsonl"));
        assert!(shown(&computer, &one).contains("Jalan Dari Cadangan"));
    }
    let computer = scene.empty("kept-by-redb");
    approve_and_sync(&computer);
    in_step(&scene, &computer);
    // The computer that was backed up goes on beside it.
    scene.first.run(&["pull"], &[]);
    edit(&scene.first, &one, "rt=19");
    approve_and_sync(&scene.first);
    computer.run(&["pull"], &[]);
    assert_eq!(scene.exported(&computer, "a.jsonl"), scene.exported(&scene.first, "b.jsonl"));
}

#[test]
fn a_bundle_in_a_restored_outbox_counts_once_whoever_sends_it() {
    for sent_meanwhile in [true, false] {
        let scene = Scene::new("33");
        let first = &scene.first;
        let one = student(first, 0);
        edit(first, &one, "alamat_jalan=Jalan Di Kotak Keluar");
        first.run(&["approve", "kepala"], &[PASSWORD]);
        let file = back_up(&scene, first, "outbox.age");
        let before = versions(&scene);
        if sent_meanwhile {
            first.run(&["sync"], &[]);
        }
        let restored = scene.empty("restored");
        assert_eq!(restore_empty(&scene, &restored, &file, &[])["outbox"], 1);
        assert_eq!(code(&restored, &["withdraw"], &[]), "withdraw.offered");
        let report = restored.run(&["sync"], &[]);
        assert_eq!(report["equal"], true, "{report}");
        assert!(!report["receipt"].is_null(), "{report}");
        first.run(&["sync"], &[]);
        assert_eq!(versions(&scene), before + 1);
        for computer in [&restored, first] {
            edit(computer, &one, "alamat_jalan=Jalan Yang Berikutnya");
            edit(computer, &one, if computer.data == first.data { "rt=21" } else { "rt=22" });
            approve_and_sync(computer);
            in_step(&scene, computer);
            first.run(&["pull"], &[]);
        }
    }
}

/// Flips a bit in every file beside the store.
fn flip_files(computer: &Computer) {
    let files = std::fs::read_dir(computer.data.join("blobs")).unwrap();
    let paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).filter(|path| path.is_file()).collect();
    assert!(!paths.is_empty(), "the sealed bundle is a file");
    for path in paths {
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        std::fs::write(&path, bytes).unwrap();
    }
}

#[test]
fn fault_13_a_damaged_file_is_made_again_before_it_is_copied_or_sent() {
    let scene = Scene::new("37");
    let first = &scene.first;
    let one = student(first, 0);
    edit(first, &one, "alamat_jalan=Jalan Yang Ditandatangani");
    first.run(&["approve", "kepala"], &[PASSWORD]);
    let before = versions(&scene);
    flip_files(first);
    let file = back_up(&scene, first, "flipped.age");
    let restored = scene.empty("restored");
    assert_eq!(restore_empty(&scene, &restored, &file, &[])["outbox"], 1);
    flip_files(first);
    for computer in [first, &restored] {
        let report = computer.run(&["sync"], &[]);
        assert!(report["equal"] == true && !report["receipt"].is_null(), "{report}");
    }
    assert_eq!(versions(&scene), before + 1);
}

#[test]
fn what_is_wrong_with_a_backup_has_a_name_and_changes_nothing() {
    let scene = Scene::new("34");
    let first = &scene.first;
    edit(first, &student(first, 0), "alamat_jalan=Jalan Tetap Ada");
    let file = back_up(&scene, first, "whole.age");
    let before = scene.exported(first, "before.jsonl");
    let name = file.to_str().unwrap();
    assert_eq!(code(first, &["restore", name], &["empat perahu di teluk"]), "backup.passphrase");
    assert_eq!(code(first, &["backup", name], &[PASSPHRASE]), "backup.exists");
    assert_eq!(code(first, &["backup", "x.age"], &["pendek"]), "backup.short-passphrase");
    assert_eq!(code(first, &["restore", "nirgendwo.age"], &[]), "backup.unreadable");

    let whole = std::fs::read(&file).unwrap();
    let broken = scene.place.path().join("broken.age");
    for length in [0, 10, 200, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&broken, &whole[..length]).unwrap();
        let code = code(first, &["restore", broken.to_str().unwrap()], &[PASSPHRASE]);
        // Of a file without its head nobody can tell what would open it.
        assert!(code == "backup.damaged" || length <= 10 && code == "backup.key", "cut at {length}: {code}");
    }
    for place in [whole.len() / 3, whole.len() - 5] {
        let mut altered = whole.clone();
        altered[place] ^= 1;
        std::fs::write(&broken, &altered).unwrap();
        assert_eq!(code(first, &["restore", broken.to_str().unwrap()], &[PASSPHRASE]), "backup.damaged");
    }

    let other = add_school(scene.place.path(), &scene.centre, "99999998", "35");
    let elsewhere = computer(scene.place.path(), &scene.centre, &other, "other");
    assert_eq!(code(&elsewhere, &["restore", name], &[PASSPHRASE]), "backup.other-school");
    assert_eq!(scene.exported(first, "after.jsonl"), before);
    assert!(!first.data.join("aside-1").exists());
}

#[test]
fn the_days_first_change_makes_a_backup_that_opens_with_the_installations_key() {
    let scene = Scene::new("36");
    let first = &scene.first;
    let list = first.run(&["backup", "--list"], &[]);
    let backups = list["backups"].as_array().unwrap();
    assert_eq!(backups.len(), 1, "one a day: {list}");
    assert_eq!(backups[0]["automatic"], true, "{list}");
    // As if it had been made a day before.
    let made = PathBuf::from(backups[0]["file"].as_str().unwrap());
    let name = made.file_name().unwrap().to_str().unwrap();
    let at: i64 = name.trim_end_matches(".age").rsplit('-').next().unwrap().parse().unwrap();
    let yesterday = made.with_file_name(name.replace(&at.to_string(), &(at - 90_000).to_string()));
    std::fs::rename(&made, &yesterday).unwrap();
    edit(first, &student(first, 0), "alamat_jalan=Jalan Hari Ini");
    edit(first, &student(first, 1), "alamat_jalan=Jalan Hari Ini Juga");
    let list = first.run(&["backup", "--list"], &[]);
    let backups = list["backups"].as_array().unwrap();
    assert_eq!(backups.len(), 2, "{list}");
    let newest = backups[1]["file"].as_str().unwrap();

    let restored = scene.empty("restored");
    assert_eq!(code(&restored, &["restore", newest], &[]), "backup.key");
    let key = first.data.join("backup.key");
    let report = restored.run(&["restore", newest, "--key", key.to_str().unwrap()], &[&scene.school.kode]);
    assert_eq!(report["drafts"], 1, "{report}");
    assert!(shown(&restored, &student(&restored, 0)).contains("Jalan Hari Ini"));
    std::fs::write(scene.place.path().join("other.key"), std::fs::read(second_key(&scene)).unwrap()).unwrap();
    let other = scene.place.path().join("other.key");
    let arguments = ["restore", newest, "--key", other.to_str().unwrap()];
    assert_eq!(code(&scene.empty("third"), &arguments, &[]), "backup.other-key");
}

/// The key of another installation.
fn second_key(scene: &Scene) -> PathBuf {
    let second = computer(scene.place.path(), &scene.centre, &scene.school, "second");
    second.data.join("backup.key")
}

#[test]
fn a_restore_killed_at_any_moment_leaves_the_old_store_or_the_new_one() {
    let scene = Scene::new("37");
    let first = &scene.first;
    let one = student(first, 0);
    let file = back_up(&scene, first, "old.age");
    let old = scene.exported(first, "old.jsonl");
    edit(first, &one, "alamat_jalan=Jalan Yang Baru Diketik");
    let new = scene.exported(first, "new.jsonl");
    assert_ne!(old, new);
    let (mut kept, mut came_back, mut killed) = (0, 0, 0);
    for moment in 0..400 {
        let mut child = Command::new(SCHOOL)
            .args(["--json", "--password-stdin", "--data"])
            .arg(&first.data)
            .args(["restore", file.to_str().unwrap()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut stdin, format!("{PASSPHRASE}\n").as_bytes()).unwrap();
        drop(stdin);
        // The moment of a kill is whatever the machine makes of it; none of them may do harm.
        std::thread::sleep(Duration::from_millis(moment * 25));
        let ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        killed += u32::from(!ended);
        let now = scene.exported(first, "now.jsonl");
        assert!(now == old || now == new, "moment {moment}: neither the old store nor the new one");
        if now == old {
            came_back += 1;
            edit(first, &one, "alamat_jalan=Jalan Yang Baru Diketik");
        } else {
            kept += 1;
        }
        if ended {
            break;
        }
    }
    assert!(killed > 0 && kept > 0 && came_back > 0, "killed {killed}, kept {kept}, came back {came_back}");
    restore(first, &file, &[]);
    assert_eq!(scene.exported(first, "end.jsonl"), old);
    in_step(&scene, first);
}
