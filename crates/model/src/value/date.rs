//! A day of the calendar.

use std::fmt;
use std::str::FromStr;

const EPOCH: jiff::civil::Date = jiff::civil::Date::constant(1970, 1, 1);
const HOURS_A_DAY: i64 = 24;

/// A day of the Gregorian calendar, of the years 1 to 9999. Written `YYYY-MM-DD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(jiff::civil::Date);

/// Says that a text or a number is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a date is a day of the calendar from 0001-01-01 to 9999-12-31, written YYYY-MM-DD")]
pub struct DateError;

impl Date {
    /// The first day.
    pub const MIN: Self = Self(jiff::civil::Date::constant(1, 1, 1));
    /// The last day.
    pub const MAX: Self = Self(jiff::civil::Date::constant(9999, 12, 31));

    /// Makes a day.
    ///
    /// # Errors
    /// Refuses what is not in the calendar, and years before 1 or after 9999.
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, DateError> {
        jiff::civil::Date::new(year, month, day).map_err(|_| DateError).and_then(Self::within)
    }

    /// Returns the year, 1 to 9999.
    #[must_use]
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// Returns the month, 1 to 12.
    #[must_use]
    pub fn month(self) -> i8 {
        self.0.month()
    }

    /// Returns the day of the month, 1 to 31.
    #[must_use]
    pub fn day(self) -> i8 {
        self.0.day()
    }

    /// Returns the number of days since 1970-01-01, negative before it.
    #[must_use]
    pub fn days_since_epoch(self) -> i32 {
        // 3.7 million days at most, so the conversion cannot fail.
        i32::try_from(self.0.duration_since(EPOCH).as_hours() / HOURS_A_DAY).unwrap_or_default()
    }

    /// Makes the day that lies this many days after 1970-01-01.
    ///
    /// # Errors
    /// Refuses days outside the years 1 to 9999.
    pub fn from_days(days: i32) -> Result<Self, DateError> {
        let span = jiff::SignedDuration::from_hours(i64::from(days) * HOURS_A_DAY);
        EPOCH.checked_add(span).map_err(|_| DateError).and_then(Self::within)
    }

    fn within(date: jiff::civil::Date) -> Result<Self, DateError> {
        let date = Self(date);
        if (Self::MIN..=Self::MAX).contains(&date) { Ok(date) } else { Err(DateError) }
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        // jiff reads many more forms (times, zones, signs); a date has exactly one here.
        let form = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !form {
            return Err(DateError);
        }
        text.parse().map_err(|_| DateError).and_then(Self::within)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year(), self.month(), self.day())
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Date({self})")
    }
}

crate::id::serde_as!(Date, i32, |date| date.days_since_epoch(), |days| Date::from_days(days));
