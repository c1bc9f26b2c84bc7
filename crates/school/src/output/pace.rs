//! How fast a transfer goes and how long it will still take, from what the other side acknowledged and when.
//!
//! Pure: times are arguments. The speed is that of the last seconds, because a line that drops every minute has a mean
//! speed that says nothing about the present; before anything was acknowledged there is no speed, and no guess.

use std::collections::VecDeque;
use std::time::Duration;

/// The stretch of time that the speed is taken over.
const WINDOW: Duration = Duration::from_secs(10);
/// The shortest stretch that a speed is taken from: the first bytes come in one burst.
const SHORTEST: Duration = Duration::from_millis(500);
/// Marks that are kept of the window; closer ones than this many a window are taken together.
const MARKS: u32 = 40;
/// The longest time that is told: what is further away is not known.
const LONGEST: Duration = Duration::from_secs(99 * 3_600);

/// What a transfer comes to at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    /// Bytes a second over the last seconds; nothing while it is not known.
    pub speed: Option<u64>,
    /// The time left at that speed; nothing while it or the size is not known.
    pub left: Option<Duration>,
}

/// Watches one transfer.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    marks: VecDeque<(Duration, u64)>,
}

impl Meter {
    /// Takes how far the transfer is at a time of any steady clock, and gives its pace. A transfer that went back (the
    /// server has less than was believed) is measured afresh.
    pub fn moved(&mut self, now: Duration, done: u64, total: u64) -> Pace {
        if self.marks.back().is_some_and(|&(at, before)| done < before || now < at) {
            self.marks.clear();
        }
        // The last mark moves along with what comes right behind it, unless it is the only one.
        let near = WINDOW / MARKS;
        if self.marks.len() > 1 && self.marks.iter().nth_back(1).is_some_and(|&(at, _)| now.saturating_sub(at) < near) {
            self.marks.pop_back();
        }
        self.marks.push_back((now, done));
        // One mark older than the window stays, so that a standstill makes the speed fall instead of vanish.
        while self.marks.get(1).is_some_and(|&(at, _)| now.saturating_sub(at) >= WINDOW) {
            self.marks.pop_front();
        }
        self.pace(now, done, total)
    }

    fn pace(&self, now: Duration, done: u64, total: u64) -> Pace {
        let Some(&(since, before)) = self.marks.front() else { return Pace::default() };
        let took = now.saturating_sub(since);
        if took < SHORTEST {
            return Pace::default();
        }
        let moved = u128::from(done - before.min(done));
        let speed = u64::try_from(moved * 1_000 / took.as_millis().max(1)).unwrap_or(u64::MAX);
        let rest = total.checked_sub(done).filter(|_| total > 0);
        let left =
            rest.zip((speed > 0).then_some(speed)).map(|(rest, speed)| Duration::from_secs(rest.div_ceil(speed)));
        Pace { speed: Some(speed), left: left.filter(|left| *left <= LONGEST) }
    }
}

/// Decides when a line about a transfer is due where lines stay: on a pipe, and as events for machines.
#[derive(Debug, Clone, Default)]
pub struct Pacer {
    told: Option<(Duration, u64)>,
}

/// Never more than a line in this time, but for the last one.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);
/// However little moved, a line is due after this time: somebody watches.
const AT_LEAST_EVERY: Duration = Duration::from_secs(10);
/// The share of the whole, in parts of a hundred, that makes a line due before that.
const SHARE: u128 = 5;

