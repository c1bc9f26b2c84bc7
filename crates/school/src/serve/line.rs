//! The thread on which exchanges with the centre run, one after another, and how far the present one has come.
//!
//! What waits for the night waits beside the others: until then the line does whatever else it is asked.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use selaras_model::{BundleId, Lang};
use selaras_transport::Patience;
use tokio::sync::watch;

use super::house::{Desk, Forwarded, at_desk};
use super::{Answer, QUEUED_COMMANDS};
use crate::account::Source;
use crate::command::{Command, Report};
use crate::doctor::StepLine;
use crate::failure::{Failure, Outcome};
use crate::output::{Event, Meter, Note, Output, Pace, Progress, Transfer, Wait, steady};
use crate::service::{Service, Turns};
use crate::window::{Moment, Window};

/// How often a waiting errand looks at the clock: a computer that slept is noticed after so long.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a page waits for what it has paused to stop.
const PAUSE_TIME: Duration = Duration::from_secs(3);
/// Notes of one errand that are kept for the page.
const MAX_NOTES: usize = 50;

/// Something to do on the line.
pub(crate) struct Errand {
    command: Command,
    lang: Lang,
    from: Source,
    /// When to do it; at once where this is missing.
    at: Option<Appointment>,
    patience: Option<Patience>,
    told: Option<SyncSender<Answer>>,
    /// What has to be sealed still when it is done; anything where this is missing.
    bundle: Option<BundleId>,
}

impl Errand {
    /// What another process asked for.
    pub(super) fn asked(command: Command, lang: Lang, told: SyncSender<Answer>) -> Errand {
        Errand { told: Some(told), ..Errand::once(command, lang) }
    }

    /// The same, asked from there.
    pub(super) fn from(self, from: Source) -> Errand {
        Errand { from, ..self }
    }

    /// What a page asked for: it goes on in the background without end.
    pub(crate) fn in_background(command: Command, lang: Lang) -> Errand {
        Errand { patience: Some(Patience::BACKGROUND), ..Errand::once(command, lang) }
    }

    /// What a page asked for, once: it ends with the first failure.
    pub(crate) fn once(command: Command, lang: Lang) -> Errand {
        Errand { command, lang, from: Source::Here, at: None, patience: None, told: None, bundle: None }
    }
}

/// A window of the day, the seconds of it that the moment is drawn from, and the moment.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Appointment {
    pub(crate) window: Window,
    spread: u32,
    moment: Moment,
}

impl Appointment {
    fn new(window: Window, spread: u32) -> Result<Appointment, Failure> {
        Ok(Appointment { window, spread, moment: Moment::drawn(window, spread)? })
    }

    /// When it is, in seconds since 1970.
    pub(crate) fn at(self) -> i64 {
        self.moment.at()
    }
}

/// What the line is at.
#[derive(Clone, Default, PartialEq)]
pub(crate) enum State {
    /// Nothing has run yet.
    #[default]
    Idle,
    /// It runs.
    Running,
    /// It ended.
    Ended(Ended),
}

/// How an errand ended.
#[derive(Clone, PartialEq)]
pub(crate) enum Ended {
    /// With a report.
    Well(Outcome, Option<Box<Report>>),
    /// With a failure.
    Badly(Failure),
}

/// How far the present errand, or the last, has come.
#[derive(Clone, Default)]
pub(crate) struct Course {
    /// What it is: the name of its command.
    pub(crate) task: &'static str,
    /// What the line is at.
    pub(crate) state: State,
    /// Work that takes a while.
    pub(crate) progress: Option<Progress>,
    /// Bytes that moved, and how fast.
    pub(crate) transfer: Option<(Transfer, Pace)>,
    /// Why it waits.
    pub(crate) wait: Option<Wait>,
    /// The steps of a diagnosis.
    pub(crate) steps: Vec<StepLine>,
    /// What else was said.
    pub(crate) notes: Vec<Note>,
    /// When an errand is done that waits for its time, beside whatever runs now.
    pub(crate) later: Option<Appointment>,
    /// Whether a store is being put in another's place: nothing begins meanwhile.
    away: bool,
}

impl Course {
    /// Whether something runs.
    pub(crate) fn is_busy(&self) -> bool {
        self.state == State::Running
    }

    /// One that begins; what waits for its time goes on waiting.
    fn begin(&mut self, task: &'static str) {
        *self = Course { task, state: State::Running, later: self.later, ..Course::default() };
    }
}

