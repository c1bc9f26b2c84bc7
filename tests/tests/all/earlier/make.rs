//! Makes the fixtures of this version, for later ones to read.
//!
//! ```sh
//! SELARAS_FIXTURES=tests/fixtures/VERSION cargo test -p selaras-tests --test all -- --ignored earlier::make
//! ```

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use selaras_storage::{Changelog, EngineKind, open_store};
use selaras_sync::{Key, ReadStore as _, Row, Rules};
use serde_json::{Value, json};

use super::archive::pack;
use super::recorder::{Exchange, Lost, Recorder};
use crate::people::{School, activate, add_large_school, approve_and_sync, assign};
use crate::stand::{Centre, Computer, PASSWORD};

/// Pack and rulebook of the centre, so that a later program's own are not in force there.
pub(crate) const RULES: [&str; 2] = ["pack.toml", "rulebook.toml"];
/// The entity in which the school may type something invalid.
pub(crate) const WEIGHED: &str = "peserta_didik_periodik";
const PASSPHRASE: &str = "tiga perahu di teluk";

#[test]
#[ignore = "makes the fixtures of this version in the directory that SELARAS_FIXTURES names"]
fn make_fixtures() {
    let place = tempfile::tempdir().unwrap();
    let out = std::env::var_os("SELARAS_FIXTURES").map_or_else(|| place.path().join("out"), |out| absolute(&out));
    std::fs::create_dir_all(out.join("recorded")).unwrap();
    let mut maker = Maker::begin(place.path(), out);
    maker.live();
    maker.keep_world();
    maker.record();
}

/// From the package's directory, in which tests run, to where the command was given.
fn absolute(path: &std::ffi::OsStr) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

struct Maker {
    place: PathBuf,
    out: PathBuf,
    centre: Centre,
    recorder: Recorder,
    /// A small school with two computers, one for each engine.
    school: School,
    sled: Computer,
    redb: Computer,
    /// A school whose first upload is too large for one request.
    large: School,
    beginner: Computer,
    world: Value,
}

impl Maker {
    fn begin(place: &Path, out: PathBuf) -> Self {
        let data = place.join("centre");
        let made = Centre::command(&["init", "--name", "Pusat Uji", "--data", data.to_str().unwrap()]);
        assert!(made.status.success(), "{made:?}");
        pin_rules(&data);
        let centre = Centre::start(&data);
        let recorder = Recorder::to(&centre.url);
        let school = add_large_school(place, &centre, "99999999", "1", 12);
        let large = add_large_school(place, &centre, "99999998", "2", 160);
        for school in [&school, &large] {
            assign(&centre, school);
        }
        let made = |school: &School, name: &str, engine: &str| installed(place, &recorder, school, name, engine);
        let (sled, first) = made(&school, "a", "sled");
        let (redb, second) = made(&school, "b", "redb");
        let (beginner, third) = made(&large, "c", "sled");
        let world = json!({
            "app": env!("CARGO_PKG_VERSION"),
            "url": recorder.url,
            "password": PASSWORD,
            "passphrase": PASSPHRASE,
            "schools": {
                school.npsn: { "head": school.head, "kode": school.kode },
                large.npsn: { "head": large.head, "kode": large.kode },
            },
            "computers": { "sled": first, "redb": second, "beginner": third },
        });
        let place = place.to_owned();
        Self { place, out, centre, recorder, school, sled, redb, large, beginner, world }
    }

    /// What happens until the fixtures are taken: both computers of the small school have drafts and findings beside an
    /// open conflict, and a bundle whose fate they do not know.
    fn live(&mut self) {
        import(&self.sled, &self.school);
        approve_and_sync(&self.sled);
        activate(&self.redb, &self.school);
        let students = records(&self.sled, "peserta_didik");
        let disputed = &students[0];
        edit(&self.sled, disputed, "alamat_jalan=Jalan Sekolah");
        let (npsn, centre) = (self.school.npsn, &self.centre);
        centre.operator(&["record", "edit", npsn, "peserta_didik", disputed, "alamat_jalan=Jalan Pusat"]);
        approve_and_sync(&self.sled);
        self.redb.run(&["pull"], &[]);
        offer(&self.recorder, &self.sled, &students[1], "Jalan Tak Sampai", Lost::Request);
        offer(&self.recorder, &self.redb, &students[2], "Jalan Tak Dijawab", Lost::Answer);
        let weighed = records(&self.sled, WEIGHED);
        for (place, computer, street) in [(0, &self.sled, "Jalan Draf Sled"), (1, &self.redb, "Jalan Draf Redb")] {
            edit(computer, &students[3 + place], &format!("alamat_jalan={street}"));
            computer.run(&["edit", WEIGHED, &weighed[place], "berat_badan=500"], &[]);
            edit(computer, &students[5 + place], "rt=");
        }
        import(&self.beginner, &self.large);
        self.beginner.run(&["approve", "kepala"], &[PASSWORD]);
        self.world["records"] = json!({
            "disputed": students[0],
            "sled": { "offered": students[1], "draft": students[3], "invalid": weighed[0], "warned": students[5] },
            "redb": { "offered": students[2], "draft": students[4], "invalid": weighed[1], "warned": students[6] },
        });
    }

