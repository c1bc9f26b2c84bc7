//! People who work at the same time, and what comes between a page and its form: nothing is lost, doubled or taken for
//! something else.

use super::browser::Browser;
use super::{School, id_of};
use crate::stand::PASSWORD;

const NPSN: &str = "99999999";

/// What a page offers to keep, beside what it shows: pairs that have to be the same.
fn offered(page: &str) -> Vec<(String, String)> {
    let inner =
        |text: &str, from: &str, to: &str| text.split(from).nth(1).unwrap().split(to).next().unwrap().to_owned();
    let candidates = page.split("class=\"candidate\"").skip(1);
    candidates
        .map(|one| (inner(one, "class=\"value\"><bdi>", "<"), inner(one, "name=\"keep\" value=\"", "\"")))
        .collect()
}

#[test]
fn a_number_that_is_kept_is_the_number_and_not_the_place_of_another() {
    let school = School::with_a_days_work();
    let room = id_of(&school.computer, "ruang", 0);
    school.computer.run(&["edit", "ruang", &room, "kapasitas=2"], &[]);
    school.centre.operator(&["record", "edit", NPSN, "ruang", &room, "kapasitas=1"]);
    school.computer.run(&["pull"], &[]);
    let mut browser = school.operator();
    let (csrf, page) = (browser.csrf(), browser.get("/konflik"));
    let offered = offered(&page.body);
    assert_eq!(offered.len(), 2, "{}", page.body);
    assert!(offered.iter().all(|(shown, kept)| shown == kept), "{offered:?}");
    for (_, value) in &offered {
        let fields =
            [("csrf", csrf.as_str()), ("entity", "ruang"), ("id", &room), ("field", "kapasitas"), ("keep", value)];
        let decided = browser.post("/konflik", &fields);
        assert!(decided.body.contains("flash good"), "{}", decided.body);
        let shown = school.computer.run(&["show", "ruang", &room], &[]);
        let fields = shown["fields"].as_array().unwrap();
        let now = fields.iter().find(|field| field["name"] == "kapasitas").unwrap();
        assert_eq!(now["value"].as_str(), Some(value.as_str()), "{shown}");
        let number = decided.field("nomor");
        browser.post("/urungkan", &[("csrf", &csrf), ("nomor", &number)]);
    }
}

#[test]
fn a_form_that_is_sent_twice_makes_one_record() {
    let school = School::with_a_days_work();
    let mut browser = school.operator();
    let form = browser.get("/data/ruang/baru");
    let (csrf, new) = (form.field("csrf"), form.field("baru"));
    let fields = [("csrf", csrf.as_str()), ("baru", &new), ("f.nama", "Ruang Dua Kali")];
    let first = browser.post("/data/ruang/baru", &fields);
    let second = browser.post("/data/ruang/baru", &fields);
    assert_eq!((first.status, second.status), (200, 200));
    assert!(second.body.contains("Ruang Dua Kali"));
    let list = browser.get("/data/ruang?q=dua+kali");
    assert_eq!(list.body.matches(&format!("href=\"/data/ruang/{new}\"")).count(), 1, "{}", list.body);
    assert_eq!(list.body.matches("Ruang Dua Kali").count(), 1);
}

#[test]
fn who_saves_second_is_told_what_the_first_has_written() {
    let school = School::with_a_days_work();
    let room = id_of(&school.computer, "ruang", 1);
    let path = format!("/data/ruang/{room}");
    let save = |browser: &mut Browser, was: &str, now: &str| {
        let csrf = browser.csrf();
        browser.post(&path, &[("csrf", &csrf), ("w.kapasitas", was), ("f.kapasitas", now)])
    };
    let (mut one, mut other) = (school.operator(), school.operator());
    let was = one.get(&path).field("w.kapasitas");
    assert!(save(&mut one, &was, "41").body.contains("flash good"));
    let refused = save(&mut other, &was, "42");
    assert!(refused.body.contains("web.moved") && refused.body.contains("41"), "{}", refused.body);
    assert!(refused.body.contains("value=\"42\""), "what was typed is there still");
    assert!(save(&mut other, "41", "42").body.contains("flash good"));
}

#[test]
fn a_name_that_looks_like_the_beginning_of_an_id_is_a_name() {
    let school = School::with_a_days_work();
    let (named, other) = (id_of(&school.computer, "ruang", 0), id_of(&school.computer, "ruang", 1));
    let name = other.split('-').next().unwrap();
    school.computer.run(&["edit", "ruang", &named, &format!("nama={name}")], &[]);
    let mut browser = school.operator();
    let path = format!("/data/kondisi_ruang/{}", id_of(&school.computer, "kondisi_ruang", 2));
    let page = browser.get(&path);
    let (csrf, was) = (page.field("csrf"), page.field("w.id_ruang"));
    browser.post(&path, &[("csrf", &csrf), ("w.id_ruang", &was), ("f.id_ruang", name)]);
    let shown = browser.get(&path).field("w.id_ruang");
    assert!(shown.ends_with(named.split('-').next().unwrap()), "{shown}");
}

