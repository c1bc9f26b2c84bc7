//! What the head is shown, what is fingerprinted and what is sealed are one value (fault 28).

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;

use super::pages_stand::code;
use crate::pages::browser::{Answer, Browser};
use crate::pages::day::until_ended;
use crate::pages::school::{School, id_of};
use crate::stand::PASSWORD;

/// Edits that are typed while sheets are fetched; the school has more students.
const EDITS: usize = 50;

/// What a sheet says is sent, and the fingerprint that stands for it.
type Sheet = (String, String);

fn sheet(browser: &mut Browser) -> Sheet {
    let page = browser.get("/sinkronisasi/lembar");
    let parts = page.body.split("<fieldset>").nth(1).unwrap().split("</fieldset>").next().unwrap().to_owned();
    (parts, page.field("sidik"))
}

/// Whether a box of the sheet is ticked.
fn is_ticked(page: &Answer, name: &str) -> bool {
    let input = page.body.split(&format!("name=\"{name}\" value=\"ya\"")).nth(1).unwrap();
    input.split('>').next().unwrap().contains("checked")
}

/// The counts are read from one state and the fingerprint from the next: a sheet that shows two records stands for three.
#[test]
fn fault_28_counts_and_fingerprint_of_a_sheet_are_of_one_state_while_somebody_types() {
    let school = School::with_a_days_work();
    let (mut typing, mut looking, mut beside) = (school.operator(), school.operator(), school.operator());
    let students = school.computer.run(&["list", "peserta_didik"], &[]);
    let mut before = sheet(&mut looking);
    for place in 1..=EDITS {
        let path = format!("/data/peserta_didik/{}", students["records"][place]["id"].as_str().unwrap());
        let page = typing.get(&path);
        let (csrf, was) = (page.field("csrf"), page.field("w.nama_dusun"));
        let typed = [("csrf", csrf.as_str()), ("w.nama_dusun", &was), ("f.nama_dusun", "Dusun Melati")];
        let is_saved = AtomicBool::new(false);
        let fetched = |browser: &mut Browser| {
            let mut seen = Vec::new();
            while !is_saved.load(Ordering::SeqCst) {
                seen.push(sheet(browser));
            }
            seen
        };
        let seen = scope(|scope| {
            let others = scope.spawn(|| fetched(&mut beside));
            let own = scope.spawn(|| fetched(&mut looking));
            let saved = typing.post(&path, &typed);
            is_saved.store(true, Ordering::SeqCst);
            assert!(saved.body.contains("flash good"), "{}", saved.body);
            [others.join().unwrap(), own.join().unwrap()].concat()
        });
        let after = sheet(&mut looking);
        assert_ne!(before, after);
        for one in seen {
            assert!(
                one == before || one == after,
                "edit {place}: a sheet of two states\n{one:?}\n{before:?}\n{after:?}"
            );
        }
        before = after;
    }
}

/// A sheet whose consent is forgotten comes back ticked over the counts and the fingerprint of another state: the one
/// that was ticked is never asked whether it is still the one.
#[test]
fn fault_28_parts_ticked_on_one_sheet_are_not_ticked_on_another() {
    let school = School::with_a_days_work();
    let mut head = school.operator();
    let page = head.get("/sinkronisasi/lembar");
    let (csrf, shown) = (page.field("csrf"), page.field("sidik"));
    type_meanwhile(&school);
    let fields = [("csrf", csrf.as_str()), ("sidik", &shown), ("m.peserta_didik", "ya"), ("akun", "kepala")];
    let again = head.post("/sinkronisasi/lembar", &[&fields[..], &[("sandi", PASSWORD)]].concat());
    assert_ne!(again.field("sidik"), shown, "somebody typed meanwhile");
    assert!(!is_ticked(&again, "m.peserta_didik"), "{}", again.body);
}

/// The same with the head's consent: it was given to what another sheet showed.
#[test]
fn fault_28_a_consent_to_one_sheet_is_no_consent_to_another() {
    let school = School::with_a_days_work();
    let mut head = school.operator();
    let page = head.get("/sinkronisasi/lembar");
    let (csrf, shown) = (page.field("csrf"), page.field("sidik"));
    type_meanwhile(&school);
    let fields = [("csrf", csrf.as_str()), ("sidik", &shown), ("setuju", "ya"), ("akun", "kepala")];
    let again = head.post("/sinkronisasi/lembar", &[&fields[..], &[("sandi", PASSWORD)]].concat());
    assert_ne!(again.field("sidik"), shown, "somebody typed meanwhile");
    assert!(!is_ticked(&again, "setuju"), "{}", again.body);
}

/// What is sealed is what was fingerprinted, also where a part stays behind.
#[test]
fn fault_28_what_was_not_ticked_is_not_sealed() {
    let school = School::with_a_days_work();
    let mut head = school.operator();
    let page = head.get("/sinkronisasi/lembar");
    let (csrf, shown) = (page.field("csrf"), page.field("sidik"));
    let fields = [("csrf", csrf.as_str()), ("sidik", &shown), ("m.sarpras", "ya"), ("setuju", "ya")];
    head.post("/sinkronisasi/lembar", &[&fields[..], &[("akun", "kepala"), ("sandi", PASSWORD)]].concat());
    until_ended(&mut head);
    let status = school.computer.run(&["status"], &[]);
    let left: Vec<_> = status["pending"].as_array().unwrap().iter().map(|line| line["module"].clone()).collect();
    assert_eq!(left, ["sekolah", "peserta_didik"], "{status}");
}

/// The differences are another page, and looked at later: they say so when they are not the sheet's any more.
#[test]
fn fault_28_the_details_say_when_they_are_not_the_sheets() {
    let school = School::with_a_days_work();
    let mut head = school.operator();
    let shown = head.get("/sinkronisasi/lembar").field("sidik");
    let address = format!("/sinkronisasi/rincian?sidik={shown}");
    assert!(!head.get(&address).body.contains("web.sheet-old"));
    type_meanwhile(&school);
    assert!(head.get(&address).body.contains("web.sheet-old"));
}

/// The same on the command line: `prepare` shows, `approve` seals.
#[test]
fn fault_28_a_command_approves_what_prepare_showed_or_nothing() {
    let school = School::with_a_days_work();
    let shown = || school.computer.run(&["prepare"], &[])["sheet"].as_str().unwrap().to_owned();
    let approve = |sheet: &str| code(&school.computer, &["approve", "kepala", "--sheet", sheet], &[PASSWORD]);
    let before = shown();
    type_meanwhile(&school);
    assert_eq!(approve(&before), "web.sheet-old");
    assert_eq!(approve(&shown()), "done");
}

/// A colleague adds a record to a part that the sheet shows.
fn type_meanwhile(school: &School) {
    let student = id_of(&school.computer, "peserta_didik", 5);
    school.computer.run(&["edit", "peserta_didik", &student, "nama_dusun=Dusun Teratai"], &[]);
}
