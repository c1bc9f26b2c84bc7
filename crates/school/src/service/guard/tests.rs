#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod restored;

use std::sync::Arc;
use std::time::Duration;

use selaras_model::{DeviceId, RecordId, ReplicaId};
use selaras_storage::EngineKind;
use selaras_sync::{Batch, Installation, Key, Row, Rules, School, Store, TypedEdit};

use crate::account::{Hashed, Source};
use crate::cli::command_of;
use crate::config::PasswordCost;
use crate::failure::Failure;
use crate::output::Collected;
use crate::place::Place;
use crate::secret::Secret;
use crate::service::{KODE_ROW, Open, Service};

const KODE: &str = "0123-4567-89AB";
const PASSWORD: &str = "gunung dan laut";
const CHEAP: PasswordCost = PasswordCost { memory_kib: 64, passes: 1, lanes: 1 };

/// A school that was installed without a centre.
struct Desk {
    service: Service,
    place: Place,
    _dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Desk {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("selaras.toml"), "[password]\nmemory_kib = 64\npasses = 1\nlanes = 1\n")
            .unwrap();
        let place = Place::choose(Some(dir.path())).unwrap();
        let mut service = Service::open(place.clone()).unwrap();
        let (changelog, blobs, _) = service.create(EngineKind::default()).unwrap();
        let store = changelog.school("99999999".parse().unwrap());
        store.commit(&installed()).unwrap();
        let open = Open::load(Arc::new(store), Arc::new(blobs)).unwrap().unwrap();
        service.opened(open);
        Desk { service, place, _dir: dir }
    }

    /// Ends the process that owns the store, and starts another.
    fn restart(self) -> Desk {
        let Desk { service, place, _dir } = self;
        drop(service);
        Desk { service: Service::open(place.clone()).unwrap(), place, _dir }
    }

    fn run(&mut self, line: &str, secrets: &[&str]) -> Result<(), Failure> {
        let mut command = command_of(&line.split_whitespace().collect::<Vec<_>>()).unwrap();
        for ((_, place), secret) in command.secrets().into_iter().zip(secrets) {
            *place = Secret::new(*secret);
        }
        self.service.run(&command, &mut Collected::default()).map(|_| ())
    }

    fn code(&mut self, line: &str, secrets: &[&str]) -> String {
        self.run(line, secrets).err().map_or_else(|| "done".to_owned(), |failure| failure.code.clone())
    }

    fn guess(&mut self, password: &str) -> String {
        self.code("account passwd siti", &[password, "sungai dan hutan"])
    }

    fn offer(&mut self, password: &str, from: &Source) -> String {
        let offered = self.service.open_store().unwrap().authenticate("siti", &Secret::new(password), from);
        offered.err().map_or_else(|| "done".to_owned(), |failure| failure.code.clone())
    }

    fn pass_time(&mut self) {
        self.service.open_store().unwrap().watch().pass(Duration::from_secs(3_600));
    }

    /// A record as the school types it.
    fn record(&mut self, entity: &str, id: u8, fields: &[(&str, &str)]) -> String {
        let open = self.service.open_store().unwrap();
        let texts: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let fields = open.parse_assignments(entity, &texts).unwrap();
        let id = RecordId::from_bytes([id; 16]);
        let key = selaras_model::RecordKey { entity: open.entity(entity).unwrap().code, id };
        let step = open.school().edit(&[TypedEdit { key, fields, deleted: None }], "uji").unwrap();
        open.apply(step, &mut Collected::default()).unwrap();
        id.to_string()
    }
}

fn installed() -> Batch {
    let installation = Installation {
        npsn: "99999999".parse().unwrap(),
        replica: ReplicaId::from_bytes([1; 8]),
        device: DeviceId::from_bytes([1; 8]),
        centre_key: [0; 32],
        centre_url: "http://127.0.0.1:9".to_owned(),
        centre_name: "Pusat Uji".to_owned(),
        centre_ca: None,
    };
    let kode = serde_json::to_vec(&Hashed::new(&Secret::new(KODE), CHEAP).unwrap()).unwrap();
    let mut batch = School::install(&installation, &Rules::builtin(), "2026-11-23".parse().unwrap()).unwrap();
    batch.put(Key::Local(KODE_ROW.to_owned()), Row::Bytes(kode));
    batch
}

fn with_account() -> Desk {
    let mut desk = Desk::new();
    desk.run("account add siti", &[PASSWORD]).unwrap();
    desk
}

