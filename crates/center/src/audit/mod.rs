//! The audit log: who did what, when, from where, with what result; append-only, chained by hash, in files of its own.
//!
//! An entry is durable before the answer that it is about goes out. One thread writes; entries that come while it syncs
//! share the next sync. Without it nothing that changes anything is done: a centre that cannot account for its acts does
//! not act.

mod entry;
mod files;
mod floods;
mod reading;
mod tip;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::clock::Clock;

pub(crate) use entry::{Entry, Event, Hash, hex};
pub(crate) use files::Tip;
use files::{Tail, mend};
use floods::Floods;
pub(crate) use reading::{ChainError, LogRead};
use reading::{read, read_last};
pub(crate) use tip::TipKeeper;

/// The directory in the centre's data.
pub(crate) const DIRECTORY: &str = "audit";
/// Entries that wait for the writer before others wait for a place.
const QUEUE: usize = 1_024;
/// Entries that one sync makes durable.
const MAX_BATCH: usize = 512;
/// How long the tip that the store keeps may be behind the log, and by how many entries.
const KEEP_EVERY: Duration = Duration::from_secs(60);
const KEEP_AFTER: usize = 1_000;

/// The audit log cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unwritable;

struct Pending {
    event: Event,
    done: oneshot::Sender<bool>,
}

/// The audit log of a running centre.
pub(crate) struct Audit {
    /// None once it is closed.
    queue: Option<SyncSender<Pending>>,
    writer: Option<JoinHandle<()>>,
    broken: Arc<AtomicBool>,
    floods: Mutex<Floods>,
    /// Alarms of guessing since the centre was started.
    alarms: AtomicU64,
    clock: Clock,
}

