//! The centre, the school's computers, and what happens to them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use selaras_lab::line::{Plan, Proxy};
use serde_json::Value;

use crate::copied::copy;
use crate::faults::scene::code;
use crate::people::{School, activate, add_school, approve_and_sync, assign, computer_at};
use crate::stand::{Centre, Computer, PASSWORD};

use super::books::Books;

pub(super) const NPSN: &str = "99999999";
/// Students into whose records each computer types, and no other.
const STUDENTS: usize = 12;
/// Fields that are typed into.
const FIELDS: [&str; 2] = ["alamat_jalan", "nama_dusun"];
/// Backups that are kept: any of them may be what is left.
const BACKUPS: usize = 3;
/// Times that everybody comes in the end.
const ROUNDS: usize = 4;
/// What a command may end in while the other end dies or comes back, or while its disk has a twin.
const ANSWERS: [&str; 16] = [
    "done",
    "seal.pending",
    "seal.nothing",
    "gate.not-approved",
    "center.healing",
    "center.unconfirmed",
    "center.restored",
    "bundle.sequence",
    "bundle.previous",
    // It was sealed on what an older backup than the last does not give back.
    "bundle.epoch",
    "bundle.heads",
    "link.refused",
    "link.cut",
    "link.unreachable",
    "exchange.not-equal",
    "withdrawn",
];

/// What happened, by name.
#[derive(Default)]
pub(super) struct Met(BTreeMap<String, u64>);

impl Met {
    fn note(&mut self, what: &str) {
        *self.0.entry(what.to_owned()).or_default() += 1;
    }
}

impl std::fmt::Display for Met {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let some: Vec<String> = self.0.iter().map(|(what, count)| format!("{count} {what}")).collect();
        f.write_str(&some.join(", "))
    }
}

pub(super) struct Scene {
    // Ends before its directory goes.
    centre: Option<Centre>,
    data: PathBuf,
    line: Proxy,
    computers: Vec<Computer>,
    students: Vec<String>,
    /// The oldest first.
    backups: Vec<PathBuf>,
    /// A copy of the centre's files.
    image: Option<PathBuf>,
    /// By student and field, what was typed last.
    typed: BTreeMap<(String, &'static str), String>,
    books: Books,
    /// Who typed last.
    typist: usize,
    pub(super) met: Met,
    pub(super) rng: ChaCha8Rng,
    directories: u32,
    place: tempfile::TempDir,
}

impl Scene {
    /// A school with two computers that are in step.
    pub(super) fn new(seed: u64) -> Self {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("centre");
        let centre = Centre::start(&data);
        let line = Proxy::start(centre.address(), Plan::default()).unwrap();
        let school = add_school(place.path(), &centre, NPSN, "1901");
        assign(&centre, &school);
        let url = format!("http://{}", line.address());
        let computers = ["a", "b"].map(|name| registered(place.path(), &url, &school, name));
        let [first, second] = &computers;
        first.run(&["import", school.files.join("school.jsonl").to_str().unwrap()], &[]);
        approve_and_sync(first);
        second.run(&["pull"], &[]);
        let listed = first.run(&["list", "peserta_didik"], &[]);
        let students = listed["records"].as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned());
        let mut scene = Self {
            centre: Some(centre),
            data,
            line,
            students: students.collect(),
            computers: computers.into(),
            backups: Vec::new(),
            image: None,
            typed: BTreeMap::new(),
            books: Books::default(),
            typist: 0,
            met: Met::default(),
            rng: ChaCha8Rng::seed_from_u64(seed),
            directories: 0,
            place,
        };
        scene.backs_up();
        scene
    }

    fn directory(&mut self, what: &str) -> PathBuf {
        self.directories += 1;
        self.place.path().join(format!("{what}-{}", self.directories))
    }

    fn centre(&self) -> &Centre {
        self.centre.as_ref().unwrap()
    }

    fn anybody(&mut self) -> usize {
        self.rng.random_range(0..self.computers.len())
    }

