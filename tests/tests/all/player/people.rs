//! What people do on a usual day, at the school's computers and at the centre.

use std::process::Output;

use crate::faults::scene::code;
use crate::stand::{PASSWORD, last_json};

use super::memory::{Disk, What, tokens};
use super::script::FIELDS;
use super::stage::{Played, Stage};

impl Stage<'_> {
    /// Somebody types into a student's record, having looked at it.
    pub(super) fn types(&mut self, computer: usize, student: usize, field: usize) -> Played<String> {
        let id = self.prepared.students[student].clone();
        let mut seen = String::new();
        for look in [&["show", "peserta_didik", &id] as &[&str], &["conflicts"]] {
            seen.push_str(&String::from_utf8_lossy(&self.say(computer, look, &[])?.stdout));
        }
        let token = self.memory.token();
        let typed = format!("{}=Jalan {token}", FIELDS[field]);
        let told = code(&self.say(computer, &["edit", "peserta_didik", &id, &typed], &[])?);
        // Where it was not acknowledged it may have been saved all the same.
        self.memory.replaced_by_hand(&tokens(&seen), student, field);
        if told == "done" {
            self.memory.saved(&token, What::Value { student, field }, Disk::Computer(computer));
        }
        Ok(format!("{token} {told}"))
    }

    /// Somebody makes a record.
    pub(super) fn makes(&mut self, computer: usize) -> Played<String> {
        let token = self.memory.token();
        let name = format!("nama=Alat {token}");
        let fields = self.prepared.fields.iter().map(String::as_str);
        let arguments: Vec<&str> = ["new", "alat", &name].into_iter().chain(fields).collect();
        let output = self.say(computer, &arguments, &[])?;
        let told = code(&output);
        if told == "done" {
            let id = last_json(&output.stdout)["args"]["id"].as_str().unwrap_or_default().to_owned();
            self.memory.saved(&token, What::Record(id), Disk::Computer(computer));
        }
        Ok(format!("{token} {told}"))
    }

    /// Somebody deletes the oldest record that was made, and that everybody may know.
    pub(super) fn deletes(&mut self, computer: usize) -> Played<String> {
        let Some((token, id)) = self.memory.records_at(computer).into_iter().next() else {
            return Ok("there is none".to_owned());
        };
        let told = code(&self.say(computer, &["delete", "alat", &id], &[])?);
        self.memory.deleted(&token);
        if told == "done" {
            self.memory.saved(&format!("{token}-deleted"), What::Deletion(id), Disk::Computer(computer));
        }
        Ok(format!("{token} {told}"))
    }

    /// The head approves what waits.
    pub(super) fn approves(&mut self, computer: usize) -> Played<String> {
        let told = code(&self.say(computer, &["approve", "kepala"], &[PASSWORD])?);
        let status = last_json(&self.say(computer, &["status"], &[])?.stdout);
        if let Some(bundle) = status["sealed"]["bundle"].as_str() {
            self.memory.sealed(bundle, computer);
        }
        Ok(told)
    }

    /// What is approved is sent; where nothing is, what is new is fetched.
    pub(super) fn exchange(&mut self, computer: usize) -> Played<String> {
        let mut output = self.say(computer, &["sync"], &[])?;
        if code(&output) == "gate.not-approved" {
            output = self.say(computer, &["pull"], &[])?;
        }
        self.heard(computer, &output)
    }

    pub(super) fn sends(&mut self, computer: usize) -> Played<String> {
        let approved = self.approves(computer)?;
        Ok(format!("{approved}, {}", self.exchange(computer)?))
    }

    /// Takes what an exchange told a computer.
    pub(super) fn heard(&mut self, computer: usize, output: &Output) -> Played<String> {
        let told = code(output);
        let report = last_json(&output.stdout);
        if told != "done" || report["equal"] != true {
            return Ok(told);
        }
        if let Some(bundle) = report["receipt"]["bundle"].as_str() {
            self.memory.receipted(bundle, computer);
            self.keeps_evidence(computer, bundle)?;
        }
        let status = last_json(&self.say(computer, &["status"], &[])?.stdout);
        let nothing_waits = status["pending_records"] == 0 && status["sealed"].is_null() && status["equal"] == true;
        self.memory.equal(computer, nothing_waits);
        Ok(told)
    }

    /// Writes a receipt with its approval into a file, as people do who have to show it.
    fn keeps_evidence(&mut self, computer: usize, bundle: &str) -> Played<()> {
        if self.evidence.contains_key(bundle) || self.scarce.is_some() {
            return Ok(());
        }
        let file = self.directory("evidence");
        let receipt = self.must(computer, &["receipt", "--out", file.to_str().unwrap()], &[])?;
        if receipt["bundle"] != bundle {
            return Err(format!("the receipt is for another bundle than {bundle}: {receipt}"));
        }
        self.evidence.insert(bundle.to_owned(), file);
        Ok(())
    }

    /// An operator of the centre types into a student's record.
    pub(super) fn centre_types(&mut self, student: usize, field: usize) -> Played<String> {
        let id = self.prepared.students[student].clone();
        let token = self.memory.token();
        let typed = format!("{}=Jalan {token}", FIELDS[field]);
        // What the centre may have, and the school was not told yet, may be what the operator sees.
        let seen = self.memory.at_centre(student, field);
        let told = code(&self.centre().try_operator(&["record", "edit", self.npsn(), "peserta_didik", &id, &typed]));
        self.memory.replaced_by_hand(&seen, student, field);
        if told == "done" {
            self.memory.saved(&token, What::Value { student, field }, Disk::Centre);
        }
        Ok(format!("{token} {told}"))
    }
}
