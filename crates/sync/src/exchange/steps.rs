//! What each stage needs: the engine is asked, and where nothing has to be done first the next stage is entered.

use selaras_model::BundleId;

#[cfg(feature = "flaws")]
use super::Flaw;
use super::machine::Exchange;
use super::need::{Endpoint, ExchangeError, Need, Request};
use super::stage::{Begun, Landing, Offering, Stage, Unpacking};
use crate::School;
use crate::school::{Carry, Incoming, Purpose};
use crate::state::{Phase, Sealed};
use crate::step::Step;

impl Exchange {
    /// Enters a stage: gives what is needed there, or none where another stage was entered at once.
    pub(super) fn enter(&mut self, stage: Stage, school: &School<'_>) -> Result<Option<Need>, ExchangeError> {
        match stage {
            Stage::Resuming(_) => Ok(Some(self.wait(stage, Need::Resume))),
            Stage::Reopening => self.reopen(school),
            Stage::Preparing => self.prepare(school),
            Stage::Landing(landing) => self.land(landing, school),
            Stage::Requesting => self.request(school),
            // Left only by an event; never entered from here.
            Stage::Fresh
            | Stage::Over
            | Stage::Offering(_)
            | Stage::Mending(_)
            | Stage::Renaming(_)
            | Stage::Noting(_)
            | Stage::Dropping(_)
            | Stage::GoingBack(_) => Err(ExchangeError::OutOfOrder { stage: stage.name(), event: "no event" }),
            Stage::Asking(request) => {
                let need = Need::Send(request.clone());
                Ok(Some(self.wait(Stage::Asking(request), need)))
            }
            Stage::Answered(bytes) => match self.offers_late(school)? {
                Some(step) => Ok(Some(self.commit(Stage::Answered(bytes).at_rest(), step))),
                None => self.look(&bytes, school),
            },
            Stage::Searching(incoming) => self.search(incoming, school),
            Stage::Repairing(repairing) => self.repair(repairing, school),
            Stage::Admitting(incoming) => {
                let first = incoming.copied() && !self.renames_too_late();
                self.stage = if first { Stage::Naming(Some(incoming)) } else { Stage::Absorbing(incoming) };
                Ok(None)
            }
            Stage::Naming(_) => Ok(Some(self.wait(stage, Need::Name))),
            Stage::Named(incoming, replica) => {
                // Whoever speaks under this name has been further on: from here on this is another installation.
                let step = school.renew(replica, incoming.as_deref())?;
                Ok(Some(self.commit(Stage::Renaming(incoming), step)))
            }
            Stage::Absorbing(incoming) => self.absorb(incoming, school),
            Stage::Fetching(offer) => Ok(Some(self.wait(stage, Need::Fetch(offer)))),
            Stage::Checking(offer) => Ok(Some(self.wait(stage, Need::Check(offer)))),
            Stage::Checked(offer) => {
                let step = school.note_snapshot(&offer);
                Ok(Some(self.commit(Stage::Noting(offer), step)))
            }
            Stage::Unpacking(unpacking) => self.unpack(unpacking, school),
            Stage::Unpacked(file, begun) => {
                let step = school.drop_snapshot(file);
                Ok(Some(self.commit(Stage::Dropping(begun), step)))
            }
            Stage::Meeting => self.meet(school),
            Stage::Healing(handing) => self.heal(handing, school),
            Stage::Judging(next) => match school.ensure_judged()? {
                Some(step) => Ok(Some(self.commit(Stage::Judging(next), step))),
                None => self.go_to(*next),
            },
            Stage::Finishing => Ok(Some(self.wait(Stage::Over, Need::Done(Box::new(self.report.clone()))))),
        }
    }

    pub(super) fn wait(&mut self, stage: Stage, need: Need) -> Need {
        self.stage = stage;
        need
    }

    pub(super) fn commit(&mut self, stage: Stage, step: Step) -> Need {
        self.wait(stage, Need::Commit(Box::new(step)))
    }

