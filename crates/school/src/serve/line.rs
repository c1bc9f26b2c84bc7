//! The thread on which exchanges with the centre run, one after another, and how far the present one has come.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use selaras_model::Lang;
use selaras_transport::Patience;
use tokio::sync::watch;

use super::house::{Desk, Forwarded, at_desk};
use super::{Answer, QUEUED_COMMANDS};
use crate::command::{Command, Report};
use crate::doctor::StepLine;
use crate::failure::{Failure, Outcome};
use crate::output::{Event, Meter, Note, Output, Pace, Progress, Transfer, Wait, steady};
use crate::service::{Service, Turns};
use crate::window::{Moment, Window};

/// How often a waiting errand looks at the clock: a computer that slept is noticed after so long.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a page waits for what it has paused to stop.
const PAUSE_TIME: Duration = Duration::from_secs(3);
/// Notes of one errand that are kept for the page.
const MAX_NOTES: usize = 50;

/// Something to do on the line.
pub(crate) struct Errand {
    command: Command,
    lang: Lang,
    /// The window to do it in, and the seconds of it that the moment is drawn from.
    at: Option<(Window, u32)>,
    patience: Option<Patience>,
    told: Option<SyncSender<Answer>>,
}

impl Errand {
    /// What another process asked for.
    pub(super) fn asked(command: Command, lang: Lang, told: SyncSender<Answer>) -> Errand {
        Errand { command, lang, at: None, patience: None, told: Some(told) }
    }

    /// What a page asked for: it goes on in the background without end.
    pub(crate) fn in_background(command: Command, lang: Lang) -> Errand {
        Errand { command, lang, at: None, patience: Some(Patience::BACKGROUND), told: None }
    }

    /// What a page asked for, once: it ends with the first failure.
    pub(crate) fn once(command: Command, lang: Lang) -> Errand {
        Errand { command, lang, at: None, patience: None, told: None }
    }

    /// Waits for a window of the day.
    pub(crate) fn at(self, window: Window, spread: u32) -> Errand {
        Errand { at: Some((window, spread)), ..self }
    }
}

/// What the line is at.
#[derive(Clone, Default, PartialEq)]
pub(crate) enum State {
    /// Nothing has run yet.
    #[default]
    Idle,
    /// It waits for a moment of a window, in seconds since 1970.
    Later(i64, Window),
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
    /// Its number, from 1.
    pub(crate) number: u64,
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
}

impl Course {
    /// Whether something runs or waits for its time.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.state, State::Running | State::Later(..))
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

    /// Begins an errand, unless one runs already; gives its number.
    pub(crate) fn begin(&self, errand: Errand) -> Result<u64, Failure> {
        // The number is taken here, so that the page that asked shows this errand and not the one before.
        let mut number = 0;
        let task = errand.command.name();
        let begun = self.course.send_if_modified(|course| {
            if course.is_busy() {
                return false;
            }
            number = course.number + 1;
            *course = Course { number, task, state: State::Running, ..Course::default() };
            true
        });
        if !begun {
            return Err(Failure::new("line.busy"));
        }
        self.turns.go_on();
        self.send(errand).map(|()| number)
    }

    /// How far it has come, now.
    pub(crate) fn course(&self) -> Course {
        self.course.borrow().clone()
    }

    /// How far it has come, as it goes on.
    pub(crate) fn watch(&self) -> watch::Receiver<Course> {
        self.course.subscribe()
    }

    /// Whether something runs or waits for its time.
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
    while let Ok(errand) = errands.recv() {
        course.send_modify(|course| {
            // One that a page began has its number already.
            let number = if course.is_busy() { course.number } else { course.number + 1 };
            let task = errand.command.name();
            *course = Course { number, task, state: State::Running, ..Course::default() };
        });
        if errand.told.is_some() {
            turns.go_on();
        }
        let mut out = Told { errand: &errand, course, meter: Meter::default(), report: None };
        let ended = wait_for_window(&errand, turns, course).and_then(|()| run(desk, &errand, &mut out));
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

/// The errand has a service of its own over the same store, and gives it back when it ends.
fn run(desk: &Desk, errand: &Errand, out: &mut dyn Output) -> Result<Outcome, Failure> {
    let mut service: Service = at_desk(desk, |service| service.second())?;
    if let Some(patience) = errand.patience {
        service.be_patient(patience);
    }
    service.run(&errand.command, out)
}

fn wait_for_window(errand: &Errand, turns: &Turns, course: &watch::Sender<Course>) -> Result<(), Failure> {
    let Some((window, spread)) = errand.at else { return Ok(()) };
    loop {
        let moment = Moment::drawn(window, spread)?;
        course.send_modify(|course| course.state = State::Later(moment.at(), window));
        while !moment.has_come() {
            if turns.is_paused() {
                return Err(Failure::new("sync.paused"));
            }
            std::thread::sleep(moment.left().min(LOOK_EVERY).min(Duration::from_millis(200)));
        }
        // A computer that slept through the window waits for the next one.
        if window.is_now() {
            course.send_modify(|course| course.state = State::Running);
            return Ok(());
        }
    }
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
