//! What people at the schools do.

use rand::RngExt as _;
use selaras_model::{Fields, Record, RecordKey, Value};
use selaras_sync::{Purpose, SchoolError, Subject, TypedEdit};

use super::{MAX_RECORDS, OURS, Script, text};
use crate::world::centre::fields;
use crate::world::oracle::Place;
use crate::world::trouble::Trouble;
use crate::world::{Dimension, one_in, pick};

impl Script {
    pub(super) fn act(&mut self, number: usize) -> Result<(), Trouble> {
        if self.computers.get(number).is_none_or(|computer| computer.down) {
            return Ok(());
        }
        self.tempt(number);
        let what = self.rng.random_range(0..100);
        self.note(&format!("computer {number} does {what}"));
        let done = match what {
            0..40 if self.has(Dimension::Modules) && one_in(&mut self.rng, 3) => self.types_staff(number),
            0..40 => self.types(number),
            40..44 => self.imports(number),
            44..48 => self.deletes(number),
            48..54 => self.decides(number),
            54..58 => self.withdraws(number),
            58..80 => self.approves(number),
            80..90 => self.begins(number, Purpose::Sync),
            _ => self.begins(number, Purpose::Pull),
        };
        self.bear(number, done)
    }

    pub(super) fn types(&mut self, number: usize) -> Result<(), Trouble> {
        let students = self.students(number)?;
        let fresh = students.len() < MAX_RECORDS && (students.is_empty() || one_in(&mut self.rng, 4));
        let key = match pick(&mut self.rng, &students) {
            Some(student) if !fresh => student.key(),
            _ => self.new_key(),
        };
        let field = if fresh { "nama" } else { *pick(&mut self.rng, &OURS).unwrap_or(&"nama") };
        let token = self.token(&format!("k{number}"));
        let mut typed = fields([(field, Value::text(&token))]);
        // Now and then a mistake that closes the gate until it is mended.
        if one_in(&mut self.rng, 12) {
            typed.extend(fields([("umur", Value::Int(-1))]));
        } else if let Some(age) = self.an_age() {
            typed.extend(fields([("umur", age)]));
        }
        self.saves(number, key, field, token, typed)
    }

    /// Types one value, and tells the oracle only what was acknowledged.
    pub(super) fn saves(
        &mut self,
        number: usize,
        key: RecordKey,
        field: &'static str,
        token: String,
        typed: Fields,
    ) -> Result<(), Trouble> {
        self.computer_mut(number)?.drive(None)?;
        let computer = self.computer(number)?;
        let school = computer.school;
        let over = computer.on_screen(key, field)?;
        let edit = TypedEdit { key, fields: typed, deleted: None };
        let step = self.computer(number)?.school().edit(&[edit], "operator")?;
        let saved = self.computer_mut(number)?.drive(Some(step));
        self.tell((school, key, field), token, over, saved)
    }

    /// Tells the oracle what was acknowledged. Of an edit during which the process died nobody knows whether it was
    /// saved: it may have written over what was there.
    pub(super) fn tell(
        &mut self,
        place: Place,
        token: String,
        over: Vec<String>,
        saved: Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        match &saved {
            Ok(()) => self.oracle.typed(place, token, over),
            Err(Trouble::Died) => self.oracle.perhaps(over),
            Err(_) => {}
        }
        saved
    }

    pub(super) fn deletes(&mut self, number: usize) -> Result<(), Trouble> {
        let students = self.students(number)?;
        let Some(key) = pick(&mut self.rng, &students).map(Record::key) else { return Ok(()) };
        self.computer_mut(number)?.drive(None)?;
        let computer = self.computer(number)?;
        let step =
            computer.school().edit(&[TypedEdit { key, fields: Fields::new(), deleted: Some(true) }], "operator")?;
        let school = computer.school;
        self.oracle.deleted.insert((school, key));
        self.computer_mut(number)?.drive(Some(step))
    }

    pub(super) fn decides(&mut self, number: usize) -> Result<(), Trouble> {
        self.computer_mut(number)?.drive(None)?;
        let computer = self.computer(number)?;
        let (school, conflicts) = (computer.school, computer.school().conflicts()?);
        let Some(conflict) = pick(&mut self.rng, &conflicts).cloned() else { return Ok(()) };
        let keep_other = one_in(&mut self.rng, 2);
        let chosen = conflict.others.first().filter(|_| keep_other).unwrap_or(&conflict.winner);
        let value = chosen.value.clone();
        let seen = self.computer(number)?.school().record(conflict.key)?;
        let on_screen = match &conflict.subject {
            Subject::Field(field) => seen.and_then(|record| record.text(field).map(str::to_owned)),
            Subject::EditedWhileDeleted => None,
        };
        // Asked before: of a process that dies over it nothing can be asked.
        let unsettled = conflict.pending || self.computer(number)?.school().sealed()?.is_some();
        let step =
            self.computer(number)?.school().resolve(conflict.key, &conflict.subject, value.clone(), "operator")?;
        let saved = self.computer_mut(number)?.drive(Some(step));
        let Subject::Field(field) = &conflict.subject else {
            self.oracle.deleted.insert((school, conflict.key));
            return saved;
        };
        let known = OURS.iter().find(|ours| **ours == field.as_str());
        if let (Some(field), Some(token)) = (known, text(&value)) {
            let sides = std::iter::once(&conflict.winner).chain(&conflict.others);
            let over: Vec<String> = sides.filter_map(|side| text(&side.value)).collect();
            if unsettled && on_screen.as_ref() != Some(&token) {
                // Who gives up his own draft for what the records hold types nothing: the draft is gone. Neither does
                // who gives up what is sealed, should the centre refuse the bundle.
                self.oracle.perhaps(over.into_iter().filter(|over| *over != token));
                return saved;
            }
            return self.tell((school, conflict.key, field), token, over, saved);
        }
        saved
    }

    pub(super) fn withdraws(&mut self, number: usize) -> Result<(), Trouble> {
        self.computer_mut(number)?.drive(None)?;
        let computer = self.computer(number)?;
        let step = computer.school().withdraw()?;
        self.computer_mut(number)?.drive(Some(step))
    }

    pub(super) fn approves(&mut self, number: usize) -> Result<(), Trouble> {
        let modules = self.chooses_modules();
        let about = self.about_to_approve(number, modules.as_deref())?;
        let Some(computer) = self.computers.get_mut(number) else { return Ok(()) };
        let Some(centre) = self.centres.get(computer.school) else { return Ok(()) };
        let approved = computer.approve(centre, modules.as_deref());
        self.has_approved(number, about)?;
        match approved? {
            Ok(()) => self.sends_approved(number),
            Err(SchoolError::Gate(gate)) => self.mends(number, gate.invalid.first().map(|finding| finding.record)),
            Err(SchoolError::Refused(refusal)) if refusal.code == "seal.pull-first" => {
                self.begins(number, Purpose::Pull)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn mends(&mut self, number: usize, record: Option<RecordKey>) -> Result<(), Trouble> {
        let Some(key) = record else { return Ok(()) };
        let edit = TypedEdit { key, fields: fields([("umur", Value::Int(10))]), deleted: None };
        let step = self.computer(number)?.school().edit(&[edit], "operator")?;
        self.computer_mut(number)?.drive(Some(step))
    }
}
