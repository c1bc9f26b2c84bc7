//! A rulebook that the centre publishes while a school has something approved under the old one.

use std::path::Path;

use serde_json::Value;

use crate::people::{School, activate, add_school, approve_and_sync, assign, computer};
use crate::stand::{Centre, Computer, PASSWORD, last_json};

/// The built-in rulebook and its examples, but nobody is taller than 199.0 cm.
pub(crate) fn stricter(place: &Path) -> (String, String) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/policy/data");
    let write = |name: &str, text: String| {
        let path = place.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let book = std::fs::read_to_string(data.join("rulebook.toml")).unwrap();
    let (before, after) = book.split_once("id = \"pd.tinggi\"").unwrap();
    let after = after.replacen("max = 2200", "max = 1990", 1);
    let book = format!("{before}id = \"pd.tinggi\"{after}").replacen("version = \"2026.1\"", "version = \"2026.2\"", 1);
    let examples = std::fs::read_to_string(data.join("examples.toml")).unwrap();
    assert!(examples.contains("tinggi_badan\" = 220 }"), "the example at the limit");
    let examples = examples.replace("tinggi_badan\" = 220 }", "tinggi_badan\" = 199 }");
    (write("rulebook.toml", book), write("examples.toml", examples))
}

fn school_in_step(place: &Path, centre: &Centre) -> (School, Computer) {
    let school = add_school(place, centre, "99999999", "1");
    let first = computer(place, centre, &school, "a");
    assign(centre, &school);
    first.run(&["import", school.files.join("school.jsonl").to_str().unwrap()], &[]);
    activate(&first, &school);
    approve_and_sync(&first);
    (school, first)
}

fn tall_student(computer: &Computer) -> String {
    let rows = computer.run(&["list", "peserta_didik_periodik"], &[]);
    rows["records"][0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_new_rulebook_is_announced_foreseen_and_then_told_apart_from_old_faults() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let (_, first) = school_in_step(place.path(), &centre);
    let tall = tall_student(&first);
    first.run(&["edit", "peserta_didik_periodik", &tall, "tinggi_badan=210.0"], &[]);
    assert!(first.run(&["validate", "--upcoming"], &[]).to_string().contains("rules.none-announced"));

    let (book, examples) = stricter(place.path());
    let published = ["rules", "publish", "--rulebook", &book, "--examples", &examples];
    centre.operator(&[published.as_slice(), &["--from", "2099-01-01"]].concat());
    let pulled = first.run(&["pull"], &[]);
    assert_eq!(pulled["announced"]["rulebook"], "2026.2", "{pulled}");
    assert_eq!(pulled["rules_changed"], false);
    // Seen without a line, and nothing has changed yet.
    let foreseen = first.run(&["validate", "--upcoming"], &[]);
    assert_eq!((&foreseen["new_invalid"], &foreseen["from"]), (&1.into(), &"2099-01-01".into()), "{foreseen}");
    assert_eq!(first.run(&["validate"], &[])["invalid"], 0);
    assert_eq!(first.run(&["status"], &[])["announced"]["from"], "2099-01-01");

    // The head approves; the centre changes its mind about the day before the bundle is there.
    first.run(&["approve", "kepala"], &[PASSWORD]);
    let today = first.run(&["status"], &[])["judged_on"].as_str().unwrap().to_owned();
    centre.operator(&["rules", "withdraw", "--from", "2099-01-01"]);
    centre.operator(&[published.as_slice(), &["--from", &today]].concat());
    let refused = first.try_run(&["sync"], &[]);
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    let refusal = last_json(&refused.stdout).to_string();
    assert!(refusal.contains("bundle.rulebook") && refusal.contains("2026.2") && refusal.contains("210"), "{refusal}");

    let found = first.run(&["validate"], &[]);
    assert_eq!(
        (&found["invalid"], &found["new_invalid"], &found["rulebook"]),
        (&1.into(), &1.into(), &"2026.2".into())
    );
    let lines: Vec<&Value> = found["tabs"]["peserta-didik"].as_array().unwrap().iter().collect();
    assert!(lines.iter().any(|line| line["id"] == tall.as_str() && line["new_in"] == "2026.2"), "{found}");
    // A fault of the old kind is not called new.
    first.run(&["edit", "peserta_didik_periodik", &tall, "tinggi_badan=221.0"], &[]);
    let found = first.run(&["validate"], &[]);
    assert_eq!((&found["invalid"], &found["new_invalid"]), (&1.into(), &0.into()), "{found}");
    first.run(&["edit", "peserta_didik_periodik", &tall, "tinggi_badan=198.5"], &[]);
    approve_and_sync(&first);
}

#[test]
fn what_cannot_be_a_rulebook_is_not_published() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let (book, examples) = stricter(place.path());
    let broken = place.path().join("broken.toml");
    std::fs::write(&broken, std::fs::read_to_string(&book).unwrap().replacen("\"nisn\"", "\"nisnn\"", 1)).unwrap();
    let pack = place.path().join("pack.toml");
    let text = std::fs::read_to_string(own_pack()).unwrap();
    let line = text.lines().rfind(|line| line.contains("name = \"no_kks\"")).unwrap();
    std::fs::write(&pack, text.replacen(&format!("{line}\n"), "", 1)).unwrap();
    let (broken, pack) = (broken.to_str().unwrap(), pack.to_str().unwrap());
    let refusals: [(&[&str], &str); 6] = [
        (&["--rulebook", &book, "--examples", &examples, "--from", "2020-01-01"], "rules.past"),
        (&["--rulebook", &book, "--from", "2099-01-01"], "rules.missed"),
        (&["--rulebook", broken, "--examples", &examples, "--from", "2099-01-01"], "rules.invalid"),
        (&["--rulebook", &examples, "--from", "2099-01-01"], "rules.invalid"),
        (&["--pack", pack, "--from", "2099-01-01"], "rules.breaks"),
        (&["--pack", &own_pack(), "--from", "2099-01-01"], "rules.same"),
    ];
    for (arguments, code) in refusals {
        let refused = centre.try_operator(&[&["rules", "publish"], arguments].concat());
        let said = String::from_utf8_lossy(&refused.stdout).into_owned();
        assert!(refused.status.code() == Some(4) && said.contains(code), "{code}: {said}");
    }
    let publish = ["rules", "publish", "--rulebook", &book, "--examples", &examples, "--from", "2099-01-01"];
    centre.operator(&publish);
    let twice = centre.try_operator(&publish);
    assert!(String::from_utf8_lossy(&twice.stdout).contains("rules.taken"));
    // What was published is there after a crash, and schools that begin are told of it.
    let mut centre = centre;
    centre.kill_and_start();
    let listed = centre.try_operator(&["rules", "list"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("2099-01-01"), "{listed:?}");
    let backup = place.path().join("backup");
    centre.operator(&["backup", "--to", backup.to_str().unwrap()]);
    centre.stop();
    let centre = Centre::restore(&backup, &place.path().join("restored"));
    let school = add_school(place.path(), &centre, "99999999", "1");
    let first = computer(place.path(), &centre, &school, "a");
    assert_eq!(first.run(&["status"], &[])["announced"]["rulebook"], "2026.2");
    let unknown = centre.try_operator(&["rules", "withdraw", "--from", "2098-01-01"]);
    assert!(String::from_utf8_lossy(&unknown.stdout).contains("rules.unknown"));
}

pub(crate) fn own_pack() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/model/data/pack.toml");
    path.to_str().unwrap().to_owned()
}
