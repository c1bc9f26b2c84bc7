//! Who works when: one request of a school at a time, a few schools at once, and an end to waiting.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use selaras_model::Npsn;
use selaras_transport::Problem;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::access::random;
use crate::catalogue::problem;

/// How long those who find no room are asked to stay away; spread by chance over twice this time, so that a crowd
/// that was turned away together does not come back together.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Locks of schools that are kept before unused ones are dropped.
const IDLE_SCHOOLS: usize = 4_096;

/// How much work depends on being taken now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// Whoever asks may come again later, at no cost.
    Usual,
    /// Everything that the work needs is here already: turning it away frees nothing.
    Landed,
}

/// How much longer landed work waits for its turn.
const LANDED_PATIENCE: u32 = 6;

/// The lanes of work.
pub(crate) struct Lanes {
    workers: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// Places in which only landed work waits.
    reserved: Arc<Semaphore>,
    patience: Duration,
    schools: Mutex<BTreeMap<Npsn, Arc<tokio::sync::Mutex<()>>>>,
}

/// The right to work on a school; given back when dropped.
struct Lane {
    _school: OwnedMutexGuard<()>,
    _worker: OwnedSemaphorePermit,
}

impl Lanes {
    pub(crate) fn new(workers: usize, waiting: usize, patience: Duration) -> Self {
        Self {
            workers: Arc::new(Semaphore::new(workers.max(1))),
            waiting: Arc::new(Semaphore::new(waiting.max(1))),
            reserved: Arc::new(Semaphore::new(waiting.max(1))),
            patience,
            schools: Mutex::default(),
        }
    }

    /// Whether a request that came now would be turned away; asked before its body is read.
    pub(crate) fn crowded(&self) -> Option<Problem> {
        (self.waiting.available_permits() == 0).then(busy)
    }

    /// Runs work on one school on a blocking thread, alone on that school.
    ///
    /// Work that has begun goes on to its end although the one who asked is gone: the guards move into it.
    ///
    /// # Errors
    /// `center.busy` without room or patience, `center.failed` where the work panicked, else the work's own.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        npsn: Npsn,
        urgency: Urgency,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (places, patience) = match urgency {
            Urgency::Usual => (&self.waiting, self.patience),
            Urgency::Landed => (&self.reserved, self.patience * LANDED_PATIENCE),
        };
        let lane = {
            let _waiting = Arc::clone(places).try_acquire_owned().map_err(|_| busy())?;
            // The school first: requests of one busy school must not hold workers while they wait for each other.
            let school = self.school(npsn).lock_owned();
            let workers = Arc::clone(&self.workers);
            let both = async { (school.await, workers.acquire_owned().await) };
            match tokio::time::timeout(patience, both).await {
                Ok((school, Ok(worker))) => Lane { _school: school, _worker: worker },
                Ok((_, Err(_))) | Err(_) => return Err(busy()),
            }
        };
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(lane);
            result
        });
        done.await.unwrap_or_else(|_| Err(problem("center.failed")))
    }

    fn school(&self, npsn: Npsn) -> Arc<tokio::sync::Mutex<()>> {
        let mut schools = self.schools.lock().unwrap_or_else(PoisonError::into_inner);
        if schools.len() >= IDLE_SCHOOLS {
            // Anyone may name a hundred million schools; only those that somebody waits for or works on are kept.
            schools.retain(|_, school| Arc::strong_count(school) > 1);
        }
        Arc::clone(schools.entry(npsn).or_default())
    }
}

/// Too many are at work already.
fn busy() -> Problem {
    let chance = random::<1>().map_or(0.5, |[byte]| f64::from(byte) / 255.0);
    problem("center.busy").after(BUSY_WAIT.mul_f64(1.0 + chance))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use std::sync::mpsc;

    use super::*;

    fn npsn(number: u32) -> Npsn {
        Npsn::from_number(number).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_school_is_worked_on_once_at_a_time_and_others_meanwhile() {
        let lanes = Arc::new(Lanes::new(2, 10, Duration::from_millis(100)));
        let (started, begun) = tokio::sync::oneshot::channel();
        let (release, held) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let lanes = Arc::clone(&lanes);
            async move {
                let work = move || {
                    started.send(()).unwrap();
                    held.recv().unwrap();
                    Ok(())
                };
                lanes.run(npsn(1), Urgency::Usual, work).await
            }
        });
        begun.await.unwrap();
        let refused = lanes.run(npsn(1), Urgency::Usual, || Ok(())).await.unwrap_err();
        assert_eq!(refused.code, "center.busy");
        assert!(refused.retry_after.is_some_and(|seconds| (5..=10).contains(&seconds)));
        lanes.run(npsn(2), Urgency::Usual, || Ok(())).await.unwrap();
        release.send(()).unwrap();
        first.await.unwrap().unwrap();
        lanes.run(npsn(1), Urgency::Usual, || Ok(())).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn landed_work_waits_where_others_find_no_place() {
        let lanes = Arc::new(Lanes::new(1, 1, Duration::from_secs(5)));
        let (started, begun) = tokio::sync::oneshot::channel();
        let (release, held) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let lanes = Arc::clone(&lanes);
            async move {
                let work = move || {
                    started.send(()).unwrap();
                    held.recv().unwrap();
                    Ok(())
                };
                lanes.run(npsn(1), Urgency::Usual, work).await
            }
        });
        begun.await.unwrap();
        let _only_place = Arc::clone(&lanes.waiting).try_acquire_owned().unwrap();
        assert!(lanes.crowded().is_some());
        assert_eq!(lanes.run(npsn(2), Urgency::Usual, || Ok(())).await.unwrap_err().code, "center.busy");
        let landed = lanes.run(npsn(2), Urgency::Landed, || Ok(()));
        release.send(()).unwrap();
        landed.await.unwrap();
        first.await.unwrap().unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn work_goes_on_when_nobody_waits_for_it() {
        let lanes = Lanes::new(1, 1, Duration::from_secs(5));
        let (release, held) = mpsc::channel::<()>();
        let (done, ended) = tokio::sync::oneshot::channel();
        let work = move || {
            held.recv().unwrap();
            done.send(()).unwrap();
            Ok(())
        };
        assert!(
            tokio::time::timeout(Duration::from_millis(20), lanes.run(npsn(1), Urgency::Usual, work)).await.is_err()
        );
        release.send(()).unwrap();
        ended.await.unwrap();
        lanes.run(npsn(1), Urgency::Usual, || Ok(())).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn work_that_panics_frees_its_lane() {
        let lanes = Lanes::new(1, 1, Duration::from_secs(5));
        let failed = lanes.run::<()>(npsn(1), Urgency::Usual, || std::panic::panic_any(())).await.unwrap_err();
        assert_eq!(failed.code, "center.failed");
        lanes.run(npsn(1), Urgency::Usual, || Ok(())).await.unwrap();
    }
}
