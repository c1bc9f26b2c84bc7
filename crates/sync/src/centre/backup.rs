//! Backups of the centre: what a copy holds of a school's log once it has been verified, and whom a log that was put back
//! from it waits for. Copying is the host's.

use std::collections::BTreeSet;

use selaras_model::{DeviceId, LogVersion};

use super::{Centre, Head};
use crate::error::CentreError;
use crate::step::Step;
use crate::store::StateName;
use crate::work::Work;

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

    /// Notes that a verified backup holds the log up to a version: schools may let go of what they keep of it.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn cover(&self, version: LogVersion) -> Result<Step, CentreError> {
        let mut position = self.at_rest()?;
        position.keeping.covered = position.keeping.covered.max(version.min(position.version));
        let mut work = Work::new(self.store, self.rules);
        work.put_state(StateName::Position, &*position)?;
        Ok(Step::of(work.finish()))
    }

    /// Begins the present life of a log that was put back from a backup; it waits for every computer that is registered
    /// there. [`Centre::resume`] does it by itself.
    ///
    /// # Errors
    /// As [`Centre::restored`].
    pub fn put_back(&self) -> Result<Step, CentreError> {
        let devices: BTreeSet<DeviceId> = self.devices()?.into_iter().map(|(device, _)| device).collect();
        self.restored(devices)
    }
}
