//! A restored centre gets back from this computer what it lacks, within the exchange that met it.

use super::Open;
use crate::failure::Failure;
use crate::output::{Event, Note, Output};

/// Requests of one healing: at 1 MiB of edits each far more than any school has.
const MAX_REQUESTS: u64 = 10_000;
/// Pages of an exchange within which a restored centre is met; one that asks again and again heals never.
const MAX_TRIES: u32 = 8;
/// What a centre says that has to be healed first.
const CODES: [&str; 2] = ["cursor.unknown", "center.restored"];

impl Open {
    /// Whether this failure is a restored centre that asks for what is kept here.
    pub(super) fn may_heal(&self, failure: &Failure, page: u32) -> bool {
        page <= MAX_TRIES && CODES.contains(&failure.code.as_str())
    }

    /// Hands back what the centre lacks, and goes back to where both logs agree.
    pub(super) fn heal(&mut self, out: &mut dyn Output) -> Result<(), Failure> {
        self.finish_steps(out)?;
        out.event(Event::Note(Note::new("exchange.healing")));
        let mut healing = self.school().heal()?;
        for request in 1..=MAX_REQUESTS {
            let body = self.school().heal_request(&healing)?;
            let answer = self.with_token(out, |link, token, out| link.heal(token, body.clone(), out))?;
            self.school().heal_answer(&mut healing, &answer)?;
            out.progress("work.exchange", request, 0);
            if healing.is_done() {
                let step = self.school().healed(&healing)?;
                return self.apply(step, out);
            }
        }
        Err(Failure::new("heal.unproven"))
    }
}