impl Pacer {
    /// Whether a line is due at a time; then it counts as told.
    pub fn due(&mut self, now: Duration, done: u64, total: u64) -> bool {
        let due = match self.told {
            None => true,
            Some((_, before)) if total > 0 && done >= total => before < total,
            Some((at, _)) if now.saturating_sub(at) < AT_MOST_EVERY => false,
            Some((at, before)) => {
                let moved = u128::from(done.abs_diff(before)) * 100;
                let share = total > 0 && moved >= u128::from(total) * SHARE;
                share || now.saturating_sub(at) >= AT_LEAST_EVERY
            }
        };
        if due {
            self.told = Some((now, done));
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn nothing_is_told_before_it_is_known() {
        let mut meter = Meter::default();
        assert_eq!(meter.moved(SECOND, 0, 1_000), Pace::default());
        assert_eq!(meter.moved(SECOND + SECOND / 10, 400, 1_000), Pace::default(), "a burst is no speed");
    }

    #[test]
    fn the_speed_is_that_of_the_last_seconds() {
        let mut meter = Meter::default();
        let mut done = 0;
        for second in 0..60 {
            done += if second < 30 { 100 } else { 1_000 };
            meter.moved(SECOND * second, done, 100_000);
        }
        let pace = meter.moved(SECOND * 60, done + 1_000, 100_000);
        assert_eq!(pace.speed, Some(1_000));
        assert_eq!(pace.left, Some(Duration::from_secs((100_000 - done - 1_000) / 1_000)));
    }

    #[test]
    fn many_marks_close_together_cost_no_memory_and_change_nothing() {
        let mut meter = Meter::default();
        let mut pace = Pace::default();
        for millis in 0..60_000_u32 {
            pace = meter.moved(Duration::from_millis(u64::from(millis)), u64::from(millis) * 7, 10_000_000);
            assert!(meter.marks.len() <= MARKS as usize + 3);
        }
        let speed = pace.speed.unwrap_or_default();
        assert!((6_990..=7_010).contains(&speed), "{speed}");
    }

    #[test]
    fn at_a_standstill_the_speed_falls_to_nothing_and_no_end_is_promised() {
        let mut meter = Meter::default();
        for second in 0..=10 {
            meter.moved(SECOND * second, u64::from(second) * 1_000, 100_000);
        }
        let half = meter.moved(SECOND * 15, 10_000, 100_000);
        assert!(half.speed.is_some_and(|speed| speed > 0 && speed < 1_000), "{half:?}");
        assert_eq!(meter.moved(SECOND * 40, 10_000, 100_000), Pace { speed: Some(0), left: None });
    }

    #[test]
    fn a_transfer_that_went_back_is_measured_afresh() {
        let mut meter = Meter::default();
        meter.moved(SECOND, 0, 1_000);
        assert_eq!(meter.moved(SECOND * 2, 500, 1_000).speed, Some(500));
        assert_eq!(meter.moved(SECOND * 3, 100, 1_000), Pace::default());
        assert_eq!(meter.moved(SECOND * 4, 300, 1_000).speed, Some(200));
    }

    #[test]
    fn without_a_size_there_is_a_speed_and_no_end() {
        let mut meter = Meter::default();
        meter.moved(SECOND, 0, 0);
        assert_eq!(meter.moved(SECOND * 2, 500, 0), Pace { speed: Some(500), left: None });
    }

    #[test]
    fn a_line_comes_by_share_or_time_never_twice_a_second_and_at_the_end() {
        let mut pacer = Pacer::default();
        let mut told = Vec::new();
        for tenth in 0..=600_u32 {
            let done = u64::from(tenth);
            if pacer.due(Duration::from_millis(u64::from(tenth) * 100), done, 600) {
                told.push(done);
            }
        }
        assert_eq!(told.first(), Some(&0));
        assert_eq!(told.last(), Some(&600));
        assert_eq!(told.len(), 21, "every 5 of 100: {told:?}");
        assert!(!pacer.due(SECOND * 61, 600, 600), "the end is told once");
    }

    #[test]
    fn a_slow_transfer_still_shows_that_it_lives() {
        let mut pacer = Pacer::default();
        let told = (0..=60).filter(|second| pacer.due(SECOND * *second, u64::from(*second), 1_000_000)).count();
        assert_eq!(told, 7, "every ten seconds");
    }
}
