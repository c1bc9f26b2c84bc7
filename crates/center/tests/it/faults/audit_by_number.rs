//! Fault 37: a school's number that is written otherwise in the path reaches the school, and is another school for the
//! audit log.

use std::path::Path;

use serde_json::Value;

use super::log_files::audit;
use crate::stand::{Installation, NPSN, Stand};

/// Guesses that raise the alarm.
const ALARM: usize = 10;

/// The school's number with one digit in percent-encoding.
fn spelt(digit: usize) -> String {
    let (before, after) = NPSN.split_at(digit);
    let (this, after) = after.split_at(1);
    format!("{before}%{:02X}{after}", this.as_bytes()[0])
}

fn post(stand: &Stand, path: &str, headers: &str, body: &str) -> String {
    stand.raw(&format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nselaras: 1\r\nconnection: close\r\ncontent-type: application/json\r\n\
         {headers}content-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// Guesses the school's code.
fn guess(stand: &Stand, npsn: &str) {
    let body = serde_json::to_string(&Installation::number(1).registration("0000-0000-0000")).unwrap();
    let answer = post(stand, &format!("/v1/schools/{npsn}/register"), "", &body);
    assert!(answer.contains("selaras-code: registration."), "{answer}");
}

/// What the audit log shows of the school; its last line is the tip.
fn of_the_school(data: &Path, what: &str) -> Vec<Value> {
    let mut shown = audit(data, &["show", "--npsn", NPSN, "--what", what]).unwrap();
    shown.pop();
    shown
}

#[test]
fn fault_37_a_guess_is_noted_for_the_school_however_its_number_is_written() {
    let stand = Stand::start();
    stand.school();
    guess(&stand, NPSN);
    guess(&stand, &spelt(7));
    let noted = of_the_school(stand.data.path(), "/register");
    assert_eq!(noted.len(), 2, "{noted:?}");
}

#[test]
fn fault_37_guesses_under_many_spellings_of_one_number_are_one_alarm() {
    let stand = Stand::start();
    stand.school();
    for number in 0..ALARM {
        guess(&stand, &spelt(number % NPSN.len()));
    }
    let alarms = of_the_school(stand.data.path(), "guess-alarm");
    assert_eq!(alarms.len(), 1, "{alarms:?}");
}

#[test]
fn fault_37_an_operators_act_is_noted_for_the_school_however_its_number_is_written() {
    let stand = Stand::start();
    stand.school();
    let token = std::fs::read_to_string(stand.data.path().join("admin.token")).unwrap();
    let path = format!("/v1/admin/schools/{}/kode", spelt(0));
    let answer = post(&stand, &path, &format!("authorization: Bearer {}\r\n", token.trim()), "{}");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let noted = of_the_school(stand.data.path(), "/kode");
    assert_eq!(noted.len(), 1, "{noted:?}");
}
