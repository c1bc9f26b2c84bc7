//! Changes of a record that the log does not know: an older backup of the centre was restored than one that was told to
//! cover them, or another life of the log took others in their place. Somebody typed them, and they were signed for; a
//! record that is made anew from the log keeps them as a draft.

use std::collections::{BTreeMap, BTreeSet};

use selaras_merge::{Document, HeadPrefix, PastChange, Resolved, Subject};
use selaras_model::{ChangeHash, FieldName, Fields, Pack, Record, RecordKey, Side, Value};

use super::ground::Ground;
use crate::error::SchoolError;
use crate::store::DraftRow;
use crate::work::WorkError;

/// What those changes wrote that the record of the log does not say.
pub(super) struct Unlogged {
    fields: Fields,
    deleted: Option<bool>,
    /// By field, or none for the deleted flag: the change that wrote it, and whose it is.
    by: BTreeMap<Option<FieldName>, (ChangeHash, Side)>,
}

/// Compares a record as it was here with what the log makes of it; none in `after` where the log has no such record.
pub(super) fn of(
    pack: &Pack,
    key: RecordKey,
    before: &Document,
    after: Option<(&Document, &Resolved)>,
) -> Result<Option<Unlogged>, SchoolError> {
    let failed = |error| WorkError::Merge { record: key, error };
    let log = after.map(|(document, _)| document.past()).transpose().map_err(failed)?.unwrap_or_default();
    let logged: BTreeSet<ChangeHash> = log.iter().map(|change| change.hash).collect();
    let past = before.past().map_err(failed)?;
    let mut unlogged = Unlogged { fields: Fields::new(), deleted: None, by: BTreeMap::new() };
    // Each change comes behind those that it builds on, so that what was written last stands.
    for change in past.iter().filter(|change| !logged.contains(&change.hash)) {
        unlogged.take(change);
    }
    unlogged.leave_out(pack, key, after.map(|(_, resolved)| resolved));
    for (place, value) in unlogged.written() {
        let Some((change, _)) = unlogged.by.get(&place) else { continue };
        let within = before.within(&[*change]).map_err(failed)?;
        let says = |other: &PastChange| written_by(other, place.as_ref()).as_ref() == Some(&value);
        let beneath = |other: &PastChange| other.hash != *change && within.contains(&other.hash);
        // It came back by another change, of a restored centre or of another computer, and whoever wrote over it there had
        // it before them. Where it had been written before as well, that may be the one which came back.
        let is_first = !past.iter().any(|other| beneath(other) && says(other));
        if is_first && log.iter().any(|other| !within.contains(&other.hash) && says(other)) {
            unlogged.remove(place.as_ref());
        }
    }
    Ok(Some(unlogged).filter(Unlogged::says_something))
}

fn written_by(change: &PastChange, place: Option<&FieldName>) -> Option<Value> {
    match place {
        Some(place) => change.fields.iter().find(|(name, _)| name == place).map(|(_, value)| value.clone()),
        None => change.deleted.map(Value::Bool),
    }
}

/// The same of a record that cannot be read any more, by what people see of it: values that no change of the log has written.
pub(super) fn of_seen(
    pack: &Pack,
    seen: &Record,
    after: Option<(&Document, &Resolved)>,
) -> Result<Option<Unlogged>, SchoolError> {
    let key = seen.key();
    let past = match after {
        Some((document, _)) => document.past().map_err(|error| WorkError::Merge { record: key, error })?,
        None => Vec::new(),
    };
    let mut fields = seen.fields.clone();
    fields.retain(|name, value| {
        !past.iter().any(|change| change.fields.iter().any(|(of, was)| of == name && was == value))
    });
    let deleted = Some(seen.deleted).filter(|deleted| *deleted && past.is_empty());
    let mut unlogged = Unlogged { fields, deleted, by: BTreeMap::new() };
    unlogged.leave_out(pack, key, after.map(|(_, resolved)| resolved));
    Ok(Some(unlogged).filter(Unlogged::says_something))
}