    /// Runs a command that may end in what a disaster leads to, and in nothing else.
    fn outcome(&mut self, who: usize, arguments: &[&str], secrets: &[&str]) -> String {
        let output = self.computers[who].try_run(arguments, secrets);
        let code = code(&output);
        assert!(ANSWERS.contains(&code.as_str()), "{who}: {arguments:?}: {code}: {output:?}");
        self.met.note(&format!("{} {code}", arguments[0]));
        code
    }

    /// Something that is typed is saved; the head approves everything that waits, unless something waits to be sent.
    pub(super) fn somebody_types_and_approves(&mut self) {
        let who = self.anybody();
        let student = self.students[who * STUDENTS + self.rng.random_range(0..STUDENTS)].clone();
        let field = FIELDS[self.rng.random_range(0..FIELDS.len())];
        let token = format!("Jalan {}", self.rng.random::<u32>());
        self.computers[who].run(&["edit", "peserta_didik", &student, &format!("{field}={token}")], &[]);
        self.typed.insert((student, field), token);
        self.typist = who;
        self.outcome(who, &["approve", "kepala"], &[PASSWORD]);
    }

    /// Begins an exchange, mostly where something was typed last, and kills whoever it is at a moment of chance.
    pub(super) fn exchange_is_killed(&mut self) {
        let anybody = self.anybody();
        let who = if self.rng.random_range(0..3) == 0 { anybody } else { self.typist };
        let mut child = self.computers[who].begin(&["sync"]);
        // An exchange takes some 100 ms here, and twice as much where something is handed back.
        std::thread::sleep(Duration::from_micros(self.rng.random_range(0..300_000)));
        let whom = self.rng.random_range(0..3);
        if whom != 1 {
            let _ = child.kill();
        }
        if whom != 0 {
            self.end_the_centre();
            self.start_the_centre();
        }
        let _ = child.kill();
        child.wait().unwrap();
        self.met.note("kills");
    }

    fn end_the_centre(&mut self) {
        // Dropped, it is killed.
        drop(self.centre.take());
    }

    fn start_the_centre(&mut self) {
        let centre = Centre::start(&self.data);
        self.line.lead_to(centre.address());
        self.centre = Some(centre);
    }

    /// The centre is backed up; the oldest of the backups goes.
    pub(super) fn backs_up(&mut self) {
        let backup = self.directory("backup");
        self.centre().operator(&["backup", "--to", backup.to_str().unwrap()]);
        self.backups.push(backup);
        if self.backups.len() > BACKUPS {
            std::fs::remove_dir_all(self.backups.remove(0)).unwrap();
        }
        self.met.note("backups");
    }

    /// The disk is lost, and of the backups one that is left is restored; the first attempt may be killed as well.
    pub(super) fn loses_its_disk(&mut self) {
        self.end_the_centre();
        self.books.note(&self.data);
        std::fs::remove_dir_all(&self.data).unwrap();
        let which = self.rng.random_range(0..self.backups.len());
        for newer in self.backups.drain(which + 1..) {
            std::fs::remove_dir_all(newer).unwrap();
        }
        let backup = self.backups[which].clone();
        if self.rng.random_range(0..3) == 0 {
            let data = self.directory("half");
            let mut restore = Centre::begin(&["restore", "--from", backup.to_str().unwrap(), "--data"], &data);
            std::thread::sleep(Duration::from_micros(self.rng.random_range(0..200_000)));
            let _ = restore.kill();
            restore.wait().unwrap();
            self.met.note("restores killed");
        }
        self.data = self.directory("centre");
        let (from, to) = (backup.to_str().unwrap(), self.data.to_str().unwrap());
        let made = Centre::command(&["restore", "--from", from, "--data", to]);
        assert!(made.status.success(), "{made:?}");
        self.start_the_centre();
        self.met.note("restores");
        self.operator_may_confirm();
    }

