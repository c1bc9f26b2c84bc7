//! The date by which a centre acts, and what has begun by it.
//!
//! A clock that jumps ahead would begin rules long before their day, and end assignments; so a date far beyond the last one
//! waits for somebody's word, and until then the centre works on by the last one. A clock that is set back takes no rules
//! back that have begun: that they have is kept, and not read off the clock again. Nothing else has a floor.

use selaras_model::Date;
use serde::{Deserialize, Serialize};

use crate::local;
use crate::store::{Batch, ReadStore, StoreError};

/// The most days by which a date may be past the last one acted on without anybody's word.
pub const MAX_DAYS_AHEAD: i32 = 7;
const ROW: &str = "dates";

/// What a centre keeps of its dates, in one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CentreDates {
    /// The greatest date that it has acted on, or the one that was confirmed since; none for a centre that never acted.
    pub acted_on: Option<Date>,
    /// The first day of the newest release that has begun; it stays begun.
    pub begun: Option<Date>,
}

/// The date by which a centre acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActingDate {
    /// The date.
    pub today: Date,
    /// What the clock shows, where that waits for somebody's word.
    pub unconfirmed: Option<Date>,
}

/// A day by which rules are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RulesDay {
    /// The date by which the centre acts.
    pub today: Date,
    /// The first day of the newest release that has begun, which may be later.
    pub begun: Option<Date>,
}

impl From<Date> for RulesDay {
    fn from(today: Date) -> Self {
        Self { today, begun: None }
    }
}

impl RulesDay {
    /// Gives the day up to which releases have begun.
    #[must_use]
    pub fn reached(self) -> Date {
        self.begun.map_or(self.today, |begun| begun.max(self.today))
    }
}

impl CentreDates {
    /// Reads the row; a store that has none is of a centre that never acted.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn read(store: &dyn ReadStore) -> Result<Self, StoreError> {
        Ok(local::read(store, ROW)?.unwrap_or_default())
    }

    /// Adds the row to a batch.
    ///
    /// # Errors
    /// When it cannot be written at all.
    pub fn put(&self, batch: &mut Batch) -> Result<(), StoreError> {
        local::put(batch, ROW, self)
    }

    /// Judges what the clock shows: the date itself, earlier ones too, or the last date where it is more than
    /// [`MAX_DAYS_AHEAD`] past that.
    #[must_use]
    pub fn acting(self, clock: Date) -> ActingDate {
        match self.acted_on {
            Some(last) if clock.days_since_epoch().saturating_sub(last.days_since_epoch()) > MAX_DAYS_AHEAD => {
                ActingDate { today: last, unconfirmed: Some(clock) }
            }
            _ => ActingDate { today: clock, unconfirmed: None },
        }
    }

    /// Gives the day by which rules are chosen on a date.
    #[must_use]
    pub fn rules_day(self, today: Date) -> RulesDay {
        RulesDay { today, begun: self.begun }
    }

    /// Gives what has to be durable before anything is done on a date, by rules that began on a day ([`Date::MIN`] for
    /// those of the program).
    #[must_use]
    pub fn having_acted(self, today: Date, rules_from: Date) -> Self {
        let begun = (rules_from > Date::MIN).then_some(rules_from);
        Self { acted_on: self.acted_on.max(Some(today)), begun: self.begun.max(begun) }
    }

    /// Notes that a release had begun before this database's disk was lost, whatever the date is now.
    #[must_use]
    pub fn having_begun(self, from: Date) -> Self {
        Self { begun: self.begun.max(Some(from)), ..self }
    }

    /// Takes somebody's word that the clock is right, whether it shows more or less than before.
    #[must_use]
    pub fn confirmed(self, clock: Date) -> Self {
        Self { acted_on: Some(clock), ..self }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn acted(on: &str) -> CentreDates {
        CentreDates::default().having_acted(day(on), Date::MIN)
    }

    #[test]
    fn a_date_within_a_week_or_before_is_acted_on_and_a_later_one_waits() {
        let dates = acted("2026-12-01");
        for good in ["2025-01-01", "2026-11-30", "2026-12-01", "2026-12-08"] {
            assert_eq!(dates.acting(day(good)), ActingDate { today: day(good), unconfirmed: None });
        }
        for far in ["2026-12-09", "2099-01-01"] {
            let waits = ActingDate { today: day("2026-12-01"), unconfirmed: Some(day(far)) };
            assert_eq!(dates.acting(day(far)), waits);
        }
        assert_eq!(CentreDates::default().acting(day("2099-01-01")).today, day("2099-01-01"), "its first day");
    }

    #[test]
    fn a_clock_that_was_set_back_and_right_again_waits_for_nobody() {
        let dates = acted("2026-12-01").having_acted(day("2026-10-01"), Date::MIN);
        assert_eq!(dates.acting(day("2026-12-03")).unconfirmed, None);
    }

    #[test]
    fn a_confirmed_date_is_the_last_one_also_where_it_is_earlier() {
        let dates = acted("2026-12-01").confirmed(day("2027-03-01"));
        assert_eq!(dates.acting(day("2027-03-02")).unconfirmed, None);
        let dates = dates.confirmed(day("2026-12-02"));
        assert_eq!(dates.acting(day("2027-03-01")).unconfirmed, Some(day("2027-03-01")));
    }

    #[test]
    fn what_has_begun_stays_begun() {
        let dates = acted("2026-12-01").having_acted(day("2026-12-02"), day("2026-12-02"));
        let dates = dates.having_acted(day("2026-11-01"), Date::MIN).confirmed(day("2026-11-01"));
        assert_eq!(dates.begun, Some(day("2026-12-02")));
        assert_eq!(dates.rules_day(day("2026-11-01")).reached(), day("2026-12-02"));
        assert_eq!(dates.rules_day(day("2026-12-24")).reached(), day("2026-12-24"));
        let back = dates.having_begun(day("2026-12-20"));
        assert_eq!(back.rules_day(day("2026-11-01")).reached(), day("2026-12-20"));
        assert_eq!(back.having_begun(day("2026-12-02")), back);
    }
}
