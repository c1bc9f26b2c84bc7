//! The drill after the disk was lost: the centre is made from the backup, and who comes gets what is due.

use selaras_model::RecordId;
use serde_json::Value;

use super::cast::{COPY, HEADS, HONEST, LATE, LIBRARY, NEW_OFFICE, OFFICE, Post, STOLEN, Which};
use super::process::{self, copy};
use super::{BACKUP, BEFORE, BY_THE_COPY, BY_THE_OLD_KEY, CENTRE, Drill, Order};
use crate::demo::sabotage::Sabotage;
use crate::demo::story::HEAD;
use crate::failure::Failure;

/// Contacts within which every computer is in step.
const CONTACTS: usize = 2;
/// What a bundle ends in, and waits, while nobody has vouched for what it rests on.
const WAITS: [&str; 2] = ["center.healing", "center.unconfirmed"];
/// What the thief sends.
const BY_THE_THIEF: &str = "Jalan Si Pencuri";

impl Drill<'_> {
    /// One whole return, from the moment of the loss.
    pub(super) fn comes_back(&mut self, order: Order) -> Result<(), Failure> {
        self.restore(order)?;
        if order == Order::WordFirst {
            self.operator(&["restore", "confirm", "--all"])?;
        }
        self.thief_comes_first()?;
        let told = self.everybody_comes(order)?;
        self.nothing_is_lost()?;
        self.nothing_revoked_works(&told)?;
        self.word_is_given(order)?;
        self.work_goes_on()
    }

    fn restore(&mut self, order: Order) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(match order {
            Order::SchoolsFirst => words.say("demo.disaster.schools-first"),
            Order::WordFirst => words.say("demo.disaster.word-first"),
        });
        self.room = self.dir.join(order.room());
        copy(&self.dir.join(BEFORE), &self.room)?;
        let data = self.room.join(CENTRE);
        self.tell.types(&format!("selaras-center restore --from {BACKUP} --data {CENTRE}"));
        let restored = process::restore(&self.dir.join(BACKUP), &data)?;
        self.has_done("selaras-center restore", restored)?;
        self.centre.restart(&data)?;
        self.tell.check(data.is_dir(), words.say("demo.disaster.restored"))
    }

    /// Before anybody honest comes the thief reads what it could read, and nothing that it sends counts.
    fn thief_comes_first(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.disaster.thief-first"));
        let pulled = self.run(STOLEN, &["pull"], &[])?;
        self.has_done("selaras pull", pulled)?;
        let same = self.reads(STOLEN)? == self.readable;
        self.tell.check(same, words.say("demo.disaster.thief-reads"))?;
        let student = self.nth(STOLEN, 4)?;
        let sealed = self.seal(STOLEN, &student, BY_THE_THIEF)?;
        self.has_done("selaras approve", sealed)?;
        let sent = self.run(STOLEN, &["sync"], &[])?;
        let text = words.fill("demo.disaster.thief-waits", &[("code", &sent.code)]);
        let counts = self.stands_at_centre(Which::Old, &student, BY_THE_THIEF)?;
        self.tell.check(WAITS.contains(&sent.code.as_str()) && !counts, &text)
    }

    /// Every honest computer comes twice; then all are in step. Gives what each contact ended in.
    fn everybody_comes(&mut self, order: Order) -> Result<Vec<(Post, String)>, Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.disaster.contacts"));
        let mut posts = HONEST;
        if order == Order::WordFirst {
            posts.reverse();
        }
        let mut told = Vec::new();
        for _ in 0..CONTACTS {
            for post in posts {
                let sealed = self.has_sealed(post)?;
                let ended = self.run(post, &[if sealed { "sync" } else { "pull" }], &[])?;
                if !ended.is_done() {
                    self.tell.line(&words.fill("demo.disaster.ended-in", &[("code", &ended.code)]));
                }
                told.push((post, ended.code));
            }
        }
        if self.demo.sabotage == Some(Sabotage::WrongDigest) {
            let student = self.nth(OFFICE, 0)?;
            let npsn = self.school(OFFICE).npsn.to_string();
            self.operator(&["record", "edit", &npsn, super::STUDENT, &student, "telepon=0210000666"])?;
        }
        self.all_in_step(&HONEST)?;
        Ok(told)
    }

    /// What has a receipt is at the centre and where it was typed; the rules and the move stand.
    fn nothing_is_lost(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.disaster.kept"));
        self.all_receipted()?;
        for post in HONEST {
            let status = self.quietly(post, &["status"], &[])?;
            let text = words.fill("demo.disaster.rules-stand", &[("computer", &post.name), ("new", &self.rulebook)]);
            self.tell.check(status.text("/rulebook") == self.rulebook, &text)?;
        }
        let open = [self.open_registrations(OFFICE)?, self.open_registrations(NEW_OFFICE)?];
        self.tell.check(open == [0, 1], words.say("demo.disaster.moved"))
    }

    /// The stolen laptop, the kode that the thief knows, and the key that was revoked.
    fn nothing_revoked_works(&mut self, told: &[(Post, String)]) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.disaster.revoked"));
        for command in ["pull", "sync"] {
            let tried = self.run(STOLEN, &[command], &[])?;
            let text = words.fill("demo.disaster.thief-refused", &[("code", &tried.code)]);
            self.tell.check(tried.code == "session.device-removed", &text)?;
        }
        let student = self.nth(STOLEN, 4)?;
        let counts = self.stands_at_centre(Which::Old, &student, BY_THE_THIEF)?;
        self.tell.check(!counts, words.say("demo.disaster.thief-never"))?;
        let refused = told.iter().any(|(post, code)| *post == HEADS && code == "approval.key-revoked");
        let counts = self.stands_at_centre(Which::Old, &self.by_old_key, BY_THE_OLD_KEY)?;
        self.tell.check(refused && !counts, words.say("demo.disaster.key-refused"))
    }

    /// The operator confirms; who could not be vouched for approves from then on.
    fn word_is_given(&mut self, order: Order) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.disaster.word"));
        let student = self.nth(LATE, 1)?;
        let sealed = self.seal(LATE, &student, "Jalan Menunggu Operator")?;
        self.has_done("selaras approve", sealed)?;
        let waits = self.run(LATE, &["sync"], &[])?;
        let text = words.fill("demo.disaster.waits", &[("computer", &LATE.name), ("code", &waits.code)]);
        self.tell.check(waits.code == "center.unconfirmed", &text)?;
        let npsn = self.school(LATE).npsn.to_string();
        match order {
            Order::SchoolsFirst => self.operator(&["restore", "confirm", "--all"])?,
            // The word that came first said nothing of a school that the centre did not know.
            Order::WordFirst => self.operator(&["restore", "confirm", &npsn])?,
        };
        let sent = self.run(LATE, &["sync"], &[])?;
        let counts = self.stands_at_centre(Which::Late, &student, "Jalan Menunggu Operator")?;
        self.tell.check(sent.is_done() && counts, words.say("demo.disaster.confirmed"))
    }

    /// Everybody works on, also who was away, and who was copied.
    fn work_goes_on(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.disaster.goes-on"));
        let kode = self.school(HEADS).kode.clone();
        self.run(HEADS, &["head", "activate", HEAD.0], &[&kode, HEAD.1])?;
        let before = self.receipted.len();
        self.student_gets_a_class()?;
        for (place, post) in [OFFICE, HEADS, NEW_OFFICE, LIBRARY, COPY].into_iter().enumerate() {
            self.quietly(post, &["pull"], &[])?;
            let student = self.nth(post, 10 + place)?;
            self.send(post, &student, &format!("Jalan Seterusnya {place}"))?;
        }
        for post in HONEST {
            self.quietly(post, &["pull"], &[])?;
        }
        let both = self.stands_at_centre(Which::New, &self.by_copy, BY_THE_COPY)?
            && self.stands_at_centre(Which::Old, &self.by_old_key, BY_THE_OLD_KEY)?;
        self.tell.check(both, words.say("demo.disaster.drafts"))?;
        self.all_receipted()?;
        self.all_in_step(&HONEST)?;
        // The other order begins before these days.
        self.receipted.truncate(before);
        Ok(())
    }

    /// Who came is work for the new school: a class, and the data of the semester, here like those of another student.
    fn student_gets_a_class(&mut self) -> Result<(), Failure> {
        let unread = |_| Failure::new("demo.sample").arg("reason", "school.jsonl");
        let sample = std::fs::read_to_string(&self.school(NEW_OFFICE).sample.school).map_err(unread)?;
        let mut lines = String::new();
        for entity in ["anggota_rombel", "peserta_didik_periodik"] {
            let records = sample.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let like = records.into_iter().find(|record| record.pointer("/entity").is_some_and(|name| name == entity));
            let mut record = like.ok_or_else(|| Failure::new("demo.sample").arg("reason", entity))?;
            let fresh = RecordId::from_random(crate::env::random()?).to_string();
            for (place, id) in [("/id", &fresh), ("/fields/peserta_didik_id", &self.mover)] {
                if let Some(value) = record.pointer_mut(place) {
                    *value = Value::from(id.as_str());
                }
            }
            lines.push_str(&format!("{record}\n"));
        }
        let file = self.room.join("masuk-kelas.jsonl");
        std::fs::write(&file, lines).map_err(|_| Failure::new("input.target").arg("file", file.display()))?;
        let imported = self.run(NEW_OFFICE, &["import", &file.display().to_string()], &[])?;
        self.has_done("selaras import", imported).map(drop)
    }
}
