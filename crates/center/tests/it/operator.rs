//! The operators' commands.

use crate::stand::{NPSN, Stand};

const STUDENT: &str = "0190a000-0000-7000-8000-0000000000b1";
const OTHER: &str = "99999998";

fn lines(count: u32) -> String {
    (0..count)
        .map(|number| {
            format!(
                r#"{{"entity":"peserta_didik","id":"0190a000-0000-7000-8000-{number:012x}","fields":{{"nama":"Siswa Contoh"}}}}"#
            ) + "\n"
        })
        .collect()
}

#[test]
fn a_strangers_token_is_refused() {
    let stand = Stand::start();
    let token = stand.data.path().join("other.token");
    std::fs::write(&token, "x").unwrap();
    let output = stand.command(&["--token-file", token.to_str().unwrap(), "school", "list"]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("admin.wrong-token"));
}

#[test]
fn secrets_are_readable_by_their_owner_only_and_made_once() {
    let stand = Stand::start();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for name in ["admin.token", "centre.key"] {
            let mode = std::fs::metadata(stand.data.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name}");
        }
    }
    assert_eq!(stand.command(&["init"]).status.code(), Some(8), "a second init changes nothing");
}

#[test]
fn a_school_with_records_of_any_number_is_exported_as_it_was_imported() {
    let stand = Stand::start();
    let file = stand.data.path().join("records.jsonl");
    std::fs::write(&file, lines(2_500)).unwrap();
    let import = file.to_str().unwrap();
    stand.json(&["school", "add", NPSN, "--name", "SD Contoh", "--import", import]);
    let exported = String::from_utf8(stand.command(&["export", NPSN]).stdout).unwrap();
    assert_eq!(exported.lines().count(), 2_500);
    let parsed = |text: &str| -> Vec<serde_json::Value> {
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    assert_eq!(parsed(&exported), parsed(&lines(2_500)));
    let listed = stand.json(&["school", "list"]);
    assert_eq!((&listed["npsn"], &listed["last_exchange"]), (&NPSN.into(), &serde_json::Value::Null));
    assert_eq!(listed["root_digest"], stand.json(&["digest", NPSN])["root"]);
}

#[test]
fn a_bad_line_refuses_all_and_is_named() {
    let stand = Stand::start();
    stand.school();
    let file = stand.data.path().join("records.jsonl");
    std::fs::write(&file, lines(2) + "{\"entity\":\"peserta_didik\"}\n").unwrap();
    let output = stand.command(&["school", "import", NPSN, file.to_str().unwrap()]);
    let problem: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&problem["code"], &problem["args"]["line"]), (&"record.bad-line".into(), &"3".into()));
    assert!(stand.command(&["export", NPSN]).stdout.is_empty());
}

#[test]
fn records_are_edited_shown_deleted_and_verified() {
    let stand = Stand::start();
    stand.school();
    let student = ["nama=Siswa Contoh", "jenis_kelamin=P", "tanggal_lahir=2014-05-05", "nama_ibu_kandung=Ibu"];
    stand.json(&[&["record", "edit", NPSN, "peserta_didik", STUDENT], &student[..]].concat());
    stand.json(&["identity", "correct", NPSN, "peserta_didik", STUDENT, "nama=Siswa Teladan"]);
    let shown = stand.json(&["record", "show", NPSN, "peserta_didik", STUDENT]);
    assert_eq!((&shown["fields"]["nama"], &shown["fields"]["terverifikasi"]), (&"Siswa Teladan".into(), &true.into()));
    stand.json(&["record", "edit", NPSN, "peserta_didik", STUDENT, "--delete"]);
    let shown = stand.json(&["record", "show", NPSN, "peserta_didik", STUDENT]);
    assert_eq!(shown["deleted"], true);
    for args in [
        ["record", "edit", NPSN, "peserta_didik", STUDENT, "warna=biru"],
        ["record", "edit", NPSN, "planet", STUDENT, "nama=x"],
        ["record", "edit", NPSN, "peserta_didik", STUDENT, "tanggal_lahir=kemarin"],
    ] {
        assert_eq!(stand.command(&args).status.code(), Some(4), "{args:?}");
    }
}

