//! Records that are silently not what the log says are found by buckets, and made anew from the log.

use selaras_model::{ModuleDigest, RecordKey, Value, element};
use selaras_storage::SchoolStore;
use selaras_sync::exchange::{Endpoint, Notice};
use selaras_sync::{Batch, Key, Purpose, ReadStore, Row, Rules, Store};

use crate::stage::{CentreStage, Computer, Stage, assert_equal, assignment, typed};
use crate::talk::{Hands, talk};

/// A record's own rows, as a disk remembers them.
struct OldSector {
    key: RecordKey,
    rows: Vec<(Key, Option<Row>)>,
}

fn remember(store: &SchoolStore, key: RecordKey) -> OldSector {
    let keys = [Key::Document(key), Key::Base(key), Key::View(key)];
    OldSector { key, rows: keys.into_iter().map(|key| (key.clone(), store.get(&key).unwrap())).collect() }
}

/// Puts an older copy of a record back, every row whole and the sums as if it had never been otherwise.
fn put_back(store: &SchoolStore, rules: &Rules, old: &OldSector) {
    let entity = rules.pack.entity(old.key.entity).unwrap();
    let lanes_key = Key::Lanes(u16::try_from(entity.module).unwrap());
    let Some(Row::Lanes(lanes)) = store.get(&lanes_key).unwrap() else { panic!("the module has sums") };
    let mut sums = ModuleDigest::from_bytes(&lanes).unwrap();
    let of = |row: Option<&Row>| match row {
        Some(Row::Base(row)) => Some(element(&entity.name, old.key.id, row.deleted, &row.content, &row.heads)),
        _ => None,
    };
    if let Some(now) = of(store.get(&Key::Base(old.key)).unwrap().as_ref()) {
        sums.remove(&now);
    }
    let base = old.rows.iter().find(|(key, _)| *key == Key::Base(old.key)).and_then(|(_, row)| row.as_ref());
    if let Some(then) = of(base) {
        sums.add(&then);
    }
    let mut batch = Batch::default();
    for (key, row) in &old.rows {
        match row {
            Some(row) => batch.put(key.clone(), row.clone()),
            None => batch.remove(key.clone()),
        }
    }
    batch.put(lanes_key, Row::Lanes(sums.to_bytes()));
    store.commit(&batch).unwrap();
}

/// One exchange to its end: bytes of what was asked for repair and answered, and records made anew here.
fn repair(computer: &Computer, centre: &CentreStage) -> (usize, usize) {
    let talked = computer.try_exchange(centre, Purpose::Pull).unwrap();
    let records = talked.notices.iter().map(|notice| match notice {
        Notice::Repaired { records } => *records,
        _ => 0,
    });
    (talked.bytes_of(Endpoint::Repair), records.sum())
}

/// Whether the centre's answer says that the digests here are not its own.
fn differs(computer: &Computer, centre: &CentreStage) -> bool {
    let body = computer.request(Purpose::Pull);
    computer.school().answer(&centre.serve(computer.device, &body)).unwrap().differs()
}

fn change(stage: &Stage, key: RecordKey, rt: i64) {
    stage.first.set(key, "rt", Value::Int(rt));
    stage.first.approve(&stage.centre);
    stage.first.sync(&stage.centre);
}

#[test]
fn a_write_that_was_lost_at_the_school_is_mended_with_the_bytes_of_one_record() {
    let stage = Stage::in_step(200);
    let student = stage.student();
    let old = remember(&stage.first.store, student);
    change(&stage, student, 91);
    let right = stage.centre.record(student).unwrap();
    put_back(&stage.first.store, stage.first.rules(), &old);
    assert_ne!(stage.first.record(student), right);

    // Somebody types into it meanwhile, and the centre goes on with what this side has lost.
    stage.first.set(student, "rw", Value::Int(77));
    stage.centre.act(&[assignment(stage.sample.head)]);
    assert!(differs(&stage.first, &stage.centre));
    let (bytes, records) = repair(&stage.first, &stage.centre);
    assert_eq!(records, 1);
    // 8 bytes for each bucket, and what one record of a few edits takes; the whole log is far more.
    assert!(bytes < 8 * 1_024 + 4_096, "{bytes} bytes");
    assert!(!differs(&stage.first, &stage.centre));
    stage.first.pull(&stage.centre);
    assert_equal(&stage.first, &stage.centre);

    // What was typed is there, over what the log says, and goes its way.
    let shown = stage.first.record(student);
    let field = |name: &str| shown.get(&name.parse::<selaras_model::FieldName>().unwrap()).clone();
    assert_eq!((field("rt"), field("rw")), (Value::Int(91), Value::Int(77)));
    stage.first.approve(&stage.centre);
    stage.first.sync(&stage.centre);
    assert_equal(&stage.first, &stage.centre);
    assert_eq!(stage.centre.record(student).unwrap(), shown);
}