    /// Takes the fixtures.
    fn keep_world(&mut self) {
        let status = self.sled.run(&["status"], &[]);
        self.world["today"] = status["judged_on"].clone();
        self.world["version"] = self.centre.operator(&["digest", self.school.npsn])["version"].clone();
        let age = self.out.join("school.age");
        let _ = std::fs::remove_file(&age);
        self.sled.run(&["backup", age.to_str().unwrap()], &[PASSPHRASE]);
        let (backup, data) = (self.place.join("backup"), self.place.join("centre"));
        self.centre.operator(&["backup", "--to", backup.to_str().unwrap()]);
        drop(self.centre.child.stdin.take());
        assert!(self.centre.child.wait().unwrap().success());
        for (directory, name) in
            [(&self.sled.data, "sled"), (&self.redb.data, "redb"), (&data, "centre"), (&backup, "centre-backup")]
        {
            pack(directory, &self.out.join(format!("{name}.tar.zst")));
        }
    }

    /// Records what is said from there on, and writes down the keys with which it may be said again.
    fn record(&mut self) {
        self.centre = Centre::start(&self.place.join("centre"));
        self.recorder.lead_to(&self.centre.url);
        self.recorder.heard();
        self.recorder.lose(None);
        self.redb.run(&["pull"], &[]);
        self.keep("pull");
        let recovered = Computer { data: self.place.join("recovered") };
        let (npsn, kode) = (self.school.npsn, self.school.kode.as_str());
        recovered.run(&["recover", "--server", &self.recorder.url, "--npsn", npsn], &[kode]);
        let registered = self.keep("recovery");
        self.beginner.run(&["sync"], &[]);
        self.keep("first-upload");
        self.sled.run(&["sync"], &[]);
        self.keep("day");
        self.world["computers"]["recovered"] = registration(&registered);
        let computers = [
            ("sled", &self.sled, npsn),
            ("redb", &self.redb, npsn),
            ("recovered", &recovered, npsn),
            ("beginner", &self.beginner, self.large.npsn),
        ];
        for (name, computer, npsn) in computers {
            self.world["computers"][name]["key"] = device_key(computer, npsn).into();
        }
        let text = serde_json::to_string_pretty(&self.world).unwrap() + "\n";
        std::fs::write(self.out.join("world.json"), text).unwrap();
    }

    fn keep(&self, name: &str) -> Vec<Exchange> {
        let directory = self.out.join("recorded").join(name);
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir(&directory).unwrap();
        let heard = self.recorder.heard();
        for (number, (request, answer)) in heard.iter().enumerate() {
            request.keep(&directory.join(format!("{}-request.http", number + 1)));
            answer.keep(&directory.join(format!("{}-answer.http", number + 1)));
        }
        heard
    }
}

/// Writes this version's pack and rulebook beside the centre's store, and has the centre use them.
fn pin_rules(data: &Path) {
    let rules = Rules::builtin();
    for (name, text) in RULES.into_iter().zip([rules.pack.source(), rules.rulebook.source()]) {
        std::fs::write(data.join(name), text).unwrap();
    }
    let file = data.join("selaras-center.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, format!("pack = \"{}\"\nrulebook = \"{}\"\n{text}", RULES[0], RULES[1])).unwrap();
}

fn installed(place: &Path, recorder: &Recorder, school: &School, name: &str, engine: &str) -> (Computer, Value) {
    let computer = Computer { data: place.join(name) };
    std::fs::create_dir(&computer.data).unwrap();
    let settings = "[line]\npatience_seconds = 1\n[backup]\nautomatic = false\n";
    std::fs::write(computer.data.join("selaras.toml"), settings).unwrap();
    let arguments = ["init", "--server", &recorder.url, "--npsn", school.npsn, "--engine", engine];
    recorder.heard();
    computer.run(&arguments, &[&school.kode]);
    let registered = registration(&recorder.heard());
    computer.run(&["pull"], &[]);
    computer.run(&["account", "add", "kepala", "--ptk", &school.head], &[PASSWORD]);
    computer.run(&["role", "add", "kepala", "head"], &[&school.kode]);
    (computer, registered)
}

/// What a computer was registered as.
fn registration(heard: &[Exchange]) -> Value {
    let (asked, answered) = heard.iter().find(|(asked, _)| asked.path().ends_with("/register")).unwrap();
    let [asked, answered] = [asked, answered].map(|message| serde_json::from_slice::<Value>(&message.body).unwrap());
    json!({ "device": answered["device"], "replica": asked["replica"] })
}

fn import(computer: &Computer, school: &School) {
    let import = computer.run(&["import", school.files.join("school.jsonl").to_str().unwrap()], &[]);
    assert_eq!(import["invalid"], 0, "{import}");
    activate(computer, school);
}

fn records(computer: &Computer, entity: &str) -> Vec<String> {
    let list = computer.run(&["list", entity], &[]);
    list["records"].as_array().unwrap().iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect()
}

fn edit(computer: &Computer, student: &str, what: &str) {
    computer.run(&["edit", "peserta_didik", student, what], &[]);
}

/// Approves an edit and sends it, and loses the request or the answer.
fn offer(recorder: &Recorder, computer: &Computer, student: &str, street: &str, lost: Lost) {
    edit(computer, student, &format!("alamat_jalan={street}"));
    computer.run(&["approve", "kepala"], &[PASSWORD]);
    recorder.lose(Some(lost));
    let sent = computer.try_run(&["sync"], &[]);
    assert_eq!(sent.status.code(), Some(5), "{sent:?}");
    recorder.lose(None);
    assert_eq!(computer.run(&["status"], &[])["sealed"]["phase"], "offered");
}

/// The device's key, by which a token can be asked for.
fn device_key(computer: &Computer, npsn: &str) -> String {
    let engine = open_store(&computer.data.join("store"), EngineKind::Sled, 1 << 20).unwrap().engine;
    let store = Changelog::new(engine).unwrap().school(npsn.parse().unwrap());
    let Some(Row::Bytes(seed)) = store.get(&Key::Local("device".to_owned())).unwrap() else { panic!("no key") };
    HEXLOWER.encode(&seed)
}
