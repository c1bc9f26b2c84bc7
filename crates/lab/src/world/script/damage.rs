//! Records that are silently gone from a disk, at either end while people work, and at either end or at both once
//! everything is at rest: repair finds them by their buckets, and makes them anew from the log under whatever was typed.

use rand::RngExt as _;
use selaras_model::{ModuleDigest, RecordKey, element};
use selaras_sync::{Batch, Flow, Key, Range, ReadStore, Row, Rules, Store, StoreError};

use super::{ACTIONS, Event, Script};
use crate::world::rules::rules;
use crate::world::trouble::{Trouble, wrong};
use crate::world::{Dimension, one_in};

/// Exchanges after which both sides have to be equal: a centre that mends itself needs a second one.
const MAX_REPAIRS: usize = 3;

/// Records of a world that are gone from computers' disks while people work, and from centres'.
const LOST: u32 = 4;

impl Script {
    /// Decides when records are gone from which disks.
    pub(super) fn plan_damages(&mut self) {
        if self.calm {
            return;
        }
        let end = u64::from(ACTIONS) * 40;
        if self.has(Dimension::Damage) {
            for _ in 0..LOST {
                let computer = self.rng.random_range(0..self.computers.len());
                let at = self.rng.random_range(0..end);
                self.schedule(at, Event::LosesRecord(computer));
            }
        }
        if self.has(Dimension::CentreDamage) {
            for _ in 0..LOST {
                let school = self.rng.random_range(0..self.centres.len());
                let at = self.rng.random_range(0..end);
                self.schedule(at, Event::CentreLosesRecord(school));
            }
        }
    }

    /// The same at a centre, which serves and acts on: the Dinas may no longer see the record, or see what it was.
    pub(super) fn centre_loses_record(&mut self, school: usize) -> Result<(), Trouble> {
        let (chance, seen) = (self.rng.random_range(0..99), one_in(&mut self.rng, 2));
        let centre = self.centre(school)?;
        if centre.down {
            return Ok(());
        }
        let lost = lose(&centre.disk.held()?, &rules(), (chance, seen))?;
        self.note(&format!("a record is gone from the disk of centre {school}: {lost:?}"));
        Ok(())
    }

    /// A disk gives an older state of a record back: none. Whoever reads it meanwhile is not told.
    pub(super) fn loses_record(&mut self, number: usize) -> Result<(), Trouble> {
        let chance = self.rng.random_range(0..99);
        let computer = self.computer(number)?;
        if computer.down {
            return Ok(());
        }
        let lost = lose(&computer.disk.held()?, &computer.rules, (chance, true))?;
        self.note(&format!("a record is gone from the disk of computer {number}: {lost:?}"));
        Ok(())
    }

    pub(super) fn damages_and_repairs(&mut self) -> Result<(), Trouble> {
        for number in self.present() {
            let (here, there, chance) =
                (one_in(&mut self.rng, 2), one_in(&mut self.rng, 2), self.rng.random_range(0..99));
            let computer = self.computer(number)?;
            let school = computer.school;
            let centre = self.centre(school)?;
            if here {
                lose(&computer.disk, &computer.rules, (chance, true))?;
            }
            if there {
                lose(&centre.disk, &computer.rules, (chance / 2, true))?;
            }
            self.note(&format!("computer {number}: a record is gone here {here}, at its centre {there}"));
            self.repairs(number)?;
        }
        for number in self.present() {
            self.finish(number)?;
        }
        Ok(())
    }

    fn repairs(&mut self, number: usize) -> Result<(), Trouble> {
        let school = self.computer(number)?.school;
        for _ in 0..MAX_REPAIRS {
            // What this side has lost shows at once, what its centre has lost in the digests of the next entry.
            self.finish(number)?;
            let id = self.rng.random();
            self.centre_mut(school)?.welcomes(id)?;
            self.finish(number)?;
            let computer = self.computer(number)?;
            if computer.school().digests()? == self.centre(school)?.centre().digests()? {
                return Ok(());
            }
        }
        wrong(format!("computer {number} and its centre are not mended"))
    }
}

/// Takes a record away, every row of its base, and from the sums as if it had never been; says which. What people saw of
/// it is `seen` on, or gone too.
fn lose<S: ReadStore + Store>(
    store: &S,
    rules: &Rules,
    (chance, seen): (usize, bool),
) -> Result<Option<RecordKey>, Trouble> {
    let mut records: Vec<(RecordKey, Row)> = Vec::new();
    store.scan(&Range::Bases(None), &mut |key, row| {
        if let Key::Base(key) = key {
            records.push((key, row));
        }
        Ok(Flow::Continue)
    })?;
    let chosen = chance.checked_rem(records.len()).and_then(|at| records.get(at));
    let Some((key, Row::Base(base))) = chosen else { return Ok(None) };
    let Some(entity) = rules.pack.entity(key.entity) else { return Ok(None) };
    let lanes_key = Key::Lanes(u16::try_from(entity.module).unwrap_or(u16::MAX));
    let Some(Row::Lanes(lanes)) = store.get(&lanes_key)? else { return Ok(None) };
    let mut sums = ModuleDigest::from_bytes(&lanes).map_err(|error| StoreError::Damaged(error.to_string()))?;
    sums.remove(&element(&entity.name, key.id, base.deleted, &base.content, &base.heads));
    let mut batch = Batch::default();
    batch.remove(Key::Document(*key));
    batch.remove(Key::Base(*key));
    if !seen {
        batch.remove(Key::View(*key));
    }
    batch.put(lanes_key, Row::Lanes(sums.to_bytes()));
    store.commit(&batch)?;
    Ok(Some(*key))
}
