//! The life of the log that may be written to, and the rules under which it stands.
//!
//! A centre that signs two entries for one place of one life has a log that no school can follow. So nothing is signed for
//! a school before its log is in the present life of the database: [`Living`] is what writing asks for, and only a
//! position of this life gives one, or the step that begins it.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};

use selaras_model::{DeviceId, EpochId, Npsn, ReplicaId};
use serde::{Deserialize, Serialize};

use super::Centre;
use crate::Rules;
use crate::error::CentreError;
#[cfg(feature = "flaws")]
use crate::exchange::Flaw;
use crate::local;
use crate::state::{EntryIntent, EntryOrigin, Healing, Position};
use crate::step::Step;
use crate::store::{Key, StateName, StoreError};
use crate::work::Work;

/// What begins another life of the log.
const RESTORED: &str = "centre.restored";

/// The row of the replicas that have told what they hold.
const TOLD: &str = "told";
/// Replicas in it; a school has fifty computers at most, and each another name after it was copied or brought back.
const MAX_TOLD: usize = 400;

/// Who has told a life of the log what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ToldRow {
    epoch: EpochId,
    replicas: BTreeSet<ReplicaId>,
}

/// Whose log it is, and the present life of the centre's database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// The school.
    pub npsn: Npsn,
    /// New at every restore; the database has it in a row of its own.
    pub epoch: EpochId,
}

/// Where a log stands that is in the present life of the database.
pub(super) struct Living(Position);

impl Deref for Living {
    type Target = Position;

    fn deref(&self) -> &Position {
        &self.0
    }
}

impl DerefMut for Living {
    fn deref_mut(&mut self) -> &mut Position {
        &mut self.0
    }
}

impl Living {
    /// The life; it is not to be taken from the position, which might lack it.
    pub(super) fn epoch(&self) -> Result<EpochId, StoreError> {
        self.0.epoch.ok_or_else(|| StoreError::Damaged("a log without an epoch".to_owned()))
    }
}

impl Centre<'_> {
    /// Whether the log was put back from a backup, and its next life has not begun.
    pub(super) fn is_of_another_life(&self) -> Result<bool, CentreError> {
        Ok(self.position()?.epoch != Some(self.epoch) && !self.goes_on_in_any_life())
    }

    /// Where the log stands, for whoever writes to it.
    pub(super) fn living(&self) -> Result<Living, CentreError> {
        let position = self.position()?;
        if position.epoch == Some(self.epoch) || self.goes_on_in_any_life() {
            Ok(Living(position))
        } else {
            Err(CentreError::refused("school.unfinished"))
        }
    }

    /// The same, while nothing that was decided waits for its end.
    pub(super) fn at_rest(&self) -> Result<Living, CentreError> {
        if self.store.get(&Key::State(StateName::Intent))?.is_some() {
            return Err(CentreError::refused("school.unfinished"));
        }
        self.living()
    }

    /// Whether a planted bug lets it write to a log of a life that is over.
    #[cfg(feature = "flaws")]
    fn goes_on_in_any_life(&self) -> bool {
        self.flaw == Some(Flaw::OldEpochGoesOn)
    }

    #[cfg(not(feature = "flaws"))]
    #[expect(clippy::unused_self, reason = "with planted bugs it depends on them")]
    const fn goes_on_in_any_life(&self) -> bool {
        false
    }

    /// What a planted bug does first: new rules begin in whatever life the log is.
    #[cfg(feature = "flaws")]
    pub(super) fn rules_before_life(&self) -> Result<Option<Step>, CentreError> {
        if self.flaw != Some(Flaw::RulesBeforeLife) || self.healing()?.is_some() || !self.has_other_rules()? {
            return Ok(None);
        }
        self.rules_step(Living(self.position()?)).map(Some)
    }

    /// Gives the step that begins the present life of a log that was put back from a backup; it is the only one that can
    /// be made for it. `devices` are the computers that are waited for.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn restored(&self, devices: BTreeSet<DeviceId>) -> Result<Step, CentreError> {
        self.under_its_rules(|centre| centre.begin_life(devices))
    }

    fn begin_life(&self, devices: BTreeSet<DeviceId>) -> Result<Step, CentreError> {
        let mut position = Living(Position { epoch: Some(self.epoch), ..self.position()? });
        // What the backup holds is in a verified backup.
        position.keeping.covered = position.version;
        let mut work = Work::new(self.store, self.rules);
        let entry = EntryIntent::without_edits(EntryOrigin::Act { kind: RESTORED.to_owned() }, self.now);
        self.put_entry(&mut work, &mut position, entry, 0)?;
        if devices.is_empty() {
            // The backup may have been made while an earlier life waited.
            work.remove(Key::State(StateName::Healing));
        } else {
            work.put_state(StateName::Healing, &Healing { waiting: devices })?;
        }
        Ok(Step::of(work.finish()))
    }

    /// Whether a replica has told this life what it holds.
    pub(super) fn has_told(&self, replica: ReplicaId) -> Result<bool, StoreError> {
        let told: Option<ToldRow> = local::read(self.store, TOLD)?;
        Ok(told.is_some_and(|told| told.epoch == self.epoch && told.replicas.contains(&replica)))
    }

    pub(super) fn note_told(&self, work: &mut Work<'_>, replicas: Vec<ReplicaId>) -> Result<(), StoreError> {
        let told: Option<ToldRow> = local::read(self.store, TOLD)?;
        let told = told.filter(|told| told.epoch == self.epoch);
        let mut told = told.unwrap_or(ToldRow { epoch: self.epoch, replicas: BTreeSet::new() });
        // Whoever is forgotten is asked once more, which costs a request.
        if told.replicas.len() >= MAX_TOLD {
            told.replicas.clear();
        }
        told.replicas.extend(replicas);
        work.put_local(TOLD, &told)
    }

    /// Whether the rules in force are not those of the log.
    pub(super) fn has_other_rules(&self) -> Result<bool, CentreError> {
        let position = self.position()?;
        Ok(position.pack != self.rules.pack.hash() || position.rulebook != self.rules.rulebook.hash())
    }

    /// Does something under the rules of the log. They are those in force but for the time in which a restored centre
    /// waits: what it takes back then was made under the rules of before, and under others other sides win conflicts and
    /// other digests come out.
    pub(super) fn under_its_rules<T>(
        &self,
        act: impl FnOnce(&Centre<'_>) -> Result<T, CentreError>,
    ) -> Result<T, CentreError> {
        if !self.has_other_rules()? {
            return act(self);
        }
        let position = self.position()?;
        let rules = Rules::stored(self.store, position.pack, position.rulebook)?;
        let rules = rules.map_err(|error| StoreError::Damaged(error.to_string()))?;
        act(&Centre { rules: &rules, ..*self })
    }
}
