//! A day in the browser: from the login to the receipt, a closed gate, pasted columns, undo.

use std::time::{Duration, Instant};

use super::browser::{Answer, Browser};
use super::{School, id_of};
use crate::stand::PASSWORD;

/// An exchange takes a second here; after this time it never ends.
const EXCHANGE: Duration = Duration::from_secs(60);

/// Asks for a page again, as one without script does, until it is as it is waited for.
pub(crate) fn until(browser: &mut Browser, path: &str, is_there: impl Fn(&str) -> bool) -> Answer {
    let began = Instant::now();
    loop {
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{}", page.body);
        if is_there(&page.body) {
            return page;
        }
        assert!(began.elapsed() < EXCHANGE, "{}", page.body);
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until a page does not ask again by itself: what it shows has ended.
pub(crate) fn until_still(browser: &mut Browser, path: &str) -> Answer {
    until(browser, path, |body| !body.contains("http-equiv=\"refresh\""))
}

/// Waits until the exchange has ended.
pub(crate) fn until_ended(browser: &mut Browser) -> Answer {
    until_still(browser, "/sinkronisasi/jalan")
}

/// Ticks everything on the sheet and approves it, with more fields.
pub(crate) fn approve(browser: &mut Browser, more: &[(&str, &str)]) -> Answer {
    let sheet = browser.get("/sinkronisasi/lembar");
    let (csrf, shown) = (sheet.field("csrf"), sheet.field("sidik"));
    let ticks = ["m.sekolah", "m.sarpras", "m.peserta_didik", "setuju"].map(|name| (name, "ya"));
    let fields = [("csrf", csrf.as_str()), ("sidik", &shown), ("akun", "kepala"), ("sandi", PASSWORD)];
    browser.post("/sinkronisasi/lembar", &[&fields, &ticks, more].concat())
}

#[test]
fn from_the_login_to_the_receipt() {
    let school = School::with_a_days_work();
    let mut browser = school.operator();
    let home = browser.get("/");
    assert!(home.body.contains("/sinkronisasi/lembar"), "the one thing to do next is the sheet: {}", home.body);
    let sheet = browser.get("/sinkronisasi/lembar");
    let (csrf, shown) = (sheet.field("csrf"), sheet.field("sidik"));
    let base = [("csrf", csrf.as_str()), ("sidik", &shown), ("akun", "kepala")];
    let with =
        |more: &[(&'static str, &'static str)]| base.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>();
    // Without a tick, without consent, with a wrong password: refused, each with its code, and nothing is approved.
    let refused = browser.post("/sinkronisasi/lembar", &with(&[("setuju", "ya"), ("sandi", PASSWORD)]));
    assert!(refused.body.contains("web.no-tick"), "{}", refused.body);
    let ticks = [("m.sekolah", "ya"), ("m.sarpras", "ya"), ("m.peserta_didik", "ya")];
    let refused = browser.post("/sinkronisasi/lembar", &[with(&ticks), vec![("sandi", PASSWORD)]].concat());
    assert!(refused.body.contains("web.no-consent"), "{}", refused.body);
    let refused =
        browser.post("/sinkronisasi/lembar", &[with(&ticks), vec![("setuju", "ya"), ("sandi", "bukan ini")]].concat());
    assert!(refused.body.contains("account.password"), "{}", refused.body);
    let begun =
        browser.post("/sinkronisasi/lembar", &[with(&ticks), vec![("setuju", "ya"), ("sandi", PASSWORD)]].concat());
    assert_eq!(begun.status, 200, "{}", begun.body);
    let ended = until_ended(&mut browser);
    assert!(ended.body.contains("/tanda-terima"), "{}", ended.body);
    let receipt = browser.get("/tanda-terima");
    let told = school.computer.run(&["receipt"], &[]);
    assert!(receipt.body.contains(told["short_code"].as_str().unwrap()), "{}", receipt.body);
    assert!(browser.get("/sinkronisasi").body.contains("Tidak ada yang perlu dikirim"));
    assert!(browser.get("/").body.contains("state good"), "in step");
    assert_eq!(school.computer.run(&["status"], &[])["equal"], true);
}

#[test]
fn the_sheet_is_not_taken_when_the_data_changed_behind_it() {
    let school = School::with_a_days_work();
    let mut browser = school.operator();
    let sheet = browser.get("/sinkronisasi/lembar");
    let (csrf, shown) = (sheet.field("csrf"), sheet.field("sidik"));
    let student = id_of(&school.computer, "peserta_didik", 2);
    school.computer.run(&["edit", "peserta_didik", &student, "nama_dusun=Dusun Teratai"], &[]);
    let fields = [
        ("csrf", csrf.as_str()),
        ("sidik", &shown),
        ("akun", "kepala"),
        ("m.sekolah", "ya"),
        ("setuju", "ya"),
        ("sandi", PASSWORD),
    ];
    assert!(browser.post("/sinkronisasi/lembar", &fields).body.contains("web.sheet-old"));
}

#[test]
fn a_closed_gate_leads_into_the_field_and_opens_when_it_is_mended() {
    let school = School::with_a_days_work();
    let mut browser = school.operator();
    let csrf = browser.csrf();
    let id = id_of(&school.computer, "peserta_didik_periodik", 0);
    let path = format!("/data/peserta_didik_periodik/{id}");
    let page = browser.get(&path);
    let was = page.field("w.tinggi_badan");
    let edit = |value: &str, was: &str| {
        [
            ("csrf".to_owned(), csrf.clone()),
            ("f.tinggi_badan".to_owned(), value.to_owned()),
            ("w.tinggi_badan".to_owned(), was.to_owned()),
        ]
    };
    let post = |browser: &mut Browser, fields: &[(String, String)]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.post(&path, &fields)
    };
    post(&mut browser, &edit("900", &was));
    let found = browser.get("/validasi");
    assert!(found.body.contains(&format!("{path}#i-tinggi_badan")), "the finding leads into the field: {}", found.body);
    assert!(browser.get("/").body.contains("href=\"/validasi\">"), "home sends people there");
    let typed = browser.get(&path).field("w.tinggi_badan");
    let mended = post(&mut browser, &edit(&was, &typed));
    assert!(mended.body.contains("Sisa invalid: 0"), "{}", mended.body);
    // And the edit can be taken back: then it is invalid again.
    let number = mended.field("nomor");
    let undone = browser.post("/urungkan", &[("csrf", &csrf), ("nomor", &number)]);
    assert!(undone.body.contains("900"), "{}", undone.body);
    // Once: a second time it is no longer what it was.
    assert!(browser.post("/urungkan", &[("csrf", &csrf), ("nomor", &number)]).body.contains("undo.over"));
}

#[test]
fn a_column_of_a_spreadsheet_is_looked_at_and_saved_whole() {
    let school = School::with_a_days_work();
    let mut browser = school.operator();
    let csrf = browser.csrf();
    let students = school.computer.run(&["list", "peserta_didik"], &[]);
    let name = |place: usize| students["records"][place]["title"].as_str().unwrap().to_owned();
    let action = "/data/peserta_didik_periodik/tempel";
    let bad = format!("Nama\tTinggi badan (cm)\n{}\t151,5\nBukan Siapa-siapa\t150\n", name(0));
    let refused = browser.post(action, &[("csrf", &csrf), ("teks", &bad), ("apa", "simpan")]);
    assert!(refused.body.contains("class=\"wrong\""), "{}", refused.body);
    let good = format!("Nama\tTinggi badan (cm)\tberat_badan\n{}\t151,5\t41\n{}\t149\t\n", name(0), name(1));
    let preview = browser.post(action, &[("csrf", &csrf), ("teks", &good), ("apa", "lihat")]);
    assert!(preview.body.contains("value=\"simpan\""), "{}", preview.body);
    let before = school.computer.run(&["status"], &[])["pending_records"].as_u64().unwrap();
    let seen = preview.field("sidik");
    let saved = browser.post(action, &[("csrf", &csrf), ("teks", &good), ("apa", "simpan"), ("sidik", &seen)]);
    assert!(saved.body.contains("2 baris disimpan"), "{}", saved.body);
    let after = school.computer.run(&["status"], &[])["pending_records"].as_u64().unwrap();
    assert_eq!(after, before + 2, "the bad paste saved nothing");
}

#[test]
fn nobody_without_a_role_and_nobody_unknown_comes_in() {
    let school = School::with_a_days_work();
    school.computer.run(&["account", "add", "tamu"], &[PASSWORD]);
    let mut browser = school.browser();
    let answer = browser.post("/masuk", &[("name", "tamu"), ("password", PASSWORD)]);
    assert!(answer.body.contains("account.no-role"), "{}", answer.body);
    school.computer.run(&["role", "add", "tamu", "bendahara"], &[&school.kode]);
    browser.sign_in("tamu", PASSWORD);
    let csrf = browser.csrf();
    for path in ["/sinkronisasi/kirim", "/tarik", "/pengaturan", "/cadangan"] {
        assert!(browser.post(path, &[("csrf", &csrf)]).body.contains("web.role"), "{path}");
    }
    for path in ["/", "/data", "/sinkronisasi/lembar", "/tanda-terima", "/riwayat/berkas"] {
        let answer = school.browser().get(path);
        assert_eq!(
            (answer.status, answer.header("location").map(|to| to.starts_with("/masuk"))),
            (303, Some(true)),
            "{path}"
        );
    }
}
