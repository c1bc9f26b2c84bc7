//! Every act that somebody at the centre decides is judged before it is done: none leaves a school with an invalid record
//! that nobody there may mend, unless somebody says why.

use std::collections::BTreeSet;

use proptest::prelude::*;
use selaras_model::{FieldName, Pack, Record, RecordKey, Value};
use selaras_policy::{Finding, Judge, MemoryView, SubjectKey, Who};
use selaras_sync::{Acting, CentreError, Flow, Rules, TypedEdit};

use crate::stage::{CentreStage, Stage};

type Unmendable = BTreeSet<(RecordKey, String, Option<FieldName>)>;

/// What closes the gate without anybody at the school being able to mend it, from all records.
fn unmendable(centre: &CentreStage) -> Unmendable {
    let Rules { pack, rulebook } = &centre.rules;
    let mut records = Vec::new();
    for entity in pack.entities() {
        let keep = &mut |record: &Record| {
            records.push(record.clone());
            Flow::Continue
        };
        centre.centre().list(entity.code, None, keep).unwrap();
    }
    let view = MemoryView::new(pack, records);
    let mut found = Unmendable::new();
    for (subject, findings) in Judge::new(pack, rulebook, centre.today).full(&view).unwrap() {
        let theirs: Vec<&Finding> = findings.iter().filter(|finding| rulebook.closes_without_remedy(finding)).collect();
        // Where several break a rule together it is enough that one may be mended.
        if matches!(subject, SubjectKey::Record(_)) || theirs.len() == findings.len() {
            found.extend(theirs.iter().map(|one| (one.record, one.rule.to_string(), one.field.clone())));
        }
    }
    found
}

fn done(centre: &CentreStage, mut acting: Acting) -> Result<(), CentreError> {
    while let Some(step) = centre.centre().act_step(&mut acting)? {
        centre.drive(Some(step));
    }
    Ok(())
}

fn acting(centre: &CentreStage, edits: Vec<TypedEdit>) -> Acting {
    centre.centre().acting("pusat", edits).unwrap()
}

fn edit(key: RecordKey, name: &str, value: Value) -> TypedEdit {
    TypedEdit { key, fields: [(name.parse().unwrap(), value)].into_iter().collect(), deleted: None }
}

#[test]
fn what_the_centre_makes_of_a_school_that_begins_is_taken() {
    let stage = Stage::bare(6);
    let again = CentreStage::new(stage.centre.npsn, stage.sample.head);
    let edits = stage.sample.centre.iter().map(crate::stage::typed).collect();
    done(&again, acting(&again, edits)).unwrap();
}

#[test]
fn a_correction_that_the_school_could_not_mend_is_refused_and_done_for_a_reason() {
    let stage = Stage::in_step(6);
    let (centre, student) = (&stage.centre, stage.student());
    let wrong = || {
        let mut wrong = edit(student, "nik", Value::text("123"));
        wrong.fields.insert("terverifikasi".parse().unwrap(), Value::Bool(true));
        acting(centre, vec![wrong])
    };
    let head = centre.centre().head().unwrap();
    let refused = done(centre, wrong()).unwrap_err();
    assert_eq!((refused.code(), centre.centre().head().unwrap()), ("act.invalid", head));
    let args = refused.args().unwrap();
    assert_eq!((args["rule"].as_str(), args["field"].as_str()), ("pd.nik", "nik"));
    assert_eq!(args["record"], student.to_string());
    done(centre, wrong().with_reason()).unwrap();
    let mut who = None;
    let look = &mut |finding: &Finding| {
        if finding.rule.as_str() == "pd.nik" && finding.record == student {
            let rendered = centre.rules.rulebook.render(finding, &centre.rules.pack, selaras_model::Lang::En);
            who = Some((rendered.who, rendered.remedy));
        }
        Flow::Continue
    };
    centre.centre().findings(look).unwrap();
    assert_eq!(who, Some((Who::Centre, "Ask the centre to correct it, then pull".to_owned())));
    // What was so before is not this act's: the rest of the record may be corrected.
    done(centre, acting(centre, vec![edit(student, "tempat_lahir", Value::text("Contoh"))])).unwrap();
}

#[test]
fn what_the_school_may_mend_is_work_and_no_reason_to_refuse() {
    let stage = Stage::in_step(6);
    let key = stage.student();
    done(&stage.centre, acting(&stage.centre, vec![edit(key, "nik", Value::text("123"))])).unwrap();
    stage.first.pull(&stage.centre);
    stage.first.set(key, "nik", stage.sample.whole()[&key].get("nik").clone());
    stage.first.approve(&stage.centre);
}

#[test]
fn an_import_is_judged_whole_however_large() {
    let stage = Stage::in_step(60);
    let students: Vec<RecordKey> =
        stage.sample.whole().into_keys().filter(|key| key.entity == stage.student().entity).collect();
    assert!(students.len() > 40, "an act of that size is done in steps");
    let verified = |key: &RecordKey| edit(*key, "terverifikasi", Value::Bool(true));
    let mut edits: Vec<TypedEdit> = students.iter().map(verified).collect();
    done(&stage.centre, acting(&stage.centre, edits.clone())).unwrap();
    edits[7].fields.insert("tanggal_lahir".parse().unwrap(), Value::Null);
    let head = stage.centre.centre().head().unwrap();
    assert_eq!(done(&stage.centre, acting(&stage.centre, edits)).unwrap_err().code(), "act.invalid");
    assert_eq!(stage.centre.centre().head().unwrap(), head);
}

/// One field of some record, from another record of the kind or emptied; or its deletion.
#[derive(Debug, Clone)]
struct Change {
    record: prop::sample::Index,
    other: prop::sample::Index,
    field: prop::sample::Index,
    kind: u8,
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<prop::sample::Index>;
    (index(), index(), index(), 0_u8..10).prop_map(|(record, other, field, kind)| Change { record, other, field, kind })
}

fn edit_of(change: &Change, records: &[Record], pack: &Pack) -> TypedEdit {
    let record = change.record.get(records);
    let alike: Vec<&Record> = records.iter().filter(|other| other.entity == record.entity).collect();
    let fields = pack.entity(record.entity).unwrap().fields();
    let name = &change.field.get(fields).name;
    let value = if change.kind < 3 { Value::Null } else { change.other.get(&alike).get(name).clone() };
    let deleted = (change.kind == 9).then_some(true);
    TypedEdit { key: record.key(), fields: [(name.clone(), value)].into_iter().collect(), deleted }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    #[test]
    fn no_act_leaves_what_nobody_at_the_school_may_mend(changes in prop::collection::vec(change(), 20)) {
        let stage = Stage::in_step(6);
        let centre = &stage.centre;
        let records: Vec<Record> = stage.sample.whole().into_values().collect();
        for change in &changes {
            let before = unmendable(centre);
            let edit = edit_of(change, &records, &centre.rules.pack);
            let head = centre.centre().head().unwrap();
            match done(centre, acting(centre, vec![edit.clone()])) {
                Ok(()) => {
                    let after = unmendable(centre);
                    prop_assert!(after.is_subset(&before), "{:?}", after.difference(&before).next());
                }
                Err(refused) => {
                    prop_assert_eq!(refused.code(), "act.invalid");
                    prop_assert_eq!(centre.centre().head().unwrap(), head);
                    prop_assert_eq!(unmendable(centre), before);
                }
            }
        }
    }
}
