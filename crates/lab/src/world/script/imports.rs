//! Imports: decided by one commit, done in steps; one whose file is lost says how many records it did not save.

use std::collections::BTreeMap;

use rand::RngExt as _;
use selaras_model::{Fields, RecordKey, Value};
use selaras_sync::exchange::Host as _;
use selaras_sync::{Flow, HistoryKind, HistoryLine, TypedEdit};

use super::{MAX_RECORDS, Script};
use crate::world::Dimension;
use crate::world::centre::fields;
use crate::world::trouble::{Trouble, wrong};

/// A line of an import: the record, the token in its name, and what is written.
type Line = (RecordKey, String, Fields);

/// What a computer says of an import whose file is lost.
const LOST: &str = "work.lost";

/// The imports of one computer.
#[derive(Default, Clone)]
pub(super) struct Imports {
    /// Records and tokens, by the number of the line in which the readable log says that they are imported.
    decided: BTreeMap<u64, Vec<(RecordKey, String)>>,
    /// The first line of the readable log that was not looked at.
    next: u64,
}

impl Script {
    pub(super) fn imports(&mut self, number: usize) -> Result<(), Trouble> {
        let room = MAX_RECORDS.saturating_sub(self.students(number)?.len());
        let count = self.rng.random_range(1..=36).min(room);
        let mut lines = Vec::new();
        for _ in 0..count {
            let (key, token) = (self.new_key(), self.token(&format!("i{number}")));
            let typed = fields([("nama", Value::text(&token))]);
            lines.push((key, token, typed));
        }
        self.saves_import(number, lines)
    }

    /// Imports lines, each with the token in its name.
    pub(super) fn saves_import(&mut self, number: usize, lines: Vec<Line>) -> Result<(), Trouble> {
        self.computer_mut(number)?.drive(None)?;
        let edit = |(key, _, fields): &Line| TypedEdit { key: *key, fields: fields.clone(), deleted: None };
        let edits = lines.iter().map(edit).collect();
        let computer = self.computer(number)?;
        let (school, step) = (computer.school, computer.school().import(edits, "operator")?);
        let told = computer.school().position()?.history;
        let decided = lines.iter().map(|(key, token, _)| (*key, token.clone())).collect();
        self.imported.entry(number).or_default().decided.insert(told, decided);
        // Decided by its first commit.
        self.computer_mut(number)?.commit(&step.batch)?;
        for (key, token, _) in lines {
            self.oracle.typed((school, key, "nama"), token, []);
        }
        self.computer_mut(number)?.drive(None)
    }

    /// A copy of a computer goes on with the imports of the first.
    pub(in crate::world) fn imports_are_copied(&mut self, number: usize, copy: usize) {
        if let Some(imports) = self.imported.get(&number).cloned() {
            self.imported.insert(copy, imports);
        }
    }

    /// A disk comes back as it was, with a shorter log: what is written into it now was not looked at.
    pub(in crate::world) fn imports_come_back(&mut self, number: usize) -> Result<(), Trouble> {
        let history = self.computer(number)?.school().position()?.history;
        if let Some(imports) = self.imported.get_mut(&number) {
            imports.next = imports.next.min(history);
        }
        Ok(())
    }

    /// Looks for imports that have ended because their files were lost, as soon as their computers say so.
    pub(super) fn hears_of_lost_imports(&mut self) -> Result<(), Trouble> {
        if !self.has(Dimension::Blobs) {
            return Ok(());
        }
        let imported: Vec<usize> = self.imported.keys().copied().collect();
        imported.into_iter().try_for_each(|number| self.hears_of_lost_import(number))
    }

    fn hears_of_lost_import(&mut self, number: usize) -> Result<(), Trouble> {
        let Some(next) = self.imported.get(&number).map(|imports| imports.next) else { return Ok(()) };
        let computer = self.computer(number)?;
        let store = computer.disk.held()?;
        let mut lines: Vec<HistoryLine> = Vec::new();
        computer.school_over(&store).history(next, &mut |line| {
            lines.push(line.clone());
            Flow::Continue
        })?;
        for line in &lines {
            if line.what == HistoryKind::Imported && line.code == LOST {
                self.loses_import(number, line)?;
            }
        }
        if let (Some(last), Some(imports)) = (lines.last(), self.imported.get_mut(&number)) {
            imports.next = last.number + 1;
        }
        Ok(())
    }

    /// Whoever is told that an import was not ended has what it said, and imports it again: so many records as were told are
    /// not there, and not one more. Nothing else of it is given up.
    fn loses_import(&mut self, number: usize, told: &HistoryLine) -> Result<(), Trouble> {
        let imports = self.imported.get(&number);
        // One at a time: the last one before.
        let last = imports.and_then(|imports| imports.decided.range(..told.number).next_back());
        let Some((_, decided)) = last else {
            return wrong(format!("computer {number} ends an import that nobody began"));
        };
        let school = self.computer(number)?.school;
        let mut gone = Vec::new();
        for (key, token) in decided {
            if !self.shows(number, *key)? && !self.oracle.deleted.contains(&(school, *key)) {
                gone.push((*key, token.clone()));
            }
        }
        let said = told.args.get("records").cloned().unwrap_or_default();
        if said != gone.len().to_string() {
            return wrong(format!("computer {number} lost {} records of an import, and tells {said}", gone.len()));
        }
        self.note(&format!("computer {number} tells that {said} records of an import are lost"));
        // A copy of the computer may have saved what this one did not.
        let mut nowhere = Vec::new();
        for (key, token) in gone {
            let others = self.computers.iter().enumerate().filter(|(_, other)| other.school == school && !other.gone);
            let mut others = others.map(|(other, _)| self.shows(other, key));
            if !others.try_fold(false, |shown, here| here.map(|here| shown || here))? {
                nowhere.push(token);
            }
        }
        self.oracle.perhaps(nowhere);
        Ok(())
    }

    /// Whether a computer shows a record, also while its process is dead.
    fn shows(&self, number: usize, key: RecordKey) -> Result<bool, Trouble> {
        let computer = self.computer(number)?;
        let store = computer.disk.held()?;
        Ok(computer.school_over(&store).record(key)?.is_some())
    }
}
