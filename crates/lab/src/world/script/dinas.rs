//! What the Dinas does at the centre.

use rand::RngExt as _;
use selaras_model::{Date, RecordKey, Value};
use selaras_sync::{Flow, TypedEdit};

use super::Script;
use crate::world::centre::fields;
use crate::world::trouble::Trouble;
use crate::world::{one_in, pick};

impl Script {
    pub(super) fn centre_acts(&mut self, school: usize) -> Result<(), Trouble> {
        if self.centre(school)?.down {
            return Ok(());
        }
        let what = self.rng.random_range(0..10);
        self.note(&format!("centre {school} acts {what}"));
        let done = self.centre_act(school, what);
        self.centre_bears(school, done)
    }

    pub(super) fn centre_act(&mut self, school: usize, what: u32) -> Result<(), Trouble> {
        let mut students = Vec::new();
        self.centre_mut(school)?.drive(None)?;
        self.centre(school)?.centre().list(self.student, None, &mut |record| {
            students.push(record.clone());
            Flow::Continue
        })?;
        let token = self.token(&format!("p{school}"));
        let (key, field) = match pick(&mut self.rng, &students) {
            Some(student) if what < 8 => (student.key(), if what < 4 { "alamat" } else { "kode_pusat" }),
            _ if what == 8 => {
                let ended = one_in(&mut self.rng, 2);
                let until = Date::new(2026, 9, 1).ok().filter(|_| ended);
                return self.centre_mut(school)?.assign(until);
            }
            _ => (self.new_key(), "nama"),
        };
        self.centre_types(school, key, field, token)
    }

    /// The Dinas writes one value.
    pub(super) fn centre_types(
        &mut self,
        school: usize,
        key: RecordKey,
        field: &'static str,
        token: String,
    ) -> Result<(), Trouble> {
        // What people have to decide is left to them.
        if self.centre(school)?.is_contested(key)? {
            return Ok(());
        }
        let before = self.centre(school)?.centre().record(key)?;
        let over = before.and_then(|record| record.text(field).map(str::to_owned));
        let edit = TypedEdit { key, fields: fields([(field, Value::text(&token))]), deleted: None };
        let saved = self.centre_mut(school)?.act(vec![edit]);
        if saved.is_ok() {
            self.acted(school, &token)?;
        }
        self.tell((school, key, field), token, over.into_iter().collect(), saved)
    }
}
