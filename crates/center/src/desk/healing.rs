//! Whom a restored centre waits for.

use selaras_transport::Problem;

use super::{Desk, refused};
use crate::messages::HealingState;

impl Desk {
    /// Whom the school's log waits for.
    pub(crate) fn healing(&self) -> Result<HealingState, Problem> {
        let waiting = self.centre().waits_for().map_err(|error| refused(&error))?;
        Ok(HealingState { npsn: self.npsn, waiting: waiting.into_iter().collect() })
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
