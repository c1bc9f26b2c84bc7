//! New rules are an entry of the log, so that both ends change at one version.

use selaras_merge::Edit;
use selaras_model::RecordKey;

use super::Centre;
use super::act::MAX_SMALL;
use super::life::Living;
use crate::error::CentreError;
use crate::state::{self, EntryIntent, EntryOrigin, Judged, Position};
use crate::step::Step;
use crate::store::{EditsAt, Flow, Key, Range, StateName, StoreError};
use crate::work::Work;
use crate::{Rules, plan};

/// The kind of the act.
const KIND: &str = "rules.change";

/// Whether decided work is a change of rules.
pub(super) fn changes_rules(entry: &EntryIntent) -> bool {
    entry.first.is_none() && matches!(&entry.origin, EntryOrigin::Act { kind } if kind == KIND)
}

impl Centre<'_> {
    /// Puts the rules into force that were not before.
    pub(super) fn rules_step(&self, mut position: Living) -> Result<Step, CentreError> {
        let winners = self.winners(&position)?;
        let mut work = Work::new(self.store, self.rules);
        let mut judged: Judged = state::need(self.store, StateName::Judged)?;
        judged.complete = false;
        work.put_state(StateName::Judged, &judged)?;
        let step = if winners.is_empty() {
            self.put_entry(&mut work, &mut position, nothing_but_rules(self.now), 0)?;
            Step::of(work.finish())
        } else {
            let (edits, intent) = self.decided(KIND, winners)?;
            if edits.edits().len() > MAX_SMALL || !plan::fits(&self.rules.pack, edits.edits()) {
                self.intend(&edits, intent)?
            } else {
                let actor = self.actor_of(&intent, &position)?;
                for (key, edit) in edits.edits() {
                    self.take(&mut work, *key, &actor, edit)?;
                }
                let records = u32::try_from(edits.edits().len()).unwrap_or(u32::MAX);
                self.put_entry(&mut work, &mut position, intent, records)?;
                Step::of(work.finish())
            }
        };
        Ok(step.and_more(0, 0))
    }

    /// Where the new pack would let the other side of an open conflict win, the entry writes down who has won so far:
    /// nobody's value changes because a field got another owner.
    fn winners(&self, position: &Position) -> Result<Vec<(RecordKey, Edit)>, CentreError> {
        if position.pack == self.rules.pack.hash() {
            return Ok(Vec::new());
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
        let work = Work::new(self.store, self.rules);
        let mut winners = Vec::new();
        for key in keys {
            let Some(document) = work.document(key)? else { continue };
            let resolved = |pack| document.resolve(pack, key.entity, key.id);
            let unread = |error: selaras_merge::MergeError| StoreError::Damaged(error.to_string());
            let then = resolved(&before.pack).map_err(unread)?;
            let now = resolved(&self.rules.pack).map_err(unread)?;
            let fields = then.record.fields.iter().filter(|(name, value)| now.record.get(name) != *value);
            let fields: selaras_model::Fields = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
            if !fields.is_empty() {
                winners.push((key, Edit { fields, ..Edit::on(&then.heads) }));
            }
        }
        Ok(winners)
    }
}

fn nothing_but_rules(at: i64) -> EntryIntent {
    EntryIntent {
        origin: EntryOrigin::Act { kind: KIND.to_owned() },
        edits_at: EditsAt::Absent,
        edits: crate::edits::EditsChain::default().value(),
        at,
        first: None,
        handed: None,
    }
}
