//! A record that changes a hundred times, before anything goes wrong with it.

use selaras_model::Value;

use super::Script;
use crate::world::centre::fields;
use crate::world::trouble::{Trouble, wrong};

/// Bundles in each of which the record changes.
const BUNDLES: usize = 25;
/// Acts of the Dinas after each of them.
const ACTS: usize = 3;
/// Of the computers the first two, which are one school's.
const COMPUTERS: usize = 2;

impl Script {
    /// A year of a school in which two computers and the Dinas change the same record by turns.
    pub(super) fn busy_year(&mut self) -> Result<(), Trouble> {
        let key = self.new_key();
        for round in 0..BUNDLES {
            let number = round % COMPUTERS;
            self.finish(number)?;
            let token = self.token(&format!("k{number}"));
            let typed = fields([("nama", Value::text(&token)), ("catatan", Value::text(long_text(&token)))]);
            self.saves(number, key, "nama", token, typed)?;
            self.approves_at_rest(number)?;
            self.finish(number)?;
            for _ in 0..ACTS {
                let token = self.token("p0");
                self.centre_types(0, key, "kode_pusat", token)?;
            }
        }
        self.note("a busy year is over");
        Ok(())
    }

    fn approves_at_rest(&mut self, number: usize) -> Result<(), Trouble> {
        let about = self.about_to_approve(number, None)?;
        let Some(computer) = self.computers.get_mut(number) else { return wrong("no such computer") };
        let Some(centre) = self.centres.get(computer.school) else { return wrong("no such school") };
        computer.approve(centre, None)?.map_err(Trouble::from)?;
        self.has_approved(number, about)
    }
}

/// As much as a field takes, and other words each time; nobody follows it.
fn long_text(token: &str) -> String {
    let words = blake3::hash(token.as_bytes()).to_hex().to_string();
    words.repeat(2).chars().take(100).collect()
}
