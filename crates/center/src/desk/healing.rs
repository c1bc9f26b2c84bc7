//! Whom a restored centre waits for, and what waits for an operator's word.

use selaras_model::DeviceId;
use selaras_sync::{GivenUp, Unconfirmed};
use selaras_transport::{HealedRequest, HealingAnswer, Problem, WaitedFor};

use super::{Desk, refused, stored};
use crate::messages::{HealingState, SchoolConfirmed};

impl Desk {
    /// Whom the school's log waits for.
    pub(crate) fn healing(&self) -> Result<HealingState, Problem> {
        let waiting = self.centre().waits_for().map_err(|error| refused(&error))?;
        Ok(HealingState { npsn: self.npsn, waiting: waiting.into_iter().collect() })
    }

    /// The same for the school's own computers: who they are, as far as the centre knows.
    pub(crate) fn waited_for(&self) -> Result<HealingAnswer, Problem> {
        let centre = self.centre();
        let mut waiting = Vec::new();
        for device in centre.waits_for().map_err(|error| refused(&error))? {
            let registered = centre.device(device).map_err(|error| stored(&error))?;
            let seen = centre.visit(device).map_err(|error| stored(&error))?;
            let registered_at = registered.map_or(0, |row| row.registered_at);
            waiting.push(WaitedFor { device, registered_at, seen_at: seen.map(|visit| visit.at) });
        }
        Ok(HealingAnswer { epoch: self.host.epoch, waiting })
    }

    /// Takes a head's word that computers will not come; gives whom the log still waits for.
    pub(crate) fn give_up(&self, device: DeviceId, asked: HealedRequest) -> Result<HealingAnswer, Problem> {
        let HealedRequest { epoch, devices, key, signature } = asked;
        let word = GivenUp { epoch, devices: devices.into_iter().collect(), key, signature };
        let step = self.centre().give_up(device, &word, &|key| self.centre().enrolled(key));
        self.drive(step.map_err(|error| refused(&error))?)?;
        tracing::warn!(npsn = %self.npsn, %key, devices = word.devices.len(), "a head gave up computers of the school");
        self.waited_for()
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
