//! What tells one state from another: rows, exchanges, what is on its way and what was promised; not the lines of the
//! readable log, nor the times in rows, nor texts that stand under their own hash.

use std::cell::OnceCell;
use std::hash::{Hash, Hasher};

use selaras_storage::Space;
use selaras_sync::{Blobs, School};

use super::choice::Which;
use super::state::{State, Station};
use crate::world::disk::Disk;
use crate::world::rules::rules;
use crate::world::trouble::{Trouble, wrong};

/// Enough of a hash that two states do not meet by chance.
pub(super) type Mark = u128;

/// Bytes to be hashed at once, which is far quicker than piece by piece; the same in every run of the program.
#[derive(Default)]
struct Stable(Vec<u8>);

impl Stable {
    fn hash(&self) -> [u8; 32] {
        *blake3::hash(&self.0).as_bytes()
    }
}

impl Hasher for Stable {
    fn finish(&self) -> u64 {
        self.hash().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// What the key of the row ends with that says where a log stands.
const POSITION: u8 = 2;
/// Bytes of the key of a row that exists once.
const STATE_KEY: usize = 9;

fn disk(disk: &Disk, hasher: &mut Stable) -> Result<(), Trouble> {
    disk.each_row(&mut |space, key, value| {
        let is_position = space == Space::State && key.len() == STATE_KEY && key.last() == Some(&POSITION);
        if matches!(space, Space::Text | Space::History | Space::Format) || is_position {
            return;
        }
        hasher.write(&[space.prefix()]);
        hasher.write(key);
        hasher.write(value);
    })?;
    let rules = rules();
    let mut position = School::new(disk, disk.blobs(), &rules, 0).position()?;
    (position.history, position.last_contact) = (0, None);
    match serde_json::to_vec(&position) {
        Ok(bytes) => hasher.write(&bytes),
        Err(_) => return wrong("a position cannot be written"),
    }
    for name in disk.names()? {
        hasher.write(&name);
    }
    Ok(())
}

/// The hash of what a disk holds.
pub(super) fn of_disk(of: &Disk) -> Result<[u8; 32], Trouble> {
    let mut hasher = Stable::default();
    disk(of, &mut hasher)?;
    Ok(hasher.hash())
}

fn station(of: &Station, hasher: &mut Stable) -> Result<(), Trouble> {
    hasher.write(&of.marked.of(&of.computer.disk)?);
    of.computer.exchange.hash(hasher);
    of.computer.renewals.hash(hasher);
    of.waits.hash(hasher);
    of.late.hash(hasher);
    of.typed.hash(hasher);
    Ok(())
}

/// The hash of a disk that has not changed since it was asked for: a step changes one disk of three.
#[derive(Clone, Default)]
pub(super) struct Marked(OnceCell<[u8; 32]>);

impl Marked {
    fn of(&self, disk: &Disk) -> Result<[u8; 32], Trouble> {
        match self.0.get() {
            Some(hash) => Ok(*hash),
            None => of_disk(disk).map(|hash| *self.0.get_or_init(|| hash)),
        }
    }
}

impl State {
    pub(super) fn mark(&self) -> Result<Mark, Trouble> {
        let mut hasher = Stable::default();
        hasher.write(&self.marked.of(&self.centre.disk)?);
        for which in Which::BOTH {
            station(self.station(which), &mut hasher)?;
        }
        (self.backups, self.backup, self.rules_begun, self.centre.restores()).hash(&mut hasher);
        self.centre.snapshots.keys().for_each(|file| hasher.write(file));
        self.memory.hash(&mut hasher);
        Ok(hasher.hash().first_chunk().map_or(0, |bytes| Mark::from_le_bytes(*bytes)))
    }
}
