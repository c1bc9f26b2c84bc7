//! The rarer orders within an exchange: records that differ, a restored centre, a snapshot.

use super::machine::Exchange;
use super::need::{Endpoint, ExchangeError, Need, Notice, Request};
use super::stage::{FrameState, Handing, Repairing, Stage, Unpacking};
use super::{MAX_HEAL_REQUESTS, MAX_REPAIR_REQUESTS};
use crate::School;
use crate::error::{Refusal, SchoolError};
use crate::school::Incoming;
use selaras_policy::Who;

impl Exchange {
    /// Begins to search for records that differ, where this side stands at an entry's end.
    pub(super) fn search(
        &mut self,
        incoming: Box<Incoming>,
        school: &School<'_>,
    ) -> Result<Option<Need>, ExchangeError> {
        let Some(repair) = school.repair()? else { return self.go_to(Stage::Admitting(incoming)) };
        self.notices.push_back(Notice::Repairing);
        self.go_to(Stage::Repairing(Box::new(Repairing { incoming, repair, requests: 0, answer: None })))
    }

    pub(super) fn repair(
        &mut self,
        mut repairing: Box<Repairing>,
        school: &School<'_>,
    ) -> Result<Option<Need>, ExchangeError> {
        if let Some(answer) = repairing.answer.take() {
            match school.repair_answer(&mut repairing.repair, &answer) {
                Ok(()) => {}
                Err(error) => return self.repair_failed(error, repairing.incoming),
            }
        }
        if !repairing.repair.is_done() && repairing.requests < MAX_REPAIR_REQUESTS {
            repairing.requests += 1;
            let body = school.repair_request(&repairing.repair)?;
            let request = Request { endpoint: Endpoint::Repair, body };
            return Ok(Some(self.wait(Stage::Repairing(repairing), Need::Send(request))));
        }
        match school.repaired(&mut repairing.repair) {
            Ok(Some(step)) => Ok(Some(self.commit(Stage::Mending(repairing), step))),
            // The centre has mended itself: what it says now is another answer.
            Ok(None) if repairing.repair.mended_there() => self.go_to(Stage::Preparing),
            Ok(None) => self.go_to(Stage::Admitting(repairing.incoming)),
            Err(error) => self.repair_failed(error, repairing.incoming),
        }
    }

    /// Why nothing could be mended is told, and the exchange goes on.
    fn repair_failed(&mut self, error: SchoolError, incoming: Box<Incoming>) -> Result<Option<Need>, ExchangeError> {
        if !error.code().starts_with("repair.") {
            return Err(error.into());
        }
        let stage = self.unrepaired(error.code().to_owned(), incoming);
        self.go_to(stage)
    }

    /// Meets a restored centre.
    pub(super) fn meet(&mut self, school: &School<'_>) -> Result<Option<Need>, ExchangeError> {
        self.notices.push_back(Notice::Healing);
        let handing = Handing { healing: school.heal()?, requests: 0, answer: None };
        self.go_to(Stage::Healing(Box::new(handing)))
    }

    /// Hands back what the centre lacks, and goes back to where both logs agree.
    pub(super) fn heal(
        &mut self,
        mut handing: Box<Handing>,
        school: &School<'_>,
    ) -> Result<Option<Need>, ExchangeError> {
        if let Some(answer) = handing.answer.take() {
            school.heal_answer(&mut handing.healing, &answer)?;
            self.notices.push_back(Notice::Answered { requests: handing.requests });
            return self.go_to(Stage::Healing(handing));
        }
        if handing.healing.is_done() {
            let step = school.healed(&handing.healing)?;
            return Ok(Some(self.commit(Stage::GoingBack(handing.healing.handed_back()), step)));
        }
        if handing.requests >= MAX_HEAL_REQUESTS {
            return Err(SchoolError::from(Refusal::new("heal.unproven", Who::Centre)).into());
        }
        handing.requests += 1;
        let body = school.heal_request(&handing.healing)?;
        Ok(Some(self.wait(Stage::Healing(handing), Need::Send(Request { endpoint: Endpoint::Heal, body }))))
    }

    /// Takes a snapshot in, from where this side stands.
    pub(super) fn unpack(
        &mut self,
        mut unpacking: Box<Unpacking>,
        school: &School<'_>,
    ) -> Result<Option<Need>, ExchangeError> {
        match std::mem::replace(&mut unpacking.frame, FrameState::Wanted) {
            FrameState::Wanted => {
                let need = Need::Frame { file: unpacking.file, number: unpacking.number };
                return Ok(Some(self.wait(Stage::Unpacking(unpacking), need)));
            }
            FrameState::Read(frame) => {
                unpacking.number += 1;
                let incoming = match school.frame(&frame) {
                    // It was checked, and is not any more what it was then.
                    Err(SchoolError::NotOurCentre(_)) => {
                        return self.go_to(Stage::Unpacked(unpacking.file, unpacking.begun));
                    }
                    incoming => incoming?,
                };
                unpacking.frame = incoming.map_or(FrameState::Wanted, |frame| FrameState::Absorbing(Box::new(frame)));
            }
            FrameState::Absorbing(mut incoming) => match school.absorb(&mut incoming)? {
                Some(step) => {
                    unpacking.frame = FrameState::Absorbing(incoming);
                    return Ok(Some(self.commit(Stage::Unpacking(unpacking), step)));
                }
                None => self.count(incoming.summary()),
            },
        }
        self.go_to(Stage::Unpacking(unpacking))
    }
}
