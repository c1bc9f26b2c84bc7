//! The school's side of the engine: a light value made for each call over the store.

mod absorb;
mod answer;
mod approve;
mod aside;
mod common;
mod conflicts;
mod edit;
mod frozen;
mod ground;
mod heal;
mod import;
mod keep;
mod layers;
mod look;
mod mend;
mod notes;
mod part;
mod rename;
mod repair;
mod request;
mod returned;
mod rules;
mod seal;
mod snapshot;
mod undo;
mod unheld;
mod unlogged;
mod withdraw;

use selaras_model::{Actor, Date, ReplicaId, Side};

use crate::Rules;
use crate::error::{Refusal, SchoolError};
#[cfg(feature = "flaws")]
use crate::exchange::Flaw;
use crate::state::{self, HistoryKind, HistoryLine, Installation, Intent, Judged, Position, Sealed};
use crate::step::Step;
use crate::store::{Batch, Blobs, Key, ReadStore, StateName, StoreError};
use crate::work::Work;
use selaras_policy::Who;

pub use absorb::{Absorbed, Outcome};
pub(crate) use answer::refusal_hash;
pub use answer::{Incoming, Offer};
pub use approve::{Approved, Order, Signer};
pub use conflicts::OpenConflict;
pub use edit::MAX_EDIT_RECORDS;
pub(crate) use edit::breach_code;
pub use heal::Healing;
pub use look::{DraftInfo, ModuleChanges, Pending};
pub use mend::Mended;
pub use repair::Repair;
pub use request::{Carry, MAX_INLINE_BUNDLE, Outgoing, Purpose};
pub use rules::new_among;
pub use seal::{MAX_SHOWN_CHANGES, Prepared, PreparedChange};
pub use undo::Typed;

/// The school's side, for one call.
#[derive(Clone, Copy)]
pub struct School<'a> {
    store: &'a dyn ReadStore,
    blobs: &'a dyn Blobs,
    rules: &'a Rules,
    now: i64,
    #[cfg(feature = "flaws")]
    flaw: Option<Flaw>,
}

impl std::fmt::Debug for School<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("School").finish_non_exhaustive()
    }
}

impl<'a> School<'a> {
    /// Looks at a store; `now` is this computer's clock in seconds since 1970, which is shown and decides nothing.
    #[must_use]
    pub fn new(store: &'a dyn ReadStore, blobs: &'a dyn Blobs, rules: &'a Rules, now: i64) -> Self {
        Self {
            store,
            blobs,
            rules,
            now,
            #[cfg(feature = "flaws")]
            flaw: None,
        }
    }

    /// The same with a bug in it.
    #[cfg(feature = "flaws")]
    #[must_use]
    pub fn with(self, flaw: Option<Flaw>) -> Self {
        Self { flaw, ..self }
    }

    /// Makes the first commit of an empty store.
    ///
    /// # Errors
    /// When a row cannot be written at all.
    pub fn install(installation: &Installation, rules: &Rules, today: Date) -> Result<Batch, StoreError> {
        let mut batch = Batch::default();
        rules.put(&mut batch);
        state::put(&mut batch, StateName::Installation, installation)?;
        state::put(&mut batch, StateName::Position, &Position::new(rules, None, today))?;
        state::put(&mut batch, StateName::Judged, &judged_nothing(rules, today))?;
        Ok(batch)
    }

