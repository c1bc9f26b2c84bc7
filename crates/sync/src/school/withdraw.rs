//! Letting a sealed bundle go: its edits are drafts again.

use selaras_model::RecordKey;
use selaras_policy::Who;

use super::School;
use super::layers::each_draft;
use crate::error::{Refusal, SchoolError};
use crate::state::{HistoryKind, Intent, Phase, Sealed};
use crate::step::{Effect, Step};
use crate::store::{Flow, Key, StateName};
use crate::work::Work;

impl School<'_> {
    /// Takes the sealed bundle back; its edits are drafts again.
    ///
    /// # Errors
    /// [`SchoolError::Refused`] when there is none, or it may have been sent.
    pub fn withdraw(&self) -> Result<Step, SchoolError> {
        let mut position = self.at_rest()?;
        let sealed = self.sealed()?.ok_or_else(|| Refusal::new("withdraw.none", Who::Operator))?;
        if !matches!(sealed.phase, Phase::Waiting | Phase::Approved) {
            return Err(Refusal::new("withdraw.offered", Who::Operator).into());
        }
        let mut work = Work::new(self.store, self.rules);
        self.tell(&mut work, &mut position, HistoryKind::Withdrawn, "", &[("records", sealed.records.to_string())])?;
        work.put_state(StateName::Position, &position)?;
        self.release(&mut work, &sealed)?;
        let mut step = Step::of(work.finish()).and_more(0, u64::from(sealed.records));
        step.effects.push(Effect::RemoveBlob(*sealed.bundle.as_bytes()));
        Ok(step)
    }

    /// Lets a bundle go: one row, and its drafts are drafts again. Views follow in steps.
    pub(super) fn release(&self, work: &mut Work<'_>, sealed: &Sealed) -> Result<(), SchoolError> {
        work.remove(Key::State(StateName::Sealed));
        work.remove(Key::Approval(sealed.bundle));
        Ok(work.put_state(StateName::Intent, &Intent::Release { from: None })?)
    }

    /// Makes the views of records anew that a released bundle had moved.
    pub(super) fn release_step(&self, from: Option<RecordKey>) -> Result<Step, SchoolError> {
        let mut work = Work::new(self.store, self.rules);
        let mut next = None;
        let mut failed = None;
        each_draft(self.store, from, None, &mut |key, _| {
            if !work.has_room() {
                next = Some(key);
                return Ok(Flow::Stop);
            }
            if let Err(error) = self.renew_view(&mut work, key) {
                failed = Some(error);
                return Ok(Flow::Stop);
            }
            Ok(Flow::Continue)
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        self.judge(&mut work)?;
        match next {
            Some(from) => {
                work.put_state(StateName::Intent, &Intent::Release { from: Some(from) })?;
                Ok(Step::of(work.finish()).and_more(0, 0))
            }
            None => {
                work.remove(Key::State(StateName::Intent));
                Ok(Step::of(work.finish()))
            }
        }
    }

    fn renew_view(&self, work: &mut Work<'_>, key: RecordKey) -> Result<(), SchoolError> {
        let document = work.document(key)?;
        let (drafts, floor) = self.layers(work, key, document.as_ref())?;
        self.refresh(work, key, drafts, &floor)
    }
}
