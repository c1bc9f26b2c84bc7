//! When each of a school's computers was last here: a log that is put back waits for those that may hold more than it.

use selaras_model::{DeviceId, LogVersion};
use serde::{Deserialize, Serialize};

use super::Centre;
use crate::error::CentreError;
use crate::local;
use crate::step::Step;
use crate::store::{Batch, Key, StoreError};
use crate::work::Work;

const VISITS: &str = "visit/";
/// Seconds after which a visit is written down although no backup was made since: people look at when somebody was here,
/// and every commit is a sync of the disk.
const VISIT_EVERY: i64 = 24 * 3_600;

/// The last visit of a computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceVisit {
    /// The version that was in a verified backup then: whatever is covered later, the computer was here before it.
    pub covered: LogVersion,
    /// Seconds since 1970 by the centre's clock; shown, and exact to a day.
    pub at: i64,
}

/// Forgets the last visit of a computer that ended.
pub(super) fn forget(work: &mut Work<'_>, device: DeviceId) {
    work.remove(Key::Local(format!("{VISITS}{device}")));
}

impl Centre<'_> {
    /// Notes that a registered computer was here, where that says something new.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn visited(&self, device: DeviceId) -> Result<Option<Step>, CentreError> {
        if self.device(device)?.is_none() {
            return Ok(None);
        }
        let visit = DeviceVisit { covered: self.position()?.keeping.covered, at: self.now };
        let known = self.visit(device)?.is_some_and(|before| {
            before.covered == visit.covered && (visit.at - before.at).unsigned_abs() < VISIT_EVERY.unsigned_abs()
        });
        if known {
            return Ok(None);
        }
        let mut batch = Batch::default();
        local::put(&mut batch, &format!("{VISITS}{device}"), &visit)?;
        Ok(Some(Step::of(batch)))
    }

    /// Gives the last visit of a computer.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn visit(&self, device: DeviceId) -> Result<Option<DeviceVisit>, StoreError> {
        local::read(self.store, &format!("{VISITS}{device}"))
    }

    /// Gives the computers whose visits were written down.
    pub(super) fn visits(&self) -> Result<Vec<(DeviceId, DeviceVisit)>, StoreError> {
        local::all(self.store, VISITS)
    }
}