impl Audit {
    /// Opens the log, cuts what was torn at its end, and notes that; `began` is the first entry of this run. Where entries
    /// are gone that the store knows of, it goes on after those, in a new file, and notes that too.
    pub(crate) fn open(data: &Path, clock: Clock, keeper: TipKeeper, began: Event) -> Result<Self, ChainError> {
        let directory = data.join(DIRECTORY);
        std::fs::create_dir_all(&directory)?;
        let kept = keeper.kept()?.unwrap_or_default();
        let mut other = false;
        let mut log =
            read_last(&directory, &mut |entry| other |= entry.number == kept.number && entry.hash() != kept.hash)?;
        if other {
            log.is_damaged(tip::FILE, kept.number, NOT_THAT_ENTRY);
        }
        let tip = log.whole()?;
        let mut first = Vec::new();
        let mut notes = |what: &str, about| {
            first.push(Event { who: "centre".to_owned(), what: what.to_owned(), about, ..ok() });
        };
        if let Some(torn) = &log.torn {
            mend(torn)?;
            notes("torn-end-cut", format!("{} bytes after entry {}", torn.torn, tip.number));
        }
        let mut tail = if kept.number > tip.number {
            tracing::error!(from = tip.number + 1, to = kept.number, "entries of the audit log are missing");
            notes("entries-missing", format!("entries {} to {}", tip.number + 1, kept.number));
            Tail::begin(&directory, kept)?
        } else {
            Tail::open(&directory, tip)?
        };
        first.push(began);
        tail.append(first.into_iter().map(|event| (clock.now(), event)))?;
        keeper.keep(tail.tip())?;
        let (queue, waiting) = sync_channel(QUEUE);
        let broken = Arc::new(AtomicBool::new(false));
        let writer = Writer { tail, keeper, broken: Arc::clone(&broken), clock, unkept: 0, kept_at: Instant::now() };
        let writer = std::thread::Builder::new().name("audit".into()).spawn(move || writer.run(&waiting))?;
        let (queue, writer) = (Some(queue), Some(writer));
        Ok(Self { queue, writer, broken, floods: Mutex::default(), alarms: AtomicU64::new(0), clock })
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
        let Some(queue) = self.queue.clone() else { return Err(Unwritable) };
        let pending = Pending { event, done };
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

impl Drop for Audit {
    fn drop(&mut self) {
        // What was queued is written, and the tip kept, before the store is closed.
        drop(self.queue.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// The thread that writes.
struct Writer {
    tail: Tail,
    keeper: TipKeeper,
    broken: Arc<AtomicBool>,
    clock: Clock,
    /// Entries since the tip was kept, and when that was.
    unkept: usize,
    kept_at: Instant,
}

impl Writer {
    /// Writes what comes until nobody can send any more.
    fn run(mut self, waiting: &Receiver<Pending>) {
        loop {
            let first = match self.next(waiting) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => {
                    self.keep();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let mut batch = vec![first];
            while batch.len() < MAX_BATCH {
                let Ok(next) = waiting.try_recv() else { break };
                batch.push(next);
            }
            self.write(batch);
            if self.unkept >= KEEP_AFTER || self.kept_at.elapsed() >= KEEP_EVERY {
                self.keep();
            }
        }
        self.keep();
    }

    /// Waits for what comes next: without end while the tip is kept.
    fn next(&self, waiting: &Receiver<Pending>) -> Result<Pending, RecvTimeoutError> {
        if self.unkept == 0 {
            return waiting.recv().map_err(|_| RecvTimeoutError::Disconnected);
        }
        waiting.recv_timeout(KEEP_EVERY)
    }

    fn write(&mut self, batch: Vec<Pending>) {
        let (events, answers): (Vec<Event>, Vec<_>) = batch.into_iter().map(|one| (one.event, one.done)).unzip();
        let now = self.clock.now();
        self.unkept += events.len();
        let written = self.tail.append(events.into_iter().map(|event| (now, event)));
        if let Err(error) = &written {
            tracing::error!(%error, "the audit log cannot be written");
        }
        self.broken.store(written.is_err(), Ordering::Release);
        for answer in answers {
            // Who gave up waiting needs no answer.
            let _ = answer.send(written.is_ok());
        }
    }

    fn keep(&mut self) {
        // The log is whole without it; it is tried again after the next entry.
        if let Err(error) = self.keeper.keep(self.tail.tip()) {
            tracing::warn!(%error, "the tip of the audit log could not be kept");
        }
        (self.unkept, self.kept_at) = (0, Instant::now());
    }
}

/// What is said of a tip that was kept and is not in the log.
const NOT_THAT_ENTRY: &str = "the store keeps another hash for that entry";
const MISSING: &str = "the log went on, as the store knows, and what followed is missing";

/// Reads the log of a data directory from the first file that is there; also while a centre writes it. What is damaged,
/// and what is missing of it as far as the kept tip tells, is in what is given back.
pub(crate) fn each(data: &Path, visit: &mut dyn FnMut(Entry)) -> Result<LogRead, ChainError> {
    // Read before the log, which a centre may be writing: the log holds whatever was kept before.
    let kept = tip::in_file(data)?.unwrap_or_default();
    let mut other = false;
    let mut see = |entry: Entry| {
        other |= entry.number == kept.number && entry.hash() != kept.hash;
        visit(entry);
    };
    let directory = data.join(DIRECTORY);
    let mut log = if directory.exists() { read(&directory, &mut see)? } else { LogRead::default() };
    if other {
        log.is_damaged(tip::FILE, kept.number, NOT_THAT_ENTRY);
    }
    if kept.number > log.tip.number {
        log.is_damaged(DIRECTORY, log.tip.number, MISSING);
    }
    Ok(log)
}

/// The files of a log, for a backup.
pub(crate) fn files_of(data: &Path) -> std::io::Result<Vec<PathBuf>> {
    let directory = data.join(DIRECTORY);
    if directory.exists() { files::files(&directory) } else { Ok(Vec::new()) }
}

#[cfg(test)]
mod tests;
