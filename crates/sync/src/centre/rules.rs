//! New rules are an entry of the log, so that both ends change at one version.

use super::Centre;
use super::life::Living;
use crate::Rules;
use crate::error::CentreError;
use crate::state::{self, EntryIntent, EntryOrigin, Following, Intent, Judged, Position};
use crate::step::Step;
use crate::store::{Flow, Key, Range, StateName, StoreError};
use crate::work::Work;

/// The kind of the act.
pub(super) const KIND: &str = "rules.change";

/// Whether decided work is a change of rules.
pub(super) fn changes_rules(entry: &EntryIntent) -> bool {
    entry.first.is_none() && matches!(&entry.origin, EntryOrigin::Act { kind } if kind == KIND)
}

impl Centre<'_> {
    /// Puts the rules into force that were not before. Where the new pack would let another value of an open conflict
    /// win, entries see to it that nobody's value changes because a field got another owner, and that both stay.
    pub(super) fn rules_step(&self, mut position: Living) -> Result<Step, CentreError> {
        let contested = self.contested(&position)?;
        let mut work = Work::new(self.store, self.rules);
        let mut judged: Judged = state::need(self.store, StateName::Judged)?;
        judged.complete = false;
        work.put_state(StateName::Judged, &judged)?;
        match contested {
            None => {
                let entry = EntryIntent::without_edits(EntryOrigin::Act { kind: KIND.to_owned() }, self.now);
                self.put_entry(&mut work, &mut position, entry, 0)?;
            }
            Some(mut following) => {
                if let Some((progress, entry)) = following.entries.pop_front() {
                    work.put_state(StateName::Intent, &Intent::Entering { progress, entry })?;
                }
                work.put_state(StateName::Following, &following)?;
            }
        }
        Ok(Step::of(work.finish()).and_more(0, 0))
    }

    fn contested(&self, position: &Position) -> Result<Option<Following>, CentreError> {
        if position.pack == self.rules.pack.hash() {
            return Ok(None);
        }
        let before = Rules::stored(self.store, position.pack, position.rulebook)?;
        let before = before.map_err(|error| StoreError::Damaged(error.to_string()))?;
        let mut keys = Vec::new();
        self.store.scan(&Range::Conflicts, &mut |key, _| {
            if let Key::Conflict(key) = key {
                keys.push(key);
            }
            Ok(Flow::Continue)
        })?;
        self.keep_contested(position, &before, keys)
    }
}