    /// Gives this installation; none in an empty store.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn installation(&self) -> Result<Option<Installation>, SchoolError> {
        Ok(state::read(self.store, StateName::Installation)?)
    }

    /// Gives where this side stands.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn position(&self) -> Result<Position, SchoolError> {
        Ok(state::need(self.store, StateName::Position)?)
    }

    /// Gives the sealed, unsettled bundle.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn sealed(&self) -> Result<Option<Sealed>, SchoolError> {
        Ok(state::read(self.store, StateName::Sealed)?)
    }

    /// Gives the next step of large work that was decided; none when there is no such work.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn resume(&self) -> Result<Option<Step>, SchoolError> {
        match state::read(self.store, StateName::Intent)? {
            Some(Intent::Import { plan, author, at }) => self.import_step(plan.into(), author, at).map(Some),
            Some(Intent::Importing { progress, author, at }) => self.import_step(progress, author, at).map(Some),
            Some(Intent::Release { from }) => self.release_step(from).map(Some),
            Some(Intent::SettingAside { from }) => self.aside_step(from).map(Some),
            Some(Intent::Entry { .. } | Intent::Entering { .. }) => {
                Err(StoreError::Damaged("a school's store with a centre's work".into()).into())
            }
            None => Ok(None),
        }
    }

    /// Gives the step that brings the stored findings up to date; none when they are.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn ensure_judged(&self) -> Result<Option<Step>, SchoolError> {
        let judged: Judged = state::need(self.store, StateName::Judged)?;
        let position = self.position()?;
        if crate::judging::is_current(&judged, self.rules, position.judged_on) {
            return Ok(None);
        }
        let batches = crate::judging::run(self.store, self.rules, position.judged_on, position.version)?;
        Ok(Some(Step::of_all(batches)))
    }

    /// Judges all records anew, whether or not that is due.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn judge_anew(&self) -> Result<Step, SchoolError> {
        let position = self.position()?;
        let batches = crate::judging::run(self.store, self.rules, position.judged_on, position.version)?;
        Ok(Step::of_all(batches))
    }

    /// Refuses while large work is not done or an entry is taken half.
    fn at_rest(&self) -> Result<Position, SchoolError> {
        if self.store.get(&Key::State(StateName::Intent))?.is_some() {
            return Err(Refusal::new("work.unfinished", Who::Operator).into());
        }
        self.position()
    }

    /// The actor of a bundle that this installation seals now.
    fn actor(&self, sequence: selaras_model::Sequence) -> Result<Actor, SchoolError> {
        let installation: Installation = state::need(self.store, StateName::Installation)?;
        Ok(actor_of(&installation, installation.replica, sequence))
    }

    /// The actor of the sealed bundle, which may have been sealed under an earlier name.
    fn sealed_actor(&self, sealed: &Sealed) -> Result<Actor, SchoolError> {
        let installation: Installation = state::need(self.store, StateName::Installation)?;
        Ok(actor_of(&installation, sealed.replica, sealed.sequence))
    }

    /// Writes a line of the readable log.
    fn tell(
        &self,
        work: &mut Work<'_>,
        position: &mut Position,
        what: HistoryKind,
        code: &str,
        args: &[(&str, String)],
    ) -> Result<(), SchoolError> {
        let args = args.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let line = HistoryLine { number: position.history, at: self.now, what, code: code.to_owned(), args };
        work.put(Key::History(position.history), state::encode(&line)?);
        position.history += 1;
        Ok(())
    }

    /// Judges what the work changed, where the stored findings are whole; else a full run follows anyway.
    fn judge(&self, work: &mut Work<'_>) -> Result<(), SchoolError> {
        if work.changed_records() == 0 {
            return Ok(());
        }
        let mut judged: Judged = state::need(&work.read(), StateName::Judged)?;
        if !judged.complete || judged.pack != self.rules.pack.hash() || judged.rulebook != self.rules.rulebook.hash() {
            return Ok(());
        }
        let before = judged.clone();
        if work.changed_records() > MAX_JUDGED_AT_ONCE {
            judged.complete = false;
        } else {
            let version = self.position()?.version;
            work.judge(&mut judged, version)?;
        }
        if judged != before {
            work.put_state(StateName::Judged, &judged)?;
        }
        Ok(())
    }
}

fn actor_of(installation: &Installation, replica: ReplicaId, sequence: selaras_model::Sequence) -> Actor {
    Actor { side: Side::School, school: installation.npsn, replica: *replica.as_bytes(), sequence: sequence.get() }
}

/// More changed records than this are judged by a full run: their findings might not fit the same commit.
const MAX_JUDGED_AT_ONCE: usize = 40;

pub(crate) fn judged_nothing(rules: &Rules, today: Date) -> Judged {
    Judged { pack: rules.pack.hash(), rulebook: rules.rulebook.hash(), date: today, complete: true, invalid: 0 }
}
