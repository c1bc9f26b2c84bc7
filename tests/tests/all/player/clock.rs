//! The clock of a centre: that of its process where faketime is installed, else where its date changes.

use std::path::Path;
use std::process::Command;

use crate::faults::scene::{JAKARTA, set_the_clock};

/// How a centre is given another time.
pub(super) enum Clock {
    /// By this library, which is loaded before others.
    Faketime(String),
    /// By the hours east of Greenwich in its configuration; tokens are judged by the true time.
    Offset,
}

impl Clock {
    /// What there is on this computer.
    pub(super) fn here() -> Self {
        let asked = Command::new("faketime").args(["-m", "-f", "+0", "sh", "-c", "printf %s \"$LD_PRELOAD\""]).output();
        let library = asked.ok().map(|asked| String::from_utf8_lossy(&asked.stdout).trim().to_owned());
        // The linker knows what the dollar in its path stands for.
        library.filter(|library| library.contains("faketime")).map_or(Self::Offset, Self::Faketime)
    }

    /// What plays do without, in one line.
    pub(super) fn lacks(&self) -> Option<&'static str> {
        let lacks = "a centre's date is set and not its clock: needs faketime (apt-get install faketime)";
        matches!(self, Self::Offset).then_some(lacks)
    }

    /// Sets the clock of a centre that is about to be started by a command.
    pub(super) fn set(&self, command: &mut Command, data: &Path, days: i64) {
        match self {
            Self::Faketime(library) if days != 0 => {
                command.env("LD_PRELOAD", library).env("FAKETIME", format!("{days:+}d")).env("NO_FAKE_STAT", "1");
                // Only the date is to be wrong: waiting times are measured by the other clock.
                command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
            }
            Self::Faketime(_) => {}
            Self::Offset => {
                let hours = i64::from(JAKARTA) + 24 * days;
                set_the_clock(data, i8::try_from(hours).unwrap_or(if days < 0 { i8::MIN } else { i8::MAX }));
            }
        }
    }
}
