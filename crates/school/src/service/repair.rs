//! Records that differ from the centre's are found and mended, within the exchange that noticed it.

use super::Open;
use crate::failure::Failure;
use crate::output::{Event, Note, Output};

/// Conversations of one exchange: a centre that mends itself needs a second one.
pub(super) const MAX_REPAIRS: u32 = 3;
/// Requests of one conversation: buckets, then the edits of what differs.
const MAX_REQUESTS: u32 = 2;

impl Open {
    /// Finds and mends the records that differ at the cursor. Says whether either side has changed; why nothing could be
    /// mended is told, and the exchange goes on.
    pub(super) fn repair(&mut self, out: &mut dyn Output) -> Result<bool, Failure> {
        match self.converse(out) {
            Err(failure) if failure.code.starts_with("repair.") => {
                out.event(Event::Note(Note::new("exchange.unrepaired").arg("code", &failure.code)));
                Ok(false)
            }
            mended => mended,
        }
    }

    fn converse(&mut self, out: &mut dyn Output) -> Result<bool, Failure> {
        self.finish_steps(out)?;
        let Some(mut repair) = self.school().repair()? else { return Ok(false) };
        out.event(Event::Note(Note::new("exchange.repairing")));
        for _ in 0..MAX_REQUESTS {
            if repair.is_done() {
                break;
            }
            let body = self.school().repair_request(&repair)?;
            let answer = self.with_token(out, |link, token, out| link.repair(token, body.clone(), out))?;
            self.school().repair_answer(&mut repair, &answer)?;
        }
        let Some(step) = self.school().repaired(&repair)? else { return Ok(repair.mended_there()) };
        self.apply(step, out)?;
        self.settle(out)?;
        out.event(Event::Note(Note::new("exchange.repaired").arg("records", repair.records())));
        Ok(true)
    }
}
