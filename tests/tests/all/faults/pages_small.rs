//! Small faults of the pages (fault 32): sessions, first accounts, names, threads, what a restore leaves, and texts.

use std::io::Read as _;
use std::net::TcpStream;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::scope;

use selaras_lab::line::Plan;

use super::pages_stand::{add_operator, back_up, begin, code, put_back};
use crate::pages::browser::{Answer, Browser};
use crate::pages::school::{School, Serving, id_of};
use crate::people::add_school;
use crate::stand::{Centre, Computer, PASSWORD};

/// A room's capacity, typed on its page.
fn type_capacity(browser: &mut Browser, path: &str, now: &str) -> Answer {
    let page = browser.get(path);
    let (csrf, was) = (page.field("csrf"), page.field("w.kapasitas"));
    browser.post(path, &[("csrf", &csrf), ("w.kapasitas", &was), ("f.kapasitas", now)])
}

/// Who lost the last role could not sign in any more; the session of before goes on.
#[test]
fn fault_32_a_session_ends_with_the_last_role_of_its_account() {
    let school = School::with_a_days_work();
    let mut siti = school.operator();
    school.computer.run(&["role", "remove", "siti", "operator"], &[&school.kode]);
    assert_eq!(siti.get("/data").status, 303, "she is asked who she is");
}

/// Taking back is typing: it asks for no role at all.
#[test]
fn fault_32_nobody_takes_back_without_a_role() {
    taken_back_after(&["role", "remove", "siti", "operator"], None);
}

/// The same with a role that lets its account type nothing into this module.
#[test]
fn fault_32_nobody_takes_back_what_the_present_role_may_not_type() {
    taken_back_after(&["role", "remove", "siti", "operator"], Some("bendahara"));
}

#[track_caller]
fn taken_back_after(change: &[&str], then: Option<&str>) {
    let school = School::with_a_days_work();
    let mut siti = school.operator();
    let path = format!("/data/ruang/{}", id_of(&school.computer, "ruang", 1));
    let saved = type_capacity(&mut siti, &path, "41");
    let (csrf, number) = (saved.field("csrf"), saved.field("nomor"));
    if let Some(role) = then {
        school.computer.run(&["role", "add", "siti", role], &[&school.kode]);
    }
    school.computer.run(change, &[&school.kode]);
    siti.post("/urungkan", &[("csrf", &csrf), ("nomor", &number)]);
    add_operator(&school, "budi", PASSWORD);
    let mut budi = school.browser();
    budi.sign_in("budi", PASSWORD);
    assert_eq!(budi.get(&path).field("w.kapasitas"), "41", "what was typed stands");
}

/// A disabled account's session has ended.
#[test]
fn fault_32_a_session_ends_when_its_account_is_disabled() {
    let school = School::with_a_days_work();
    let mut siti = school.operator();
    school.computer.run(&["account", "disable", "siti"], &[&school.kode]);
    assert_eq!(siti.get("/data").status, 303);
}

/// Whether there is an account is asked before the desk, and not again when one is made.
#[test]
fn fault_32_of_three_first_accounts_at_once_one_is_made() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let school = add_school(place.path(), &centre, "99999999", "32");
    let computer = Computer { data: place.path().join("school") };
    computer.run(&["init", "--server", &centre.url, "--npsn", school.npsn], &[&school.kode]);
    let serving = Serving::start(&computer.data);
    let together = Barrier::new(3);
    let ask = |name: &str| {
        let mut browser = Browser::new(&serving.pages);
        let fields = [("name", name), ("password", PASSWORD), ("again", PASSWORD), ("kode", &school.kode)];
        together.wait();
        browser.post("/pasang/akun", &fields);
    };
    scope(|scope| {
        for name in ["siti", "budi", "ayu"] {
            scope.spawn(move || ask(name));
        }
    });
    let made = computer.run(&["account", "list"], &[])["accounts"].as_array().unwrap().len();
    assert_eq!(made, 1);
}

/// Two accounts of one name for people: whoever reads `Kepala` in a history thinks of `kepala`.
#[test]
fn fault_32_no_account_has_anothers_name_in_other_letters() {
    let school = School::with_a_days_work();
    for name in ["Kepala", "KEPALA", "kepalA"] {
        assert_eq!(code(&school.computer, &["account", "add", name], &[PASSWORD]), "account.exists", "{name}");
    }
}