    /// Enters another stage at once.
    #[expect(clippy::unnecessary_wraps, reason = "the last words of functions that may fail before")]
    pub(super) fn go_to(&mut self, stage: Stage) -> Result<Option<Need>, ExchangeError> {
        self.stage = stage;
        Ok(None)
    }

    /// A snapshot that was checked is taken in before anything is asked: the cursor stands within it.
    fn reopen(&mut self, school: &School<'_>) -> Result<Option<Need>, ExchangeError> {
        match school.noted_snapshot()? {
            Some(file) if self.begins_anew() => self.go_to(Stage::Unpacked(file, Begun::Before)),
            Some(file) => self.go_to(Stage::Unpacking(Unpacking::of(file, Begun::Before))),
            None => self.go_to(Stage::Preparing),
        }
    }

    /// Whether a planted bug lets go of a snapshot that was interrupted.
    #[cfg(feature = "flaws")]
    fn begins_anew(&self) -> bool {
        self.flaw == Some(Flaw::SnapshotAnew)
    }

    #[cfg(not(feature = "flaws"))]
    #[expect(clippy::unused_self, reason = "with planted bugs it depends on them")]
    const fn begins_anew(&self) -> bool {
        false
    }

    /// The bundle that this request would send, where it is too large for one.
    fn large_bundle(&self, school: &School<'_>) -> Result<Option<Sealed>, ExchangeError> {
        let sent = |phase| matches!(phase, Phase::Approved | Phase::Offered);
        let sealed = school.sealed()?.filter(|sealed| self.purpose == Purpose::Sync && sent(sealed.phase));
        match sealed.filter(|sealed| sealed.bytes > self.inline) {
            // One whose bytes are lost is not brought: the request says so.
            Some(sealed) if school.has_frozen(&sealed)? => Ok(Some(sealed)),
            _ => Ok(None),
        }
    }

    /// Only bytes that were signed leave: they are held to their name before the first of them does.
    fn land(&mut self, landing: Landing, school: &School<'_>) -> Result<Option<Need>, ExchangeError> {
        let Landing { bundle, bytes, .. } = landing;
        match school.sealed()?.filter(|sealed| sealed.bundle == bundle) {
            Some(sealed) if !school.has_frozen(&sealed)? => self.go_to(Stage::Preparing),
            _ => Ok(Some(self.wait(Stage::Landing(landing), Need::Land { bundle, bytes }))),
        }
    }

    /// What was named before has perhaps taken effect: then there is nothing to bring any more, and the centre is asked.
    fn prepare(&mut self, school: &School<'_>) -> Result<Option<Need>, ExchangeError> {
        let large = self.large_bundle(school)?;
        self.large = large.as_ref().map(|Sealed { bundle, bytes, .. }| (*bundle, *bytes));
        match large {
            Some(Sealed { phase: Phase::Approved, bundle, bytes, .. }) => self.go_to(landing(bundle, bytes)),
            _ => self.go_to(Stage::Requesting),
        }
    }

    fn request(&mut self, school: &School<'_>) -> Result<Option<Need>, ExchangeError> {
        // While a bundle lands, people go on: they may have withdrawn it, and approved another one.
        let large = self.large_bundle(school)?.map(|sealed| sealed.bundle);
        if large != self.large.map(|(bundle, _)| bundle) {
            return self.go_to(Stage::Preparing);
        }
        let carry = if large.is_some() { Carry::Landed } else { Carry::Inline };
        let outgoing = school.request(self.purpose, carry)?;
        let request = Request { endpoint: Endpoint::Exchange(carry), body: outgoing.body };
        match outgoing.step {
            Some(step) if outgoing.withdrawn || !self.sends_first() => {
                let offering = Offering { request, withdrawn: outgoing.withdrawn };
                Ok(Some(self.commit(Stage::Offering(offering), step)))
            }
            _ => self.go_to(Stage::Asking(request)),
        }
    }

