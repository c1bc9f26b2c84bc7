//! Accounts of the Dinas and the centre's staff: each acts in its own name, as far as its role and area reach.

use std::process::Output;

use crate::stand::{NPSN, Stand};

const OTHER: &str = "99999998";
const PTK: &str = "0190a000-0000-7000-8000-0000000000a1";
const SCHOOL: &str = "0190a000-0000-7000-8000-0000000000d1";
const STUDENT: &str = "0190a000-0000-7000-8000-0000000000b1";

/// Two schools, of which the first lies in a place.
fn stand() -> Stand {
    let stand = Stand::start();
    stand.school();
    stand.json(&["school", "add", OTHER, "--name", "SD Lain"]);
    let place = ["record", "edit", NPSN, "sekolah", SCHOOL, "nama=SD Contoh", "kode_wilayah=31999901"];
    // The rest of a school's own record, which only the centre writes, is no matter here.
    stand.json(&[&place[..], &["--reason", "sekolah percontohan"]].concat());
    for npsn in [NPSN, OTHER] {
        stand.json(&["record", "edit", npsn, "ptk", PTK, "nama=Contoh Guru"]);
    }
    stand
}

/// Makes an account, and the file of its token.
fn account(stand: &Stand, arguments: &[&str]) -> String {
    let shown = stand.json(&[&["account", "add"], arguments].concat());
    keep(stand, &shown)
}

fn keep(stand: &Stand, shown: &serde_json::Value) -> String {
    let file = stand.data.path().join(format!("{}.token", shown["name"].as_str().unwrap()));
    std::fs::write(&file, shown["token"].as_str().unwrap()).unwrap();
    file.to_str().unwrap().to_owned()
}

fn run(stand: &Stand, token: &str, arguments: &[&str]) -> Output {
    stand.command(&[&["--token-file", token], arguments].concat())
}

/// The code that a command ends in.
fn code(stand: &Stand, token: &str, arguments: &[&str]) -> String {
    let output = run(stand, token, arguments);
    if output.status.success() {
        return "done".to_owned();
    }
    let problem: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output:?}"));
    problem["code"].as_str().unwrap().to_owned()
}

fn assign(npsn: &str) -> [&str; 9] {
    ["head", "assign", npsn, "--ptk", PTK, "--sk", "800/123/2026", "--from", "2026-07-01"]
}

#[test]
fn a_dinas_acts_on_heads_in_its_area_and_nowhere_else() {
    let stand = stand();
    let dinas = account(&stand, &["dinas-contoh", "--role", "dinas", "--area", "3199"]);
    assert_eq!(code(&stand, &dinas, &assign(NPSN)), "done");
    assert_eq!(code(&stand, &dinas, &assign(OTHER)), "admin.outside-area");
    assert_eq!(code(&stand, &dinas, &["head", "end", NPSN, "--ptk", PTK, "--until", "2026-08-01"]), "done");
    assert_eq!(code(&stand, &dinas, &["head", "revoke", NPSN, "--ptk", PTK]), "head.no-key");
    assert_eq!(code(&stand, &dinas, &["digest", OTHER]), "admin.outside-area");
    let listed = String::from_utf8(run(&stand, &dinas, &["school", "list"]).stdout).unwrap();
    assert!(listed.contains(NPSN) && !listed.contains(OTHER), "{listed}");
}

#[test]
fn what_a_dinas_role_does_not_name_is_the_centres() {
    let stand = stand();
    let dinas = account(&stand, &["dinas-contoh", "--role", "dinas", "--area", "31", "--school", OTHER]);
    for arguments in [
        &["school", "add", "99999997", "--name", "SD Baru"] as &[&str],
        &["school", "kode", NPSN],
        &["record", "edit", NPSN, "peserta_didik", STUDENT, "nama=Siswa Contoh"],
        &["identity", "verify", NPSN, "ptk", PTK],
        &["student", "add", NPSN, "nama=Siswa Contoh"],
        &["account", "add", "lain", "--role", "centre"],
        &["account", "list"],
    ] {
        assert_eq!(code(&stand, &dinas, arguments), "admin.role", "{arguments:?}");
    }
    assert_eq!(code(&stand, &dinas, &assign(OTHER)), "done", "a school of the area by its number");
}

