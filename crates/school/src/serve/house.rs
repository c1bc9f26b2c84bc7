//! The threads that work on one store: the desk, where everything is typed and asked, and the line, where exchanges
//! with the centre run for as long as they take. Pages are read beside both.
//!
//! Whoever computes and commits has the turn (`service/turns.rs`); the line gives it away while it waits for the
//! centre, so that typing goes on during an upload of an hour.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use selaras_model::Lang;

use super::line::{Errand, Line};
use super::{Answer, QUEUED_COMMANDS, QUEUED_EVENTS};
use crate::account::Source;
use crate::command::{Command, Report};
use crate::failure::{Failure, Outcome};
use crate::output::{Collected, Event, Output};
use crate::service::{Open, Service, Turns};

/// How long the readers of pages may take to end before a store is put in another's place.
const READERS_TIME: Duration = Duration::from_secs(10);
/// Data that readers keep beside the store.
type Beside = crate::web::Beside;
/// Work of the desk.
type Job = Box<dyn FnOnce(&mut Service) + Send>;

/// The store's threads; clones reach the same ones.
#[derive(Clone)]
pub(crate) struct House {
    rooms: Arc<Rooms>,
}

struct Rooms {
    desk: SyncSender<Job>,
    line: Line,
    turns: Arc<Turns>,
    readers: Mutex<Readers>,
}

/// Who reads beside the desk.
#[derive(Default)]
struct Readers {
    now: Option<Arc<Reading>>,
    /// Those that others have taken the place of, and that some page may still read.
    before: Vec<Weak<Reading>>,
    /// Readers that are opening the store.
    opening: usize,
    /// Whether a store is being put in another's place: nobody reads meanwhile.
    away: bool,
}

/// Keeps readers away until it is dropped.
struct Away(House);

impl Drop for Away {
    fn drop(&mut self) {
        whole(&self.0.rooms.readers).away = false;
        self.0.line().let_come();
    }
}

/// What pages are read from: the store, and what is kept beside it to be quick.
pub(crate) struct Reading {
    pub(crate) open: Open,
    pub(crate) beside: Beside,
}

impl House {
    /// Gives the service to the threads. They end when the last `House` is gone and what they do has ended.
    pub(crate) fn open(mut service: Service) -> std::io::Result<House> {
        let turns = Arc::clone(service.turns());
        let (desk, jobs) = sync_channel::<Job>(QUEUED_COMMANDS);
        std::thread::Builder::new().name("desk".to_owned()).spawn(move || {
            while let Ok(job) = jobs.recv() {
                job(&mut service);
            }
        })?;
        let line = Line::start(desk.clone(), Arc::clone(&turns))?;
        Ok(House { rooms: Arc::new(Rooms { desk, line, turns, readers: Mutex::default() }) })
    }

    /// The line to the centre.
    pub(crate) fn line(&self) -> &Line {
        &self.rooms.line
    }