impl Unlogged {
    fn take(&mut self, change: &PastChange) {
        let by = (change.hash, change.actor.side);
        for (name, value) in &change.fields {
            self.fields.insert(name.clone(), value.clone());
            self.by.insert(Some(name.clone()), by);
        }
        if change.deleted.is_some() {
            self.deleted = change.deleted;
            self.by.insert(None, by);
        }
    }

    /// What is left, by field; none for the deleted flag.
    fn written(&self) -> Vec<(Option<FieldName>, Value)> {
        let fields = self.fields.iter().map(|(name, value)| (Some(name.clone()), value.clone()));
        fields.chain(self.deleted.map(|deleted| (None, Value::Bool(deleted)))).collect()
    }

    fn remove(&mut self, place: Option<&FieldName>) {
        match place {
            Some(name) => drop(self.fields.remove(name)),
            None => self.deleted = None,
        }
    }

    /// The changes that wrote what is left.
    fn changes(&self) -> BTreeSet<ChangeHash> {
        self.written().iter().filter_map(|(place, _)| self.by.get(place)).map(|(change, _)| *change).collect()
    }

    fn says_something(&self) -> bool {
        !self.fields.is_empty() || self.deleted.is_some()
    }

    /// What is left of it beneath a sealed change, which was typed over it: should the bundle be refused, the newer draft
    /// would win.
    pub(super) fn beneath(mut self, sealed: Option<&DraftRow>) -> Option<Self> {
        if let Some(sealed) = sealed {
            self.fields.retain(|name, _| !sealed.fields.contains_key(name));
            self.deleted = self.deleted.filter(|_| sealed.deleted.is_none());
        }
        Some(self).filter(Self::says_something)
    }

    /// Leaves out what the record says already, be it as the other side of a conflict that waits for a person, and what is
    /// not the school's to say.
    fn leave_out(&mut self, pack: &Pack, key: RecordKey, after: Option<&Resolved>) {
        let Some(resolved) = after else {
            let fields = self.fields.clone();
            self.fields.retain(|name, _| pack.owner(key.entity, name, &fields) == Side::School);
            // Nobody types a record that is gone.
            if self.deleted == Some(true) {
                self.fields = Fields::new();
            }
            self.deleted = None;
            return;
        };
        let (record, by) = (&resolved.record, &self.by);
        self.fields.retain(|name, value| {
            let offered = resolved.conflicts.iter().any(|conflict| {
                conflict.subject == Subject::Field(name.clone())
                    && conflict.others.iter().chain([&conflict.winner]).any(|side| side.value == *value)
            });
            // What people of the school typed into a field that is the centre's by now is set aside, as any draft of it.
            let ours = pack.owner(key.entity, name, &record.fields) == Side::School
                || by.get(&Some(name.clone())).is_some_and(|(_, side)| *side == Side::School);
            ours && !offered && record.get(name) != value
        });
        self.deleted = self.deleted.filter(|deleted| *deleted != record.deleted);
    }

    /// Makes a draft of it, under what was typed since. It stands on what of the log all of that had before it, so that
    /// what others have written since is not written over; on `present` where nobody can say that.
    pub(super) fn under(
        self,
        typed: Option<DraftRow>,
        ground: Option<&Ground<'_>>,
        present: Vec<HeadPrefix>,
        now: i64,
    ) -> Result<DraftRow, SchoolError> {
        let changes = self.changes();
        let heads = match ground.filter(|_| !changes.is_empty()) {
            Some(ground) => Some(ground.beneath(&changes, typed.as_ref().map(|typed| typed.heads.as_slice()))?),
            None => None,
        };
        let Self { mut fields, deleted, .. } = self;
        Ok(match typed {
            Some(typed) => {
                fields.extend(typed.fields);
                let heads = heads.unwrap_or(typed.heads);
                DraftRow { heads, fields, deleted: typed.deleted.or(deleted), ..typed }
            }
            None => {
                let heads = heads.unwrap_or(present);
                DraftRow { heads, fields, deleted, author: String::new(), typed_at: now }
            }
        })
    }
}