#[test]
fn five_wrong_passwords_are_free_and_the_sixth_has_to_wait() {
    let mut desk = with_account();
    for _ in 0..5 {
        assert_eq!(desk.guess("salah sekali"), "account.password");
    }
    let failure = desk.run("account passwd siti", &[PASSWORD, "sungai dan hutan"]).unwrap_err();
    assert_eq!(failure.code, "account.wait", "not even the right one is compared");
    assert_eq!(failure.args.get("seconds").map(String::as_str), Some("2"));
    desk.pass_time();
    assert_eq!(desk.guess(PASSWORD), "done");
    assert_eq!(desk.guess("salah sekali"), "account.password", "the right one took the count back");
}

#[test]
fn a_new_process_waits_anew_whatever_the_clock_says() {
    let mut desk = with_account();
    for _ in 0..5 {
        desk.guess("salah sekali");
    }
    desk.pass_time();
    let mut desk = desk.restart();
    assert_eq!(desk.guess(PASSWORD), "account.wait");
}

#[test]
fn ten_wrong_passwords_lock_the_account_until_the_kode_opens_it() {
    let mut desk = with_account();
    for wrong in 1..=10 {
        desk.pass_time();
        assert_eq!(desk.guess("salah sekali"), if wrong < 10 { "account.password" } else { "account.locked" });
    }
    desk.pass_time();
    let mut desk = desk.restart();
    desk.pass_time();
    assert_eq!(desk.guess(PASSWORD), "account.locked", "neither time nor a restart opens it");
    assert_eq!(desk.code("account unlock siti", &["0000-0000-0000"]), "role.kode");
    assert_eq!(desk.guess(PASSWORD), "account.locked");
    assert_eq!(desk.code("account unlock siti", &[KODE]), "done");
    assert_eq!(desk.guess(PASSWORD), "done");
}

#[test]
fn a_guess_is_counted_before_it_is_compared() {
    let mut desk = with_account();
    let account = crate::account::Account::row_key("siti");
    let open = desk.service.open_store().unwrap();
    let Some(Row::Bytes(bytes)) = open.store().get(&account).unwrap() else { panic!("an account") };
    // A hash that cannot be compared: what ends there has been counted, as what is killed there has.
    let mut row: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    *row.pointer_mut("/password/salt").unwrap() = "no hexadecimal".into();
    let mut batch = Batch::default();
    batch.put(account.clone(), Row::Bytes(serde_json::to_vec(&row).unwrap()));
    open.commit(&batch).unwrap();
    for _ in 0..10 {
        desk.pass_time();
        assert_eq!(desk.guess(PASSWORD), "store.damaged");
    }
    let mut batch = Batch::default();
    batch.put(account, Row::Bytes(bytes));
    desk.service.open_store().unwrap().commit(&batch).unwrap();
    assert_eq!(desk.guess(PASSWORD), "account.locked");
}

#[test]
fn the_kode_is_guessed_no_faster() {
    let mut desk = with_account();
    for _ in 0..5 {
        assert_eq!(desk.code("role add siti operator", &["0000-0000-0000"]), "role.kode");
    }
    assert_eq!(desk.code("role add siti operator", &[KODE]), "kode.wait");
    let mut desk = desk.restart();
    assert_eq!(desk.code("account unlock siti", &[KODE]), "kode.wait", "one count for whatever needs the kode");
    desk.pass_time();
    assert_eq!(desk.code("role add siti operator", &[KODE]), "done");
}

#[test]
fn a_disabled_account_does_nothing_until_it_is_enabled() {
    let mut desk = with_account();
    desk.run("role add siti operator", &[KODE]).unwrap();
    assert_eq!(desk.code("account disable siti", &["0000-0000-0000"]), "role.kode");
    desk.run("account disable siti", &[KODE]).unwrap();
    assert_eq!(desk.guess(PASSWORD), "account.disabled");
    assert_eq!(desk.code("new ptk nama=Contoh --as siti", &[]), "account.disabled");
    desk.run("account enable siti", &[KODE]).unwrap();
    assert_eq!(desk.code("new ptk nama=Contoh --as siti", &[]), "done");
}

#[test]
fn an_account_without_a_role_types_nothing() {
    let mut desk = with_account();
    assert_eq!(desk.code("new ptk nama=Contoh --as siti", &[]), "account.no-role");
    desk.run("role add siti operator", &[KODE]).unwrap();
    assert_eq!(desk.code("new ptk nama=Contoh --as siti", &[]), "done");
    desk.run("role remove siti operator", &[KODE]).unwrap();
    assert_eq!(desk.code("new ptk nama=Contoh --as siti", &[]), "account.no-role");
}

#[test]
fn one_ptk_has_one_account() {
    let mut desk = with_account();
    let ptk = desk.record("ptk", 7, &[("nama", "Contoh Guru")]);
    desk.run(&format!("account link siti --ptk {ptk}"), &[KODE]).unwrap();
    desk.run(&format!("account link siti --ptk {ptk}"), &[KODE]).unwrap();
    assert_eq!(desk.code(&format!("account add budi --ptk {ptk}"), &["rahasia lain"]), "account.ptk-taken");
    let nobody = RecordId::from_bytes([9; 16]);
    assert_eq!(desk.code(&format!("account add budi --ptk {nobody}"), &["rahasia lain"]), "input.record");
}

