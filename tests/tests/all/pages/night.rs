//! What is approved in the day and sent in the night: until then the line is free, and a click sends it now.

use super::School;
use super::browser::Browser;
use super::day::{approve, until, until_ended, until_still};

/// A window of the day that is hours away.
fn far_window() -> (String, String) {
    let now = jiff::Zoned::now();
    let at = |hours: i64| (&now + jiff::SignedDuration::from_hours(hours)).strftime("%H:%M").to_string();
    (at(5), at(6))
}

fn settle_for_the_night(browser: &mut Browser) {
    let (csrf, (from, to)) = (browser.csrf(), far_window());
    let saved = browser.post("/pengaturan", &[("csrf", &csrf), ("from", &from), ("to", &to)]);
    assert!(saved.body.contains("flash good"), "{}", saved.body);
    let approved = approve(browser, &[("kapan", "nanti")]);
    assert!(approved.body.contains(&format!("{from}-{to}")), "{}", approved.body);
}

#[test]
fn what_waits_for_the_night_keeps_nobody_from_the_line_and_is_sent_now_with_a_click() {
    let school = School::with_a_days_work();
    let mut browser = school.operator();
    settle_for_the_night(&mut browser);
    let csrf = browser.csrf();
    // A diagnosis does not hide it, and the page of it is there to be paused.
    browser.post("/diagnosa", &[("csrf", &csrf)]);
    until_still(&mut browser, "/diagnosa");
    let waits = browser.get("/sinkronisasi/jalan");
    assert!(waits.body.contains("/sinkronisasi/jeda") && waits.body.contains("class=\"notice\""), "{}", waits.body);
    // Tarik Data and the command line go through meanwhile.
    browser.post("/tarik", &[("csrf", &csrf)]);
    until(&mut browser, "/sinkronisasi/jalan", |body| body.contains("good-text"));
    school.computer.run(&["pull"], &[]);
    let sealed = |told: &serde_json::Value| !told["sealed"].is_null();
    assert!(sealed(&school.computer.run(&["status"], &[])), "it waits still");
    browser.post("/sinkronisasi/kirim", &[("csrf", &csrf)]);
    assert!(until_ended(&mut browser).body.contains("/tanda-terima"));
    assert!(!sealed(&school.computer.run(&["status"], &[])));
}

#[test]
fn what_waits_for_the_night_waits_behind_a_restart_unless_it_was_paused() {
    let mut school = School::with_a_days_work();
    let mut browser = school.operator();
    settle_for_the_night(&mut browser);
    school.restart();
    browser = school.operator();
    assert!(browser.get("/sinkronisasi/jalan").body.contains("class=\"notice\""), "it waits still");
    let csrf = browser.csrf();
    browser.post("/sinkronisasi/jeda", &[("csrf", &csrf)]);
    school.restart();
    browser = school.operator();
    assert!(!browser.get("/sinkronisasi/jalan").body.contains("class=\"notice\""), "it was paused");
}