/// A name is one word of a command line and one step of an address.
#[test]
fn fault_32_no_account_is_called_like_a_way_or_an_option() {
    let school = School::with_a_days_work();
    for name in ["..", ".", "-x", "--", "-"] {
        assert_eq!(code(&school.computer, &["account", "add", "--", name], &[PASSWORD]), "account.name", "{name}");
    }
}

/// The same on the pages, where such an account's own page cannot be reached: its address is another one's.
#[test]
fn fault_32_every_account_that_the_pages_make_has_a_page_of_its_own() {
    let school = School::with_a_days_work();
    let mut siti = school.operator();
    let csrf = siti.csrf();
    let name = "..";
    let made = siti.post("/pengguna", &[("csrf", &csrf), ("name", name), ("new", PASSWORD), ("again", PASSWORD)]);
    assert!(made.body.contains("account.name"), "{}", made.body);
}

/// Validations that are begun at once.
const VALIDATIONS: usize = 20;
/// Pages that are made until half of them have ended: a page takes a small part of the time of one.
const PAGES: usize = 20;

/// Each holds one of the threads that make pages while it waits for its turn; pages that only read wait behind them.
#[test]
fn fault_32_pages_are_read_while_twenty_validations_wait_for_their_turn() {
    let (school, _line) = School::with_a_first_upload("300", Plan::default());
    let mut siti = school.operator();
    let csrf = siti.csrf();
    let begun: Vec<TcpStream> = (0..VALIDATIONS).map(|_| begin(&siti, "/validasi", &[("csrf", &csrf)])).collect();
    let ended = AtomicUsize::new(0);
    let pages = scope(|scope| {
        for mut stream in begun {
            let ended = &ended;
            scope.spawn(move || {
                // Its first byte is the validation's end.
                stream.read_exact(&mut [0; 1]).unwrap();
                ended.fetch_add(1, Ordering::SeqCst);
            });
        }
        let mut pages = 0;
        while ended.load(Ordering::SeqCst) < VALIDATIONS / 2 {
            assert_eq!(siti.get("/pengaturan").status, 200);
            pages += 1;
        }
        pages
    });
    assert!(pages >= PAGES, "{pages} pages came before half of the validations had ended");
}

/// Stores that were moved out of the way and can be read by whoever comes to the computer.
fn readable_asides(school: &School) -> usize {
    let entries = std::fs::read_dir(&school.computer.data).unwrap().map(|entry| entry.unwrap());
    let asides = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("aside-"));
    asides.filter(|entry| entry.path().join("store").is_dir()).count()
}

/// What a restore moves out of the way lies there for ever, one whole school more each time.
#[test]
fn fault_32_restores_do_not_pile_up_readable_stores() {
    let school = School::with_a_days_work();
    let file = back_up(&school);
    for _ in 0..3 {
        put_back(&school, &file);
    }
    assert!(readable_asides(&school) <= 1, "{} schools lie here besides the present one", readable_asides(&school));
}

/// An address that cannot be read is answered by a page of ours, in its language.
#[track_caller]
fn is_answered_by_a_page(addresses: &[&str]) {
    let foreign = ["Invalid URL", "Cannot parse", "Failed to deserialize"];
    let school = School::with_a_days_work();
    let mut siti = school.operator();
    for address in addresses {
        let answer = siti.get(address);
        assert!((400..500).contains(&answer.status), "{address}: {}", answer.status);
        assert!(!foreign.iter().any(|text| answer.body.contains(text)), "{address}: {}", answer.body);
        assert!(
            answer.body.contains("<main") && answer.body.contains("class=\"refusal\""),
            "{address}: {}",
            answer.body
        );
    }
}

/// Numbers are read by the framework, which answers in English when it cannot.
#[test]
fn fault_32_a_number_out_of_range_is_answered_by_a_page() {
    is_answered_by_a_page(&["/cadangan/99999999999999999999/berkas", "/tanda-terima/99999999999999999999"]);
}

/// The same for what is no number.
#[test]
fn fault_32_what_is_no_number_is_answered_by_a_page() {
    is_answered_by_a_page(&["/cadangan/satu/berkas", "/tanda-terima/-1/bukti"]);
}

/// The same for bytes that are no text, and for a question asked twice.
#[test]
fn fault_32_what_is_no_text_is_answered_by_a_page() {
    is_answered_by_a_page(&["/data/%FF", "/pengguna/%FF", "/data/ptk/cari?q=a&q=b"]);
}
