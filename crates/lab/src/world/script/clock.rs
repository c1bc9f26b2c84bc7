//! A centre whose date is set back and forward between its acts.

use rand::RngExt as _;

use super::releases::days_after;
use super::{ACTIONS, Event, Script};
use crate::world::centre::today;
use crate::world::rules::Change;
use crate::world::trouble::Trouble;
use crate::world::{Dimension, one_in, pick};

/// Days by which a clock is wrong: by a typing mistake, by a dead battery, by a month.
const WRONG: [i32; 6] = [-40, -3, -1, 1, 3, 40];
/// Times that the clock is wrong in a world.
const TIMES: u32 = 3;

impl Script {
    pub(super) fn plan_clock(&mut self) {
        if self.calm {
            return;
        }
        let end = u64::from(ACTIONS) * 40;
        for _ in 0..TIMES {
            let days = *pick(&mut self.rng, &WRONG).unwrap_or(&1);
            let wrong = self.rng.random_range(0..end);
            let right = wrong + self.rng.random_range(50..500);
            self.schedule(wrong, Event::ClockSet(days));
            if one_in(&mut self.rng, 2) {
                // Somebody takes it for right.
                let confirms = wrong + self.rng.random_range(1..50);
                (0..self.centres.len()).for_each(|school| self.schedule(confirms, Event::ClockConfirmed(school)));
            }
            self.schedule(right, Event::ClockSet(0));
        }
        if !self.has(Dimension::Rules) {
            // Rules that begin in the middle of it.
            let at = self.rng.random_range(0..end / 2);
            self.schedule(at, Event::Publishes(Change::Ages, 1));
            self.schedule(at + 300, Event::DayBegins);
        }
    }

    pub(super) fn sets_clock(&mut self, days: i32) -> Result<(), Trouble> {
        self.clock = days;
        self.note(&format!("the centre's clock is {days} days wrong"));
        self.shows_date()
    }

    /// An operator confirms what the clock shows, as often as it takes to be written down.
    pub(super) fn confirms_clock(&mut self, school: usize) -> Result<(), Trouble> {
        let again = self.now + 50;
        let centre = self.centre_mut(school)?;
        if centre.down {
            self.schedule(again, Event::ClockConfirmed(school));
            return Ok(());
        }
        let (clock, confirmed) = (centre.date, centre.confirms_clock());
        self.reads_log(school, None)?;
        self.lawful.confirmed(school, clock, confirmed.is_ok());
        self.note(&format!("the date {clock} is confirmed at centre {school}"));
        if confirmed.is_err() {
            self.schedule(again, Event::ClockConfirmed(school));
        }
        self.centre_bears(school, confirmed)
    }

    pub(super) fn day_begins(&mut self) -> Result<(), Trouble> {
        self.day += 1;
        self.note("a day begins");
        self.shows_date()
    }

    fn shows_date(&mut self) -> Result<(), Trouble> {
        let date = days_after(today(), self.day + self.clock)?;
        for centre in &mut self.centres {
            centre.date = date;
        }
        Ok(())
    }
}
