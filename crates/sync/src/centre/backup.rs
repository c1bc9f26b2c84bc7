//! Backups of the centre: what a copy holds of a school's log once it has been verified, and whom a log that was put back
//! from it waits for. Copying is the host's.

use std::collections::{BTreeMap, BTreeSet};

use selaras_model::{DeviceId, LogVersion};

use super::visits::DeviceVisit;
use super::{Centre, Head};
use crate::error::CentreError;
use crate::step::Step;
use crate::store::{EditsAt, Flow, Range, Row, StateName, StoreError};
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

    /// Gives the names of the files beside the store that this school's rows refer to: without one of them a copy of the
    /// rows is no copy of the school.
    ///
    /// # Errors
    /// As the store gives them; `school.unfinished` while decided work waits for its end.
    pub fn needed_blobs(&self) -> Result<BTreeSet<[u8; 32]>, CentreError> {
        self.at_rest()?;
        let mut needed = BTreeSet::new();
        self.store.scan(&Range::Entries(LogVersion::new(0)), &mut |_, row| {
            match row {
                Row::Entry(row) => match row.edits {
                    EditsAt::Blob(name) => needed.extend([name]),
                    EditsAt::Parts(names) => needed.extend(names),
                    EditsAt::Absent | EditsAt::Inline(_) | EditsAt::Block(_) | EditsAt::Kept => {}
                },
                _ => return Err(StoreError::Damaged("the kind of an entry's row".to_owned())),
            }
            Ok(Flow::Continue)
        })?;
        Ok(needed)
    }

    /// Reads a file beside the store, for a copy of it.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where it is missing, or is not what its name says.
    pub fn whole_blob(&self, name: &[u8; 32]) -> Result<Vec<u8>, StoreError> {
        let missing = || StoreError::Damaged("a file beside the store is missing".to_owned());
        self.blobs.get(name)?.ok_or_else(missing)
    }

    /// Notes that the newest backup does not hold this school, because it could not be copied: nothing is covered, and
    /// its computers are told so with the next answer.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn left_out(&self) -> Result<Step, CentreError> {
        let mut position = self.at_rest()?;
        position.keeping.covered = LogVersion::new(0);
        let mut work = Work::new(self.store, self.rules);
        work.put_state(StateName::Position, &*position)?;
        Ok(Step::of(work.finish()))
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

    /// Begins the present life of a log that was put back from a backup; [`Centre::resume`] does it by itself. It waits for the computers that may hold what the
    /// backup lacks: those that are not removed and were here since the version that the backup knows as covered. What was
    /// enrolled, registered or made before approves and registers nobody by itself.
    ///
    /// # Errors
    /// As [`Centre::restored`].
    pub fn put_back(&self) -> Result<Step, CentreError> {
        let put_back = self.position()?;
        let covered = put_back.keeping.covered;
        let visits: BTreeMap<DeviceId, DeviceVisit> = self.visits()?.into_iter().collect();
        // Where no visit was ever written down, an earlier version made the backup: each of them may have been here.
        let came =
            |device: &DeviceId| visits.is_empty() || visits.get(device).is_some_and(|visit| visit.covered >= covered);
        let devices = self.devices()?.into_iter();
        let waiting = devices.filter(|(device, row)| row.is_live() && came(device)).map(|(device, _)| device);
        let mut step = self.restored(waiting.collect::<BTreeSet<DeviceId>>())?;
        self.doubt(&mut step.batch, &put_back)?;
        Ok(step)
    }
}
