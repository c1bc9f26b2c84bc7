//! Each set holds what its side may write.

use std::collections::BTreeMap;

use selaras_lab::sample::merge;
use selaras_lab::{SampleOptions, sample};
use selaras_model::{Record, RecordKey, Side};

use crate::{KINDS, pack, schools};

/// Says that a school may type records, over what is there.
pub(crate) fn school_may(there: &BTreeMap<RecordKey, Record>, typed: &[Record]) {
    let pack = pack();
    for record in typed {
        let before = there.get(&record.key());
        let mut after = BTreeMap::from_iter(before.map(|record| (record.key(), record.clone())));
        merge(&mut after, std::slice::from_ref(record));
        assert_eq!(pack.breaches(before, &after[&record.key()]), [], "{}", record.key());
    }
}

pub(crate) fn by_key(records: &[Record]) -> BTreeMap<RecordKey, Record> {
    records.iter().map(|record| (record.key(), record.clone())).collect()
}

#[test]
fn the_school_types_only_what_is_its_own() {
    for school in schools() {
        school_may(&by_key(&school.centre), &school.school);
    }
}

#[test]
fn faults_are_in_what_the_school_owns() {
    for kind in KINDS {
        let options = SampleOptions { kind, students: 120, invalid: 60, ..SampleOptions::default() };
        let school = sample(&pack(), &options).unwrap();
        school_may(&by_key(&school.centre), &school.school);
    }
}

#[test]
fn the_centre_holds_only_what_is_its_own_of_a_shared_record() {
    let pack = pack();
    for school in schools() {
        let (typed, whole) = (by_key(&school.school), school.whole());
        for record in school.centre.iter().filter(|record| typed.contains_key(&record.key())) {
            for name in record.fields.keys() {
                let fields = &whole[&record.key()].fields;
                assert_eq!(pack.owner(record.entity, name, fields), Side::Centre, "{school:?}: {name}");
            }
        }
    }
}

#[test]
fn on_a_day_each_side_changes_only_what_is_its_own() {
    let pack = pack();
    for school in schools() {
        let whole = school.whole();
        let day = selaras_lab::day(&pack, &school, 7).unwrap();
        school_may(&whole, &day.school);
        for change in &day.centre {
            let mut after = BTreeMap::from([(change.key(), whole[&change.key()].clone())]);
            merge(&mut after, std::slice::from_ref(change));
            for name in change.fields.keys() {
                let owner = pack.owner(change.entity, name, &after[&change.key()].fields);
                assert_eq!(owner, Side::Centre, "{school:?}: {name}");
            }
        }
    }
}
