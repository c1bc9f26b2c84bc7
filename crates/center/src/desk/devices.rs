//! The computers of a school, as operators see and remove them.

use selaras_model::DeviceId;
use selaras_transport::Problem;

use super::{Desk, refused, stored};
use crate::messages::{DeviceLine, DeviceList, DeviceRemove};

impl Desk {
    /// Every computer that was ever registered, with its end and why.
    pub(crate) fn devices(&self) -> Result<DeviceList, Problem> {
        let ids = self.centre().devices().map_err(|error| stored(&error))?;
        let lines = ids.into_iter().map(|(device, _)| self.device_line(device)).collect::<Result<_, _>>()?;
        Ok(DeviceList { devices: lines })
    }

    /// Takes a computer away from the school, at once.
    pub(crate) fn remove_device(
        &self,
        by: &str,
        device: DeviceId,
        asked: &DeviceRemove,
    ) -> Result<DeviceLine, Problem> {
        let because = asked.because.as_deref().unwrap_or(DeviceRemove::OTHER);
        let centre = self.centre();
        let step = match asked.lost {
            true => centre.remove_lost_device(by, device, because),
            false => centre.remove_device(by, device, because),
        };
        let step = step.map_err(|error| refused(&error))?;
        self.drive(step)?;
        tracing::warn!(npsn = %self.npsn, %device, because, "a computer was removed");
        self.device_line(device)
    }

    fn device_line(&self, device: DeviceId) -> Result<DeviceLine, Problem> {
        let centre = self.centre();
        let row = centre.device(device).map_err(|error| stored(&error))?;
        let visit = centre.visit(device).map_err(|error| stored(&error))?;
        let end = match &row {
            Some(row) => row.ended.clone(),
            None => centre.gone(device).map_err(|error| stored(&error))?,
        };
        if row.is_none() && end.is_none() {
            return Err(crate::catalogue::problem("device.unknown").with("device", device));
        }
        Ok(DeviceLine {
            device,
            replica: row.as_ref().map(|row| row.replica),
            registered_at: row.as_ref().map(|row| row.registered_at),
            app_version: row.map(|row| row.app_version).unwrap_or_default(),
            seen_at: visit.map(|visit| visit.at),
            ended_at: end.as_ref().map(|end| end.at),
            ended_because: end.as_ref().map(|end| end.because.clone()),
            ended_by: end.as_ref().and_then(|end| end.by.clone()),
            replaced_by: end.and_then(|end| end.replaced_by),
        })
    }
}
