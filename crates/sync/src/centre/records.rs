//! The centre's records as its acts find and write them: by the names of entities and fields.

use selaras_merge::{Conflict, Subject};
use selaras_model::{EntityCode, Fields, Record, RecordId, RecordKey, Value};
use selaras_policy::{PolicyError, SchoolView};

use super::Centre;
use crate::error::CentreError;
use crate::step::TypedEdit;
use crate::work::{Work, WorkError};

impl Centre<'_> {
    /// Gives the number of an entity.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `record.unknown-entity`.
    pub fn code_of(&self, entity: &str) -> Result<EntityCode, CentreError> {
        let known = self.rules.pack.entity_named(entity);
        Ok(known.ok_or_else(|| CentreError::refused("record.unknown-entity").with("entity", entity))?.code)
    }

    /// Gives the key of a record by its entity's name.
    ///
    /// # Errors
    /// As [`Centre::code_of`].
    pub fn key_of(&self, entity: &str, id: RecordId) -> Result<RecordKey, CentreError> {
        Ok(RecordKey { entity: self.code_of(entity)?, id })
    }

    /// Gives the values of a field between which nobody has decided yet: one, or all sides of an open conflict.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn values(&self, key: RecordKey, field: &str) -> Result<Vec<Value>, CentreError> {
        let Some(document) = Work::new(self.store, self.rules).document(key)? else { return Ok(Vec::new()) };
        let resolved = document.resolve(&self.rules.pack, key.entity, key.id);
        let resolved = resolved.map_err(|error| WorkError::Merge { record: key, error })?;
        let of = |conflict: &&Conflict| matches!(&conflict.subject, Subject::Field(name) if name.as_str() == field);
        let others = resolved.conflicts.iter().filter(of).flat_map(|conflict| &conflict.others);
        let others = others.map(|candidate| candidate.value.clone());
        Ok(std::iter::once(resolved.record.get(field).clone()).chain(others).collect())
    }

    /// Gives a record that is not deleted.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn live(&self, key: RecordKey) -> Result<Option<Record>, CentreError> {
        Ok(self.record(key)?.filter(|record| !record.deleted))
    }

    /// Makes an edit from fields as a person writes them.
    ///
    /// # Errors
    /// As [`Centre::code_of`], and `record.bad-field`.
    pub fn typed<'f>(
        &self,
        entity: &str,
        id: RecordId,
        fields: impl IntoIterator<Item = (&'f str, &'f str)>,
    ) -> Result<TypedEdit, CentreError> {
        let key = self.key_of(entity, id)?;
        let pack = &self.rules.pack;
        let mut typed = Fields::new();
        for (name, text) in fields {
            let bad = || CentreError::refused("record.bad-field").with("field", name);
            let field = pack.field(key.entity, name).ok_or_else(bad)?;
            let value = pack.parse_field(key.entity, name, text).map_err(|_| bad())?;
            typed.insert(field.name.clone(), value);
        }
        Ok(TypedEdit { key, fields: typed, deleted: None })
    }

    /// Gives the live records of an entity that refer to a record.
    pub(super) fn referring(&self, entity: &str, field: &str, to: RecordId) -> Result<Vec<Record>, CentreError> {
        self.with_value(entity, field, &Value::Ref(to))
    }

    /// Gives the live records of an entity that have a value in an indexed field.
    pub(super) fn with_value(&self, entity: &str, field: &str, value: &Value) -> Result<Vec<Record>, CentreError> {
        let entity = self.code_of(entity)?;
        let mut ids = Vec::new();
        let read = self.view().with_value(entity, field, value, &mut |id| ids.push(id));
        read.map_err(PolicyError::from)?;
        let mut found = Vec::new();
        for id in ids {
            found.extend(self.live(RecordKey { entity, id })?);
        }
        Ok(found)
    }
}