/// Sends errands to the line.
pub(crate) struct Line {
    errands: SyncSender<Errand>,
    course: watch::Sender<Course>,
    turns: Arc<Turns>,
}

impl Line {
    pub(super) fn start(desk: Desk, turns: Arc<Turns>) -> std::io::Result<Line> {
        let (errands, waiting) = sync_channel(QUEUED_COMMANDS);
        let course = watch::Sender::new(Course::default());
        let (told, shared) = (course.clone(), Arc::clone(&turns));
        std::thread::Builder::new().name("line".to_owned()).spawn(move || work(&desk, &shared, &waiting, &told))?;
        Ok(Line { errands, course, turns })
    }

    /// Queues an errand.
    pub(crate) fn send(&self, errand: Errand) -> Result<(), Failure> {
        self.errands.try_send(errand).map_err(|_| Failure::new("store.busy"))
    }

    /// Begins an errand, unless one runs already.
    pub(crate) fn begin(&self, errand: Errand) -> Result<(), Failure> {
        // It is said here that it runs, so that the page that asked shows this errand and not the one before.
        let begun = self.course.send_if_modified(|course| {
            if course.is_busy() || course.away {
                return false;
            }
            course.begin(errand.command.name());
            true
        });
        if !begun {
            return Err(Failure::new("line.busy"));
        }
        self.turns.go_on();
        self.send(errand)
    }

    /// Begins an errand, or does it as soon as another one has ended: what runs now may have begun before there was
    /// anything to send.
    pub(crate) fn begin_soon(&self, errand: Errand) -> Result<(), Failure> {
        if self.is_busy() { self.send(errand) } else { self.begin(errand) }
    }

    /// Sends a bundle in a window of the day, if it waits still.
    pub(crate) fn begin_later(
        &self,
        errand: Errand,
        bundle: BundleId,
        window: Window,
        spread: u32,
    ) -> Result<(), Failure> {
        let at = Appointment::new(window, spread)?;
        self.course.send_modify(|course| course.later = Some(at));
        let sent = self.send(Errand { at: Some(at), bundle: Some(bundle), ..errand });
        if sent.is_err() {
            self.forget_later();
        }
        sent
    }

    /// Keeps errands away while a store is put in another's place; not while one runs.
    pub(super) fn keep_away(&self) -> bool {
        self.course.send_if_modified(|course| {
            let free = !course.is_busy();
            course.away |= free;
            free
        })
    }

    /// Begins nothing any more and stops what runs.
    pub(super) fn end(&self) {
        self.course.send_modify(|course| (course.away, course.later) = (true, None));
        self.pause();
    }

    /// Lets errands come again.
    pub(super) fn let_come(&self) {
        self.course.send_modify(|course| course.away = false);
    }

    /// What waits for its time is not done; whatever has arrived stays.
    pub(crate) fn forget_later(&self) {
        self.course.send_if_modified(|course| course.later.take().is_some());
    }

    /// How far it has come, now.
    pub(crate) fn course(&self) -> Course {
        self.course.borrow().clone()
    }

    /// How far it has come, as it goes on.
    pub(crate) fn watch(&self) -> watch::Receiver<Course> {
        self.course.subscribe()
    }

    /// Whether something runs.
    pub(crate) fn is_busy(&self) -> bool {
        self.course.borrow().is_busy()
    }

    /// Stops what runs; whatever has arrived stays.
    pub(crate) fn pause(&self) {
        self.turns.pause();
    }

    /// Stops what runs and waits until it has stopped, but not for ever.
    pub(crate) fn pause_and_wait(&self) {
        self.pause();
        self.wait_until_idle(PAUSE_TIME);
    }