#[test]
fn a_write_that_was_lost_at_the_centre_is_mended_from_its_own_log_and_told_to_everyone() {
    let stage = Stage::in_step(12);
    let (student, centre) = (stage.student(), &stage.centre);
    let second = Computer::new(centre, 2);
    second.pull(centre);
    let old = remember(&centre.store, student);
    change(&stage, student, 91);
    let right = centre.record(student).unwrap();
    put_back(&centre.store, &centre.rules, &old);
    // Nothing is signed on it: the next entry would have digests that nobody else can compute.
    let mut record = assignment(stage.sample.head);
    record.fields.insert("jumlah_jam".parse().unwrap(), Value::Int(20));
    let refused = centre.centre().act("test.act", vec![typed(&record)]).unwrap_err();
    assert_eq!(refused.code(), "center.damaged");
    let mut repairing = centre.centre().mend().unwrap();
    while let Some(step) = centre.centre().repair_step(&mut repairing).unwrap() {
        centre.drive(Some(step));
    }
    assert_eq!(centre.record(student).unwrap(), right);
    centre.act(&[record]);
    for computer in [&stage.first, &second] {
        computer.pull(centre);
        assert_equal(computer, centre);
    }
}

#[test]
fn records_that_are_gone_at_both_ends_come_back_at_both() {
    let stage = Stage::in_step(12);
    let gone = |key: RecordKey| OldSector {
        key,
        rows: [Key::Document(key), Key::Base(key), Key::View(key)].map(|key| (key, None)).into(),
    };
    let (here, there) = (stage.student(), stage.any("ptk"));
    let right = (stage.first.record(here), stage.first.record(there));
    put_back(&stage.first.store, stage.first.rules(), &gone(here));
    put_back(&stage.centre.store, &stage.centre.rules, &gone(there));
    assert!(differs(&stage.first, &stage.centre));
    assert_eq!(repair(&stage.first, &stage.centre).1, 1);
    assert_equal(&stage.first, &stage.centre);
    assert_eq!((stage.first.record(here), stage.centre.record(there).unwrap()), right);
    assert_eq!(stage.centre.record(here).unwrap(), right.0);
}

#[test]
fn one_record_that_is_gone_at_both_ends_is_not_signed_away() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    let right = stage.first.record(student);
    let rows = [Key::Document(student), Key::Base(student), Key::View(student)].map(|key| (key, None)).into();
    let gone = OldSector { key: student, rows };
    put_back(&stage.first.store, stage.first.rules(), &gone);
    put_back(&stage.centre.store, &stage.centre.rules, &gone);
    // First the centre mends itself, then this side can be held to it.
    assert_eq!(repair(&stage.first, &stage.centre).1, 1);
    assert_equal(&stage.first, &stage.centre);
    assert_eq!((stage.first.record(student), stage.centre.record(student).unwrap()), (right.clone(), right));
}

#[test]
fn nothing_is_taken_that_does_not_give_the_signed_digests() {
    let stage = Stage::in_step(12);
    let student = stage.student();
    let old = remember(&stage.first.store, student);
    change(&stage, student, 91);
    put_back(&stage.first.store, stage.first.rules(), &old);
    let before = stage.first.record(student);
    // Whoever stands between leaves the last edit out.
    let between = |endpoint: Endpoint, answer: &[u8]| {
        if endpoint != Endpoint::Repair {
            return answer.to_vec();
        }
        let open = zstd::decode_all(answer).unwrap();
        let mut message: selaras_sync::wire::RepairResponse = prost::Message::decode(open.as_slice()).unwrap();
        message.history.pop();
        zstd::encode_all(prost::Message::encode_to_vec(&message).as_slice(), 3).unwrap()
    };
    let talked = talk(Hands::of(&stage.first).to(&stage.centre).with_between(&between), Purpose::Pull).unwrap();
    assert!(talked.notices.contains(&Notice::Unrepaired { code: "repair.unproven".to_owned() }));
    assert_eq!(stage.first.record(student), before);
}
