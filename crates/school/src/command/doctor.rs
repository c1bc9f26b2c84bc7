//! `doctor`: looks at every part of the way to the centre and says what is in it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::catalogue::Words;
use crate::command::Report;
use crate::command::init::read_ca;
use crate::doctor::{Asked, Device, Helpdesk, STEP_TIME, StepLine, Teller, Verdict};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::page::{Manner, Page};
use crate::service::Service;

/// The arguments of `doctor`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Doctor {
    /// The centre's address; that of `init` when it is left out.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// A file with the centre's certificate authority (PEM); then no other is trusted.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Writes a file for the helpdesk, without personal data.
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoctorReport {
    /// The steps in their order.
    pub steps: Vec<StepLine>,
    /// The helpdesk file, where one was asked for.
    pub bundle: Option<String>,
    /// The exit code: that of the first step that failed, else 0.
    pub exit: u8,
}

impl Doctor {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let asked = self.asked(service)?;
        let mut teller = Teller::new(out);
        crate::doctor::settings(service.trouble(), &mut teller);
        // The line is looked at without the turn: people go on typing.
        let centre = service.turns().away(|| crate::doctor::walk(&asked, &mut teller));
        crate::doctor::disk(service, &mut teller);
        crate::doctor::store(service, &mut teller);
        crate::doctor::work(service, &mut teller);
        let steps = teller.steps();
        if let Some(path) = &self.bundle {
            crate::doctor::write(path, &helpdesk(service, &steps, centre))?;
        }
        let exit = steps.iter().find(|step| step.verdict == Verdict::Failed).map_or(0, |step| step.exit);
        let bundle = self.bundle.as_ref().map(|path| path.display().to_string());
        out.report(Report::Doctor(DoctorReport { steps, bundle, exit }));
        Ok(if exit == 0 { Outcome::Done } else { Outcome::Found(exit) })
    }

    /// The way that is walked: the installation's, or the one that was named; a token is asked for at the
    /// installation's centre alone.
    fn asked(&self, service: &mut Service) -> Result<Asked, Failure> {
        let ca = self.ca.as_ref().map(|path| read_ca(path)).transpose()?;
        let Ok(open) = service.open_store() else {
            return Ok(Asked { url: self.server.clone(), ca, device: None, limit: STEP_TIME });
        };
        let installation = open.installation();
        let same = self.server.as_ref().is_none_or(|server| *server == installation.centre_url);
        let device = || Some(Device { npsn: open.npsn(), id: installation.device, key: open.device_key().ok()? });
        Ok(Asked {
            url: self.server.clone().or_else(|| Some(installation.centre_url.clone())),
            ca: ca.or_else(|| installation.centre_ca.clone().filter(|_| same)),
            device: device().filter(|_| same),
            limit: STEP_TIME,
        })
    }
}

fn helpdesk(service: &mut Service, steps: &[StepLine], centre: Option<String>) -> Helpdesk {
    let data = service.place().root().to_owned();
    let Ok(open) = service.open_store() else {
        return Helpdesk::new(None, centre, None, steps, Vec::new(), &data);
    };
    // A store that cannot be read further is told by its step.
    let log = open.history().unwrap_or_default();
    Helpdesk::new(Some(open.npsn().to_string()), centre, open.standing().ok(), steps, log, &data)
}

impl DoctorReport {
    /// The steps have been told while they ran.
    pub(super) fn show(&self, words: Words, page: &mut Page) {
        let failed: Vec<&StepLine> = self.steps.iter().filter(|step| step.verdict == Verdict::Failed).collect();
        let warned = self.steps.iter().filter(|step| step.verdict == Verdict::Warned).count();
        match failed.first() {
            Some(first) => {
                page.line(Manner::Bad, words.fill("doctor.failed", &[("count", &failed.len())]));
                page.plain(format!("{}: {}", words.say("failure.next"), first.next));
            }
            None if warned > 0 => page.line(Manner::Bad, words.fill("doctor.warned", &[("count", &warned)])),
            None => page.line(Manner::Good, words.say("doctor.well")),
        }
        if let Some(bundle) = &self.bundle {
            page.plain(words.fill("doctor.bundle", &[("file", bundle)]));
        }
    }
}
