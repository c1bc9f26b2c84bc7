//! A school's computer is lost or its store is damaged, and everything comes back from the centre; nothing is deleted.

use std::path::Path;
use std::process::{Command, Stdio};

use selaras_storage::{EngineKind, Space, Write, open_store};
use selaras_sync::Flow;
use serde_json::Value;

use crate::people::{School, activate, add_school, approve_and_sync, assign, computer};
use crate::stand::{Centre, Computer, PASSWORD, SCHOOL, last_json};
use crate::tap::Tap;

pub(crate) const NPSN: &str = "99999999";

/// A centre and a computer that are in step, and records of the school's own.
pub(crate) struct Scene {
    pub(crate) place: tempfile::TempDir,
    pub(crate) centre: Centre,
    pub(crate) school: School,
    pub(crate) first: Computer,
}

impl Scene {
    pub(crate) fn new(seed: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let centre = Centre::start(&place.path().join("centre"));
        let school = add_school(place.path(), &centre, NPSN, seed);
        let first = computer(place.path(), &centre, &school, "first");
        assign(&centre, &school);
        let import = first.run(&["import", school.files.join("school.jsonl").to_str().unwrap()], &[]);
        assert_eq!(import["invalid"], 0, "{import}");
        activate(&first, &school);
        approve_and_sync(&first);
        Self { place, centre, school, first }
    }

    pub(crate) fn empty(&self, name: &str) -> Computer {
        Computer { data: self.place.path().join(name) }
    }

    fn devices(&self) -> u64 {
        // One line for each school, and there is one.
        self.centre.operator(&["school", "list"])["devices"].as_u64().unwrap()
    }

    pub(crate) fn exported(&self, computer: &Computer, name: &str) -> String {
        let file = self.place.path().join(name);
        // An export writes over nothing.
        let _ = std::fs::remove_file(&file);
        computer.run(&["export", file.to_str().unwrap()], &[]);
        std::fs::read_to_string(file).unwrap()
    }

    /// Begins a recovery through the tap and kills it when the line has fallen silent. Says whether it came so far.
    fn killed(&self, computer: &Computer, tap: &Tap, request: u32, bytes: usize) -> bool {
        let silent = tap.silence(request, bytes);
        let mut child = Command::new(SCHOOL)
            .args(["--json", "--kode-stdin", "--data"])
            .arg(&computer.data)
            .args(["recover", "--server", &tap.url, "--npsn", NPSN])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{}\n", self.school.kode).as_bytes())
            .unwrap();
        while child.try_wait().unwrap().is_none() {
            if silent.recv_timeout(std::time::Duration::from_millis(20)).is_ok() {
                child.kill().unwrap();
                child.wait().unwrap();
                return true;
            }
        }
        false
    }
}

fn recover(computer: &Computer, url: &str, kode: &str) -> Value {
    let report = computer.run(&["recover", "--server", url, "--npsn", NPSN], &[kode]);
    assert_eq!(report["equal"], true, "{report}");
    report
}

#[test]
fn an_empty_computer_recovers_the_school_and_makes_accounts_and_keys_anew() {
    let scene = Scene::new("11");
    let computer = scene.empty("new");
    let report = recover(&computer, &scene.centre.url, &scene.school.kode);
    let at_centre = scene.centre.operator(&["digest", NPSN]);
    assert_eq!(report["version"], at_centre["version"], "{report}");
    assert_eq!(scene.exported(&computer, "new.jsonl"), scene.exported(&scene.first, "first.jsonl"));
    assert_eq!(computer.run(&["account", "list"], &[])["accounts"], serde_json::json!([]));
    let again = computer.try_run(&["recover", "--server", &scene.centre.url, "--npsn", NPSN], &[&scene.school.kode]);
    assert_eq!(again.status.code(), Some(8), "{again:?}");

    // What the report says comes next is enough to send again.
    computer.run(&["account", "add", "kepala", "--ptk", &scene.school.head], &[PASSWORD]);
    computer.run(&["role", "add", "kepala", "head"], &[&scene.school.kode]);
    activate(&computer, &scene.school);
    let student = computer.run(&["list", "peserta_didik"], &[])["records"][0]["id"].as_str().unwrap().to_owned();
    computer.run(&["edit", "peserta_didik", &student, "rt=77"], &[]);
    approve_and_sync(&computer);
}

