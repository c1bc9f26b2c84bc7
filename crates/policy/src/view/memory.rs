use std::collections::{BTreeMap, BTreeSet};

use selaras_model::{EntityCode, FieldKind, FieldName, Pack, Record, RecordId, RecordKey, Value};

use super::{SchoolView, ViewError};

/// A school held in memory, with the indexes that the pack names.
///
/// It serves tests, imports and other places where a school is small or already there as records.
#[derive(Clone, Default)]
pub struct MemoryView {
    records: BTreeMap<RecordKey, Record>,
    indexed: BTreeMap<EntityCode, Vec<FieldName>>,
    by_value: BTreeMap<(EntityCode, FieldName), BTreeMap<Value, BTreeSet<RecordId>>>,
}

impl std::fmt::Debug for MemoryView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryView").field("records", &self.records.len()).finish_non_exhaustive()
    }
}

impl MemoryView {
    /// Takes records of entities of the pack; of two with one key the later stands.
    pub fn new(pack: &Pack, records: impl IntoIterator<Item = Record>) -> Self {
        let indexed = pack.entities().iter().map(|entity| {
            let fields = entity.fields().iter();
            let fields = fields.filter(|field| field.indexed || matches!(field.kind, FieldKind::Ref { .. }));
            (entity.code, fields.map(|field| field.name.clone()).collect())
        });
        let mut view = Self { indexed: indexed.collect(), ..Self::default() };
        for record in records {
            view.insert(record);
        }
        view
    }

    /// Puts a record in, in place of one with the same key, which is given back.
    pub fn insert(&mut self, record: Record) -> Option<Record> {
        let before = self.remove(record.key());
        self.index(&record, |ids, id| {
            ids.insert(id);
        });
        self.records.insert(record.key(), record);
        before
    }

    /// Takes a record out, as if it had never been there.
    pub fn remove(&mut self, key: RecordKey) -> Option<Record> {
        let record = self.records.remove(&key)?;
        self.index(&record, |ids, id| {
            ids.remove(&id);
        });
        Some(record)
    }

    /// Gives all records, deleted ones included, in order of their keys.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    fn index(&mut self, record: &Record, change: impl Fn(&mut BTreeSet<RecordId>, RecordId)) {
        if record.deleted {
            return;
        }
        for field in self.indexed.get(&record.entity).into_iter().flatten() {
            let value = record.get(field);
            if *value != Value::Null {
                let values = self.by_value.entry((record.entity, field.clone())).or_default();
                change(values.entry(value.clone()).or_default(), record.id);
            }
        }
    }
}

impl SchoolView for MemoryView {
    fn record(&self, key: RecordKey) -> Result<Option<Record>, ViewError> {
        Ok(self.records.get(&key).cloned())
    }

    fn with_value(
        &self,
        entity: EntityCode,
        field: &str,
        value: &Value,
        visit: &mut dyn FnMut(RecordId),
    ) -> Result<(), ViewError> {
        let indexed = self.indexed.get(&entity).and_then(|fields| fields.iter().find(|name| name.as_str() == field));
        let Some(name) = indexed else {
            return Err(ViewError(format!("field {field} of entity {entity} has no index").into()));
        };
        let ids = self.by_value.get(&(entity, name.clone())).and_then(|values| values.get(value));
        ids.into_iter().flatten().copied().for_each(visit);
        Ok(())
    }

    fn each(
        &self,
        entity: EntityCode,
        visit: &mut dyn FnMut(&Record) -> Result<(), ViewError>,
    ) -> Result<(), ViewError> {
        let of_entity = self.records.values().filter(|record| record.entity == entity && !record.deleted);
        of_entity.into_iter().try_for_each(visit)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn student(id: u8, nik: &str) -> Record {
        let fields = [("nik".parse().unwrap(), Value::text(nik))].into_iter().collect();
        Record {
            entity: Pack::builtin().entity_named("peserta_didik").unwrap().code,
            id: RecordId::from_bytes([id; 16]),
            deleted: false,
            fields,
        }
    }

    fn having(view: &MemoryView, nik: &str) -> usize {
        let mut found = 0;
        view.with_value(
            Pack::builtin().entity_named("peserta_didik").unwrap().code,
            "nik",
            &Value::text(nik),
            &mut |_| found += 1,
        )
        .unwrap();
        found
    }

    #[test]
    fn the_index_follows_every_change() {
        let mut view = MemoryView::new(&Pack::builtin(), [student(1, "a"), student(2, "a")]);
        assert_eq!(having(&view, "a"), 2);
        view.insert(student(2, "b"));
        assert_eq!((having(&view, "a"), having(&view, "b")), (1, 1));
        view.insert(Record { deleted: true, ..student(2, "b") });
        assert_eq!(having(&view, "b"), 0);
        view.remove(student(1, "a").key());
        assert_eq!(having(&view, "a"), 0);
    }

    #[test]
    fn a_field_without_an_index_is_an_error() {
        let view = MemoryView::new(&Pack::builtin(), []);
        assert!(
            view.with_value(
                Pack::builtin().entity_named("peserta_didik").unwrap().code,
                "tempat_lahir",
                &Value::text("x"),
                &mut |_| ()
            )
            .is_err()
        );
    }
}
