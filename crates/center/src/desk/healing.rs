//! Whom a restored centre waits for, and what waits for an operator's word.

use selaras_sync::Unconfirmed;
use selaras_transport::Problem;

use super::{Desk, refused};
use crate::messages::{HealingState, SchoolConfirmed};

impl Desk {
    /// Whom the school's log waits for.
    pub(crate) fn healing(&self) -> Result<HealingState, Problem> {
        let waiting = self.centre().waits_for().map_err(|error| refused(&error))?;
        Ok(HealingState { npsn: self.npsn, waiting: waiting.into_iter().collect() })
    }

    /// Confirms what is from before the restore; gives what that was.
    pub(crate) fn confirm(&self) -> Result<SchoolConfirmed, Problem> {
        let Unconfirmed { devices, keys, kode } = self.centre().unconfirmed().map_err(|error| refused(&error))?;
        let confirmed = SchoolConfirmed { npsn: self.npsn, devices, keys, kode };
        let step = self.centre().confirm().map_err(|error| refused(&error))?;
        self.drive(step)?;
        let (computers, keys) = (confirmed.devices.len(), confirmed.keys.len());
        tracing::warn!(npsn = %self.npsn, computers, keys, "what is from before the restore was confirmed");
        Ok(confirmed)
    }

    /// Waits no longer; gives the computers that were given up.
    pub(crate) fn declare_healed(&self) -> Result<HealingState, Problem> {
        let given_up = self.healing()?;
        let step = self.centre().declare_healed().map_err(|error| refused(&error))?;
        self.drive(step)?;
        tracing::warn!(npsn = %self.npsn, computers = given_up.waiting.len(), "healing was declared done");
        Ok(given_up)
    }
}
