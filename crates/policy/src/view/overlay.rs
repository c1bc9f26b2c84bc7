use std::collections::BTreeSet;

use selaras_model::{EntityCode, Pack, Record, RecordId, RecordKey, Value};

use super::{MemoryView, SchoolView, ViewError};

/// A school with some records in another state: what it would be after a bundle, or was before one.
pub struct Overlay<'a> {
    base: &'a dyn SchoolView,
    changed: MemoryView,
    keys: BTreeSet<RecordKey>,
}

impl<'a> Overlay<'a> {
    /// Lays records over a school; each hides the one with its key.
    pub fn new(base: &'a dyn SchoolView, records: Vec<Record>, pack: &Pack) -> Self {
        let keys = records.iter().map(Record::key).collect();
        Self { base, changed: MemoryView::new(pack, records), keys }
    }

    /// Makes a record one that has never been there.
    pub fn hide(&mut self, key: RecordKey) {
        self.changed.remove(key);
        self.keys.insert(key);
    }
}

impl SchoolView for Overlay<'_> {
    fn record(&self, key: RecordKey) -> Result<Option<Record>, ViewError> {
        if self.keys.contains(&key) { self.changed.record(key) } else { self.base.record(key) }
    }

    fn with_value(
        &self,
        entity: EntityCode,
        field: &str,
        value: &Value,
        visit: &mut dyn FnMut(RecordId),
    ) -> Result<(), ViewError> {
        self.base.with_value(entity, field, value, &mut |id| {
            if !self.keys.contains(&RecordKey { entity, id }) {
                visit(id);
            }
        })?;
        self.changed.with_value(entity, field, value, visit)
    }

    fn each(
        &self,
        entity: EntityCode,
        visit: &mut dyn FnMut(&Record) -> Result<(), ViewError>,
    ) -> Result<(), ViewError> {
        self.base.each(entity, &mut |record| if self.keys.contains(&record.key()) { Ok(()) } else { visit(record) })?;
        self.changed.each(entity, visit)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_laid_over_record_hides_the_one_below_in_every_reading() {
        let pack = Pack::builtin();
        let student = |nik: &str| Record {
            entity: Pack::builtin().entity_named("peserta_didik").unwrap().code,
            id: RecordId::from_bytes([1; 16]),
            deleted: false,
            fields: [("nik".parse().unwrap(), Value::text(nik))].into_iter().collect(),
        };
        let base = MemoryView::new(&pack, [student("old")]);
        let mut over = Overlay::new(&base, vec![student("new")], &pack);
        let count = |over: &Overlay<'_>, nik: &str| {
            let mut found = 0;
            over.with_value(
                Pack::builtin().entity_named("peserta_didik").unwrap().code,
                "nik",
                &Value::text(nik),
                &mut |_| found += 1,
            )
            .unwrap();
            found
        };
        assert_eq!((count(&over, "old"), count(&over, "new")), (0, 1));
        assert_eq!(over.record(student("").key()).unwrap().unwrap().text("nik"), Some("new"));
        over.hide(student("").key());
        assert_eq!((count(&over, "old"), count(&over, "new")), (0, 0));
        assert!(over.record(student("").key()).unwrap().is_none());
    }
}
