//! Backups of the centre: what a copy holds of a school's log once it has been verified, and whom a log that was put back
//! from it waits for. Copying is the host's.

use std::collections::{BTreeMap, BTreeSet};

use selaras_model::{DeviceId, EpochId};

use super::visits::DeviceVisit;
use super::{Centre, Head};
use crate::error::CentreError;
use crate::step::Step;

impl Centre<'_> {
    /// Gives what a copy of this school that is made now, under its lock, holds of the log.
    ///
    /// # Errors
    /// `school.unfinished` while decided work waits for its end: a copy would hold half of it.
    pub fn copied(&self) -> Result<Head, CentreError> {
        let position = self.at_rest()?;
        Ok(Head { version: position.version, entry: position.entry })
    }

    /// Notes that the copy was read again whole: schools may let go of what they keep of the log up to where it was made.
    ///
    /// # Errors
    /// As [`Centre::cover`].
    pub fn verified(&self, copied: Head) -> Result<Step, CentreError> {
        self.cover(copied.version)
    }

    /// Begins another life of a log that was put back from a backup. It waits for the computers that may hold what the
    /// backup lacks: those that are not removed and were here since the version that the backup knows as covered. What was
    /// enrolled, registered or made before approves and registers nobody by itself.
    ///
    /// # Errors
    /// As [`Centre::restored`].
    pub fn put_back(&self, epoch: EpochId) -> Result<Step, CentreError> {
        let put_back = self.position()?;
        let covered = put_back.keeping.covered;
        let visits: BTreeMap<DeviceId, DeviceVisit> = self.visits()?.into_iter().collect();
        // Where no visit was ever written down, an earlier version made the backup: each of them may have been here.
        let came =
            |device: &DeviceId| visits.is_empty() || visits.get(device).is_some_and(|visit| visit.covered >= covered);
        let devices = self.devices()?.into_iter();
        let waiting = devices.filter(|(device, row)| row.is_live() && came(device)).map(|(device, _)| device);
        let mut step = self.restored(epoch, waiting.collect::<BTreeSet<DeviceId>>())?;
        self.doubt(&mut step.batch, &put_back)?;
        Ok(step)
    }
}
