//! The operators' commands for the centre's date.

use super::args::Clock;
use super::remote::Remote;
use crate::failure::Failure;
use crate::messages::ClockState;
use crate::output;

const PATH: &str = "/v1/admin/clock";

impl Remote {
    pub(super) fn clock(&self, command: &Clock) -> Result<(), Failure> {
        let state: ClockState = match command {
            Clock::Show => self.get(PATH)?,
            Clock::Confirm => self.post(&format!("{PATH}/confirm"), &())?,
        };
        if self.voice.json {
            self.data(&state);
            return Ok(());
        }
        let ClockState { clock, today, confirmed } = state;
        if !confirmed {
            self.voice.say(
                &format!("Jam menunjukkan {clock}, jauh sesudah tanggal terakhir; pusat bekerja dengan {today} sampai ada yang menegaskan."),
                &format!("The clock shows {clock}, far past the last date; the centre works by {today} until somebody confirms."),
            );
        }
        output::line(&today.to_string());
        Ok(())
    }
}
