//! When all faults have stopped: everybody comes into step, and what people were told is so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::faults::scene::code;
use crate::stand::{Computer, last_json};

use super::memory::{What, tokens};
use super::script::FIELDS;
use super::stage::{Played, Stage};

/// Rounds in which every computer comes into step, everybody working once in each.
const ROUNDS: usize = 5;

impl Stage<'_> {
    /// Ends all faults, lets everybody work until nothing waits, and judges.
    pub(super) fn ends(&mut self) -> Played<()> {
        self.comes_to_rest()?;
        let records = self.records()?;
        self.nothing_is_lost(&records)?;
        self.nothing_is_doubled(&records)?;
        self.every_receipt_holds()
    }

    fn comes_to_rest(&mut self) -> Played<()> {
        self.mend_the_line();
        self.set_the_clock(0);
        let mut told = Vec::new();
        for round in 0..ROUNDS {
            if round > 0 {
                self.takes_away_who_does_not_come()?;
            }
            // After a restore nothing from before approves by itself; what came back since waits for another word.
            self.operator_must(&["restore", "confirm", "--all"])?;
            told.clear();
            for computer in 0..self.computers.len() {
                told.push(self.works(computer)?);
            }
            let version = self.version()?;
            if told.iter().all(|(said, at)| said == "done" && *at == Some(version)) {
                return Ok(());
            }
        }
        Err(format!("not in step after {ROUNDS} rounds: {told:?}, the centre at {}", self.version()?))
    }

    /// Everybody who is left has spoken: whom a healing still waits for lost the disk. Were it somebody who is left, the
    /// computer would be refused from here on.
    fn takes_away_who_does_not_come(&self) -> Played<()> {
        let healing = self.operator_must(&["school", "healing", self.npsn()])?;
        for device in healing["waiting"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.operator_must(&["device", "remove", self.npsn(), device, "--reason", "lost"])?;
        }
        Ok(())
    }

    fn version(&self) -> Played<u64> {
        let digest = self.operator_must(&["digest", self.npsn()])?;
        digest["version"].as_u64().ok_or_else(|| format!("no version: {digest}"))
    }

    /// Sends whatever waits at a computer; what it ended in, and its version where nothing waits any more.
    fn works(&mut self, computer: usize) -> Played<(String, Option<u64>)> {
        let mut told = self.exchange(computer)?;
        let mut status = self.must(computer, &["status"], &[])?;
        if status["pending_records"] != 0 && status["sealed"].is_null() {
            told = self.sends(computer)?.replace("done, done", "done");
            status = self.must(computer, &["status"], &[])?;
        }
        let rests = status["pending_records"] == 0 && status["sealed"].is_null() && status["equal"] == true;
        Ok((told, status["version"].as_u64().filter(|_| rests)))
    }

    /// The records that people see, the same at every computer, with the values of conflicts beside them.
    fn records(&mut self) -> Played<Records> {
        let mut seen: Option<Records> = None;
        for computer in 0..self.computers.len() {
            let file = self.directory("export");
            self.must(computer, &["export", file.to_str().unwrap()], &[])?;
            let lines = std::fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect();
            let conflicts = self.must(computer, &["conflicts"], &[])?;
            let records = Records { lines, conflicts };
            match &seen {
                Some(first) if *first != records => {
                    return Err(format!("computer {computer} has other records than 0"));
                }
                _ => seen = Some(records),
            }
        }
        seen.ok_or_else(|| "there is no computer".to_owned())
    }

    fn nothing_is_lost(&self, records: &Records) -> Played<()> {
        let values = records.values(&self.prepared.students);
        let deleted = |id: &str| records.line(id).is_none_or(|record| record["deleted"] == true);
        let disputed = |id: &str| records.conflicts.to_string().contains(id);
        let mut lost = Vec::new();
        for (token, what) in self.memory.required() {
            let there = match what {
                What::Value { student, field } => values[&(*student, *field)].contains(token),
                What::Record(id) => records.line(id).is_some_and(|record| record.to_string().contains(token.as_str())),
                What::Deletion(id) => deleted(id) || disputed(id),
                // The centre's log is asked for these.
                What::Bundle => true,
            };
            if !there {
                lost.push(format!("{token} ({what:?})"));
            }
        }
        if lost.is_empty() { Ok(()) } else { Err(format!("lost: {}", lost.join(", "))) }
    }

    fn nothing_is_doubled(&self, records: &Records) -> Played<()> {
        let mut made: BTreeMap<String, u32> = BTreeMap::new();
        for line in records.lines.iter().filter(|line| line.contains("\"alat\"")) {
            for token in tokens(line) {
                *made.entry(token).or_default() += 1;
            }
        }
        match made.into_iter().find(|(_, times)| *times > 1) {
            Some((token, times)) => Err(format!("the record {token} is there {times} times")),
            None => Ok(()),
        }
    }

    /// Every receipt verifies, and its bundle is in the centre's log once.
    fn every_receipt_holds(&mut self) -> Played<()> {
        let nowhere = Computer { data: self.directory("nowhere") };
        for (bundle, file) in &self.evidence {
            let verified = verified(&nowhere, file, &self.prepared.key)?;
            if verified != *bundle {
                return Err(format!("the receipt of {bundle} is one of {verified}"));
            }
        }
        self.every_bundle_counts_once(&nowhere)
    }

    /// What has a receipt is in the centre's log, and nothing is there twice. A centre that was restored has no approval
    /// of what was handed back, so that such bundles are counted and not named.
    fn every_bundle_counts_once(&mut self, nowhere: &Computer) -> Played<()> {
        let (mut named, mut unnamed) = (BTreeSet::new(), 0);
        for version in 1..=self.version()? {
            let file = self.directory("theirs");
            let evidence = ["evidence", self.npsn(), &version.to_string(), "--out", file.to_str().unwrap()];
            match code(&self.centre().try_operator(&evidence)).as_str() {
                "done" => {
                    let bundle = verified(nowhere, &file, &self.prepared.key)?;
                    if !named.insert(bundle.clone()) {
                        return Err(format!("bundle {bundle} took effect twice"));
                    }
                }
                "evidence.no-approval" | "evidence.not-handed-back" => unnamed += 1,
                // The centre's own acts.
                _ => {}
            }
        }
        let receipted = self.memory.required().filter(|(_, what)| **what == What::Bundle).map(|(bundle, _)| bundle);
        let missing: Vec<&String> = receipted.filter(|bundle| !named.contains(*bundle)).collect();
        if missing.len() > unnamed {
            return Err(format!("{missing:?} have receipts, and {unnamed} of the centre's log have no name"));
        }
        // The first upload was sealed before the play began.
        let sealed = self.memory.sealed_bundles() + 1;
        let there = named.len() + unnamed;
        if there > sealed { Err(format!("{there} bundles took effect, and {sealed} were sealed")) } else { Ok(()) }
    }
}

