//! Open conflicts whose winner a new pack would change: both values stay, and the one that has won so far still wins,
//! until a person decides.
//!
//! Of two values of one field the owner's wins, else the one that comes last in automerge's order. So that who has won
//! does not depend on the owner any more, both values are written again, by the centre: the winner over everything, and
//! once more over that; then the other, as somebody would write it who knows of neither. The second writing of the winner
//! counts its operations from behind the first, which has one at least for each field; the other's come to as many as
//! the second's alone. So the winner is always the last.

use selaras_merge::{Edit, Subject, head_prefix};
use selaras_model::{Actor, ChangeHash, Fields, RecordKey};

use super::Centre;
use crate::Rules;
use crate::edits::MAX_EDIT_HEADS;
use crate::entry::act_actor;
use crate::error::CentreError;
use crate::state::{Following, Position};
use crate::store::StoreError;
use crate::work::{Work, WorkError};

/// A record with open conflicts whose winner changes.
struct Contest {
    key: RecordKey,
    heads: Vec<ChangeHash>,
    winner: Fields,
    /// The other values: the first of each field, then the second of those that have one.
    others: Vec<Fields>,
}

impl Contest {
    fn on_all(&self, fields: &Fields) -> (RecordKey, Edit) {
        (self.key, Edit { fields: fields.clone(), ..Edit::on(&self.heads) })
    }
}

impl Centre<'_> {
    /// Decides the entries that keep such conflicts open; none where there are none.
    pub(super) fn keep_contested(
        &self,
        position: &Position,
        before: &Rules,
        keys: Vec<RecordKey>,
    ) -> Result<Option<Following>, CentreError> {
        let work = Work::of_accepted(self.store, self.rules);
        let epoch = position.epoch.ok_or_else(|| StoreError::Damaged("a log without an epoch".to_owned()))?;
        let actor = act_actor(self.npsn, epoch, position.version.next());
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let mut others: Vec<Vec<(RecordKey, Edit)>> = Vec::new();
        for key in keys {
            let Some(contest) = self.contest(&work, key, before)? else { continue };
            let edit = contest.on_all(&contest.winner);
            let Some(change) = change_of(&work, &actor, &edit)? else { continue };
            first.push(edit);
            let again = Edit { heads: vec![head_prefix(&change)], fields: contest.winner.clone(), deleted: None };
            second.push((key, again));
            for (at, other) in contest.others.iter().enumerate() {
                if others.len() == at {
                    others.push(Vec::new());
                }
                if let Some(edits) = others.get_mut(at) {
                    edits.push(contest.on_all(other));
                }
            }
        }
        if first.is_empty() {
            return Ok(None);
        }
        let mut following = Following::default();
        for edits in [first, second].into_iter().chain(others) {
            let (edits, intent) = self.decided_in_blob(super::rules::KIND, edits)?;
            following.entries.push_back((self.planned(&edits)?, Box::new(intent)));
        }
        Ok(Some(following))
    }

    fn contest(&self, work: &Work<'_>, key: RecordKey, before: &Rules) -> Result<Option<Contest>, CentreError> {
        let Some(document) = work.document(key)? else { return Ok(None) };
        let resolved = |pack| document.resolve(pack, key.entity, key.id);
        let unread = |error: selaras_merge::MergeError| StoreError::Damaged(error.to_string());
        let then = resolved(&before.pack).map_err(unread)?;
        let now = resolved(&self.rules.pack).map_err(unread)?;
        let changed = then.record.fields.iter().filter(|(name, value)| now.record.get(name) != *value);
        let winner: Fields = changed.map(|(name, value)| (name.clone(), value.clone())).collect();
        if winner.is_empty() {
            return Ok(None);
        }
        let mut others: Vec<Fields> = Vec::new();
        for conflict in then.conflicts {
            let Subject::Field(name) = conflict.subject else { continue };
            if !winner.contains_key(&name) {
                continue;
            }
            let mut values = Vec::new();
            for other in conflict.others {
                if !values.contains(&other.value) {
                    values.push(other.value);
                }
            }
            for (at, value) in values.into_iter().enumerate() {
                if others.len() == at {
                    others.push(Fields::new());
                }
                if let Some(fields) = others.get_mut(at) {
                    fields.insert(name.clone(), value);
                }
            }
        }
        // More than edits could name: as in a record that would be too large, the new owner's value wins at once.
        if then.heads.len() > MAX_EDIT_HEADS || others.len() >= MAX_EDIT_HEADS {
            return Ok(None);
        }
        Ok(Some(Contest { key, heads: then.heads, winner, others }))
    }
}

/// The change that an edit will be; none where its record would be too large. New rules must not stop a school: in such
/// a record, of which a hostile one may have some, the new owner's value wins at once.
fn change_of(
    work: &Work<'_>,
    actor: &Actor,
    (key, edit): &(RecordKey, Edit),
) -> Result<Option<ChangeHash>, CentreError> {
    match work.peek(*key, actor, edit) {
        Ok(applied) => Ok(Some(applied.change)),
        Err(WorkError::TooLarge(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
