//! The stored views of records, as the rules and people read them.

use selaras_model::{EntityCode, Record, RecordId, RecordKey, Value, content_hash};
use selaras_policy::{SchoolView, ViewError};

use crate::Rules;
use crate::store::{Flow, Key, Range, ReadStore, Row, StoreError, ViewRow, index_bucket};

/// The records of a school as people see them.
pub struct StoreView<'a> {
    pub(crate) store: &'a dyn ReadStore,
    pub(crate) rules: &'a Rules,
}

impl std::fmt::Debug for StoreView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreView").finish_non_exhaustive()
    }
}

impl StoreView<'_> {
    /// Reads a record. The store has checked that the row is what was written; its hash is looked at by whoever goes over
    /// all records.
    pub(crate) fn read(&self, key: RecordKey) -> Result<Option<Record>, StoreError> {
        match self.store.get(&Key::View(key))? {
            Some(Row::View(row)) => Ok(Some(record(key, row))),
            Some(_) => Err(damaged(key)),
            None => Ok(None),
        }
    }

    /// Gives the records of an entity, deleted ones included.
    pub(crate) fn scan(
        &self,
        entity: EntityCode,
        from: Option<RecordId>,
        visit: &mut dyn FnMut(Record) -> Result<Flow, StoreError>,
    ) -> Result<(), StoreError> {
        self.store.scan(&Range::Views(entity, from), &mut |key, row| match (key, row) {
            (Key::View(key), Row::View(row)) => visit(checked(self.rules, key, row)?),
            _ => Ok(Flow::Continue),
        })
    }
}

fn damaged(key: RecordKey) -> StoreError {
    StoreError::Damaged(format!("record {key} is not what was written"))
}

fn checked(rules: &Rules, key: RecordKey, row: ViewRow) -> Result<Record, StoreError> {
    let content = row.content;
    let record = record(key, row);
    if hash(rules, &record) == content { Ok(record) } else { Err(damaged(key)) }
}

fn record(key: RecordKey, row: ViewRow) -> Record {
    Record { entity: key.entity, id: key.id, deleted: row.deleted, fields: row.fields }
}

/// The content hash of a record; an entity that the pack does not know is hashed under its number.
pub(crate) fn hash(rules: &Rules, record: &Record) -> selaras_model::ContentHash {
    match rules.pack.entity(record.entity) {
        Some(entity) => content_hash(&entity.name, record),
        None => content_hash(&record.entity.to_string(), record),
    }
}

/// Makes the row of a record.
pub(crate) fn row(rules: &Rules, record: &Record) -> ViewRow {
    let fields = record.present().map(|(name, value)| (name.clone(), value.clone())).collect();
    ViewRow { deleted: record.deleted, fields, content: hash(rules, record) }
}

/// The index rows of a live record.
pub(crate) fn index_keys(rules: &Rules, record: &Record) -> Vec<Key> {
    let Some(entity) = rules.pack.entity(record.entity).filter(|_| !record.deleted) else { return Vec::new() };
    let indexed = entity.fields().iter().filter(|field| field.indexed);
    indexed
        .filter_map(|field| {
            let value = record.get(&field.name);
            (!value.is_null()).then(|| Key::Index(entity.code, index_bucket(&field.name, value), record.id))
        })
        .collect()
}

fn unread(error: StoreError) -> ViewError {
    ViewError(Box::new(error))
}

impl SchoolView for StoreView<'_> {
    fn record(&self, key: RecordKey) -> Result<Option<Record>, ViewError> {
        self.read(key).map_err(unread)
    }

    fn with_value(
        &self,
        entity: EntityCode,
        field: &str,
        value: &Value,
        visit: &mut dyn FnMut(RecordId),
    ) -> Result<(), ViewError> {
        if !self.rules.pack.field(entity, field).is_some_and(|field| field.indexed) {
            return Err(ViewError(format!("field {field} of entity {entity} has no index").into()));
        }
        let range = Range::Index(entity, index_bucket(field, value));
        self.store
            .scan(&range, &mut |key, _| {
                if let Key::Index(_, _, id) = key {
                    visit(id);
                }
                Ok(Flow::Continue)
            })
            .map_err(unread)
    }

    fn each(
        &self,
        entity: EntityCode,
        visit: &mut dyn FnMut(&Record) -> Result<(), ViewError>,
    ) -> Result<(), ViewError> {
        let mut failed = None;
        self.scan(entity, None, &mut |record| {
            if record.deleted {
                return Ok(Flow::Continue);
            }
            match visit(&record) {
                Ok(()) => Ok(Flow::Continue),
                Err(error) => {
                    failed = Some(error);
                    Ok(Flow::Stop)
                }
            }
        })
        .map_err(unread)?;
        failed.map_or(Ok(()), Err)
    }
}
