//! A window of the day, by this computer's clock, in which something is to be sent.
//!
//! Everybody who waits for the night would come at its first second: the moment is drawn from the window.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Seconds of a day.
const DAY: u32 = 86_400;

/// From one time of day to another, over midnight where the second is earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The first second of the day that is in it.
    from: u32,
    /// How many seconds it is long.
    length: u32,
}

/// Text that is no window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a window is written as 20:00-05:00")]
pub struct NoWindow;

impl FromStr for Window {
    type Err = NoWindow;

    fn from_str(text: &str) -> Result<Self, NoWindow> {
        let (from, to) = text.split_once('-').ok_or(NoWindow)?;
        let (from, to) = (second_of_day(from)?, second_of_day(to)?);
        let length = (to + DAY - from) % DAY;
        if length == 0 { Err(NoWindow) } else { Ok(Self { from, length }) }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |second: u32| format!("{:02}:{:02}", second / 3_600, second / 60 % 60);
        write!(f, "{}-{}", clock(self.from), clock((self.from + self.length) % DAY))
    }
}

/// Reads `20:00`.
fn second_of_day(text: &str) -> Result<u32, NoWindow> {
    let (hours, minutes) = text.trim().split_once(':').ok_or(NoWindow)?;
    let digits = |text: &str, most: u32| match text.parse::<u32>() {
        Ok(number) if number <= most && text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(number),
        _ => Err(NoWindow),
    };
    Ok(digits(hours, 23)? * 3_600 + digits(minutes, 59)? * 60)
}

impl Window {
    /// Whether a second of the day is in it.
    pub(crate) fn has(self, second: u32) -> bool {
        (second + DAY - self.from) % DAY < self.length
    }

    /// How many seconds to wait from a second of the day on: to a moment in the window's first `spread` seconds that are
    /// left, drawn by `dice`.
    pub(crate) fn wait(self, now: u32, spread: u32, dice: u32) -> u32 {
        let since = (now % DAY + DAY - self.from) % DAY;
        let (until, left) = if since < self.length { (0, self.length - since) } else { (DAY - since, self.length) };
        until + dice % left.min(spread).max(1)
    }
}

/// A moment of a window, by this computer's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(i64);

impl Moment {
    /// Draws a moment of the window that comes next, from its first `spread` seconds.
    pub(crate) fn drawn(window: Window, spread: u32) -> Result<Moment, Failure> {
        let wait = window.wait(second_of_today(), spread, u32::from_be_bytes(crate::env::random()?));
        Ok(Moment(crate::env::now().saturating_add(i64::from(wait))))
    }

    /// When it is, in seconds since 1970.
    pub(crate) fn at(self) -> i64 {
        self.0
    }

    /// How long it is until then.
    pub(crate) fn left(self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(crate::env::now())).unwrap_or(0))
    }

    /// Whether it has come.
    pub(crate) fn has_come(self) -> bool {
        self.left().is_zero()
    }
}

impl Window {
    /// Whether this moment of the day is in it.
    pub(crate) fn is_now(self) -> bool {
        self.has(second_of_today())
    }
}

fn second_of_today() -> u32 {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::system());
    let part = |value: i8| u32::try_from(value).unwrap_or(0);
    part(now.hour()) * 3_600 + part(now.minute()) * 60 + part(now.second())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> u32 {
        second_of_day(text).unwrap()
    }

    #[test]
    fn a_window_may_go_over_midnight() {
        let night: Window = "20:00-05:00".parse().unwrap();
        for (time, inside) in [("19:59", false), ("20:00", true), ("00:00", true), ("04:59", true), ("05:00", false)] {
            assert_eq!(night.has(at(time)), inside, "{time}");
        }
        assert_eq!(night.to_string(), "20:00-05:00");
        assert_eq!(night.wait(at("19:00"), 9 * 3_600, 0), 3_600);
        assert_eq!(night.wait(at("02:00"), 9 * 3_600, 10_799), 10_799);
        assert_eq!(night.wait(at("02:00"), 60, 61), 1);
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for text in
            ["", "20:00", "20:00-20:00", "24:00-05:00", "20:60-05:00", "8:00-09:00", "20.00-05.00", "20:00-05:00-06:00"]
        {
            assert_eq!(text.parse::<Window>(), Err(NoWindow), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_moment_is_always_in_the_window_and_the_first_that_comes(
            from in 0..DAY / 60, length in 1..DAY / 60, now in 0..DAY, spread in 1..DAY, dice: u32,
        ) {
            let window = Window { from: from * 60, length: length * 60 };
            let wait = window.wait(now, spread, dice);
            prop_assert!(window.has((now + wait) % DAY));
            // Nowhere between is the window left and entered again.
            prop_assert!(wait < DAY);
            if window.has(now) {
                prop_assert!((now + DAY - window.from) % DAY + wait < window.length);
            }
        }
    }
}
