//! A record that changes a hundred times, and records that together grow over what one commit takes, before anything
//! goes wrong with them.

use selaras_model::{Fields, RecordKey, Value};
use selaras_sync::limits::MAX_BATCH_BYTES;
use selaras_sync::{Key, ReadStore as _, Row, TypedEdit};

use super::Script;
use super::large::{noise, short};
use crate::world::centre::fields;
use crate::world::one_in;
use crate::world::trouble::{Trouble, wrong};

/// Bundles in each of which the record changes.
const BUNDLES: usize = 10;
/// Acts of the Dinas after each of them.
const ACTS: usize = 9;
/// Records that grow: what is written of a small change is whole documents.
const GROWING: usize = 12;
/// The bytes that each of them has at least.
const GROWN: usize = 92 << 10;
const _: () = assert!(GROWING * GROWN > MAX_BATCH_BYTES);
/// Of them so many grow at once.
const TOGETHER: usize = 4;
/// The texts that they have by turns, the same for all: a document holds each of them again and again, because its
/// compression does not look back so far; what travels gets small.
const TEXTS: u64 = 2;
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
        if one_in(&mut self.rng, 2) {
            self.grows_and_changes()?;
        }
        self.note("a busy year is over");
        Ok(())
    }

    /// Records with long histories, of which all change in one small bundle.
    fn grows_and_changes(&mut self) -> Result<(), Trouble> {
        let keys: Vec<RecordKey> = (0..GROWING).map(|_| self.new_key()).collect();
        for keys in keys.chunks(TOGETHER) {
            let mut turn = 0;
            while self.document(keys)? < GROWN {
                self.centre_writes(keys, &noise(turn % TEXTS))?;
                turn += 1;
            }
            // What is large is the history.
            self.centre_writes(keys, &short())?;
        }
        self.finish(0)?;
        for key in keys {
            let token = self.token("k0");
            self.saves(0, key, "catatan", token.clone(), fields([("catatan", Value::text(token))]))?;
        }
        self.note("records that have grown change");
        self.approves_at_rest(0)?;
        self.finish(0)
    }

    /// The bytes of a document at the centre of the first school.
    fn document(&self, keys: &[RecordKey]) -> Result<usize, Trouble> {
        let Some(key) = keys.first() else { return Ok(usize::MAX) };
        let row = self.centre(0)?.disk.get(&Key::Document(*key))?;
        Ok(if let Some(Row::Blob(bytes)) = row { bytes.len() } else { 0 })
    }

    fn centre_writes(&mut self, keys: &[RecordKey], fields: &Fields) -> Result<(), Trouble> {
        let edit = |key: &RecordKey| TypedEdit { key: *key, fields: fields.clone(), deleted: None };
        self.centre_mut(0)?.act(keys.iter().map(edit).collect())
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