#[test]
fn a_student_is_offered_by_the_dinas_of_both_schools() {
    let stand = stand();
    stand.json(&["record", "edit", NPSN, "peserta_didik", STUDENT, "nama=Siswa Contoh"]);
    let at_school = format!("peserta_didik_id={STUDENT}");
    stand.json(&["record", "edit", NPSN, "registrasi_peserta_didik", "new", &at_school]);
    let to_other = ["student", "move", NPSN, "--student", STUDENT, "--to", OTHER, "--on", "2026-08-01"];
    let one = account(&stand, &["dinas-satu", "--role", "dinas", "--area", "31"]);
    assert_eq!(code(&stand, &one, &to_other), "admin.outside-area");
    let both = account(&stand, &["dinas-dua", "--role", "dinas", "--school", NPSN, "--school", OTHER]);
    assert_eq!(code(&stand, &both, &to_other), "done");
}

#[test]
fn the_centres_staff_does_everything_until_its_account_is_disabled() {
    let stand = stand();
    let staff = account(&stand, &["staf-contoh", "--role", "centre"]);
    assert_eq!(code(&stand, &staff, &["school", "kode", OTHER]), "done");
    assert_eq!(code(&stand, &staff, &["account", "add", "lain", "--role", "centre"]), "done");
    stand.json(&["account", "disable", "staf-contoh"]);
    assert_eq!(code(&stand, &staff, &["school", "kode", OTHER]), "admin.disabled");
    stand.json(&["account", "enable", "staf-contoh"]);
    assert_eq!(code(&stand, &staff, &["school", "kode", OTHER]), "done");
}

#[test]
fn accounts_outlive_the_process_and_a_new_token_ends_the_old() {
    let stand = stand();
    let old = account(&stand, &["dinas-contoh", "--role", "dinas", "--area", "31"]);
    let stand = Stand::serve(stand.kill(), &[]);
    assert_eq!(code(&stand, &old, &["digest", NPSN]), "done");
    let text = std::fs::read_to_string(&old).unwrap();
    let new = keep(&stand, &stand.json(&["account", "token", "dinas-contoh"]));
    assert_eq!(code(&stand, &new, &["digest", NPSN]), "done");
    std::fs::write(&old, text).unwrap();
    assert_eq!(code(&stand, &old, &["digest", NPSN]), "admin.wrong-token");
}

#[test]
fn a_bad_account_is_refused_by_a_code_of_its_own() {
    let stand = stand();
    let root = stand.data.path().join("admin.token");
    let root = root.to_str().unwrap();
    stand.json(&["account", "add", "dinas-contoh", "--role", "dinas", "--area", "31"]);
    for (arguments, expected) in [
        (&["add", "dinas-contoh", "--role", "centre"] as &[&str], "staff.exists"),
        (&["add", "Dinas.Contoh", "--role", "centre"], "staff.name"),
        (&["add", "pusat", "--role", "centre"], "staff.name"),
        (&["add", "tanpa-wilayah", "--role", "dinas"], "staff.area"),
        (&["add", "huruf", "--role", "dinas", "--area", "31x"], "staff.area"),
        (&["disable", "siapa"], "staff.unknown"),
        (&["token", "siapa"], "staff.unknown"),
    ] {
        assert_eq!(code(&stand, root, &[&["account"], arguments].concat()), expected, "{arguments:?}");
    }
}

#[test]
fn tokens_are_not_guessed_without_end() {
    let stand = stand();
    let wrong = stand.data.path().join("wrong.token");
    std::fs::write(&wrong, "dinas-contoh.rahasia").unwrap();
    let wrong = wrong.to_str().unwrap();
    let mut codes: Vec<String> = (0..25).map(|_| code(&stand, wrong, &["digest", NPSN])).collect();
    codes.dedup();
    assert_eq!(codes, ["admin.wrong-token", "admin.too-many"]);
}

#[test]
fn an_act_is_kept_in_the_name_of_the_account() {
    let stand = stand();
    let dinas = account(&stand, &["dinas-contoh", "--role", "dinas", "--area", "3199"]);
    assert_eq!(code(&stand, &dinas, &assign(NPSN)), "done");
    let shown = stand.json(&["account", "list"]);
    assert_eq!((&shown["name"], &shown["role"]), (&"dinas-contoh".into(), &"dinas".into()), "{shown}");
    assert!(shown["token"].is_null(), "nothing of the token is shown again: {shown}");
}
