//! Bundles of some modules: what is typed into the others stays with the school.

use rand::RngExt as _;
use selaras_model::{Record, RecordId, RecordKey, Value};
use selaras_sync::{Flow, School};

use super::{Script, text};
use crate::world::centre::fields;
use crate::world::lawful::Approved;
use crate::world::trouble::{Trouble, wrong};
use crate::world::{Dimension, one_in, pick};

/// The modules of this world into which people type.
const STUDENTS: &str = "siswa";
const STAFF: &str = "gtk";

impl Script {
    /// The modules that a head chooses; none for all.
    pub(super) fn chooses_modules(&mut self) -> Option<Vec<String>> {
        if !self.has(Dimension::Modules) {
            return None;
        }
        match self.rng.random_range(0..4) {
            0 | 1 => Some(vec![STUDENTS.to_owned()]),
            2 => Some(vec![STAFF.to_owned()]),
            _ => None,
        }
    }

    /// Types a name into a teacher's record; the head's own is left alone.
    pub(super) fn types_staff(&mut self, number: usize) -> Result<(), Trouble> {
        let staff = self.listed(number, self.staff)?;
        let typed: Vec<&Record> =
            staff.iter().filter(|record| record.text("nama").is_some_and(|name| name.starts_with('k'))).collect();
        let known = pick(&mut self.rng, &typed).map(|record| record.key());
        let new = RecordKey { entity: self.staff, id: RecordId::from_bytes(self.rng.random()) };
        let key = known.filter(|_| !one_in(&mut self.rng, 3)).unwrap_or(new);
        let token = self.token(&format!("k{number}"));
        self.saves(number, key, "nama", token.clone(), fields([("nama", Value::text(&token))]))
    }

    /// Whether the oracle has to know what heads approve.
    fn knows_approvals(&self) -> bool {
        let those = [Dimension::Rules, Dimension::Modules, Dimension::Scheduled, Dimension::Clock];
        those.into_iter().any(|dimension| self.has(dimension))
    }

    /// What a head is about to approve, as it stands in the drafts; none where the oracle need not know.
    pub(super) fn about_to_approve(
        &mut self,
        number: usize,
        modules: Option<&[String]>,
    ) -> Result<Option<Approved>, Trouble> {
        if !self.knows_approvals() {
            return Ok(None);
        }
        // Drafts of an import that was decided are made before anything is sealed.
        self.computer_mut(number)?.settle()?;
        let school = self.computer(number)?.school();
        if school.sealed()?.is_some() {
            return Ok(None);
        }
        let mut approved = Approved::on(school.position()?.judged_on);
        for (entity, module) in [(self.student, STUDENTS), (self.staff, STAFF)] {
            let chosen = modules.is_none_or(|modules| modules.iter().any(|chosen| chosen == module));
            for record in self.listed(number, entity)? {
                let Some(draft) = school.draft(record.key())? else { continue };
                if !chosen {
                    approved.left.push((record.key(), draft.fields));
                    continue;
                }
                if let Some(Value::Int(age)) = draft.fields.get("umur") {
                    approved.ages.push((record.key(), *age));
                }
                approved.values.extend(draft.fields.iter().filter_map(|(_, value)| text(value)));
            }
        }
        Ok(Some(approved))
    }

    /// Notes what was approved, where a bundle was made of it, even if the process died then; the drafts of other
    /// modules are still open.
    pub(super) fn has_approved(&mut self, number: usize, approved: Option<Approved>) -> Result<(), Trouble> {
        let Some(approved) = approved else { return Ok(()) };
        let computer = self.computer(number)?;
        let store = computer.disk.held()?;
        let school = School::new(&store, computer.disk.blobs(), &computer.rules, 0);
        let Some(sealed) = school.sealed()? else { return Ok(()) };
        for (key, fields) in &approved.left {
            if school.draft(*key)?.is_none_or(|draft| draft.sealed || draft.fields != *fields) {
                return wrong(format!("computer {number}: a bundle of other modules took the draft of {key}"));
            }
        }
        self.lawful.approved(sealed.bundle, approved);
        Ok(())
    }

    /// Nothing that was typed reaches the centre before a head approved it.
    pub(super) fn only_what_was_approved(&self, school: usize) -> Result<(), Trouble> {
        let mut values = Vec::new();
        for entity in [self.student, self.staff] {
            self.centre(school)?.centre().list(entity, None, &mut |record| {
                values.extend(record.fields.iter().filter_map(|(_, value)| text(value)));
                Flow::Continue
            })?;
        }
        self.lawful.only_what_was_approved(&values)
    }
}
