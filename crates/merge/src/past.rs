//! What was written into a document, change by change, for people who ask what happened to a record.

use automerge::{OpType, ScalarValueRef, ValueRef, legacy};
use selaras_model::{Actor, ChangeHash, FieldName, Value};

use crate::guard::guarded;
use crate::mint::DELETED;
use crate::{Document, Edit, MergeError, scalar};

/// One change of a record's document.
#[derive(Clone, PartialEq, Eq)]
pub struct PastChange {
    /// Its hash.
    pub hash: ChangeHash,
    /// The bundle, or the centre's act, that it came with.
    pub actor: Actor,
    /// What it wrote, in the order of the fields' names.
    pub fields: Vec<(FieldName, Value)>,
    /// The deleted flag, where it wrote that.
    pub deleted: Option<bool>,
}

// Values are a person's data.
impl std::fmt::Debug for PastChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PastChange").field("fields", &self.fields.len()).field("deleted", &self.deleted).finish()
    }
}

impl Document {
    /// Gives all changes, each behind those that it builds on.
    ///
    /// # Errors
    /// [`MergeError::Damaged`] where the document holds something that no record does.
    pub fn past(&self) -> Result<Vec<PastChange>, MergeError> {
        guarded(|| {
            let changes = self.automerge().get_changes(&[]);
            changes.iter().map(|change| past_of(ChangeHash::from_bytes(change.hash().0), &change.decode())).collect()
        })
    }

    /// Gives the edit from which an actor's change was minted; none where the document holds no change of this actor.
    ///
    /// # Errors
    /// As [`Document::past`].
    pub fn edit_by(&self, actor: &Actor) -> Result<Option<Edit>, MergeError> {
        guarded(|| {
            let changes = self.automerge().get_changes(&[]);
            let Some(change) = changes.iter().find(|change| change.actor_id().to_bytes() == actor.to_bytes()) else {
                return Ok(None);
            };
            let heads: Vec<ChangeHash> = change.deps().iter().map(|head| ChangeHash::from_bytes(head.0)).collect();
            let PastChange { fields, deleted, .. } =
                past_of(ChangeHash::from_bytes(change.hash().0), &change.decode())?;
            Ok(Some(Edit { fields: fields.into_iter().collect(), deleted, ..Edit::on(&heads) }))
        })
    }
}

fn past_of(hash: ChangeHash, change: &automerge::ExpandedChange) -> Result<PastChange, MergeError> {
    let actor = Actor::from_bytes(change.actor_id.to_bytes());
    let actor = actor.map_err(|_| MergeError::Damaged("an actor is no bundle"))?;
    let mut past = PastChange { hash, actor, fields: Vec::new(), deleted: None };
    for operation in &change.operations {
        let (OpType::Put(held), legacy::Key::Map(key)) = (plain(&operation.action)?, &operation.key) else {
            return Err(MergeError::Damaged("a change does something else than write"));
        };
        let value = scalar::decode(&ValueRef::Scalar(ScalarValueRef::from(held)))?;
        if key.as_str() == DELETED {
            past.deleted = if let Value::Bool(deleted) = value { Some(deleted) } else { None };
            continue;
        }
        let name: FieldName = key.parse().map_err(|_| MergeError::Damaged("a key cannot be a field's name"))?;
        // Before an equal value is written, another one is, so that automerge makes an operation of it.
        past.fields.retain(|(known, _)| *known != name);
        past.fields.push((name, value));
    }
    past.fields.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(past)
}