    /// Does something at the desk, with the turn, and waits for it.
    pub(crate) fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Service) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        at_desk(&self.rooms.desk, move |service| {
            let turns = Arc::clone(service.turns());
            let _turn = turns.take();
            service.follow()?;
            work(service)
        })
    }

    /// Runs a command at the desk and gives what it said.
    pub(crate) fn run(&self, command: Command, mut said: Collected) -> Result<(Outcome, Vec<Event>), Failure> {
        let _away = self.make_way(&command)?;
        self.with(move |service| {
            let outcome = service.run(&command, &mut said)?;
            Ok((outcome, said.events))
        })
    }

    /// Runs a command on the line and waits for its report.
    pub(crate) fn on_the_line(&self, command: Command, lang: Lang, from: Source) -> Result<Option<Report>, Failure> {
        if self.line().is_busy() {
            // Whoever waits here is a page: it cannot wait for an upload of an hour.
            return Err(Failure::new("line.busy"));
        }
        let (answers, receiver) = sync_channel(QUEUED_EVENTS);
        self.line().send(Errand::asked(command, lang, answers).from(from))?;
        let mut report = None;
        for answer in receiver {
            match answer {
                Answer::Event(Event::Report(said)) => report = Some(*said),
                Answer::Event(_) => {}
                Answer::Done(_) => return Ok(report),
                Answer::Failed(failure) => return Err(failure),
            }
        }
        Err(Failure::new("internal.error").arg("place", "line"))
    }

    /// Reads for a page, beside whatever else goes on.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Reading) -> Result<T, Failure>) -> Result<T, Failure> {
        let reading = self.reading()?;
        read(&reading)
    }

    fn reading(&self) -> Result<Arc<Reading>, Failure> {
        {
            let mut readers = whole(&self.rooms.readers);
            if readers.away {
                return Err(Failure::new("store.busy"));
            }
            let now = self.rooms.turns.rules();
            if let Some(reading) = readers.now.as_ref().filter(|reading| reading.open.seen() == now) {
                return Ok(Arc::clone(reading));
            }
            readers.opening += 1;
        }
        let opened = at_desk(&self.rooms.desk, |service| service.open_store()?.second());
        let opened = opened.map(|open| Arc::new(Reading { open, beside: Beside::default() }));
        let mut readers = whole(&self.rooms.readers);
        readers.opening -= 1;
        if let Ok(reading) = &opened {
            let before = readers.now.replace(Arc::clone(reading));
            readers.before.retain(|reading| reading.strong_count() > 0);
            readers.before.extend(before.as_ref().map(Arc::downgrade));
        }
        opened
    }

    /// Queues a command for whoever asked from another process; `None` when too many wait already.
    pub(super) fn ask(&self, command: Command, lang: Lang) -> Option<Receiver<Answer>> {
        let (answers, receiver) = sync_channel(QUEUED_EVENTS);
        if command.uses_the_line() {
            self.line().send(Errand::asked(command, lang, answers)).ok()?;
            return Some(receiver);
        }
        let away = match self.make_way(&command) {
            Ok(away) => away,
            Err(failure) => {
                let _ = answers.send(Answer::Failed(failure));
                return Some(receiver);
            }
        };
        let job = move |service: &mut Service| {
            let _away = away;
            let mut out = Forwarded { lang, answers: &answers };
            let answer = match service.run(&command, &mut out) {
                Ok(outcome) => Answer::Done(outcome),
                Err(failure) => Answer::Failed(failure),
            };
            // A reader that went away does not undo what was done.
            let _ = answers.send(answer);
        };
        self.rooms.desk.try_send(Box::new(job)).ok()?;
        Some(receiver)
    }

    /// What has to be out of the way of a command at the desk; readers stay away while what this gives is kept.
    fn make_way(&self, command: &Command) -> Result<Option<Away>, Failure> {
        let away = command.moves_the_store().then(|| self.send_readers_away()).transpose()?;
        if command.ends_what_waits() {
            self.line().forget_later();
        }
        Ok(away)
    }

    /// Before a store takes another's place nobody else may hold it.
    fn send_readers_away(&self) -> Result<Away, Failure> {
        if std::mem::replace(&mut whole(&self.rooms.readers).away, true) {
            return Err(Failure::new("store.busy"));
        }
        let away = Away(self.clone());
        if !self.line().keep_away() {
            return Err(Failure::new("store.busy"));
        }
        let asked = Instant::now();
        loop {
            let mut readers = whole(&self.rooms.readers);
            let read_before = readers.before.iter().any(|reading| reading.strong_count() > 0);
            let read_now = readers.now.as_ref().is_some_and(|reading| Arc::strong_count(reading) > 1);
            if readers.opening == 0 && !read_before && !read_now {
                readers.now = None;
                return Ok(away);
            }
            drop(readers);
            if asked.elapsed() > READERS_TIME {
                return Err(Failure::new("store.busy"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends what runs on the line and closes the store in good order, so that the next start need not look through it.
    pub(crate) fn close(&self) {
        self.line().end();
        self.line().wait_until_idle(READERS_TIME);
        let _away = self.send_readers_away();
        let _ = at_desk(&self.rooms.desk, |service| {
            service.close();
            Ok(())
        });
    }
}

/// Does something at the desk and waits for it.
pub(super) fn at_desk<T: Send + 'static>(
    desk: &SyncSender<Job>,
    work: impl FnOnce(&mut Service) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let (done, result) = sync_channel(1);
    let job = Box::new(move |service: &mut Service| {
        let _ = done.send(work(service));
    });
    desk.try_send(job).map_err(|_| Failure::new("store.busy"))?;
    result.recv().unwrap_or_else(|_| Err(Failure::new("internal.error").arg("place", "desk")))
}

pub(super) type Desk = SyncSender<Job>;

fn whole<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hands events to whoever asked from another process.
pub(super) struct Forwarded<'a> {
    pub(super) lang: Lang,
    pub(super) answers: &'a SyncSender<Answer>,
}

impl Output for Forwarded<'_> {
    fn lang(&self) -> Lang {
        self.lang
    }

    fn event(&mut self, event: Event) {
        let _ = self.answers.send(Answer::Event(event));
    }
}
