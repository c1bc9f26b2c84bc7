//! What an edit costs does not depend on the school's size.

use std::cell::Cell;

use selaras_lab::{SampleOptions, sample};
use selaras_model::{EntityCode, Pack, Record, RecordId, RecordKey, Value};
use selaras_policy::{Changed, Judge, MemoryView, Rulebook, SchoolView, ViewError};

use crate::today;

/// Counts the records that are read.
struct Counting<'a> {
    view: &'a MemoryView,
    read: Cell<usize>,
}

impl SchoolView for Counting<'_> {
    fn record(&self, key: RecordKey) -> Result<Option<Record>, ViewError> {
        self.read.set(self.read.get() + 1);
        self.view.record(key)
    }

    fn with_value(
        &self,
        entity: EntityCode,
        field: &str,
        value: &Value,
        visit: &mut dyn FnMut(RecordId),
    ) -> Result<(), ViewError> {
        self.view.with_value(entity, field, value, visit)
    }

    fn each(&self, _: EntityCode, _: &mut dyn FnMut(&Record) -> Result<(), ViewError>) -> Result<(), ViewError> {
        panic!("an incremental run looked at a whole entity");
    }
}

#[test]
fn one_students_edit_reads_at_most_200_records() {
    let pack = Pack::builtin();
    let book = Rulebook::builtin(&pack).unwrap();
    let entity = pack.entity_named("peserta_didik").unwrap();
    for students in [60, 600, 2_400] {
        let school = sample(&pack, &SampleOptions { students, ..SampleOptions::default() }).unwrap();
        let mut view = MemoryView::new(&pack, school.whole().into_values());
        let student = view.records().find(|record| record.entity == entity.code).unwrap().clone();
        let mut most = 0;
        for field in entity.fields() {
            let mut after = student.clone();
            after.fields.insert(field.name.clone(), Value::Null);
            view.insert(after.clone());
            let counting = Counting { view: &view, read: Cell::new(0) };
            let changed = [Changed { before: Some(student.clone()), after: Some(after) }];
            Judge::new(&pack, &book, today()).incremental(&counting, &changed).unwrap();
            most = most.max(counting.read.get());
            view.insert(student.clone());
        }
        assert!(most <= 200, "{most} records were read among {students} students");
    }
}
