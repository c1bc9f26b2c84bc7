//! Guesses are counted on over a restore (fault 27): the count belongs to who guesses, not to the store that is put back.

use super::{Desk, KODE, PASSWORD, with_account};

const PASSPHRASE: &str = "tiga perahu di teluk";

/// An account, and a backup of before anybody guessed.
fn backed_up() -> (Desk, tempfile::TempDir) {
    let mut desk = with_account();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("cadangan.age");
    desk.run(&format!("backup {}", file.display()), &[PASSPHRASE]).unwrap();
    (desk, dir)
}

fn put_back(desk: &mut Desk, dir: &tempfile::TempDir) {
    let file = dir.path().join("cadangan.age");
    let code = desk.code(&format!("restore {}", file.display()), &[PASSPHRASE]);
    // It may ask for the kode registrasi; then nothing has happened.
    assert!(code == "done" || code.contains("kode"), "{code}");
}

/// A restore is what a restart is not: a lock's end.
#[test]
fn fault_27_a_locked_account_is_locked_after_a_restore() {
    let (mut desk, dir) = backed_up();
    for _ in 0..10 {
        desk.pass_time();
        desk.guess("salah sekali");
    }
    put_back(&mut desk, &dir);
    desk.pass_time();
    assert_eq!(desk.guess(PASSWORD), "account.locked");
}

/// The same with the count of the kode registrasi, which is never locked and slowed alone.
#[test]
fn fault_27_guesses_of_the_kode_slow_the_next_one_after_a_restore() {
    let (mut desk, dir) = backed_up();
    for _ in 0..9 {
        desk.pass_time();
        assert_eq!(desk.code("account unlock siti", &["0000-0000-0000"]), "role.kode");
    }
    put_back(&mut desk, &dir);
    assert_eq!(desk.code("account unlock siti", &[KODE]), "kode.wait");
}

/// The same with restores in between: each gives five free guesses, without an end and without a wait.
#[test]
fn fault_27_restores_between_guesses_give_no_more_of_them() {
    let (mut desk, dir) = backed_up();
    let mut compared = 0;
    for _ in 0..4 {
        for _ in 0..5 {
            desk.pass_time();
            compared += usize::from(desk.guess("salah sekali") == "account.password");
        }
        put_back(&mut desk, &dir);
    }
    assert!(compared < 10, "{compared} guesses were compared, ten lock an account");
}
