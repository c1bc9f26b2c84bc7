//! `sync`: sends what was approved and fetches what is new.

use selaras_sync::Phase;
use serde::{Deserialize, Serialize};

use crate::command::Report;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::service::{Direction, Service};
use crate::window::Window;

/// The arguments of `sync`.
#[derive(Debug, Clone, Default, clap::Args, Serialize, Deserialize)]
pub struct Sync {
    /// Sends later, at a moment of this window of the day.
    #[arg(long, value_name = "HH:MM-HH:MM")]
    pub at: Option<Window>,
    /// Only says whether there is something to send.
    #[arg(skip)]
    pub check: bool,
}

impl Sync {
    /// Asks only whether there is something to send.
    pub(crate) fn check() -> Sync {
        Sync { check: true, ..Sync::default() }
    }

    /// Without an approved bundle there is nothing to send: with edits that wait this is a failure that says what to
    /// do, since the person believes that they are being sent.
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        open.finish_steps(out)?;
        match open.school().sealed()?.map(|sealed| sealed.phase) {
            Some(Phase::Waiting) => return Err(Failure::new("gate.waits-for-head")),
            Some(_) => {}
            None => {
                let pending = open.school().pending()?.records;
                if pending > 0 {
                    return Err(Failure::new("gate.not-approved").arg("count", pending));
                }
            }
        }
        if self.check {
            return Ok(Outcome::Done);
        }
        let report = open.exchange(Direction::Sync, out)?;
        let outcome = report.outcome();
        out.report(Report::Exchange(report));
        Ok(outcome)
    }
}
