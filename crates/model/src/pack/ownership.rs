//! Who may edit what.

use std::cmp::Ordering;

use super::{Entity, Field, FieldOwner, Pack};
use crate::{EntityCode, FieldName, Fields, Record, Side, Value};

/// Something that a school's edit may not do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// The field; none where the whole record is meant.
    pub field: Option<FieldName>,
    /// What may not be.
    pub kind: BreachKind,
}

/// What a school's edit may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BreachKind {
    /// Change a field that is the centre's, before or after the edit.
    FieldOwned,
    /// Set or take away a value that only the centre sets.
    ValueReserved,
    /// Create a record of this entity, or one that is wholly the centre's.
    Create,
    /// Delete or restore a record of this entity, or one that is wholly the centre's.
    Delete,
    /// Write a field that the pack does not know.
    UnknownField,
    /// Write a record of an entity that the pack does not know.
    UnknownEntity,
    /// Write a value that has not the field's type or exceeds its length.
    WrongType,
}

impl Pack {
    /// Says whose a field is in a record with these fields.
    ///
    /// The caller resolves the fields that a condition reads (the verification mark, the field of `centre_if`)
    /// beforehand. What the pack does not know came from the centre and is the centre's.
    #[must_use]
    pub fn owner(&self, entity: EntityCode, field: &str, fields: &Fields) -> Side {
        match self.entity(entity).and_then(|entity| Some((entity, entity.field(field)?))) {
            Some((entity, field)) => entity.owner_of(field, fields),
            None => Side::Centre,
        }
    }

    /// Lists everything that a school may not do between two states of a record; without a state before, the edit
    /// creates the record.
    ///
    /// A creating edit may set everything but `centre_only` fields and values. A later one may change a field only if
    /// it is the school's in both states, so that no edit takes a row from the centre or hands one over.
    #[must_use]
    pub fn breaches(&self, before: Option<&Record>, after: &Record) -> Vec<Breach> {
        let Some(entity) = self.entity(after.entity) else {
            return vec![Breach { field: None, kind: BreachKind::UnknownEntity }];
        };
        match before {
            None => entity.breaches_of_creation(after),
            Some(before) => entity.breaches_of_edit(before, after),
        }
    }
}

/// Every name of two sets of fields in order, with the values that it has in each.
fn side_by_side<'f>(
    one: &'f Fields,
    other: &'f Fields,
) -> impl Iterator<Item = (&'f FieldName, Option<&'f Value>, Option<&'f Value>)> {
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    std::iter::from_fn(move || {
        let order = match (one.peek(), other.peek()) {
            (Some((a, _)), Some((b, _))) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return None,
        };
        let old = if order == Ordering::Greater { None } else { one.next() };
        let new = if order == Ordering::Less { None } else { other.next() };
        let name = old.or(new).map(|(name, _)| name)?;
        Some((name, old.map(|(_, value)| value), new.map(|(_, value)| value)))
    })
}

impl Entity {
    fn owner_of(&self, field: &Field, fields: &Fields) -> Side {
        let centre = match field.owner {
            _ if self.is_centres(fields) => true,
            FieldOwner::Centre => true,
            FieldOwner::CentreWhenVerified => self.is_verified(fields),
            FieldOwner::School => false,
        };
        if centre { Side::Centre } else { Side::School }
    }

    fn breaches_of_creation(&self, after: &Record) -> Vec<Breach> {
        let mut breaches = Vec::new();
        if !self.create.school() || self.is_centres(&after.fields) {
            breaches.push(Breach { field: None, kind: BreachKind::Create });
        }
        if after.deleted && !self.delete.school() {
            breaches.push(Breach { field: None, kind: BreachKind::Delete });
        }
        for (name, value) in &after.fields {
            let forbidden = |field: &Field| match value {
                Value::Null => None,
                _ if field.centre_only => Some(BreachKind::FieldOwned),
                _ if field.centre_only_values.contains(value) => Some(BreachKind::ValueReserved),
                _ => None,
            };
            self.judge(name, value, forbidden, &mut breaches);
        }
        breaches
    }

    fn breaches_of_edit(&self, before: &Record, after: &Record) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let centres = self.is_centres(&before.fields) || self.is_centres(&after.fields);
        if before.deleted != after.deleted && (centres || !self.delete.school()) {
            breaches.push(Breach { field: None, kind: BreachKind::Delete });
        }
        for (name, old, new) in side_by_side(&before.fields, &after.fields) {
            // A null under a name that was not there is no change of content, yet it would leave a key in the document.
            let unknown_key = old.is_none() && self.field(name).is_none();
            let (old, new) = (old.unwrap_or(&Value::Null), new.unwrap_or(&Value::Null));
            if old == new && !unknown_key {
                continue;
            }
            let forbidden = |field: &Field| {
                let states = [&before.fields, &after.fields];
                if states.iter().any(|fields| self.owner_of(field, fields) == Side::Centre) {
                    return Some(BreachKind::FieldOwned);
                }
                let reserved = [old, new].iter().any(|value| field.centre_only_values.contains(value));
                reserved.then_some(BreachKind::ValueReserved)
            };
            self.judge(name, new, forbidden, &mut breaches);
        }
        breaches
    }

    fn judge(
        &self,
        name: &FieldName,
        value: &Value,
        forbidden: impl FnOnce(&Field) -> Option<BreachKind>,
        breaches: &mut Vec<Breach>,
    ) {
        let mut breach = |kind| breaches.push(Breach { field: Some(name.clone()), kind });
        let Some(field) = self.field(name) else { return breach(BreachKind::UnknownField) };
        if let Some(kind) = forbidden(field) {
            breach(kind);
        }
        if !field.kind.admits(value) {
            breach(BreachKind::WrongType);
        }
    }
}