/// The bundle of a file of evidence that verifies.
fn verified(nowhere: &Computer, file: &Path, key: &str) -> Played<String> {
    let output = nowhere.try_run(&["verify", file.to_str().unwrap(), "--centre-key", key], &[]);
    let said: Value = last_json(&output.stdout);
    match said["approval"]["bundle"].as_str() {
        Some(bundle) if output.status.success() => Ok(bundle.to_owned()),
        _ => Err(format!("a receipt does not verify: {output:?}")),
    }
}

/// What a computer shows.
#[derive(PartialEq)]
struct Records {
    /// One for each record.
    lines: Vec<String>,
    conflicts: Value,
}

impl Records {
    fn line(&self, id: &str) -> Option<Value> {
        let of_record = |line: &Value| line["id"] == id;
        let mut found = self.lines.iter().filter(|line| line.contains(id));
        found.find_map(|line| serde_json::from_str(line).ok().filter(of_record))
    }

    /// The tokens of each field of the students, those of conflicts among them.
    fn values(&self, students: &[String]) -> BTreeMap<(usize, usize), BTreeSet<String>> {
        let mut found = BTreeMap::new();
        for (student, id) in students.iter().enumerate() {
            let record = self.line(id).unwrap_or_default();
            for (field, name) in FIELDS.iter().enumerate() {
                let mut values = tokens(&record["fields"][name].to_string());
                let conflicts = self.conflicts["conflicts"].as_array().into_iter().flatten();
                for conflict in conflicts.filter(|conflict| conflict["id"] == *id && conflict["field"] == *name) {
                    values.extend(tokens(&conflict["values"].to_string()));
                }
                found.insert((student, field), values);
            }
        }
        found
    }
}