    /// New edits may build on what is damaged here: first that is mended, and the answer is asked for again.
    fn look(&mut self, bytes: &[u8], school: &School<'_>) -> Result<Option<Need>, ExchangeError> {
        let incoming = Box::new(school.answer(bytes)?);
        if incoming.differs() && self.may_repair() {
            return self.go_to(Stage::Searching(incoming));
        }
        self.go_to(Stage::Admitting(incoming))
    }

    fn absorb(&mut self, mut incoming: Box<Incoming>, school: &School<'_>) -> Result<Option<Need>, ExchangeError> {
        self.spoil(&mut incoming);
        match school.absorb(&mut incoming)? {
            Some(step) if !self.leaves_out(&incoming) => Ok(Some(self.commit(Stage::Absorbing(incoming), step))),
            _ if incoming.copied() && self.renames_too_late() => self.go_to(Stage::Naming(Some(incoming))),
            _ => {
                self.stage = self.taken(&incoming);
                Ok(None)
            }
        }
    }

    /// What follows a new name: the clone's answer is taken in, and who had none asks again.
    pub(super) fn renamed(&mut self, incoming: Option<Box<Incoming>>) -> Stage {
        match incoming {
            None => Stage::Preparing,
            Some(incoming) if self.renames_too_late() => self.taken(&incoming),
            Some(incoming) => Stage::Absorbing(incoming),
        }
    }

    /// What a planted bug makes of an answer.
    #[cfg(feature = "flaws")]
    fn spoil(&self, incoming: &mut Incoming) {
        if self.flaw == Some(Flaw::ReceiptDropped) {
            incoming.drop_receipt();
        }
    }

    /// Whether a planted bug sends a bundle before it counts as sent.
    #[cfg(feature = "flaws")]
    fn sends_first(&self) -> bool {
        self.flaw == Some(Flaw::SentBeforeOffered)
    }

    /// The commit that should have come before the request, which a planted bug makes after its answer.
    #[cfg(feature = "flaws")]
    fn offers_late(&self, school: &School<'_>) -> Result<Option<Step>, ExchangeError> {
        if self.sends_first() { Ok(school.request(self.purpose, Carry::Inline)?.step) } else { Ok(None) }
    }

    #[cfg(not(feature = "flaws"))]
    #[expect(clippy::unused_self, reason = "with planted bugs it depends on them")]
    const fn sends_first(&self) -> bool {
        false
    }

    #[cfg(not(feature = "flaws"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "with planted bugs it depends on them")]
    const fn offers_late(&self, _: &School<'_>) -> Result<Option<Step>, ExchangeError> {
        Ok(None)
    }

    /// Whether a planted bug leaves a commit of this answer out.
    #[cfg(feature = "flaws")]
    fn leaves_out(&self, incoming: &Incoming) -> bool {
        self.flaw == Some(Flaw::AbsorbLeftOut) && incoming.is_in()
    }

    #[cfg(not(feature = "flaws"))]
    #[expect(clippy::unused_self, reason = "with planted bugs it depends on them")]
    const fn leaves_out(&self, _: &Incoming) -> bool {
        false
    }

    #[cfg(not(feature = "flaws"))]
    #[expect(clippy::unused_self, reason = "with planted bugs it depends on them")]
    const fn spoil(&self, _: &mut Incoming) {}

    /// Whether a planted bug lets a clone take its answer in first.
    #[cfg(feature = "flaws")]
    fn renames_too_late(&self) -> bool {
        self.flaw == Some(Flaw::RenamedTooLate)
    }

    #[cfg(not(feature = "flaws"))]
    #[expect(clippy::unused_self, reason = "with planted bugs it depends on them")]
    const fn renames_too_late(&self) -> bool {
        false
    }
}

fn landing(bundle: BundleId, bytes: u64) -> Stage {
    Stage::Landing(Landing { bundle, bytes, again: None })
}
