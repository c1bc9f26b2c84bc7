//! Two values that look equal are not taken for equal (fault 30): a value is isolated from what stands around it, and its
//! unusual characters are named, or it is not taken at all.

use crate::pages::browser::Browser;
use crate::pages::school::{School, id_of};

const NPSN: &str = "99999999";
/// Characters that turn the direction, take no width, end a line or look like another letter.
const UNUSUAL: [char; 9] = ['\u{202e}', '\u{200b}', '\u{2060}', '\u{0}', '\n', '\t', '\u{2028}', '\u{3164}', '\u{430}'];

fn named(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// Types into a record's field; says whether it was taken.
fn is_taken(browser: &mut Browser, path: &str, field: &str, value: &str) -> bool {
    let page = browser.get(path);
    let (csrf, was) = (page.field("csrf"), page.field(&format!("w.{field}")));
    let (w, f) = (format!("w.{field}"), format!("f.{field}"));
    browser.post(path, &[("csrf", &csrf), (&w, &was), (&f, value)]).body.contains("flash good")
}

/// Every one of them is taken as it is, and the difference that the head approves shows nothing of it.
#[test]
fn fault_30_unusual_characters_are_named_in_what_the_head_approves_or_are_not_taken() {
    let school = School::with_a_days_work();
    let mut browser = school.operator();
    let unseen: Vec<String> = UNUSUAL
        .iter()
        .enumerate()
        .filter(|(place, c)| {
            let path = format!("/data/peserta_didik/{}", id_of(&school.computer, "peserta_didik", place + 1));
            let taken = is_taken(&mut browser, &path, "alamat_jalan", &format!("Jalan Mel{c}ati"));
            taken && !browser.get("/sinkronisasi/rincian").body.contains(&named(**c))
        })
        .map(|(_, c)| named(*c))
        .collect();
    assert!(unseen.is_empty(), "taken, and nowhere to be seen: {unseen:?}");
}

/// Without isolation a value of another direction moves what stands beside it: the arrow, the value of before.
#[test]
fn fault_30_each_value_of_a_difference_is_isolated() {
    let school = School::with_a_days_work();
    let details = school.operator().get("/sinkronisasi/rincian");
    for value in ["Jalan Kemuning 12", "0217654321", "32"] {
        assert!(details.body.contains(&format!(">{value}</bdi>")), "{value}: {}", details.body);
    }
}

/// Of two candidates that look equal somebody has to choose one.
#[test]
fn fault_30_candidates_of_a_conflict_that_look_equal_are_told_apart() {
    let school = School::with_a_days_work();
    let mut browser = school.operator();
    let room = id_of(&school.computer, "ruang", 1);
    let path = format!("/data/ruang/{room}");
    assert!(is_taken(&mut browser, &path, "nama", "Ruang Anggrek"));
    // Written by the centre with a Cyrillic letter.
    school.centre.operator(&["record", "edit", NPSN, "ruang", &room, "nama=Ruang \u{410}nggrek"]);
    school.computer.run(&["pull"], &[]);
    let page = browser.get("/konflik");
    assert_eq!(page.body.matches("class=\"candidate\"").count(), 2, "{}", page.body);
    assert!(page.body.contains(&named('\u{410}')), "{}", page.body);
}

/// The page on which the value is mended shows it to nobody either.
#[test]
fn fault_30_the_records_own_page_names_unusual_characters() {
    let school = School::with_a_days_work();
    let mut browser = school.operator();
    let path = format!("/data/ruang/{}", id_of(&school.computer, "ruang", 1));
    assert!(is_taken(&mut browser, &path, "nama", "Ruang \u{410}nggrek"));
    assert!(browser.get(&path).body.contains(&named('\u{410}')));
}
