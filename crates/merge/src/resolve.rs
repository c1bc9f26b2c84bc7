//! What a document says now.

use automerge::{Automerge, ObjId, ROOT, ReadDoc as _, ScalarValueRef, Value as Held, ValueRef};
use selaras_model::{Actor, ChangeHash, Entity, EntityCode, FieldName, Fields, Pack, Record, RecordId, Side, Value};

use crate::guard::guarded;
use crate::history::History;
use crate::mint::DELETED;
use crate::{Candidate, Conflict, Document, MergeError, Resolved, Subject, deletion, scalar};

impl Document {
    /// Says what the record is now and what people still have to decide.
    ///
    /// In a conflict the owner's side wins, else the one that automerge's order puts last; equal values are none. The
    /// pack says who owns a field, sometimes by other fields of the record; those are settled first, and for the
    /// centre, so that no school takes a row from the centre by writing beside it.
    ///
    /// # Errors
    /// [`MergeError::Damaged`] where the document holds something that no record does.
    pub fn resolve(&self, pack: &Pack, entity: EntityCode, id: RecordId) -> Result<Resolved, MergeError> {
        guarded(|| {
            let automerge = self.automerge();
            let mut read = Read::of(automerge, pack.entity(entity))?;
            let mut conflicts = settle(pack, entity, &mut read);
            let deleted = read.is_deleted();
            if deleted && self.changes() > 1 {
                conflicts.extend(deletion::conflict(&History::of(automerge)?, &read.flags)?);
            }
            let record = Record { entity, id, deleted, fields: read.fields };
            Ok(Resolved { record, heads: self.heads(), conflicts })
        })
    }
}

/// Says what a document will say when a change has come to it that saw all of it and left the deleted flag alone; none
/// where the record is deleted, for what that means depends on its history.
///
/// Such a change is the only one that is visible in what it writes, and says nothing of the rest.
pub(crate) fn written(
    automerge: Option<&Automerge>,
    fields: &Fields,
    change: ChangeHash,
    (pack, entity, id): (&Pack, EntityCode, RecordId),
) -> Result<Option<Resolved>, MergeError> {
    let mut read = match automerge {
        Some(automerge) => Read::of(automerge, pack.entity(entity))?,
        None => Read { fields: Fields::new(), contested: Vec::new(), flags: Vec::new() },
    };
    if read.is_deleted() {
        return Ok(None);
    }
    read.contested.retain(|(name, _)| !fields.contains_key(name));
    for (name, value) in fields {
        read.fields.insert(name.clone(), value.clone());
    }
    let conflicts = settle(pack, entity, &mut read);
    let record = Record { entity, id, deleted: false, fields: read.fields };
    Ok(Some(Resolved { record, heads: vec![change], conflicts }))
}

/// A document's keys as they are read.
struct Read {
    /// Fields with one visible operation.
    fields: Fields,
    /// Fields with several, in byte order, candidates in automerge's order.
    contested: Vec<(FieldName, Vec<Candidate>)>,
    /// Visible values of the deleted flag, in automerge's order.
    flags: Vec<Candidate>,
}

impl Read {
    fn is_deleted(&self) -> bool {
        self.flags.iter().any(|flag| flag.value == Value::Bool(true))
    }

    /// Reads the whole document in one pass; only contested fields, which are rare, are looked up once more.
    fn of(automerge: &Automerge, entity: Option<&Entity>) -> Result<Self, MergeError> {
        let mut read = Self { fields: Fields::new(), contested: Vec::new(), flags: Vec::new() };
        for item in automerge.map_range(ROOT, ..) {
            if item.key == DELETED {
                read.flags = candidates(automerge, DELETED)?;
                continue;
            }
            let name = entity.map_or_else(|| item.key.parse(), |entity| entity.intern(&item.key));
            let name = name.map_err(|_| MergeError::Damaged("a key cannot be a field's name"))?;
            if item.conflict {
                let candidates = candidates(automerge, &item.key)?;
                read.contested.push((name, candidates));
            } else {
                read.fields.insert(name, scalar::decode(&item.value)?);
            }
        }
        if read.flags.iter().any(|flag| !matches!(flag.value, Value::Bool(_))) {
            return Err(MergeError::Damaged("the deleted flag is neither yes nor no"));
        }
        Ok(read)
    }
}

/// Reads all visible values of a key, automerge's winner last.
fn candidates(automerge: &Automerge, key: &str) -> Result<Vec<Candidate>, MergeError> {
    let all = automerge.get_all(ROOT, key).map_err(|_| MergeError::Damaged("a field cannot be read"))?;
    all.into_iter().map(|(held, id)| candidate(automerge, held, &id)).collect()
}

fn candidate(automerge: &Automerge, held: Held<'_>, id: &ObjId) -> Result<Candidate, MergeError> {
    let value = match held {
        Held::Scalar(scalar) => ValueRef::Scalar(ScalarValueRef::from(scalar.into_owned())),
        Held::Object(kind) => ValueRef::Object(kind),
    };
    let ObjId::Id(_, actor, _) = id else { return Err(MergeError::Damaged("a value has no author")) };
    let actor = Actor::from_bytes(actor.to_bytes()).map_err(|_| MergeError::Damaged("an actor is no bundle"))?;
    let change = automerge.hash_for_opid(id).ok_or(MergeError::Damaged("a value has no change"))?;
    Ok(Candidate { value: scalar::decode(&value)?, actor, change: ChangeHash::from_bytes(change.0) })
}

/// Puts the winners among the fields and returns what is left to decide.
fn settle(pack: &Pack, entity: EntityCode, read: &mut Read) -> Vec<Conflict> {
    let contested = std::mem::take(&mut read.contested);
    let (conditions, others): (Vec<_>, Vec<_>) =
        contested.into_iter().partition(|(name, _)| pack.entity(entity).is_some_and(|entity| is_read(entity, name)));

    let mut conflicts = Vec::new();
    for (name, candidates) in conditions {
        conflicts.extend(contest(&mut read.fields, name, candidates, Side::Centre));
    }
    for (name, candidates) in others {
        let owner = pack.owner(entity, &name, &read.fields);
        conflicts.extend(contest(&mut read.fields, name, candidates, owner));
    }
    conflicts.sort_unstable_by(|a, b| a.subject.cmp(&b.subject));
    conflicts
}

/// Says whether the ownership of other fields depends on this one.
fn is_read(entity: &Entity, name: &FieldName) -> bool {
    let mark = entity.verified.as_ref() == Some(name);
    mark || entity.centre_if.as_ref().is_some_and(|condition| condition.field == *name)
}

fn contest(fields: &mut Fields, name: FieldName, candidates: Vec<Candidate>, owner: Side) -> Option<Conflict> {
    let preferred = candidates.iter().rfind(|candidate| candidate.actor.side == owner);
    let winner = preferred.or(candidates.last())?.clone();
    fields.insert(name.clone(), winner.value.clone());

    let mut others: Vec<_> = candidates.into_iter().filter(|candidate| candidate.value != winner.value).collect();
    if others.is_empty() {
        return None;
    }
    Candidate::sort(&mut others);
    Some(Conflict { subject: Subject::Field(name), winner, others })
}
