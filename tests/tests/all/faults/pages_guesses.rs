//! Guesses from elsewhere close nothing to somebody who is at this computer and knows the password (fault 29).

use super::pages_stand::{code, entered, guess_from_elsewhere};
use crate::pages::day::{approve, until_ended};
use crate::pages::school::School;
use crate::stand::PASSWORD;

/// Wrong passwords that cost nothing; behind them every next one waits, the right one too.
const FREE: usize = 5;
/// Wrong passwords that lock an account.
const LOCKED_AT: usize = 10;

fn guessed_at_from_elsewhere(name: &str) -> School {
    let school = School::with_a_days_work();
    for _ in 0..FREE {
        let answer = guess_from_elsewhere(&school, name);
        assert!(answer.contains("account.password") || answer.contains("account.wait"), "{answer}");
    }
    school
}

/// One count for an account, wherever the guesses come from: the sheet's right password is not even compared.
#[test]
fn fault_29_the_sheet_takes_the_heads_password_while_somebody_elsewhere_guesses() {
    let school = guessed_at_from_elsewhere("kepala");
    let mut operator = school.operator();
    let approved = approve(&mut operator, &[]);
    assert!(!approved.body.contains("account.wait"), "{}", approved.body);
    assert!(until_ended(&mut operator).body.contains("/tanda-terima"));
}

/// The same at the sign-in of this computer.
#[test]
fn fault_29_who_is_at_this_computer_signs_in_while_somebody_elsewhere_guesses() {
    let school = guessed_at_from_elsewhere("siti");
    entered(&mut school.browser(), "siti", PASSWORD).expect("the right password at the school's own computer");
}

/// The same for somebody who is signed in and changes a password.
#[test]
fn fault_29_who_is_signed_in_changes_a_password_while_somebody_elsewhere_guesses() {
    let school = School::with_a_days_work();
    let mut siti = school.operator();
    for _ in 0..FREE {
        guess_from_elsewhere(&school, "siti");
    }
    let (csrf, new) = (siti.csrf(), "hujan di gunung");
    let fields = [("csrf", csrf.as_str()), ("apa", "sandi"), ("password", PASSWORD), ("new", new), ("again", new)];
    let changed = siti.post("/pengguna/siti", &fields);
    assert!(changed.body.contains("flash good"), "{}", changed.body);
}

/// What protects a password stays: whoever guesses waits, and is told so.
#[test]
fn fault_29_whoever_guesses_waits() {
    let school = guessed_at_from_elsewhere("kepala");
    assert!((FREE..LOCKED_AT).any(|_| guess_from_elsewhere(&school, "kepala").contains("account.wait")));
    let other = code(&school.computer, &["account", "passwd", "siti"], &[PASSWORD, "hujan di gunung"]);
    assert_eq!(other, "done", "another account's password is its own");
}
