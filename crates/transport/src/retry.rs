//! When to try again: decorrelated jitter as a pure value, and the loop that sleeps by it.
//!
//! Jitter that grows from the *previous wait* (`random(base, 3 × previous)`, capped) spreads a crowd that was cut at
//! the same moment faster than plain exponential backoff does: after a power cut in a district its schools would
//! otherwise come back in step, deadline evening after deadline evening.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::client::LinkError;
use crate::problem::Retry;

/// How patient a caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The shortest wait.
    pub base: Duration,
    /// The longest wait that jitter alone asks for.
    pub cap: Duration,
    /// How long to go on without any progress; `None` goes on without end.
    pub give_up_after: Option<Duration>,
}

impl Patience {
    /// For work in the background: from a second to five minutes, without end.
    pub const BACKGROUND: Self =
        Self { base: Duration::from_secs(1), cap: Duration::from_secs(300), give_up_after: None };
    /// For a person who waits at the screen: from half a second to eight, and an end after a minute.
    pub const PERSON: Self = Self {
        base: Duration::from_millis(500),
        cap: Duration::from_secs(8),
        give_up_after: Some(Duration::from_secs(60)),
    };
}

/// Decides how long to wait after each failure; clock and chance are arguments.
#[derive(Debug, Clone)]
pub struct Backoff {
    patience: Patience,
    previous: Duration,
    failing_since: Option<Duration>,
}

impl Backoff {
    /// Starts afresh.
    #[must_use]
    pub const fn new(patience: Patience) -> Self {
        Self { patience, previous: patience.base, failing_since: None }
    }

    /// Takes a failure and says how long to wait, or `None` when patience has run out.
    ///
    /// `now` is any steady clock, `chance` a number from 0 up to 1, `floor` what the server asked for
    /// (`Retry-After`). The wait is never shorter than the floor; where the floor is the longer one, up to a quarter
    /// of it is added by chance, so that all who were told the same time do not come back at the same time.
    pub fn failed(&mut self, now: Duration, chance: f64, floor: Option<Duration>) -> Option<Duration> {
        let since = *self.failing_since.get_or_insert(now);
        let chance = chance.clamp(0.0, 1.0);
        let top = self.previous.saturating_mul(3).min(self.patience.cap).max(self.patience.base);
        let drawn = self.patience.base + (top - self.patience.base).mul_f64(chance);
        self.previous = drawn;
        let wait = match floor {
            Some(floor) if floor > drawn => floor + (floor / 4).mul_f64(chance),
            _ => drawn,
        };
        let elapsed = now.saturating_sub(since);
        match self.patience.give_up_after {
            Some(limit) if elapsed + wait > limit => None,
            _ => Some(wait),
        }
    }

    /// Forgets earlier failures: something got through.
    pub const fn progressed(&mut self) {
        self.previous = self.patience.base;
        self.failing_since = None;
    }
}

/// By which an operation reports that it got further, though it failed in the end.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<AtomicBool>);

