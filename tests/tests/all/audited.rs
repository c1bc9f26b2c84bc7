//! The centre's audit log: who did what, when, from where and with what result, in a chain that nobody can change.

use std::path::Path;

use serde_json::Value;

use crate::people::{activate, add_school, approve_and_sync, assign, computer};
use crate::stand::Centre;

fn lines(text: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(text).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn show(data: &Path, more: &[&str]) -> Vec<Value> {
    let output = Centre::command(&[&["--json", "--data", data.to_str().unwrap(), "audit", "show"], more].concat());
    assert!(output.status.success(), "{output:?}");
    lines(&output.stdout)
}

fn verify(data: &Path, more: &[&str]) -> (bool, String) {
    let output = Centre::command(&[&["--json", "--data", data.to_str().unwrap(), "audit", "verify"], more].concat());
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn every_act_is_in_it_with_who_from_where_and_its_result_and_nothing_about_a_person() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("centre");
    let centre = Centre::start(&data);
    let school = add_school(place.path(), &centre, "99999999", "1");
    let wrong = crate::stand::Computer { data: place.path().join("wrong") };
    let refused = wrong.try_run(&["init", "--server", &centre.url, "--npsn", school.npsn], &["SALAH-KODE-INI"]);
    assert!(!refused.status.success());
    let first = computer(place.path(), &centre, &school, "a");
    assign(&centre, &school);
    first.run(&["import", school.files.join("school.jsonl").to_str().unwrap()], &[]);
    activate(&first, &school);
    approve_and_sync(&first);
    centre.operator(&["account", "add", "dinas-uji", "--role", "dinas", "--school", school.npsn]);

    let entries = show(&data, &[]);
    let of = |what: &str, result: &str| {
        let found = entries
            .iter()
            .find(|entry| entry["what"].as_str().is_some_and(|text| text.contains(what)) && entry["result"] == result);
        found.unwrap_or_else(|| panic!("{what} {result}: {entries:#?}")).clone()
    };
    assert_eq!(of("started", "ok")["who"], "centre");
    let added = of("POST /v1/admin/schools", "ok");
    assert_eq!((&added["who"], &added["from"]), (&"pusat".into(), &"127.0.0.1".into()));
    assert_eq!(of("/register", "registration.wrong-code")["who"], "nobody");
    assert!(of("/register", "ok")["about"].as_str().unwrap().starts_with("device "));
    let sent = of("/sync", "ok");
    assert!(sent["who"].as_str().unwrap().starts_with("device:"));
    assert!(sent["about"].as_str().unwrap().contains("version"), "{sent}");
    assert!(of("{npsn}/heads", "ok")["school"] == school.npsn);
    assert!(of("POST /v1/admin/accounts", "ok")["who"] == "pusat");
    assert_eq!(show(&data, &["--npsn", "99999998"]).len(), 1, "only the tip");
    assert!(show(&data, &["--what", "heads"]).len() >= 3);

    // No name, number or secret of anybody: the files hold none of what the school's records hold as text.
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(data.join("audit")).unwrap() {
        bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let log = String::from_utf8_lossy(&bytes).into_owned();
    assert!(!log.contains(&school.kode) && !log.contains("SALAH-KODE-INI"));
    for line in std::fs::read_to_string(school.files.join("school.jsonl")).unwrap().lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        for field in ["nama", "nik", "nama_ibu_kandung", "alamat_jalan"] {
            let text = record["fields"][field].as_str().filter(|text| text.len() > 6);
            assert!(text.is_none_or(|text| !log.contains(text)), "{field}");
        }
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill_and_the_chain_holds_across_backup_and_restore() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("centre");
    let mut centre = Centre::start(&data);
    let files = place.path().join("none.jsonl");
    std::fs::write(&files, "").unwrap();
    for number in 0..20 {
        centre.operator(&["school", "add", &format!("{}", 10_000_000 + number), "--name", "SD Uji"]);
        if number % 5 == 4 {
            centre.kill_and_start();
        }
    }
    let added = |data: &Path| {
        let entries = show(data, &["--what", "POST /v1/admin/schools"]);
        entries.iter().filter(|entry| entry["result"] == "ok").count()
    };
    assert_eq!(added(&data), 20);
    let (holds, said) = verify(&data, &[]);
    assert!(holds, "{said}");
    let kept = lines(said.as_bytes()).pop().unwrap()["tip"].as_str().unwrap().to_owned();

    let backup = place.path().join("backup");
    centre.operator(&["backup", "--to", backup.to_str().unwrap()]);
    centre.stop();
    let restored = place.path().join("restored");
    Centre::restore(&backup, &restored).stop();
    assert_eq!(added(&restored), 20);
    assert_eq!(show(&restored, &["--what", "restored"]).len(), 2);
    let (holds, said) = verify(&restored, &["--tip", &kept]);
    assert!(holds, "{said}");

    // An exported file is verified anywhere; a changed line, a missing one and a cut end are found.
    let exported = place.path().join("audit.jsonl");
    let command = ["--json", "--data", restored.to_str().unwrap(), "audit", "export", exported.to_str().unwrap()];
    assert!(Centre::command(&command).status.success());
    let nowhere = place.path().join("nowhere");
    let text = std::fs::read_to_string(&exported).unwrap();
    let path = exported.to_str().unwrap();
    assert!(verify(&nowhere, &[path, "--tip", &kept]).0);
    let rows: Vec<&str> = text.lines().collect();
    let tamperings = [
        ("a changed result", text.replacen("\"result\":\"ok\"", "\"result\":\"no\"", 1)),
        ("a line taken out", [&rows[..3], &rows[4..]].concat().join("\n")),
        ("two lines swapped", [&rows[..3], &[rows[4], rows[3]], &rows[5..]].concat().join("\n")),
        ("no JSON", format!("{text}{{")),
    ];
    for (what, tampered) in tamperings {
        std::fs::write(&exported, tampered).unwrap();
        assert!(!verify(&nowhere, &[path]).0, "{what}");
    }
    std::fs::write(&exported, rows[..10].join("\n")).unwrap();
    assert!(verify(&nowhere, &[path]).0 && !verify(&nowhere, &[path, "--tip", &kept]).0);
}

#[test]
fn a_centre_that_cannot_note_what_it_does_does_nothing_and_says_so() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("centre");
    Centre::start(&data).stop();
    let centre = Centre::start_limited(&data);
    let school = add_school(place.path(), &centre, "99999999", "1");
    // A limit on the size of the process's files stands for a full disk.
    let pid = centre.child.id().to_string();
    let now: u64 = std::fs::read_dir(data.join("audit")).unwrap().map(|f| f.unwrap().metadata().unwrap().len()).sum();
    let limit = |size: &str| {
        let done = std::process::Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={size}")]).status();
        assert!(done.unwrap().success());
    };
    limit(&format!("{}:unlimited", now + 40));
    let refused = centre.try_operator(&["school", "kode", school.npsn]);
    assert!(String::from_utf8_lossy(&refused.stdout).contains("center.audit"), "{refused:?}");
    let again = centre.try_operator(&["school", "add", "99999998", "--name", "SD Uji"]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("center.audit"), "{again:?}");
    let read = centre.try_operator(&["school", "list"]);
    assert!(String::from_utf8_lossy(&read.stdout).contains("center.audit"), "reading is noted too: {read:?}");
    limit("unlimited:unlimited");
    drop(centre);
    // With room again the chain goes on, and the act is asked for once more.
    let centre = Centre::start(&data);
    centre.operator(&["school", "kode", school.npsn]);
    let (holds, said) = verify(&data, &[]);
    assert!(holds, "{said}");
    assert_eq!(show(&data, &["--what", "/kode"]).len(), 2, "once, and the tip");
}
