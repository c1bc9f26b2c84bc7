//! Drafts of what became the centre's since they were typed are set aside when a bundle is sealed: they are kept, and
//! are in no bundle.
//!
//! They lie in a generation of their own, behind every other: what was set aside once is set aside for every later
//! bundle. A bundle decides it; it is done in steps, before anything else.

use selaras_model::RecordKey;

use super::School;
use super::layers::{Drafts, combine, each_draft, floor};
use crate::error::SchoolError;
use crate::state::{Intent, Sealed};
use crate::step::Step;
use crate::store::{Flow, Key, Row, StateName};
use crate::work::Work;

/// The generation of drafts that are set aside; no bundle is sealed up to it.
pub(super) const ASIDE: u32 = u32::MAX;

impl School<'_> {
    /// Sets drafts aside that are within the sealed bundle's generations and not in it, from this record on.
    pub(super) fn aside_step(&self, from: Option<RecordKey>) -> Result<Step, SchoolError> {
        let mut work = Work::new(self.store, self.rules);
        let (sealed, part) = (self.sealed()?, self.part(self.store)?);
        let mut next = None;
        let mut failed = None;
        each_draft(self.store, from, part.as_ref(), &mut |key, drafts| {
            if !work.has_room() {
                next = Some(key);
                return Ok(Flow::Stop);
            }
            let set = sealed.as_ref().map_or(Ok(()), |sealed| self.set_aside(&mut work, key, drafts, sealed));
            failed = set.err();
            Ok(if failed.is_none() { Flow::Continue } else { Flow::Stop })
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        match next {
            Some(_) => work.put_state(StateName::Intent, &Intent::SettingAside { from: next })?,
            None => work.remove(Key::State(StateName::Intent)),
        }
        let step = Step::of(work.finish());
        Ok(if next.is_some() { step.and_more(0, 0) } else { step })
    }

    fn set_aside(
        &self,
        work: &mut Work<'_>,
        key: RecordKey,
        drafts: Drafts,
        sealed: &Sealed,
    ) -> Result<(), SchoolError> {
        let Some(draft) = drafts.sealed else { return Ok(()) };
        let document = work.document(key)?;
        let base = floor(&self.rules.pack, key, document.as_ref(), None)?;
        let (ours, Some(theirs)) = self.split(key, &base, &draft) else { return Ok(()) };
        for generation in drafts.generations.into_iter().filter(|generation| *generation <= sealed.generation) {
            work.remove(Key::Draft(key, generation));
        }
        if let Some(ours) = ours {
            work.put(Key::Draft(key, sealed.generation), Row::Draft(ours));
        }
        let theirs = match drafts.open {
            Some(older) => combine(older, theirs),
            None => theirs,
        };
        work.put(Key::Draft(key, ASIDE), Row::Draft(theirs));
        Ok(())
    }
}