impl Progress {
    /// Something that will not have to be done again got through.
    pub fn made(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// Runs an operation until it succeeds, fails for good, or patience runs out; sleeps by tokio's clock.
///
/// `chance` gives numbers from 0 up to 1; `waiting` is told of every failure before the wait.
///
/// # Errors
/// The last failure: an ended session (the caller gets another token first), one that only a person can mend, or any
/// once patience has run out.
pub async fn with_retries<T, F>(
    patience: Patience,
    mut chance: impl FnMut() -> f64,
    mut waiting: impl FnMut(&LinkError, Duration),
    mut operation: impl FnMut(Progress) -> F,
) -> Result<T, LinkError>
where
    F: Future<Output = Result<T, LinkError>>,
{
    let started = tokio::time::Instant::now();
    let mut backoff = Backoff::new(patience);
    let progress = Progress::default();
    loop {
        let error = match operation(progress.clone()).await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        if progress.take() {
            backoff.progressed();
        }
        // Another token is wanted before the same call can work, however soon that may be.
        let other_first = matches!(error, LinkError::SessionExpired(_));
        if other_first || matches!(error.retry(), Retry::AfterHumanAction | Retry::Never) {
            return Err(error);
        }
        let Some(wait) = backoff.failed(started.elapsed(), chance(), error.retry_after()) else {
            return Err(error);
        };
        waiting(&error, wait);
        tokio::time::sleep(wait).await;
    }
}

/// A number from 0 up to 1 from the system's randomness; a half where there is none.
#[must_use]
pub fn system_chance() -> f64 {
    getrandom::u32().map_or(0.5, |drawn| f64::from(drawn) / (f64::from(u32::MAX) + 1.0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::client::Cause;
    use crate::problem::{CatalogueEntry, Problem};

    const SECOND: Duration = Duration::from_secs(1);

    fn patience(give_up_after: Option<Duration>) -> Patience {
        Patience { base: SECOND, cap: SECOND * 100, give_up_after }
    }

    #[test]
    fn waits_grow_threefold_at_most_up_to_the_cap() {
        let mut backoff = Backoff::new(patience(None));
        let waits: Vec<u64> = (0..6).map(|_| backoff.failed(Duration::ZERO, 1.0, None).unwrap().as_secs()).collect();
        assert_eq!(waits, [3, 9, 27, 81, 100, 100]);
    }

    #[test]
    fn progress_starts_afresh() {
        let mut backoff = Backoff::new(patience(Some(SECOND * 20)));
        backoff.failed(Duration::ZERO, 1.0, None).unwrap();
        backoff.failed(SECOND * 3, 1.0, None).unwrap();
        assert_eq!(backoff.failed(SECOND * 19, 1.0, None), None);
        backoff.progressed();
        assert_eq!(backoff.failed(SECOND * 20, 1.0, None), Some(SECOND * 3));
    }

    #[test]
    fn what_the_server_asks_for_is_the_floor() {
        let mut backoff = Backoff::new(patience(None));
        assert_eq!(backoff.failed(Duration::ZERO, 0.0, Some(SECOND * 40)), Some(SECOND * 40));
        assert_eq!(backoff.failed(Duration::ZERO, 1.0, Some(SECOND * 40)), Some(SECOND * 50));
    }

    proptest! {
        #[test]
        fn a_wait_is_never_shorter_than_base_and_floor(
            steps in proptest::collection::vec((0.0f64..1.0, proptest::option::of(0u64..500)), 1..40),
        ) {
            let mut backoff = Backoff::new(patience(None));
            for (chance, floor) in steps {
                let floor = floor.map(Duration::from_secs);
                let wait = backoff.failed(Duration::ZERO, chance, floor).unwrap();
                prop_assert!(wait >= SECOND && wait >= floor.unwrap_or_default());
                prop_assert!(wait <= (SECOND * 100).max(floor.unwrap_or_default() * 5 / 4));
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_loop_ends_with_success_and_tells_of_every_wait() {
        let mut left = 3;
        let mut told = 0;
        let done = with_retries(
            patience(None),
            || 0.5,
            |_, _| told += 1,
            |_| {
                left -= 1;
                let result = if left == 0 { Ok("done") } else { Err(LinkError::Cut(Cause::none())) };
                async move { result }
            },
        )
        .await;
        assert_eq!((done.unwrap(), told), ("done", 2));
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_person_has_to_mend_is_not_tried_again() {
        let mut tries = 0;
        let result = with_retries::<(), _>(
            patience(None),
            || 0.5,
            |_, _| {},
            |_| {
                tries += 1;
                async { Err(LinkError::PlainHttp) }
            },
        )
        .await;
        assert!(result.is_err());
        assert_eq!(tries, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_ended_session_is_given_back_at_once() {
        let entry = CatalogueEntry { code: "session.expired", status: 401, retry: Retry::Now, who: "", id: "", en: "" };
        let mut tries = 0;
        let result = with_retries::<(), _>(
            patience(None),
            || 0.5,
            |_, _| {},
            |_| {
                tries += 1;
                let problem = Box::new(Problem::of(&entry));
                async { Err(LinkError::SessionExpired(problem)) }
            },
        )
        .await;
        assert_eq!((result.unwrap_err().code(), tries), ("session.expired", 1));
    }
}