#[test]
fn a_move_is_offered_and_asking_twice_is_asking_once() {
    let stand = Stand::start();
    stand.school();
    stand.json(&["school", "add", OTHER, "--name", "SD Lain"]);
    let added = stand.json(&[
        "student",
        "add",
        NPSN,
        "nama=Siswa Contoh",
        "--registrasi",
        "jenis_pendaftaran_id=1",
        "tanggal_masuk_sekolah=2024-07-15",
    ]);
    let student = added["created"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|id| id.as_str())
        .find(|id| stand.command(&["record", "show", NPSN, "peserta_didik", id]).status.success())
        .unwrap()
        .to_owned();
    let ask = ["student", "move", NPSN, "--student", &student, "--to", OTHER, "--on", "2026-09-01"];
    stand.json(&ask);
    let digest = stand.json(&["digest", OTHER])["root"].clone();
    stand.json(&ask);
    assert_eq!(stand.json(&["digest", OTHER])["root"], digest, "offered once");
    let offer = stand.json(&["record", "list", OTHER, "mutasi_peserta_didik"]);
    assert_eq!(offer["fields"]["nama"], "Siswa Contoh");
    assert_eq!(offer["fields"]["npsn_asal"], NPSN);
    assert_eq!(offer["fields"]["sekolah_asal"], "SD Contoh");
    assert_eq!(offer["fields"]["tanggal_mutasi"], "2026-09-01");
    let none = stand.command(&["record", "show", OTHER, "peserta_didik", &student]);
    assert!(!none.status.success(), "nobody has accepted");
    let back = ["student", "move", OTHER, "--student", &student, "--to", NPSN, "--on", "2026-09-01"];
    assert!(
        String::from_utf8_lossy(&stand.command(&back).stdout).contains("move.elsewhere"),
        "nobody is offered to where she is"
    );
}

/// Until an offer is answered or taken back nobody else is offered the person.
#[test]
fn a_person_is_offered_to_a_second_school_once_the_first_offer_is_taken_back() {
    let stand = Stand::start();
    stand.school();
    let third = "99999997";
    for (npsn, name) in [(OTHER, "SD Lain"), (third, "SD Ketiga")] {
        stand.json(&["school", "add", npsn, "--name", name]);
    }
    stand.json(&["record", "edit", NPSN, "peserta_didik", STUDENT, "nama=Siswa Contoh"]);
    let here = format!("peserta_didik_id={STUDENT}");
    stand.json(&["record", "edit", NPSN, "registrasi_peserta_didik", "new", &here]);
    let offer = |to| ["student", "move", NPSN, "--student", STUDENT, "--to", to, "--on", "2026-09-01"];
    let withdraw = ["student", "withdraw", NPSN, "--student", STUDENT];
    let code = |arguments: &[&str]| {
        let shown = stand.command(arguments).stdout;
        serde_json::from_slice::<serde_json::Value>(&shown).unwrap()["code"].as_str().unwrap_or("done").to_owned()
    };
    assert_eq!(code(&withdraw), "move.not-offered");
    assert_eq!(code(&offer(OTHER)), "done");
    assert_eq!(code(&offer(third)), "move.offered");
    assert_eq!(code(&withdraw), "done");
    let left = stand.command(&["record", "list", OTHER, "mutasi_peserta_didik"]);
    assert!(left.stdout.is_empty(), "{left:?}");
    assert_eq!(code(&offer(third)), "done");
    // An offer that is gone at the school which had it stands in nobody's way.
    let open = stand.json(&["record", "list", third, "mutasi_peserta_didik"])["id"].as_str().unwrap().to_owned();
    stand.json(&["record", "edit", third, "mutasi_peserta_didik", &open, "--delete"]);
    assert_eq!(code(&offer(OTHER)), "done");
}

#[test]
fn what_the_school_could_not_mend_is_refused_and_done_for_a_reason() {
    let stand = Stand::start();
    stand.school();
    stand.json(&["record", "edit", NPSN, "peserta_didik", STUDENT, "nama=Siswa Contoh"]);
    let correct = ["identity", "correct", NPSN, "peserta_didik", STUDENT, "nik=123"];
    let run = |more: &[&str]| stand.command(&[&correct[..], more].concat());
    let refused: serde_json::Value = serde_json::from_slice(&run(&[]).stdout).unwrap();
    assert_eq!(refused["code"], "act.invalid");
    assert!(refused["args"]["record"].as_str().unwrap().ends_with(STUDENT), "{refused}");
    let short: serde_json::Value = serde_json::from_slice(&run(&["--reason", "ya"]).stdout).unwrap();
    assert_eq!(short["code"], "act.reason");
    let done: serde_json::Value =
        serde_json::from_slice(&run(&["--reason", "data Dukcapil belum lengkap & benar"]).stdout).unwrap();
    assert_eq!(done["reason"], "data Dukcapil belum lengkap & benar", "{done}");
}
