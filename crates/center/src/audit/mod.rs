//! The audit log: who did what, when, from where, with what result; append-only, chained by hash, in files of its own.
//!
//! An entry is durable before the answer that it is about goes out. One thread writes; entries that come while it syncs
//! share the next sync. Without it nothing that changes anything is done: a centre that cannot account for its acts does
//! not act.

mod entry;
mod files;
mod floods;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::clock::Clock;

pub(crate) use entry::{Entry, Event, Hash, hex};
pub(crate) use files::{ChainError, Tip};
use files::{Tail, mend, read, read_last};
use floods::Floods;

/// The directory in the centre's data.
pub(crate) const DIRECTORY: &str = "audit";
/// Entries that wait for the writer before others wait for a place.
const QUEUE: usize = 1_024;
/// Entries that one sync makes durable.
const MAX_BATCH: usize = 512;

/// The audit log cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unwritable;

struct Pending {
    event: Event,
    done: oneshot::Sender<bool>,
}

/// The audit log of a running centre.
pub(crate) struct Audit {
    queue: SyncSender<Pending>,
    broken: Arc<AtomicBool>,
    floods: Mutex<Floods>,
    /// Alarms of guessing since the centre was started.
    alarms: AtomicU64,
    clock: Clock,
}

impl Audit {
    /// Opens the log, cuts what was torn at its end, and notes that; `began` is the first entry of this run.
    pub(crate) fn open(data: &Path, clock: Clock, began: Event) -> Result<Self, ChainError> {
        let directory = data.join(DIRECTORY);
        std::fs::create_dir_all(&directory)?;
        let (tip, torn) = read_last(&directory)?;
        let mut first = vec![began];
        if let Some(torn) = &torn {
            mend(torn)?;
            let about = format!("{} bytes after entry {}", torn.torn, tip.number);
            first.insert(0, Event { who: "centre".into(), what: "torn-end-cut".into(), about, ..ok() });
        }
        let mut tail = Tail::open(&directory, tip)?;
        tail.append(first.into_iter().map(|event| (clock.now(), event)))?;
        let (queue, waiting) = sync_channel(QUEUE);
        let broken = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&broken);
        std::thread::Builder::new().name("audit".into()).spawn(move || write(tail, &waiting, &flag, clock))?;
        Ok(Self { queue, broken, floods: Mutex::default(), alarms: AtomicU64::new(0), clock })
    }

    /// Whether what was last written could be.
    pub(crate) fn is_writable(&self) -> bool {
        !self.broken.load(Ordering::Acquire)
    }

    /// Alarms of guessing since the centre was started.
    pub(crate) fn alarms(&self) -> u64 {
        self.alarms.load(Ordering::Relaxed)
    }

    /// Notes what happened; it is durable when this returns. Of a flood of the same refusals only the first are written
    /// one by one.
    pub(crate) async fn note(&self, event: Event) -> Result<(), Unwritable> {
        let now = self.clock.now();
        let (told, summaries) = {
            let mut floods = self.floods.lock().unwrap_or_else(PoisonError::into_inner);
            floods.take(event, now)
        };
        let alarms = summaries.iter().filter(|event| event.what == floods::ALARM_KIND).count();
        self.alarms.fetch_add(alarms as u64, Ordering::Relaxed);
        let mut last = Ok(());
        for event in summaries.into_iter().chain(told) {
            last = self.write(event).await;
        }
        last
    }

    async fn write(&self, event: Event) -> Result<(), Unwritable> {
        let (done, written) = oneshot::channel();
        let (queue, pending) = (self.queue.clone(), Pending { event, done });
        // A full queue makes the request wait, on a thread that may.
        let queued = match queue.try_send(pending) {
            Ok(()) => true,
            Err(std::sync::mpsc::TrySendError::Full(pending)) => {
                tokio::task::spawn_blocking(move || queue.send(pending).is_ok()).await.unwrap_or(false)
            }
            Err(std::sync::mpsc::TrySendError::Disconnected(_)) => false,
        };
        if queued && written.await.unwrap_or(false) { Ok(()) } else { Err(Unwritable) }
    }
}

/// An event that went well, to be filled in.
pub(crate) fn ok() -> Event {
    Event { result: "ok".to_owned(), ..Event::default() }
}

/// Writes what comes until nobody can send any more.
fn write(mut tail: Tail, waiting: &Receiver<Pending>, broken: &AtomicBool, clock: Clock) {
    while let Ok(first) = waiting.recv() {
        let mut batch = vec![first];
        while batch.len() < MAX_BATCH {
            let Ok(next) = waiting.try_recv() else { break };
            batch.push(next);
        }
        let (events, answers): (Vec<Event>, Vec<_>) = batch.into_iter().map(|one| (one.event, one.done)).unzip();
        let now = clock.now();
        let written = tail.append(events.into_iter().map(|event| (now, event)));
        if let Err(error) = &written {
            tracing::error!(%error, "the audit log cannot be written");
        }
        broken.store(written.is_err(), Ordering::Release);
        for answer in answers {
            // Who gave up waiting needs no answer.
            let _ = answer.send(written.is_ok());
        }
    }
}

/// Reads the log of a data directory from its beginning; also while a centre writes it.
pub(crate) fn each(data: &Path, visit: &mut dyn FnMut(Entry)) -> Result<Tip, ChainError> {
    // What is torn at the end is being written now, or is cut at the next start.
    read(&data.join(DIRECTORY), visit).map(|(tip, _)| tip)
}

/// The files of a log, for a backup.
pub(crate) fn files_of(data: &Path) -> std::io::Result<Vec<PathBuf>> {
    let directory = data.join(DIRECTORY);
    if directory.exists() { files::files(&directory) } else { Ok(Vec::new()) }
}

#[cfg(test)]
mod tests;
