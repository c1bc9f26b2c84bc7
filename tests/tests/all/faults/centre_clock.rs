//! Fault 17: the centre's clock is set wrong, and rules that have begun are taken back, or begin long before their day.

use crate::new_rules::stricter;
use crate::restored_centre::student;
use crate::stand::{Computer, PASSWORD};

use super::scene::{Scene, code, outcome, type_street};

/// Hours east of Greenwich, by which the clock is set: a day that is wrong by so much.
const RIGHT: i8 = 50;
const FOUR_DAYS_BEFORE: i8 = RIGHT - 96;

/// Publishes a rulebook.
fn publish(scene: &Scene, from: &str) {
    let (book, examples) = stricter(scene.place.path());
    let publish = ["rules", "publish", "--rulebook", &book, "--examples", &examples, "--from", from];
    scene.centre().operator(&publish);
}

/// The rulebook that a computer validates by.
fn rulebook(computer: &Computer) -> String {
    computer.run(&["validate"], &[])["rulebook"].as_str().unwrap().to_owned()
}

#[test]
fn fault_17_a_bundle_approved_under_rules_that_began_is_accepted_when_the_clock_was_set_back() {
    let mut scene = Scene::at(RIGHT);
    let (_, first) = scene.school("99999999", "1701");
    let today = scene.today(&first).to_string();
    publish(&scene, &today);
    first.run(&["pull"], &[]);
    assert_eq!(rulebook(&first), "2026.2");
    type_street(&first, &student(&first), "Jalan Menurut Aturan Baru");
    first.run(&["approve", "kepala"], &[PASSWORD]);

    scene.set_the_clock(FOUR_DAYS_BEFORE);
    assert_eq!(outcome(&first, &["sync"], &[]), "done");
    assert_eq!(rulebook(&first), "2026.2");
}

#[test]
fn fault_17_rules_that_began_cannot_be_withdrawn_when_the_clock_was_set_back() {
    let mut scene = Scene::at(RIGHT);
    let (school, first) = scene.school("99999999", "1702");
    let today = scene.today(&first).to_string();
    publish(&scene, &today);
    first.run(&["pull"], &[]);

    scene.set_the_clock(FOUR_DAYS_BEFORE);
    assert_eq!(code(&scene.centre().try_operator(&["rules", "withdraw", "--from", &today])), "rules.begun");
    // A computer that begins now is given what is in force.
    let second = scene.computer(&school, "b");
    assert_eq!(rulebook(&second), "2026.2");
}

#[test]
fn fault_17_a_clock_that_jumps_over_a_week_begins_no_rules_before_an_operator_confirms_it() {
    let mut scene = Scene::at(-120);
    let (_, first) = scene.school("99999999", "1703");
    let in_nine_days = scene.today(&first).checked_add(jiff::Span::new().days(9)).unwrap();
    publish(&scene, &in_nine_days.to_string());
    first.run(&["pull"], &[]);
    type_street(&first, &student(&first), "Jalan Menurut Aturan Lama");
    first.run(&["approve", "kepala"], &[PASSWORD]);

    // Ten days in an instant.
    scene.set_the_clock(120);
    assert_eq!(outcome(&first, &["sync"], &[]), "done");
    assert_eq!(rulebook(&first), "2026.1");
}

#[test]
fn fault_17_rules_begin_once_an_operator_has_confirmed_the_clock() {
    let mut scene = Scene::at(-120);
    let (_, first) = scene.school("99999999", "1704");
    let before = scene.today(&first);
    publish(&scene, &before.checked_add(jiff::Span::new().days(9)).unwrap().to_string());
    scene.set_the_clock(120);
    assert_eq!(scene.today(&first), before, "the centre works on by the last date");
    assert_eq!(scene.centre().operator(&["clock", "show"])["confirmed"], false);

    assert_eq!(scene.centre().operator(&["clock", "confirm"])["confirmed"], true);
    assert_eq!(scene.today(&first), before.checked_add(jiff::Span::new().days(10)).unwrap());
    assert_eq!(rulebook(&first), "2026.2");
}

#[test]
fn fault_17_a_restored_centre_works_by_the_date_of_its_backup_until_the_clock_is_confirmed() {
    let mut scene = Scene::at(-120);
    let (_, first) = scene.school("99999999", "1705");
    let before = scene.today(&first);
    let backup = scene.back_up("backup");
    super::scene::set_the_clock(&backup, 120);
    scene.lose_the_disk(&backup);
    assert_eq!(scene.today(&first), before);
    scene.centre().operator(&["clock", "confirm"]);
    assert_eq!(scene.today(&first), before.checked_add(jiff::Span::new().days(10)).unwrap());
}