#[test]
fn roles_of_persons_need_the_person_and_a_homeroom_teacher_a_class() {
    let mut desk = with_account();
    for role in ["head", "plt", "ptk", "wali-kelas"] {
        assert_eq!(desk.code(&format!("role add siti {role}"), &[KODE]), "role.no-ptk", "{role}");
    }
    assert_eq!(desk.code("role add siti bendahara", &[KODE]), "done");
    let ptk = desk.record("ptk", 7, &[("nama", "Contoh Guru")]);
    desk.run(&format!("account link siti --ptk {ptk}"), &[KODE]).unwrap();
    assert_eq!(desk.code("role add siti wali-kelas", &[KODE]), "role.no-class");
    let semester = Rules::builtin().pack.semester().to_owned();
    desk.record("rombongan_belajar", 3, &[("nama", "7A"), ("ptk_id", &ptk), ("semester_id", &semester)]);
    assert_eq!(desk.code("role add siti wali-kelas", &[KODE]), "done");
    assert_eq!(desk.code("role add siti plt", &[KODE]), "done");
}

#[test]
fn a_password_is_changed_to_another_one_only() {
    let mut desk = with_account();
    assert_eq!(desk.code("account passwd siti", &[PASSWORD, PASSWORD]), "password.same");
    assert_eq!(desk.code("account passwd siti", &[PASSWORD, "x99999999x"]), "password.has-npsn");
    assert_eq!(desk.code("account passwd siti", &[PASSWORD, "punya siti 1"]), "password.has-name");
    assert_eq!(desk.code("account passwd siti", &[PASSWORD, "tujuh77"]), "password.short");
}

#[test]
fn a_forgotten_password_is_replaced_with_the_kode_and_opens_a_locked_account() {
    let mut desk = with_account();
    for _ in 0..10 {
        desk.pass_time();
        desk.guess("salah sekali");
    }
    assert_eq!(desk.code("account reset siti", &["0000-0000-0000", "sungai dan hutan"]), "role.kode");
    desk.run("account reset siti", &[KODE, "sungai dan hutan"]).unwrap();
    assert_eq!(desk.code("account passwd siti", &["sungai dan hutan", PASSWORD]), "done");
}

#[test]
fn nobody_who_lacks_a_password_approves() {
    let mut desk = with_account();
    assert_eq!(desk.code("approve siti", &["salah sekali"]), "account.password");
    assert_eq!(desk.code("approve budi", &[PASSWORD]), "account.unknown");
    assert_eq!(desk.code("head activate siti", &[KODE, "salah sekali"]), "account.password");
}

/// What a stranger guesses, with however many addresses, is bounded; it closes nothing to this computer, and to nobody who
/// is signed in elsewhere; and the kode forgives it.
#[test]
fn strangers_guess_a_bounded_number_of_times_and_close_nothing_to_anybody_else() {
    let mut desk = with_account();
    let mut compared = 0;
    for last in 0..40 {
        let from = Source::of(std::net::IpAddr::from([192, 0, 2, last]), None);
        for _ in 0..12 {
            desk.pass_time();
            compared += usize::from(desk.offer("salah sekali", &from) == "account.password");
        }
    }
    assert!((100..=160).contains(&compared), "{compared}");
    assert_eq!(desk.offer(PASSWORD, &Source::Here), "done");
    assert_eq!(desk.offer(PASSWORD, &Source::Account("budi".to_owned())), "done");
    let new = Source::of(std::net::IpAddr::from([198, 51, 100, 7]), None);
    assert_eq!(desk.offer(PASSWORD, &new), "account.locked");
    desk.run("account unlock siti", &[KODE]).unwrap();
    assert_eq!(desk.offer(PASSWORD, &new), "done");
}

/// The same with the kode registrasi: whoever is signed in elsewhere slows themselves alone.
#[test]
fn wrong_kodes_from_elsewhere_slow_nobody_here() {
    let mut desk = with_account();
    let elsewhere = Source::Account("budi".to_owned());
    let wrong = Secret::new("0000-0000-0000");
    let offered =
        |desk: &mut Desk| desk.service.open_store().unwrap().check_kode(&wrong, &elsewhere).unwrap_err().code.clone();
    let codes: Vec<String> = (0..6).map(|_| offered(&mut desk)).collect();
    assert_eq!(codes.last().map(String::as_str), Some("kode.wait"));
    assert_eq!(desk.code("account unlock siti", &[KODE]), "done");
}