#[test]
fn a_recovery_killed_in_any_answer_goes_on_and_registers_no_device_twice() {
    let scene = Scene::new("12");
    let tap = Tap::to(&scene.centre.url);
    let before = scene.devices();
    recover(&scene.empty("uncut"), &tap.url, &scene.school.kode);
    let requests = tap.requests();
    assert!(requests >= 4, "rules, registration, token, exchange: {requests}");
    let first = scene.exported(&scene.first, "first.jsonl");
    let mut computers = 1;
    for request in 1..=requests {
        for bytes in [0, 300] {
            let name = format!("cut-{request}-{bytes}");
            let computer = scene.empty(&name);
            assert!(scene.killed(&computer, &tap, request, bytes), "the line was silent in answer {request}");
            tap.clear();
            recover(&computer, &tap.url, &scene.school.kode);
            computers += 1;
            assert_eq!(scene.devices(), before + computers, "{name}: a device that nobody has");
            assert_eq!(scene.exported(&computer, &format!("{name}.jsonl")), first, "{name}");
        }
    }
}

#[test]
fn a_recovery_killed_again_and_again_in_one_place_ends() {
    let scene = Scene::new("13");
    let tap = Tap::to(&scene.centre.url);
    let before = scene.devices();
    let computer = scene.empty("patient");
    let mut request = 1;
    while scene.killed(&computer, &tap, request, 300) {
        request += 1;
    }
    tap.clear();
    assert!(request >= 4, "killed {} times", request - 1);
    // The last attempt was not killed; what it left is whole.
    let pulled = computer.run(&["pull"], &[]);
    assert_eq!(pulled["equal"], true, "{pulled}");
    assert_eq!(scene.exported(&computer, "patient.jsonl"), scene.exported(&scene.first, "first.jsonl"));
    assert_eq!(scene.devices(), before + 1);
}

/// Damages one row, as a worn disk does, beneath everything that would notice.
pub(crate) fn damage_a_view(data: &Path) {
    let engine = open_store(&data.join("store"), EngineKind::Sled, 1 << 20).unwrap().engine;
    let mut first = None;
    engine
        .scan(Space::View, &[], &mut |key, value| {
            first = Some((key.to_vec(), value.to_vec()));
            Ok(Flow::Stop)
        })
        .unwrap();
    let (key, mut value) = first.unwrap();
    *value.last_mut().unwrap() ^= 1;
    engine.commit(&[Write::put(Space::View, key, value)]).unwrap();
}

#[test]
fn a_damaged_store_is_moved_aside_and_what_was_typed_is_saved() {
    let scene = Scene::new("14");
    let first = &scene.first;
    let students = first.run(&["list", "peserta_didik"], &[]);
    let student = students["records"][1]["id"].as_str().unwrap().to_owned();
    first.run(&["edit", "peserta_didik", &student, "rt=88", "alamat_jalan=Jalan Belum Terkirim"], &[]);
    damage_a_view(&first.data);
    let report = recover(first, &scene.centre.url, &scene.school.kode);
    assert_eq!(report["pending"], 0, "{report}");
    assert_eq!(report["drafts_records"], 1, "{report}");
    let aside = Path::new(report["aside"].as_str().unwrap());
    assert!(aside.join("store").is_dir() && aside.join("blobs").is_dir(), "{report}");
    let drafts = report["drafts"].as_str().unwrap();
    let text = std::fs::read_to_string(drafts).unwrap();
    assert!(text.contains("Jalan Belum Terkirim") && text.lines().count() == 1, "{text}");

    let imported = first.run(&["import", drafts], &[]);
    assert_eq!(imported["taken"], 1, "{imported}");
    let shown = first.run(&["show", "peserta_didik", &student], &[]).to_string();
    assert!(shown.contains("Jalan Belum Terkirim") && shown.contains("88"), "{shown}");
}

#[test]
fn a_store_that_cannot_be_opened_is_moved_aside_as_it_is() {
    let scene = Scene::new("15");
    let first = &scene.first;
    let mut spoilt = 0;
    for entry in std::fs::read_dir(first.data.join("store")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let length = usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap();
            std::fs::write(&path, vec![0xA5; length]).unwrap();
            spoilt += 1;
        }
    }
    assert!(spoilt > 0);
    let status = first.try_run(&["status"], &[]);
    assert_eq!(status.status.code(), Some(7), "{status:?}");
    let said = [status.stdout, status.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(said.contains("store.damaged") && !said.contains("panicked"), "{said}");
    // Nothing is moved before the centre was reached.
    std::fs::write(first.data.join("selaras.toml"), "[line]\npatience_seconds = 1\n").unwrap();
    let nobody = first.try_run(&["recover", "--server", "http://127.0.0.1:9", "--npsn", NPSN], &[&scene.school.kode]);
    assert_eq!(nobody.status.code(), Some(5), "{nobody:?}");
    assert!(first.data.join("store").exists() && !first.data.join("aside-1").join("store").exists());

    let output = first.try_run(&["recover", "--server", &scene.centre.url, "--npsn", NPSN], &[&scene.school.kode]);
    assert!(output.status.success(), "{output:?}");
    let report = last_json(&output.stdout);
    assert_eq!(report["equal"], true, "{report}");
    assert_eq!(report["drafts"], Value::Null, "{report}");
    assert!(first.data.join("aside-1").join("store").is_dir());
}
