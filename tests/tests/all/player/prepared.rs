//! The school with which every play begins: made once, copied for each.

use std::collections::BTreeMap;
use std::path::PathBuf;

use selaras_lab::line::{Plan, Proxy};
use serde_json::Value;

use crate::people::{School, activate, add_school, approve_and_sync, assign, computer_at};
use crate::stand::{Centre, Computer};

use super::clock::Clock;
use super::script::STUDENTS;

const NPSN: &str = "99999999";
/// Seconds within which a school gives up a line that does not work.
const PATIENCE: u32 = 2;

/// A centre and two computers of a school that are in step, none of them running.
pub(super) struct Prepared {
    /// By this computers reach the centre of whichever play it is: one play at a time.
    pub(super) line: Proxy,
    pub(super) clock: Clock,
    pub(super) school: School,
    pub(super) centre: PathBuf,
    pub(super) computers: [PathBuf; 2],
    /// The students into whose records people type.
    pub(super) students: Vec<String>,
    /// What a new record has besides its name.
    pub(super) fields: Vec<String>,
    /// The centre's public key.
    pub(super) key: String,
    // Goes last.
    _place: tempfile::TempDir,
}

impl Prepared {
    pub(super) fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("centre");
        let centre = Centre::start(&data);
        let line = Proxy::start(centre.address(), Plan::default()).unwrap();
        let url = format!("http://{}", line.address());
        let school = add_school(place.path(), &centre, NPSN, "15");
        assign(&centre, &school);
        let computer = |name: &str| computer_at(place.path(), &url, &school, name);
        let (first, second) = (computer("a"), computer("b"));
        let import = first.run(&["import", school.files.join("school.jsonl").to_str().unwrap()], &[]);
        assert_eq!(import["invalid"], 0, "{import}");
        activate(&first, &school);
        activate(&second, &school);
        approve_and_sync(&first);
        second.run(&["pull"], &[]);
        for computer in [&first, &second] {
            is_impatient(computer);
        }
        let listed = first.run(&["list", "peserta_didik"], &[]);
        let ids = listed["records"].as_array().unwrap().iter().map(|record| record["id"].as_str().unwrap().to_owned());
        let students = ids.take(STUDENTS).collect();
        let fields = fields_of_an_alat(&school);
        let key = centre.operator(&["key"])["public"].as_str().unwrap().to_owned();
        centre.stop();
        let computers = [first.data, second.data];
        Self { clock: Clock::here(), line, school, centre: data, computers, students, fields, key, _place: place }
    }

    /// The address by which computers reach the centre.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.line.address())
    }
}

/// Lets a computer give up a line soon.
pub(super) fn is_impatient(computer: &Computer) {
    let text = format!("[line]\npatience_seconds = {PATIENCE}\n");
    std::fs::write(computer.data.join("selaras.toml"), text).unwrap();
}

/// The fields of a piece of equipment of the made-up school, as they are typed; the name is left out.
fn fields_of_an_alat(school: &School) -> Vec<String> {
    let text = std::fs::read_to_string(school.files.join("school.jsonl")).unwrap();
    let alat = text.lines().find(|line| line.contains("\"alat\"")).expect("the school has equipment");
    let record: Value = serde_json::from_str(alat).unwrap();
    let fields: BTreeMap<String, Value> = serde_json::from_value(record["fields"].clone()).unwrap();
    let typed = |(name, value): (String, Value)| match value {
        Value::Null => None,
        Value::String(text) => Some(format!("{name}={text}")),
        other => Some(format!("{name}={other}")),
    };
    fields.into_iter().filter(|(name, _)| name != "nama").filter_map(typed).collect()
}
