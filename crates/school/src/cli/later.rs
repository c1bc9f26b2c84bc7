//! `sync --at`: waits for the window without holding the store, so that people go on working until then.

use std::time::Duration;

use super::{Screen, run_command};
use crate::command::Command;
use crate::command::sync::Sync;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::output::{Event, Note, Output as _};
use crate::place::Place;
use crate::window::{Moment, Window};

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
        let moment = Moment::drawn(window, spread)?;
        let note = Note::new("sync.later").arg("window", window).arg("time", crate::env::local_clock(moment.at()));
        screen.event(Event::Note(note));
        while !moment.has_come() {
            std::thread::sleep(moment.left().min(LOOK_EVERY));
        }
        // A computer that slept through the window waits for the next one.
        if window.is_now() {
            return run_command(place, &Command::Sync(Sync::default()), screen);
        }
    }
}
