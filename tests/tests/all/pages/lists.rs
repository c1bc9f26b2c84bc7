//! Lists follow what is typed, also where a record shows another one's name.

use super::{School, id_of};

/// What the first column of a list shows, in order.
fn first_column(page: &str) -> Vec<String> {
    let rows = page.split("<tbody>").nth(1).unwrap().split("<tr").skip(1);
    let text = |row: &str| row.split("<a ").nth(1)?.split('>').nth(2)?.split('<').next().map(str::to_owned);
    rows.filter_map(text).collect()
}

#[test]
fn a_list_shows_and_finds_a_record_by_the_new_name_of_what_it_refers_to() {
    let school = School::with_a_days_work();
    let mut browser = school.operator();
    let room = id_of(&school.computer, "ruang", 0);
    assert!(browser.get("/data/kondisi_ruang").body.contains("<tbody>"), "it is kept in memory now");
    school.computer.run(&["edit", "ruang", &room, "nama=Ruang Anyelir"], &[]);
    let found = browser.get("/data/kondisi_ruang?q=anyelir");
    assert!(found.body.contains("Ruang Anyelir"), "{}", found.body);
    // By a title that is made of another title, over two references: a grade is a member's, who is a student.
    let (student, class) = (id_of(&school.computer, "peserta_didik", 0), "/data/nilai?q=kenanga");
    assert!(!browser.get(class).body.contains("Kenanga"));
    school.centre.operator(&["record", "edit", "99999999", "peserta_didik", &student, "nama=Kenanga Purnama"]);
    school.computer.run(&["pull"], &[]);
    assert!(browser.get(class).body.contains("Kenanga Purnama"));
}

#[test]
fn a_column_of_references_is_sorted_by_what_they_are_called() {
    let school = School::with_a_days_work();
    let mut browser = school.operator();
    let up = first_column(&browser.get("/data/peserta_didik_periodik?urut=0").body);
    let down = first_column(&browser.get("/data/peserta_didik_periodik?urut=0&turun=ya&hal=2").body);
    assert!(up.len() > 20 && !down.is_empty());
    let mut sorted = up.clone();
    sorted.sort_by_key(|name| name.to_lowercase());
    assert_eq!(up, sorted);
    // The last page of the other direction is the beginning of this one.
    let mut beginning: Vec<String> = up.iter().take(down.len()).cloned().collect();
    beginning.reverse();
    assert_eq!(down, beginning);
}
