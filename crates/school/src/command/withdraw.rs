//! `withdraw`: takes an approval back; the edits are drafts again.

use serde::{Deserialize, Serialize};

use crate::command::Done;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::service::Service;

/// The arguments of `withdraw`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Withdraw {}

impl Withdraw {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        open.finish_steps(out)?;
        if open.school().sealed()?.is_none() {
            return Err(Failure::new("bundle.none"));
        }
        let step = open.school().withdraw()?;
        open.apply(step, out)?;
        out.report(Done::new("withdraw.done").report());
        Ok(Outcome::Done)
    }
}