#[test]
fn a_spreadsheet_that_has_spoilt_its_numbers_is_read_as_far_as_it_can_be() {
    let school = School::with_a_days_work();
    let mut browser = school.operator();
    let csrf = browser.csrf();
    let students = school.computer.run(&["list", "peserta_didik"], &[]);
    let of = |place: usize, field: &str| {
        let id = students["records"][place]["id"].as_str().unwrap().to_owned();
        let shown = school.computer.run(&["show", "peserta_didik", &id], &[]);
        let fields = shown["fields"].as_array().unwrap();
        let found = fields.iter().find(|one| one["name"] == field).unwrap_or_else(|| panic!("{shown}"));
        found["value"].as_str().unwrap().to_owned()
    };
    let nisn = |place: usize| of(place, "nisn");
    let dropped = nisn(0).trim_start_matches('0').to_owned();
    assert_ne!(dropped, nisn(0), "a NISN begins with a zero");
    let action = "/data/peserta_didik_periodik/tempel";
    let look = |browser: &mut Browser, text: &str| {
        browser.post(action, &[("csrf", &csrf), ("teks", text), ("apa", "lihat")]).body
    };
    // Zeros that were dropped, a number written as a power, and a heading that nobody knows.
    let table = format!(
        "nisn\tnama\ttinggi_badan\tBrt badan\n{dropped}\t{}\t151\t40\n3,2E+15\t{}\t149\t39\n",
        of(0, "nama"),
        of(1, "nama")
    );
    let preview = look(&mut browser, &table);
    assert!(preview.contains("value=\"simpan\"") && preview.contains("Brt badan"), "{preview}");
    // Two students in one row, and a number that is nobody's.
    let mixed = look(&mut browser, &format!("nisn\tnama\ttinggi_badan\n{}\t{}\t151\n", nisn(0), of(1, "nama")));
    assert!(mixed.contains("class=\"wrong\"") && !mixed.contains("value=\"simpan\""), "{mixed}");
    let nobody = look(&mut browser, &format!("nisn\tnama\ttinggi_badan\n0099999999\t{}\t151\n", of(0, "nama")));
    assert!(nobody.contains("class=\"wrong\""), "{nobody}");
    assert!(look(&mut browser, "nama\ttinggi_badan\tTinggi badan (cm)\nx\t1\t2\n").contains("web.paste-twice"));
    // All of it is taken back at once.
    let waits = || school.computer.run(&["status"], &[])["pending_records"].as_u64().unwrap();
    let before = waits();
    let seen = browser.post(action, &[("csrf", &csrf), ("teks", &table), ("apa", "lihat")]).field("sidik");
    let save = [("csrf", csrf.as_str()), ("teks", &table), ("apa", "simpan"), ("sidik", &seen)];
    // Somebody else was quicker: what is there now is shown, and nothing is saved.
    let records = school.computer.run(&["list", "peserta_didik_periodik"], &[]);
    let first = students["records"][0]["title"].as_str().unwrap();
    let theirs = records["records"].as_array().unwrap().iter();
    let theirs: Vec<&str> = theirs.filter(|one| one["title"] == first).map(|one| one["id"].as_str().unwrap()).collect();
    for id in &theirs {
        school.computer.run(&["edit", "peserta_didik_periodik", id, "tinggi_badan=160"], &[]);
    }
    let between = waits();
    let shown = browser.post(action, &save);
    assert!(shown.body.contains("160") && waits() == between, "{}", shown.body);
    let before = between.max(before);
    let seen = shown.field("sidik");
    let saved = browser.post(action, &[("csrf", &csrf), ("teks", &table), ("apa", "simpan"), ("sidik", &seen)]);
    assert!(waits() > before, "{}", saved.body);
    browser.post("/urungkan", &[("csrf", &csrf), ("nomor", &saved.field("nomor"))]);
    assert_eq!(waits(), before);
}

#[test]
fn a_password_that_is_changed_on_the_command_line_ends_sessions() {
    let school = School::with_a_days_work();
    let (mut one, mut other) = (school.operator(), school.operator());
    school.computer.run(&["account", "passwd", "siti"], &[PASSWORD, "kuda di padang rumput"]);
    for browser in [&mut one, &mut other] {
        assert_eq!(browser.get("/data").status, 303);
    }
}

#[test]
fn a_form_of_a_session_that_ended_leads_to_the_login_and_then_to_a_page() {
    let school = School::with_a_days_work();
    let mut browser = school.browser();
    let answer = browser.send("POST", "/keluar", &[], "");
    assert_eq!((answer.status, answer.header("location")), (303, Some("/masuk")));
    let answer = browser.get("/data/ruang");
    assert_eq!(answer.header("location"), Some("/masuk?ke=%2Fdata%2Fruang"));
}

#[test]
fn after_a_restore_people_go_on_where_the_backup_was() {
    let school = School::with_a_days_work();
    let mut browser = school.operator();
    let csrf = browser.csrf();
    let room = id_of(&school.computer, "ruang", 0);
    let made = browser.post("/cadangan", &[("csrf", &csrf), ("new", PASSWORD), ("again", PASSWORD)]);
    assert!(made.body.contains("flash good"), "{}", made.body);
    let number = made.body.split("/cadangan/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let path = format!("/data/ruang/{room}");
    let save = |browser: &mut Browser, was: &str, now: &str| {
        browser.post(&path, &[("csrf", &csrf), ("w.kapasitas", was), ("f.kapasitas", now)])
    };
    assert!(save(&mut browser, "32", "33").body.contains("flash good"));
    let back = browser
        .post(&format!("/cadangan/{number}/pulihkan"), &[("csrf", &csrf), ("yakin", "ya"), ("passphrase", PASSWORD)]);
    assert!(back.body.contains("flash good"), "{}", back.body);
    assert_eq!(browser.get(&path).field("w.kapasitas"), "32", "as it was backed up");
    assert!(save(&mut browser, "32", "34").body.contains("flash good"));
    assert_eq!(browser.get(&path).field("w.kapasitas"), "34", "pages show what is typed now");
    let pulled = browser.post("/tarik", &[("csrf", &csrf)]);
    assert_eq!(pulled.status, 200, "{}", pulled.body);
    assert_eq!(school.computer.run(&["status"], &[])["pending_records"].as_u64(), Some(3));
}
