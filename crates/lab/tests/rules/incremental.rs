//! An incremental run ends where a full run does, whatever was edited.

use std::collections::BTreeMap;

use proptest::prelude::*;
use selaras_lab::{SampleOptions, sample};
use selaras_model::{Pack, Record, Value};
use selaras_policy::{Changed, Finding, Judge, MemoryView, Rulebook, SubjectKey};

use crate::today;

type Stored = BTreeMap<SubjectKey, Vec<Finding>>;

fn take(stored: &mut Stored, judged: Vec<(SubjectKey, Vec<Finding>)>) {
    for (subject, findings) in judged {
        if findings.is_empty() {
            stored.remove(&subject);
        } else {
            stored.insert(subject, findings);
        }
    }
}

/// One edit: which record, what happens to it, and from which other record a value is taken.
#[derive(Debug, Clone)]
struct Act {
    record: prop::sample::Index,
    other: prop::sample::Index,
    field: prop::sample::Index,
    kind: u8,
}

fn act() -> impl Strategy<Value = Act> {
    (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u8..10)
        .prop_map(|(record, other, field, kind)| Act { record, other, field, kind })
}

/// Values come from records of the same entity, so that clashes and broken references are many.
fn edited(act: &Act, view: &MemoryView, pack: &Pack) -> Record {
    let records: Vec<&Record> = view.records().collect();
    let mut record = (*act.record.get(&records)).clone();
    let alike: Vec<&&Record> = records.iter().filter(|other| other.entity == record.entity).collect();
    let other = act.other.get(&alike);
    let fields = pack.entity(record.entity).unwrap().fields();
    let field = act.field.get(fields);
    match act.kind {
        0 => record.deleted = !record.deleted,
        1 => _ = record.fields.insert(field.name.clone(), Value::Null),
        2..=3 => record.id = other.id,
        _ => _ = record.fields.insert(field.name.clone(), other.get(&field.name).clone()),
    }
    record
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn incremental_runs_end_where_a_full_run_does(acts in prop::collection::vec(prop::collection::vec(act(), 1..4), 1..8), seed in 0_u64..4) {
        let pack = Pack::builtin();
        let book = Rulebook::builtin(&pack).unwrap();
        let school = sample(&pack, &SampleOptions { students: 6, seed, ..SampleOptions::default() }).unwrap();
        let mut view = MemoryView::new(&pack, school.whole().into_values());
        let judge = Judge::new(&pack, &book, today());
        let mut stored = Stored::new();
        take(&mut stored, judge.full(&view).unwrap());
        for batch in acts {
            let mut changed: BTreeMap<_, Changed> = BTreeMap::new();
            for act in &batch {
                let after = edited(act, &view, &pack);
                let before = view.insert(after.clone());
                let change = changed.entry(after.key()).or_insert(Changed { before, after: None });
                change.after = Some(after);
            }
            let changed: Vec<Changed> = changed.into_values().collect();
            take(&mut stored, judge.incremental(&view, &changed).unwrap());
            let mut fresh = Stored::new();
            take(&mut fresh, judge.full(&view).unwrap());
            prop_assert_eq!(&stored, &fresh);
        }
    }
}
