//! The centre's clock: tokens are judged by it, and the judging date comes from it.

use std::time::{SystemTime, UNIX_EPOCH};

use selaras_model::Date;

/// Seconds since 1970 and the date where the centre is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    offset_seconds: i64,
}

impl Clock {
    /// A clock whose date changes at midnight, so many hours east of Greenwich.
    pub(crate) fn east(hours: i32) -> Self {
        Self { offset_seconds: i64::from(hours) * 3_600 }
    }

    /// Seconds since 1970.
    pub(crate) fn now(self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        i64::try_from(since).unwrap_or(i64::MAX)
    }

    /// The date.
    pub(crate) fn today(self) -> Option<Date> {
        self.date_of(self.now())
    }

    /// The date at a moment, in seconds since 1970.
    pub(crate) fn date_of(self, seconds: i64) -> Option<Date> {
        let days = seconds.saturating_add(self.offset_seconds).div_euclid(86_400);
        i32::try_from(days).ok().and_then(|days| Date::from_days(days).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_changes_at_midnight_in_jakarta() {
        let shown = |seconds| Clock::east(7).date_of(seconds).map(|date| date.to_string());
        assert_eq!(shown(61_199), Some("1970-01-01".to_owned()));
        assert_eq!(shown(61_200), Some("1970-01-02".to_owned()));
    }
}
