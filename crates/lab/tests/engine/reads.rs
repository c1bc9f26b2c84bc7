//! What a day's exchange reads at the centre does not depend on the school's size.

use std::cell::Cell;

use selaras_lab::day;
use selaras_model::Pack;
use selaras_storage::SchoolStore;
use selaras_sync::store::Range;
use selaras_sync::{Centre, Flow, Key, Purpose, ReadStore, Row, StoreError, Verdict};

use crate::stage::{NOW, Stage, assert_equal};

/// Records that a day may read at the centre.
const MOST: usize = 2_000;

/// Counts the records that are read, one by one and in scans, in whichever of their rows.
struct Counting<'a> {
    store: &'a SchoolStore,
    records: Cell<usize>,
}

impl Counting<'_> {
    fn count(&self, key: &Key) {
        if matches!(key, Key::View(_) | Key::Document(_) | Key::Base(_)) {
            self.records.set(self.records.get() + 1);
        }
    }
}

impl ReadStore for Counting<'_> {
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        self.count(key);
        self.store.get(key)
    }

    fn scan(
        &self,
        range: &Range,
        visit: &mut dyn FnMut(Key, Row) -> Result<Flow, StoreError>,
    ) -> Result<(), StoreError> {
        self.store.scan(range, &mut |key, row| {
            self.count(&key);
            visit(key, row)
        })
    }
}

#[test]
fn a_days_exchange_reads_at_most_2000_records_at_the_centre() {
    let mut read = Vec::new();
    for students in [300, 1_500] {
        let stage = Stage::in_step(students);
        let today = day(&Pack::builtin(), &stage.sample, 1).unwrap();
        stage.centre.act(&today.centre);
        stage.first.import(&today.school);
        stage.first.approve(&stage.centre);
        let body = stage.first.request(Purpose::Sync);
        let counting = Counting { store: &stage.centre.store, records: Cell::new(0) };
        let at = &stage.centre;
        let centre = Centre::new(&counting, &at.blobs, &at.rules, &at.keys, at.life(), NOW, at.today);
        let mut received = centre.receive(stage.first.device, &body, &|_| Ok(None), &|_| Ok(Some(at.known()))).unwrap();
        let decided = counting.records.get();
        at.drive(received.step.take());
        assert!(matches!(centre.verdict(&received).unwrap(), Some(Verdict::Accepted(_))));
        stage.first.absorb(&centre.respond(&received, None).unwrap());
        stage.first.settle();
        assert_equal(&stage.first, &stage.centre);
        assert!(decided <= MOST, "{decided} records were read among {students} students");
        read.push(decided);
    }
    let (small, large) = (read[0], read[1]);
    assert!(large * 5 <= small * 6, "{small} records in a small school, {large} in one five times as large");
}
