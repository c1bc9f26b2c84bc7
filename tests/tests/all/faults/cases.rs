//! Small inputs that go wrong, each as the smallest thing that somebody at a school or at another application does.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::attacks::client::{Client, post_json, raw};
use crate::pages::school::{School, id_of};
use crate::people::{add_school, approve_and_sync, assign};
use crate::recovered::{NPSN, Scene};
use crate::stand::Centre;

/// The records of an export, as `import` reads them.
fn lines(export: &str) -> Vec<Value> {
    export.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A record and everything that refers to it, over any number of references; what refers comes first.
fn with_what_refers(export: &str, student: &str) -> Vec<(String, String)> {
    let lines = lines(export);
    let mut known = BTreeSet::from([student.to_owned()]);
    let mut found = vec![("peserta_didik".to_owned(), student.to_owned())];
    loop {
        let refers = lines.iter().find(|line| {
            let mut values = line["fields"].as_object().unwrap().values();
            !known.contains(line["id"].as_str().unwrap())
                && values.any(|value| value.as_str().is_some_and(|value| known.contains(value)))
        });
        let Some(line) = refers else { break };
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        known.insert(text("id"));
        found.push((text("entity"), text("id")));
    }
    found.reverse();
    found
}

/// A school in step in which a student of an earlier export was deleted with everything that referred to her.
struct Deleted {
    scene: Scene,
    student: String,
    export: String,
}

impl Deleted {
    fn new(seed: &str) -> Self {
        let scene = Scene::new(seed);
        let student = id_of(&scene.first, "peserta_didik", 0);
        let export = scene.exported(&scene.first, "before.jsonl");
        for (entity, id) in with_what_refers(&export, &student) {
            scene.first.run(&["delete", &entity, &id], &[]);
        }
        approve_and_sync(&scene.first);
        Self { scene, student, export }
    }

    fn import(&self, content: &str) -> Value {
        let file: PathBuf = self.scene.place.path().join("again.jsonl");
        std::fs::write(&file, content).unwrap();
        self.scene.first.run(&["import", file.to_str().unwrap()], &[])
    }

    /// She is deleted still, and nothing waits to be sent that would bring her back.
    fn is_deleted_still(&self) {
        let shown = self.scene.first.run(&["show", "peserta_didik", &self.student], &[]);
        assert_eq!(shown["deleted"], true, "{shown}");
        let status = self.scene.first.run(&["status"], &[]);
        let changed = status["pending"].as_array().unwrap().iter().any(|line| line["module"] == "peserta_didik");
        assert!(!changed, "{status}");
    }
}

/// A line that does not name `deleted` is read as one that says false.
#[test]
fn case_01_a_line_without_a_flag_brings_nobody_back() {
    let deleted = Deleted::new("41");
    let fields = json!({ "alamat_jalan": "Jalan Contoh" });
    deleted.import(&json!({ "entity": "peserta_didik", "id": deleted.student, "fields": fields }).to_string());
    let shown = deleted.scene.first.run(&["show", "peserta_didik", &deleted.student], &[]);
    assert_eq!(shown["deleted"], true, "{shown}");
}

/// So a whole school's export of before the deletion brings back her and everything that referred to her.
#[test]
fn case_01_an_export_of_before_a_deletion_brings_nobody_back() {
    let deleted = Deleted::new("42");
    let report = deleted.import(&deleted.export);
    assert_eq!(report["invalid"], 0, "{report}");
    deleted.is_deleted_still();
}

/// What the import says it took is what it changed.
#[test]
fn case_01_lines_that_change_nothing_are_not_counted_as_taken() {
    let scene = Scene::new("43");
    scene.exported(&scene.first, "same.jsonl");
    let file = scene.place.path().join("same.jsonl");
    let report = scene.first.run(&["import", file.to_str().unwrap()], &[]);
    assert_eq!(scene.first.run(&["status"], &[])["pending_records"], 0);
    assert_eq!(report["taken"], 0, "{report}");
}

/// The fields of the form that adds to a class, as the page gives them.
fn form_of(page: &str, path: &str) -> Vec<(String, String)> {
    let form = page.split(&format!("action=\"{path}\"")).nth(1).unwrap().split("</form>").next().unwrap();
    let hidden = form.split("<input type=\"hidden\" name=\"").skip(1);
    let pair = |input: &str| {
        let (name, rest) = input.split_once("\" value=\"").unwrap();
        (name.to_owned(), rest.split('"').next().unwrap().to_owned())
    };
    hidden.map(pair).collect()
}

/// A double click: the same form twice. The id of the membership is drawn when the form is taken, so there are two.
#[test]
#[ignore = "case 3"]
fn case_03_a_student_who_is_added_to_a_class_twice_is_in_it_once() {
    let school = School::with_a_days_work();
    let mut operator = school.operator();
    let classes = school.computer.run(&["list", "rombongan_belajar"], &[]);
    let student = id_of(&school.computer, "peserta_didik", 0);
    let link = format!("href=\"/data/peserta_didik/{student}\"");
    let mut paths = classes["records"].as_array().unwrap().iter().map(|class| {
        let id = class["id"].as_str().unwrap();
        format!("/kelas/{id}")
    });
    let path = paths.find(|path| !operator.get(path).body.contains(&link)).expect("a class that she is not in");
    let mut fields = form_of(&operator.get(&path).body, &path);
    fields.push(("student".into(), student.clone()));
    fields.push(("admission".into(), "1".into()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let first = operator.post(&path, &fields);
    assert!(first.body.contains("flash good"), "{}", first.body);
    operator.post(&path, &fields);
    assert_eq!(operator.get(&path).body.matches(&link).count(), 1);
}

#[track_caller]
fn an_act_closes_no_gate(seed: &str, entity: &str, field: &str) {
    let scene = Scene::new(seed);
    let id = id_of(&scene.first, entity, 0);
    let act = scene.centre.try_operator(&["identity", "correct", NPSN, entity, &id, field]);
    scene.first.run(&["pull"], &[]);
    assert_eq!(scene.first.run(&["validate"], &[])["invalid"], 0, "{act:?}");
    assert!(!act.status.success(), "{act:?}");
}

/// The centre's act is not judged: the school's gate closes on a field that the school may not edit.
#[test]
fn case_13_a_correction_that_would_be_invalid_is_refused() {
    an_act_closes_no_gate("46", "peserta_didik", "nik=123");
}

/// The same by another entity, and by a value that is missing.
#[test]
fn case_13_a_correction_that_clears_what_is_required_is_refused() {
    an_act_closes_no_gate("47", "ptk", "nama=");
}

/// `body.not-json` says "cannot be read" of JSON that can be read, and names nothing.
#[test]
fn case_15_a_registration_that_lacks_a_field_is_told_which() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    add_school(place.path(), &centre, NPSN, "44");
    let address = centre.url.trim_start_matches("http://");
    let key = "ab".repeat(32);
    let whole = json!({ "kode_registrasi": "x", "device_key": key, "replica": "0101010101010101", "app_version": "1" });
    for lacks in ["replica", "device_key", "kode_registrasi"] {
        let mut body = whole.clone();
        body.as_object_mut().unwrap().remove(lacks);
        let answer = post_json(address, &format!("/v1/schools/{NPSN}/register"), "", &body);
        assert_eq!(answer.code(), "body.not-json");
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(text.contains(lacks), "{text}");
    }
}

/// A client in the field refuses a `Location` that begins with a slash, and cannot upload.
#[test]
fn case_16_the_place_of_an_upload_is_a_whole_address() {
    let place = tempfile::tempdir().unwrap();
    let centre = Centre::start(&place.path().join("centre"));
    let school = add_school(place.path(), &centre, NPSN, "45");
    assign(&centre, &school);
    let client = Client::of(&centre, &school, 9);
    let made = raw(
        &client.address,
        format!(
            "POST /v1/uploads HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ntus-resumable: 1.0.0\r\n\
             authorization: Bearer {}\r\nupload-length: 10\r\n\r\n",
            client.address, client.token
        )
        .as_bytes(),
    );
    assert_eq!(made.status, 201, "{}", made.head);
    let place = made.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    assert!(place.starts_with(&format!("{}/v1/uploads/", centre.url)), "{place}");
}
