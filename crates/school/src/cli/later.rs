//! `sync --at`: waits for the window without holding the store, so that people go on working until then.

use std::time::Duration;

use jiff::{Timestamp, Zoned};

use super::{Screen, run_command};
use crate::command::Command;
use crate::command::sync::Sync;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::output::{Event, Note, Output as _};
use crate::place::Place;
use crate::window::Window;

/// How often the clock is looked at: a computer that slept, or whose clock was set, is noticed after so long.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// Sends in the window.
pub(super) fn sync(place: Place, window: Window, screen: &mut Screen) -> Result<Exit, Failure> {
    // Whoever has nothing to send hears it now, and not at night.
    let exit = run_command(place.clone(), &Command::Sync(Sync::check()), screen)?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    let spread = Config::load(&place)?.line.at_spread_seconds;
    loop {
        let wait = window.wait(second_of_day(), spread, u32::from_be_bytes(crate::env::random()?));
        let moment = crate::env::now().saturating_add(i64::from(wait));
        let note = Note::new("sync.later").arg("window", window).arg("time", crate::env::local_clock(moment));
        screen.event(Event::Note(note));
        sleep_until(moment);
        // A computer that slept through the window waits for the next one.
        if window.has(second_of_day()) {
            return run_command(place, &Command::Sync(Sync::default()), screen);
        }
    }
}

fn sleep_until(moment: i64) {
    loop {
        let left = moment.saturating_sub(crate::env::now());
        let Ok(left @ 1..) = u64::try_from(left) else { return };
        std::thread::sleep(Duration::from_secs(left).min(LOOK_EVERY));
    }
}

fn second_of_day() -> u32 {
    let now: Zoned = Timestamp::now().to_zoned(jiff::tz::TimeZone::system());
    let part = |value: i8| u32::try_from(value).unwrap_or(0);
    part(now.hour()) * 3_600 + part(now.minute()) * 60 + part(now.second())
}
