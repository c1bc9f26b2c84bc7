//! `sync`: sends what was approved and fetches what is new.

use serde::{Deserialize, Serialize};

use crate::command::Report;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::service::{Direction, Service};

/// The arguments of `sync`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Sync {}

impl Sync {
    /// Without an approved bundle there is nothing to send: with edits that wait this is a failure that says what to
    /// do, since the person believes that they are being sent.
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        open.finish_steps(out)?;
        if open.school().sealed()?.is_none() {
            let pending = open.school().pending()?.records;
            if pending > 0 {
                return Err(Failure::new("gate.not-approved").arg("count", pending));
            }
        }
        let report = open.exchange(Direction::Sync, out)?;
        let outcome = report.outcome();
        out.report(Report::Exchange(report));
        Ok(outcome)
    }
}