    /// The files of the centre are copied; a copy from before is put back, and an operator says so.
    pub(super) fn is_put_back(&mut self) {
        self.end_the_centre();
        self.books.note(&self.data);
        if let Some(image) = self.image.take() {
            std::fs::remove_dir_all(&self.data).unwrap();
            self.data = image;
            let said = Centre::command(&["restored", "--data", self.data.to_str().unwrap()]);
            assert!(said.status.success(), "{said:?}");
            self.met.note("copies put back");
            self.start_the_centre();
            self.operator_may_confirm();
        } else {
            let image = self.directory("image");
            copy(&self.data, &image);
            self.image = Some(image);
            self.start_the_centre();
        }
    }

    fn operator_may_confirm(&mut self) {
        if self.rng.random_range(0..2) == 0 {
            self.confirms();
        }
    }

    fn confirms(&mut self) {
        let confirmed = self.centre().try_operator(&["restore", "confirm", "--all"]);
        assert!(confirmed.status.success(), "{confirmed:?}");
        self.met.note("confirmed");
    }

    /// A disk is copied, and the copy goes on as a third computer; the copy of before goes, once all are in step.
    pub(super) fn disk_is_copied(&mut self) {
        if self.computers.len() == 3 {
            self.everybody_comes_into_step();
            let gone = self.computers.pop().unwrap();
            std::fs::remove_dir_all(gone.data).unwrap();
            self.typist = 0;
        }
        let (which, data) = (self.anybody(), self.directory("copy"));
        copy(&self.computers[which].data, &data);
        self.computers.push(Computer { data });
        self.met.note("disks copied");
    }

    /// Nothing goes wrong any more: everybody sends what waits and fetches what came, until all are in step.
    pub(super) fn everybody_comes_into_step(&mut self) {
        for _ in 0..ROUNDS {
            // What comes back after a word is doubted again.
            self.confirms();
            for who in 0..self.computers.len() {
                if self.outcome(who, &["sync"], &[]) != "done" {
                    self.outcome(who, &["approve", "kepala"], &[PASSWORD]);
                    self.outcome(who, &["sync"], &[]);
                }
            }
        }
        for computer in &self.computers {
            let pulled = computer.run(&["pull"], &[]);
            assert_eq!((&pulled["equal"], &pulled["pending"]), (&Value::Bool(true), &Value::from(0)), "{pulled}");
            let status = computer.run(&["status"], &[]);
            assert_eq!(status["version"], self.centre().operator(&["digest", NPSN])["version"], "{status}");
        }
    }

    /// What was typed last into each field is there, or is one of two values that wait for somebody's decision.
    pub(super) fn nothing_is_lost(&self) {
        let exported = self.centre().try_operator(&["export", NPSN]);
        let records = String::from_utf8(exported.stdout).unwrap();
        let records: BTreeMap<String, Value> = records
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|record| (record["id"].as_str().unwrap_or_default().to_owned(), record))
            .collect();
        let conflicts = self.computers[0].run(&["conflicts"], &[]);
        let conflicts = conflicts["conflicts"].as_array().unwrap();
        assert!(!self.typed.is_empty());
        for ((student, field), token) in &self.typed {
            let stands = records[student]["fields"][field] == **token;
            let disputed = conflicts.iter().any(|conflict| {
                conflict["id"] == **student
                    && conflict["field"] == *field
                    && conflict["values"].to_string().contains(token)
            });
            assert!(stands || disputed, "lost: {field} of {student}: {token}: {}", records[student]);
        }
    }

    /// No bundle is in the log twice, by whatever entry.
    pub(super) fn every_bundle_counts_once(&mut self) -> String {
        self.centre.take().unwrap().stop();
        self.books.note(&self.data);
        self.books.every_bundle_counts_once(&self.data)
    }
}

fn registered(place: &Path, url: &str, school: &School, name: &str) -> Computer {
    let computer = computer_at(place, url, school, name);
    activate(&computer, school);
    computer
}
