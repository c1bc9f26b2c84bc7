//! After a restore nothing from before approves by itself: what was revoked, removed or replaced since the backup may be
//! known to the schools alone. Everybody pulls and hands back; an approval counts once another computer of the school, or
//! an operator, has confirmed what it rests on.

use std::collections::BTreeSet;

use selaras_model::{DeviceId, KeyId, LogVersion};
use serde::{Deserialize, Serialize};

use super::Centre;
use crate::error::CentreError;
use crate::local;
use crate::state::Position;
use crate::step::Step;
use crate::store::{Batch, ReadStore, StoreError};
use crate::work::Work;

const ROW: &str = "unconfirmed";

/// What nobody has confirmed since the log was put back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct UnconfirmedRow {
    /// The version that was put back.
    head: LogVersion,
    /// Computers that the backup knew, and those that an operator has confirmed.
    devices: BTreeSet<DeviceId>,
    /// Those of them that an operator has confirmed.
    #[serde(default)]
    confirmed: BTreeSet<DeviceId>,
    /// Computers that it did not know, and that came back by their registrations or by what others handed back.
    returned: BTreeSet<DeviceId>,
    /// Heads' keys from before.
    keys: BTreeSet<KeyId>,
    /// Whether the kode is from before.
    kode: bool,
    /// Computers that the backup knew and that stood at its head or further when the log was put back, and have begun to
    /// hand back what they know.
    #[serde(default)]
    standing: BTreeSet<DeviceId>,
    /// Those of them that have told all of it: each confirms the others. Not before: the line may be cut behind the first
    /// request, and the removal of a stolen computer be in the second.
    witnesses: BTreeSet<DeviceId>,
}

/// What an operator confirms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unconfirmed {
    /// Computers.
    pub devices: Vec<DeviceId>,
    /// Heads' keys that were not revoked.
    pub keys: Vec<KeyId>,
    /// The kode in force, by its number; none where it is confirmed. 0 for one that was made before they were counted.
    pub kode: Option<u32>,
}

impl Unconfirmed {
    /// Whether there is nothing to confirm.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty() && self.keys.is_empty() && self.kode.is_none()
    }
}

impl Centre<'_> {
    /// Notes, in the commit that begins another life of the log, that nothing from before approves by itself.
    pub(super) fn doubt(&self, batch: &mut Batch, put_back: &Position) -> Result<(), StoreError> {
        let live = self.devices()?.into_iter().filter(|(_, row)| row.is_live()).map(|(device, _)| device);
        // Whom the backup knew by what others had handed back, it does not know any better now.
        let before = read(self.store)?.map(|row| row.returned).unwrap_or_default();
        let (returned, devices) = live.partition(|device| before.contains(device));
        let good = self.head_keys()?.into_iter().filter(|(_, row)| row.revoked_at.is_none());
        let row = UnconfirmedRow {
            head: put_back.version,
            devices,
            returned,
            keys: good.map(|(key, _)| key).collect(),
            kode: true,
            ..UnconfirmedRow::default()
        };
        local::put(batch, ROW, &row)
    }

    /// Whether an approval with this key, sent by this computer, rests on nothing that is doubted.
    pub(super) fn is_confirmed(&self, device: DeviceId, key: KeyId) -> Result<bool, StoreError> {
        let Some(row) = read(self.store)? else { return Ok(true) };
        if !row.doubts(device) && !row.keys.contains(&key) {
            return Ok(true);
        }
        for witness in row.witnesses.iter().filter(|witness| **witness != device) {
            if self.device(*witness)?.is_some_and(|row| row.is_live()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the kode in force registers anybody.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn kode_is_confirmed(&self) -> Result<bool, StoreError> {
        Ok(read(self.store)?.is_none_or(|row| !row.kode))
    }

    /// Notes how far a computer stood when the log was put back, as it tells when it begins to hand back what it knows.
    /// None where that says nothing new.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn note_standing(&self, device: DeviceId, ancestor: LogVersion) -> Result<Option<Step>, CentreError> {
        let Some(mut row) = read(self.store)? else { return Ok(None) };
        if ancestor < row.head || !row.devices.contains(&device) || !row.standing.insert(device) {
            return Ok(None);
        }
        let mut batch = Batch::default();
        local::put(&mut batch, ROW, &row)?;
        Ok(Some(Step::of(batch)))
    }

    /// Gives what waits for an operator's word; what was revoked or removed since is not among it.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn unconfirmed(&self) -> Result<Unconfirmed, CentreError> {
        let Some(row) = read(self.store)? else { return Ok(Unconfirmed::default()) };
        let mut found = Unconfirmed::default();
        for device in row.devices.union(&row.returned).filter(|device| row.doubts(**device)) {
            if self.device(*device)?.is_some_and(|row| row.is_live()) {
                found.devices.push(*device);
            }
        }
        for key in row.keys {
            if self.enrolled(key)?.is_some_and(|key| !key.revoked) {
                found.keys.push(key);
            }
        }
        found.kode = if row.kode { Some(self.kode()?.map_or(0, |kode| kode.number)) } else { None };
        Ok(found)
    }

    /// Confirms all of it, on an operator's word. What schools hand back later is doubted as before, and may be confirmed
    /// by the same computers.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn confirm(&self) -> Result<Step, CentreError> {
        let mut work = Work::new(self.store, self.rules);
        if read(self.store)?.is_some() {
            change(&mut work, |row| {
                row.devices.append(&mut row.returned);
                row.confirmed.clone_from(&row.devices);
                row.keys.clear();
                row.kode = false;
            })?;
        }
        Ok(Step::of(work.finish()))
    }
}

impl UnconfirmedRow {
    fn doubts(&self, device: DeviceId) -> bool {
        !self.confirmed.contains(&device) && (self.devices.contains(&device) || self.returned.contains(&device))
    }
}

fn read(store: &dyn ReadStore) -> Result<Option<UnconfirmedRow>, StoreError> {
    local::read(store, ROW)
}

fn change(work: &mut Work<'_>, change: impl FnOnce(&mut UnconfirmedRow)) -> Result<(), StoreError> {
    let mut row = read(&work.read())?.unwrap_or_default();
    change(&mut row);
    let (key, row) = local::row(ROW, &row)?;
    work.put(key, row);
    Ok(())
}

/// A computer has told all that it knows.
pub(super) fn witnessed(work: &mut Work<'_>, device: DeviceId) -> Result<(), StoreError> {
    if read(&work.read())?.is_none_or(|row| !row.standing.contains(&device) || row.witnesses.contains(&device)) {
        return Ok(());
    }
    change(work, |row| {
        row.witnesses.insert(device);
    })
}

/// A computer came back that the backup did not know.
pub(super) fn doubt_device(work: &mut Work<'_>, device: DeviceId) -> Result<(), StoreError> {
    change(work, |row| {
        row.returned.insert(device);
    })
}

/// A head's key came back that the backup did not know.
pub(super) fn doubt_key(work: &mut Work<'_>, key: KeyId) -> Result<(), StoreError> {
    change(work, |row| {
        row.keys.insert(key);
    })
}

/// All of a school's computers, keys and kode are from before.
pub(super) fn doubt_school(batch: &mut Batch) -> Result<(), StoreError> {
    local::put(batch, ROW, &UnconfirmedRow { kode: true, ..UnconfirmedRow::default() })
}

/// A new kode was made: it is from now.
pub(super) fn trust_kode(work: &mut Work<'_>) -> Result<(), StoreError> {
    if read(&work.read())?.is_none_or(|row| !row.kode) {
        return Ok(());
    }
    change(work, |row| row.kode = false)
}