    /// Waits until nothing runs any more, but not for ever.
    pub(super) fn wait_until_idle(&self, at_most: Duration) {
        let asked = steady();
        while self.is_busy() && steady().saturating_sub(asked) < at_most {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn work(desk: &Desk, turns: &Turns, errands: &Receiver<Errand>, course: &watch::Sender<Course>) {
    let mut waiting = None;
    while let Some(errand) = next(errands, &mut waiting, course) {
        if !is_due_still(desk, &errand) {
            continue;
        }
        let may = course.send_if_modified(|course| {
            if course.away {
                return false;
            }
            course.begin(errand.command.name());
            true
        });
        if !may {
            if let Some(told) = &errand.told {
                let _ = told.send(Answer::Failed(Failure::new("store.busy")));
            }
            continue;
        }
        // A pause was of what ran then.
        turns.go_on();
        let mut out = Told { errand: &errand, course, meter: Meter::default(), report: None };
        let ended = run(desk, &errand, &mut out);
        let report = out.report.take();
        if let Some(told) = &errand.told {
            let answer = match &ended {
                Ok(outcome) => Answer::Done(*outcome),
                Err(failure) => Answer::Failed(failure.clone()),
            };
            let _ = told.send(answer);
        }
        course.send_modify(|course| {
            (course.progress, course.wait) = (None, None);
            course.state = State::Ended(match ended {
                Ok(outcome) => Ended::Well(outcome, report),
                Err(failure) => Ended::Badly(failure),
            });
        });
    }
}

/// Whether what an errand is for waits still: a bundle may have been withdrawn since, or another store be here.
fn is_due_still(desk: &Desk, errand: &Errand) -> bool {
    let Some(bundle) = errand.bundle else { return true };
    let sealed = at_desk(desk, |service| Ok(service.open_store()?.school().sealed()?.map(|sealed| sealed.bundle)));
    sealed.is_ok_and(|sealed| sealed == Some(bundle))
}

/// The errand has a service of its own over the same store, and gives it back when it ends.
fn run(desk: &Desk, errand: &Errand, out: &mut dyn Output) -> Result<Outcome, Failure> {
    let mut service: Service = at_desk(desk, |service| service.second())?;
    if let Some(patience) = errand.patience {
        service.be_patient(patience);
    }
    service.run(&errand.command, out)
}

/// The next errand to do now: what is asked for, or what waits when its time has come; none when nobody asks any more.
fn next(errands: &Receiver<Errand>, waiting: &mut Option<Errand>, course: &watch::Sender<Course>) -> Option<Errand> {
    loop {
        let asked = match waiting {
            Some(_) => errands.recv_timeout(LOOK_EVERY),
            None => errands.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match asked {
            Ok(errand) if errand.at.is_some() => *waiting = Some(errand),
            Ok(errand) => {
                // Now instead of later.
                if waiting.as_ref().is_some_and(|later| later.command.name() == errand.command.name()) {
                    *waiting = None;
                    course.send_if_modified(|course| course.later.take().is_some());
                }
                return Some(errand);
            }
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {
                if let Some(errand) = due(waiting, course) {
                    return Some(errand);
                }
            }
        }
    }
}

/// What waits, if its time has come; nothing waits any more where somebody has said so.
fn due(waiting: &mut Option<Errand>, course: &watch::Sender<Course>) -> Option<Errand> {
    let Some(later) = course.borrow().later else {
        *waiting = None;
        return None;
    };
    if !later.moment.has_come() || course.borrow().away {
        return None;
    }
    if later.window.is_now() {
        course.send_if_modified(|course| course.later.take().is_some());
        return waiting.take();
    }
    // A computer that slept through the window waits for the next one.
    let again = Appointment::new(later.window, later.spread).ok();
    course.send_modify(|course| course.later = again);
    None
}

/// Tells the page, and whoever asked from another process.
struct Told<'a> {
    errand: &'a Errand,
    course: &'a watch::Sender<Course>,
    meter: Meter,
    report: Option<Box<Report>>,
}

impl Output for Told<'_> {
    fn lang(&self) -> Lang {
        self.errand.lang
    }

    fn from(&self) -> Source {
        self.errand.from.clone()
    }

    fn event(&mut self, event: Event) {
        if let Some(answers) = &self.errand.told {
            Forwarded { lang: self.errand.lang, answers }.event(event.clone());
        }
        let pace = match &event {
            Event::Transfer(transfer) => {
                self.meter.moved(Duration::from_millis(transfer.at), transfer.done, transfer.total)
            }
            _ => Pace::default(),
        };
        if let Event::Report(report) = event {
            self.report = Some(report);
            return;
        }
        self.course.send_modify(|course| match event {
            Event::Progress(progress) => (course.progress, course.wait) = (Some(progress), None),
            Event::Transfer(transfer) => (course.transfer, course.wait) = (Some((transfer, pace)), None),
            Event::Wait(wait) => course.wait = Some(wait),
            Event::Step(step) => course.steps.push(*step),
            Event::Note(note) if course.notes.len() < MAX_NOTES => course.notes.push(note),
            Event::Note(_) | Event::Data(_) | Event::Report(_) => {}
        });
    }
}
