//! The one thread that owns the service, behind a bounded channel.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use selaras_model::Lang;

use super::{Answer, QUEUED_COMMANDS, QUEUED_EVENTS};
use crate::command::Command;
use crate::output::{Event, Output};
use crate::service::Service;

/// A command and where its answer goes.
struct Job {
    command: Command,
    lang: Lang,
    answers: SyncSender<Answer>,
}

/// Sends commands to the owner.
#[derive(Clone)]
pub(super) struct Owner {
    jobs: SyncSender<Job>,
}

impl Owner {
    /// Gives the service to a thread of its own. The thread ends, and the store is closed, when the last `Owner` is
    /// gone and the command that it runs has ended.
    pub(super) fn start(service: Service) -> std::io::Result<Owner> {
        let (jobs, waiting) = sync_channel(QUEUED_COMMANDS);
        std::thread::Builder::new().name("owner".to_owned()).spawn(move || work(service, &waiting))?;
        Ok(Owner { jobs })
    }

    /// Queues a command; `None` when too many wait already.
    pub(super) fn ask(&self, command: Command, lang: Lang) -> Option<Receiver<Answer>> {
        let (answers, receiver) = sync_channel(QUEUED_EVENTS);
        self.jobs.try_send(Job { command, lang, answers }).ok()?;
        Some(receiver)
    }
}

fn work(mut service: Service, jobs: &Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        let mut out = Forwarded { lang: job.lang, answers: &job.answers };
        let answer = match service.run(&job.command, &mut out) {
            Ok(outcome) => Answer::Done(outcome),
            Err(failure) => Answer::Failed(failure),
        };
        // A reader that went away does not undo what was done.
        let _ = job.answers.send(answer);
    }
}

struct Forwarded<'a> {
    lang: Lang,
    answers: &'a SyncSender<Answer>,
}

impl Output for Forwarded<'_> {
    fn lang(&self) -> Lang {
        self.lang
    }

    fn event(&mut self, event: Event) {
        let _ = self.answers.send(Answer::Event(event));
    }
}
