//! Authority outlives what is put back (faults 26 and 27): a restore by somebody who knows the passphrase of a backup, and
//! no kode registrasi, gives nobody a password, a role, an account or a guess that was taken away since.

use super::pages_stand::{PASSPHRASE, add_operator, back_up, code, entered, error, put_back};
use crate::pages::school::School;
use crate::stand::{Computer, PASSWORD};

const NEW: &str = "hujan di gunung";

/// The store of the backup comes with its accounts: with the head's old password its key opens again.
#[test]
fn fault_26_a_restore_does_not_make_an_old_password_approve_again() {
    let school = School::with_a_days_work();
    let file = back_up(&school);
    school.computer.run(&["account", "passwd", "kepala"], &[PASSWORD, NEW]);
    put_back(&school, &file);
    assert_eq!(code(&school.computer, &["approve", "kepala"], &[PASSWORD]), "account.password");
    assert_eq!(code(&school.computer, &["approve", "kepala"], &[NEW]), "done", "the head's password is the head's");
}

/// The same by another field of the row: whether an account may be used.
#[test]
fn fault_26_a_restore_leaves_a_disabled_account_disabled() {
    let school = School::with_a_days_work();
    add_operator(&school, "budi", PASSWORD);
    let file = back_up(&school);
    school.computer.run(&["account", "disable", "budi"], &[&school.kode]);
    put_back(&school, &file);
    let refused = entered(&mut school.browser(), "budi", PASSWORD).expect_err("a disabled account is let in");
    assert!(refused.contains("account.disabled"), "{refused}");
}

/// The same by the roles, with a backup that the operator makes and restores on the pages.
#[test]
fn fault_26_a_restore_on_the_pages_gives_no_role_back() {
    let school = School::with_a_days_work();
    add_operator(&school, "budi", PASSWORD);
    let mut siti = school.operator();
    let csrf = siti.csrf();
    let made = siti.post("/cadangan", &[("csrf", &csrf), ("new", PASSWORD), ("again", PASSWORD)]);
    let number = made.body.split("/cadangan/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    school.computer.run(&["role", "remove", "budi", "operator"], &[&school.kode]);
    let path = format!("/cadangan/{number}/pulihkan");
    let back = siti.post(&path, &[("csrf", &csrf), ("yakin", "ya"), ("passphrase", PASSWORD)]);
    assert!(back.body.contains("flash good") || back.body.contains("kode"), "{}", back.body);
    let refused = entered(&mut school.browser(), "budi", PASSWORD).expect_err("an account without a role is let in");
    assert!(refused.contains("account.no-role"), "{refused}");
}

/// The same the other way: who came since the backup is gone after it.
#[test]
fn fault_26_an_account_that_was_made_since_the_backup_outlives_the_restore() {
    let school = School::with_a_days_work();
    let file = back_up(&school);
    add_operator(&school, "budi", PASSWORD);
    put_back(&school, &file);
    entered(&mut school.browser(), "budi", PASSWORD).expect("budi's account is the school's");
}

/// On a computer without accounts there is nothing to carry over, and the passwords of the backup are as good as whoever
/// brings it: the kode registrasi stands for them, and without it nothing comes back.
#[test]
fn fault_26_on_a_computer_without_accounts_the_kode_stands_for_them() {
    let school = School::with_a_days_work();
    let file = back_up(&school);
    let empty = Computer { data: school.computer.data.with_file_name("kosong") };
    let restore = ["restore", file.to_str().unwrap()];
    assert_eq!(code(&empty, &restore, &[PASSPHRASE]), "restore.kode");
    assert_eq!(code(&empty, &restore, &[PASSPHRASE, "0000-0000-0000"]), "role.kode");
    assert!(!empty.data.join("store").exists() && !empty.data.join("restoring.writing").exists());
    assert_eq!(code(&empty, &restore, &[PASSPHRASE, &school.kode]), "done");
    assert_eq!(code(&empty, &["approve", "kepala"], &[PASSWORD]), "done");
}

/// The same by a consent: what the head took back after the backup is in its outbox, and would be sent.
#[test]
fn fault_26_an_approval_that_was_taken_back_is_not_sent_after_a_restore() {
    let school = School::with_a_days_work();
    school.computer.run(&["approve", "kepala"], &[PASSWORD]);
    let file = back_up(&school);
    school.computer.run(&["withdraw"], &[]);
    put_back(&school, &file);
    let status = school.computer.run(&["status"], &[]);
    assert_eq!(status["sealed"], serde_json::Value::Null, "{status}");
    assert!(status["pending_records"].as_u64().unwrap() > 0, "{status}");
    assert_eq!(code(&school.computer, &["sync"], &[]), "gate.not-approved");
    assert_eq!(code(&school.computer, &["approve", "kepala"], &[PASSWORD]), "done");
}

/// The count of wrong guesses lies in the store that is replaced, so that each restore gives ten new ones. (The siblings
/// are beside the guard: `crates/school/src/service/guard/tests`.)
#[test]
fn fault_27_guesses_of_before_a_restore_still_count_after_it() {
    let school = School::with_a_days_work();
    let file = back_up(&school);
    let left = || error(&school.computer, &["approve", "kepala"], &["salah sekali"])["args"]["left"].clone();
    let before: Vec<_> = (0..5).map(|_| left()).collect();
    assert_eq!(before, ["9", "8", "7", "6", "5"]);
    put_back(&school, &file);
    assert_eq!(left(), "4", "the sixth guess is the sixth");
}
