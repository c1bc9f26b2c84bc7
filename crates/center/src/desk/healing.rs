//! A restored centre and the school's computers: what they hand back, and whom it still waits for.

use selaras_model::DeviceId;
use selaras_transport::Problem;

use super::{Desk, refused};
use crate::messages::HealingState;

impl Desk {
    /// Takes one request of healing and gives the answer's body.
    pub(crate) fn heal(&self, device: DeviceId, body: &[u8]) -> Result<Vec<u8>, Problem> {
        self.device(device)?;
        let mut handing = self.centre().heal(device, body).map_err(|error| refused(&error))?;
        while let Some(step) = self.centre().heal_step(&mut handing).map_err(|error| refused(&error))? {
            self.drive(step)?;
        }
        self.centre().heal_answer(&handing).map_err(|error| refused(&error))
    }

    /// Takes one request of repair and gives the answer's body; the centre's own records are held to its log on the way.
    pub(crate) fn repair(&self, device: DeviceId, body: &[u8]) -> Result<Vec<u8>, Problem> {
        self.device(device)?;
        let mut repairing = self.centre().repair(body).map_err(|error| refused(&error))?;
        while let Some(step) = self.centre().repair_step(&mut repairing).map_err(|error| refused(&error))? {
            tracing::warn!(npsn = %self.npsn, "records were not what the log says, and were made anew");
            self.drive(step)?;
        }
        self.centre().repair_answer(&repairing).map_err(|error| refused(&error))
    }

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
