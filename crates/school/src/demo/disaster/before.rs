//! The drill until the disk is lost: two schools in step, a backup, and everything that happened since.

use std::collections::BTreeSet;
use std::path::PathBuf;

use selaras_model::Pack;
use selaras_policy::Rulebook;
use serde_json::Value;

use super::cast::{COPY, HEADS, LATE, LIBRARY, NEW_OFFICE, OFFICE, Post, STOLEN, Which};
use super::process::copy;
use super::{BACKUP, BY_THE_COPY, BY_THE_OLD_KEY, CENTRE, Drill};
use crate::demo::story::HEAD;
use crate::failure::Failure;

/// The first day of the heads' assignments.
const ASSIGNED: &str = "2026-07-01";
/// The first day of the student at the new school.
const MOVES_ON: &str = "2026-11-02";
/// What the rulebook demands of a height, before and since: 50.0 cm, then 60.0 cm.
const SHORTEST: [&str; 2] = ["min = 500", "min = 600"];
/// The number of the rulebook that begins.
const VERSION: &str = "version = \"2026.9\"";

impl Drill<'_> {
    /// Two schools, four computers and the centre come into step; then the centre is backed up.
    pub(super) fn before_the_backup(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.disaster.opening"));
        self.tell.line(&words.fill("demo.centre", &[("url", &self.centre.url())]));
        for office in [OFFICE, NEW_OFFICE] {
            self.found(office)?;
        }
        self.register(HEADS)?;
        let before = self.devices()?;
        self.register(STOLEN)?;
        self.laptop = self.devices()?.difference(&before).cloned().collect();
        self.quietly(OFFICE, &["pull"], &[])?;
        self.quietly(HEADS, &["pull"], &[])?;
        self.all_in_step(&[OFFICE, HEADS, STOLEN, NEW_OFFICE])?;
        self.tell.step(words.say("demo.disaster.backup"));
        let backup = self.dir.join(BACKUP);
        self.operator(&["backup", "--to", &backup.display().to_string()])?;
        self.tell.check(backup.is_dir(), words.say("demo.disaster.backed-up"))
    }

    /// Everything that happens between the backup and the loss of the disk.
    pub(super) fn since_the_backup(&mut self) -> Result<(), Failure> {
        self.ordinary_day()?;
        self.rules_begin()?;
        self.somebody_registers()?;
        self.laptop_is_stolen()?;
        self.student_is_to_move()?;
        self.disk_is_copied()
    }

    /// A school is made known, and its first computer sends everything.
    fn found(&mut self, office: Post) -> Result<(), Failure> {
        let words = self.tell.words();
        let school = self.school(office);
        let (npsn, name) = (school.npsn.to_string(), school.sample.name.clone());
        let (centre, records) =
            (school.sample.centre.display().to_string(), school.sample.school.display().to_string());
        let head = school.sample.head.to_string();
        let added = self.operator(&["school", "add", &npsn, "--name", &name, "--import", &centre])?;
        self.cast.set_kode(office.school, added.text("/kode_registrasi"));
        let decree = "821.2/0001/DISDIK/2026";
        self.operator(&["head", "assign", &npsn, "--ptk", &head, "--sk", decree, "--from", ASSIGNED])?;
        self.register(office)?;
        self.quietly(office, &["import", &records], &[])?;
        self.quietly(office, &["approve", HEAD.0], &[HEAD.1])?;
        let sent = self.quietly(office, &["sync"], &[])?;
        let code = sent.text("/receipt/short_code");
        let text = words.fill("demo.disaster.first-upload", &[("name", &name), ("npsn", &npsn), ("code", &code)]);
        self.tell.check(!code.is_empty(), &text)
    }

    /// A computer is registered, pulls, and gets the head's account and key.
    fn register(&mut self, post: Post) -> Result<(), Failure> {
        let words = self.tell.words();
        let school = self.school(post);
        let (npsn, head, kode) = (school.npsn.to_string(), school.sample.head.to_string(), school.kode.clone());
        let url = self.centre.url().to_owned();
        self.quietly(post, &["init", "--server", &url, "--npsn", &npsn], &[&kode])?;
        self.quietly(post, &["pull"], &[])?;
        self.quietly(post, &["account", "add", HEAD.0, "--ptk", &head], &[HEAD.1])?;
        self.quietly(post, &["role", "add", HEAD.0, "head"], &[&kode])?;
        self.quietly(post, &["head", "activate", HEAD.0], &[&kode, HEAD.1])?;
        self.quietly(post, &["pull"], &[])?;
        self.tell.line(&words.fill("demo.disaster.registered", &[("computer", &post.name)]));
        Ok(())
    }

    fn ordinary_day(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.disaster.day"));
        let student = self.nth(OFFICE, 0)?;
        self.send(OFFICE, &student, "Jalan Hari Biasa")
    }

    /// A stricter rulebook begins today; every school's next bundle is judged by it.
    fn rules_begin(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.disaster.rules"));
        let status = self.quietly(OFFICE, &["status"], &[])?;
        let book = self.stricter()?.display().to_string();
        let today = status.text("/judged_on");
        self.operator(&["rules", "publish", "--rulebook", &book, "--from", &today])?;
        self.quietly(OFFICE, &["pull"], &[])?;
        let now = self.quietly(OFFICE, &["status"], &[])?;
        self.rulebook = now.text("/rulebook");
        let [old, new] = [status.text("/rulebook"), self.rulebook.clone()];
        self.tell.check(old != new, &words.fill("demo.disaster.rules-began", &[("old", &old), ("new", &new)]))
    }

    /// The built-in rulebook, but nobody is shorter than 60.0 cm.
    fn stricter(&self) -> Result<PathBuf, Failure> {
        let broken = |error: &dyn std::fmt::Display| Failure::new("demo.sample").arg("reason", error);
        let book = Rulebook::builtin(&Pack::builtin()).map_err(|error| broken(&error))?;
        let changed = |text: &str, from: &str, to: &str| {
            if text.contains(from) { Ok(text.replacen(from, to, 1)) } else { Err(broken(&from)) }
        };
        let (head, tail) = book.source().split_once("id = \"pd.tinggi\"").ok_or_else(|| broken(&"pd.tinggi"))?;
        let [before, since] = SHORTEST;
        let text = format!("{head}id = \"pd.tinggi\"{}", changed(tail, before, since)?);
        let text = changed(&text, &format!("version = \"{}\"", book.version()), VERSION)?;
        let path = self.dir.join("rulebook.toml");
        std::fs::write(&path, text).map_err(|_| Failure::new("input.target").arg("file", path.display()))?;
        Ok(path)
    }

    /// A school, and another computer of a school.
    fn somebody_registers(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.disaster.registers"));
        self.found(LATE)?;
        let student = self.nth(LATE, 0)?;
        self.send(LATE, &student, "Jalan Sekolah Susulan")?;
        self.register(LIBRARY)?;
        let student = self.nth(LIBRARY, 0)?;
        self.send(LIBRARY, &student, "Jalan Komputer Baru")
    }

    /// The laptop is taken away at the centre, with the head's keys and the kode; the office hears of it.
    fn laptop_is_stolen(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.disaster.theft"));
        // The head's own computer has something sealed by the rules in force, with the key that is about to end, and is away.
        self.quietly(HEADS, &["pull"], &[])?;
        let student = self.nth(HEADS, 1)?;
        let sealed = self.seal(HEADS, &student, BY_THE_OLD_KEY)?;
        self.by_old_key = student;
        self.has_done("selaras approve", sealed)?;
        self.quietly(STOLEN, &["pull"], &[])?;
        self.readable = self.reads(STOLEN)?;
        let (npsn, head) = (self.school(STOLEN).npsn.to_string(), self.school(STOLEN).sample.head.to_string());
        let device = self.laptop.clone();
        self.operator(&["device", "remove", &npsn, &device, "--reason", "stolen"])?;
        self.operator(&["head", "revoke", &npsn, "--ptk", &head])?;
        let renewed = self.operator(&["school", "kode", &npsn])?;
        self.cast.set_kode(Which::Old, renewed.text("/kode_registrasi"));
        let tried = self.run(STOLEN, &["pull"], &[])?;
        let text = words.fill("demo.disaster.thief-refused", &[("code", &tried.code)]);
        self.tell.check(tried.code == "session.device-removed", &text)?;
        let kode = self.school(OFFICE).kode.clone();
        self.quietly(OFFICE, &["pull"], &[])?;
        self.run(OFFICE, &["head", "activate", HEAD.0], &[&kode, HEAD.1])?;
        self.quietly(OFFICE, &["pull"], &[])?;
        let student = self.nth(OFFICE, 2)?;
        self.send(OFFICE, &student, "Jalan Sesudah Pencurian")
    }

    /// The computers of the old school, as the centre names them.
    fn devices(&self) -> Result<BTreeSet<String>, Failure> {
        let listed = self.asked(&["device", "list", &self.school(OFFICE).npsn.to_string()])?;
        let names = listed.lines.iter().filter_map(|line| line.pointer("/device").and_then(Value::as_str));
        Ok(names.map(str::to_owned).collect())
    }

    /// The Dinas offers a student to the new school, which answers; the old school has not heard of it yet.
    fn student_is_to_move(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.disaster.move"));
        self.mover = self.nth(OFFICE, 5)?;
        let (from, to) = (self.school(OFFICE).npsn.to_string(), self.school(NEW_OFFICE).npsn.to_string());
        let student = self.mover.clone();
        self.operator(&["student", "move", &from, "--student", &student, "--to", &to, "--on", MOVES_ON])?;
        self.quietly(NEW_OFFICE, &["pull"], &[])?;
        let offers = self.quietly(NEW_OFFICE, &["moves", "list"], &[])?;
        let offer = offers.text("/moves/0/id");
        self.run(NEW_OFFICE, &["moves", "accept", &offer], &[])?;
        let student = self.nth(NEW_OFFICE, 1)?;
        self.send(NEW_OFFICE, &student, "Jalan Hari Menjawab")?;
        self.tell.line(words.say("demo.disaster.answered"));
        Ok(())
    }

    /// A disk is copied; both go on, and the copy has something sealed when the centre's disk is lost.
    fn disk_is_copied(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.disaster.copy"));
        copy(&self.at(NEW_OFFICE).data, &self.at(COPY).data)?;
        self.tell.line(&words.fill("demo.disaster.copied", &[("from", &NEW_OFFICE.name), ("to", &COPY.name)]));
        let (one, other) = (self.nth(NEW_OFFICE, 2)?, self.nth(COPY, 3)?);
        self.send(NEW_OFFICE, &one, "Jalan Yang Asli")?;
        let sealed = self.seal(COPY, &other, BY_THE_COPY)?;
        self.by_copy = other;
        self.has_done("selaras approve", sealed)?;
        Ok(())
    }

    /// The centre is killed, and its data are gone.
    pub(super) fn disk_is_lost(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.disaster.lost"));
        self.centre.kill()?;
        let data = self.room.join(CENTRE);
        std::fs::remove_dir_all(&data).map_err(|error| Failure::new("demo.centre").arg("reason", error))?;
        let count = self.receipted.len();
        self.tell.check(!data.exists(), &words.fill("demo.disaster.gone", &[("count", &count)]))
    }
}