fn plain(action: &legacy::OpType) -> Result<OpType, MergeError> {
    match action {
        legacy::OpType::Put(value) => Ok(OpType::Put(value.clone())),
        _ => Err(MergeError::Damaged("a change does something else than write")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use selaras_model::{Fields, Side};

    use super::*;
    use crate::mint;

    fn actor(side: Side, sequence: u64) -> Actor {
        Actor { side, school: "20100001".parse().unwrap(), replica: *b"replica1", sequence }
    }

    fn written(name: &str, value: Value) -> Fields {
        Fields::from_iter([(name.parse().unwrap(), value)])
    }

    #[test]
    fn every_change_says_who_wrote_what_in_the_order_in_which_they_build_on_each_other() {
        let made = Edit { fields: written("nama", Value::text("Contoh")), ..Edit::default() };
        let (document, _) = mint(None, &actor(Side::School, 1), &made).unwrap();
        let same = Edit { fields: written("nama", Value::text("Contoh")), ..Edit::on(&document.heads()) };
        let (document, _) = mint(Some(&document), &actor(Side::Centre, 2), &same).unwrap();
        let gone = Edit { deleted: Some(true), ..Edit::on(&document.heads()) };
        let (document, _) = mint(Some(&document), &actor(Side::School, 3), &gone).unwrap();
        let past = document.past().unwrap();
        assert_eq!(past.iter().map(|change| change.actor.sequence).collect::<Vec<_>>(), [1, 2, 3]);
        let name = vec![("nama".parse().unwrap(), Value::text("Contoh"))];
        assert_eq!(past.iter().map(|change| change.fields.clone()).collect::<Vec<_>>(), [name.clone(), name, vec![]]);
        assert_eq!(past.last().unwrap().deleted, Some(true));
    }

    #[test]
    fn a_change_gives_the_edit_back_that_it_was_minted_from() {
        let made = Edit { fields: written("nama", Value::text("Contoh")), ..Edit::default() };
        let (document, _) = mint(None, &actor(Side::School, 1), &made).unwrap();
        let ours = Edit { fields: written("nama", Value::Null), ..Edit::on(&document.heads()) };
        let theirs = Edit { fields: written("nama", Value::text("Contoh")), ..Edit::on(&document.heads()) };
        let (document, _) = mint(Some(&document), &actor(Side::School, 2), &ours).unwrap();
        let (document, _) = mint(Some(&document), &actor(Side::Centre, 3), &theirs).unwrap();
        let gone = Edit { deleted: Some(false), ..Edit::on(&document.heads()) };
        let (document, _) = mint(Some(&document), &actor(Side::School, 4), &gone).unwrap();
        let by = |side, sequence| document.edit_by(&actor(side, sequence)).unwrap();
        assert_eq!([by(Side::School, 1), by(Side::School, 2)], [Some(made), Some(ours)]);
        assert_eq!([by(Side::Centre, 3), by(Side::School, 4)], [Some(theirs), Some(gone)]);
        assert_eq!(by(Side::Centre, 4), None);
    }

    #[test]
    fn a_state_is_known_by_its_heads_and_by_all_its_changes() {
        let write = |document: Option<&Document>, sequence, heads: &[ChangeHash]| {
            let edit = Edit { fields: written("nama", Value::Int(sequence)), ..Edit::on(heads) };
            let (document, minted) = mint(document, &actor(Side::School, sequence.unsigned_abs()), &edit).unwrap();
            (document, minted.change)
        };
        let (document, first) = write(None, 1, &[]);
        let (document, left) = write(Some(&document), 2, &[first]);
        let (document, right) = write(Some(&document), 3, &[first]);
        let (document, last) = write(Some(&document), 4, &[left]);
        assert_eq!(document.within(&[left]).unwrap(), [first, left].into());
        assert_eq!(document.within(&[last, right]).unwrap(), [first, left, right, last].into());
        let unknown = ChangeHash::from_bytes([7; 32]);
        assert_eq!(document.within(&[unknown]).unwrap(), [].into());
        let mut both = vec![left, right];
        both.sort_unstable();
        assert_eq!(document.heads_of(&[first, left, right, unknown].into()).unwrap(), both);
        assert_eq!(document.heads_of(&[first, left, last].into()).unwrap(), [last]);
        assert_eq!(document.heads_of(&[].into()).unwrap(), []);
    }
}
