//! Another name for this installation: a copy must not speak as its twin, nor a restored one as what it was.
//!
//! What is sealed keeps the name that it was sealed under, and waits for its fate: only the centre knows whether the
//! twin, or this computer before it was restored, has sent it.

use selaras_model::{ReplicaId, Sequence};

use super::School;
use super::answer::Incoming;
use crate::centre::MAX_NAMES;
use crate::error::SchoolError;
use crate::state::{self, EarlierName, HistoryKind, Installation, Phase, Position, Sealed};
use crate::step::{Effect, Step};
use crate::store::StateName;
use crate::work::Work;

impl School<'_> {
    /// Gives this installation another name, after an answer said that it is a copy, before that answer is taken in; or
    /// after a refusal said that its name is another device's.
    ///
    /// A sealed bundle whose fate the answer tells keeps its place, and meets it when the answer is taken in. Any other
    /// of the old name can never take effect any more, because somebody else has gone on with it: its edits are drafts again.
    ///
    /// # Errors
    /// As the store gives them.
    pub(crate) fn renew(&self, replica: ReplicaId, incoming: Option<&Incoming>) -> Result<Step, SchoolError> {
        let installation: Installation = state::need(self.store, StateName::Installation)?;
        let mut position = self.position()?;
        let mut work = Work::new(self.store, self.rules);
        let lost = |sealed: &Sealed| {
            let waits = !matches!(sealed.phase, Phase::Received(_))
                && incoming.is_none_or(|incoming| incoming.verdict.is_none());
            waits && sealed.replica == installation.replica
        };
        let sealed = self.sealed()?.filter(lost);
        // What it lets go of has a fate that the twin knows.
        let settled = sealed.as_ref().map_or(position.last_sequence, |sealed| before(sealed.sequence));
        self.rename(&mut work, &mut position, (replica, settled), HistoryKind::Renewed)?;
        let Some(sealed) = sealed else { return Ok(Step::of(work.finish())) };
        self.release(&mut work, &sealed)?;
        let mut step = Step::of(work.finish()).and_more(0, u64::from(sealed.records));
        step.effects.push(Effect::RemoveBlob(*sealed.bundle.as_bytes()));
        Ok(step)
    }

    /// Gives a store that was just brought back from a backup its own name. Its outbox is frozen: what was sealed may
    /// have been approved and sent since, and counts as sent.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn restored(&self, replica: ReplicaId) -> Result<Step, SchoolError> {
        let mut position = self.position()?;
        let mut work = Work::new(self.store, self.rules);
        if let Some(mut sealed) =
            self.sealed()?.filter(|sealed| matches!(sealed.phase, Phase::Approved | Phase::Waiting))
        {
            sealed.phase = Phase::Offered;
            work.put_state(StateName::Sealed, &sealed)?;
        }
        let settled = position.last_sequence;
        self.rename(&mut work, &mut position, (replica, settled), HistoryKind::Restored)?;
        Ok(Step::of(work.finish()))
    }

    /// The names that this installation bore before, newest first, and up to where the fate of their bundles is known.
    pub(super) fn earlier_names(&self) -> Result<Vec<EarlierName>, SchoolError> {
        let names: Option<Vec<EarlierName>> = state::read(self.store, StateName::EarlierNames)?;
        let mut names = names.unwrap_or_default();
        if let Some(sealed) = self.sealed()?.filter(|sealed| !matches!(sealed.phase, Phase::Received(_))) {
            for name in names.iter_mut().filter(|name| name.replica == sealed.replica) {
                name.settled = name.settled.min(before(sealed.sequence));
            }
        }
        Ok(names)
    }

    fn rename(
        &self,
        work: &mut Work<'_>,
        position: &mut Position,
        (replica, settled): (ReplicaId, Sequence),
        what: HistoryKind,
    ) -> Result<(), SchoolError> {
        let mut installation: Installation = state::need(self.store, StateName::Installation)?;
        let names: Option<Vec<EarlierName>> = state::read(self.store, StateName::EarlierNames)?;
        let mut names = names.unwrap_or_default();
        names.insert(0, EarlierName { replica: installation.replica, settled });
        names.truncate(MAX_NAMES);
        work.put_state(StateName::EarlierNames, &names)?;
        installation.replica = replica;
        position.last_sequence = Sequence::new(0);
        position.previous = None;
        self.tell(work, position, what, "", &[])?;
        work.put_state(StateName::Installation, &installation)?;
        Ok(work.put_state(StateName::Position, position)?)
    }
}

fn before(sequence: Sequence) -> Sequence {
    Sequence::new(sequence.get().saturating_sub(1))
}
