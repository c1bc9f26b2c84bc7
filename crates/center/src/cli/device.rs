//! `device`: the commands about a school's computers.

use super::args::Device;
use super::remote::{Remote, school};
use crate::failure::Failure;
use crate::messages::{DeviceLine, DeviceList, DeviceRemove};

impl Remote {
    pub(super) fn device(&self, command: Device) -> Result<(), Failure> {
        match command {
            Device::List { npsn } => {
                let list: DeviceList = self.get(&school(npsn, "/devices"))?;
                list.devices.iter().for_each(|line| self.data(line));
            }
            Device::Remove { npsn, device, reason, lost } => {
                let because = reason.map(|reason| reason.code().to_owned());
                let path = school(npsn, &format!("/devices/{device}/removed"));
                let line: DeviceLine = self.post(&path, &DeviceRemove { because, lost })?;
                self.voice.say(
                    "Komputer dikeluarkan; sesinya berakhir saat ini juga.",
                    "The computer was taken away; its sessions have ended.",
                );
                self.data(&line);
            }
        }
        Ok(())
    }
}
