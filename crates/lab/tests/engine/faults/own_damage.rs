//! Faults 44 and 45: the centre decides on what its own disk has lost.

use selaras_model::{ModuleDigest, RecordKey, Value, element};
use selaras_sync::{Batch, CentreError, Key, Outcome, Purpose, ReadStore, Row, Rules, Store, TypedEdit};

use crate::stage::{CentreStage, Stage, assert_equal};

/// A record is gone from a disk, and from the sums as if it had never been, or not from them.
fn lose<S: ReadStore + Store>(store: &S, rules: &Rules, key: RecordKey, from_the_sums: bool) {
    let entity = rules.pack.entity(key.entity).unwrap();
    let lanes_key = Key::Lanes(u16::try_from(entity.module).unwrap());
    let Some(Row::Lanes(lanes)) = store.get(&lanes_key).unwrap() else { panic!("the module has sums") };
    let Some(Row::Base(base)) = store.get(&Key::Base(key)).unwrap() else { panic!("the record is there") };
    let mut batch = Batch::default();
    if from_the_sums {
        let mut sums = ModuleDigest::from_bytes(&lanes).unwrap();
        sums.remove(&element(&entity.name, key.id, base.deleted, &base.content, &base.heads));
        batch.put(lanes_key, Row::Lanes(sums.to_bytes()));
    }
    for key in [Key::Document(key), Key::Base(key), Key::View(key)] {
        batch.remove(key);
    }
    store.commit(&batch).unwrap();
}

fn act(centre: &CentreStage, key: RecordKey, street: &str) -> Result<(), CentreError> {
    let fields = [("alamat_jalan".parse().unwrap(), Value::text(street))].into_iter().collect();
    let step = centre.centre().act("test.act", vec![TypedEdit { key, fields, deleted: None }])?;
    centre.drive(Some(step));
    Ok(())
}

fn mend(centre: &CentreStage) {
    let mut repairing = centre.centre().mend().unwrap();
    while let Some(step) = centre.centre().repair_step(&mut repairing).unwrap() {
        centre.drive(Some(step));
    }
}

#[test]
fn fault_44_the_centre_does_not_act_on_a_record_that_its_disk_has_lost() {
    for from_the_sums in [true, false] {
        let stage = Stage::in_step(6);
        let key = stage.student();
        lose(&stage.centre.store, &stage.centre.rules, key, from_the_sums);
        let head = stage.centre.centre().head().unwrap();
        let refused = act(&stage.centre, key, "Jalan Pusat").unwrap_err();
        assert_eq!((refused.code(), stage.centre.centre().head().unwrap()), ("center.damaged", head));
        mend(&stage.centre);
        act(&stage.centre, key, "Jalan Pusat").unwrap();
        stage.first.pull(&stage.centre);
        assert_equal(&stage.first, &stage.centre);
        assert_eq!(stage.first.record(key).text("alamat_jalan"), Some("Jalan Pusat"));
    }
}

#[test]
fn fault_44_nor_on_another_record_of_the_module() {
    let stage = Stage::in_step(6);
    let mut students = stage.sample.whole().into_keys().filter(|key| key.entity == stage.student().entity);
    let (lost, other) = (students.next().unwrap(), students.next().unwrap());
    lose(&stage.centre.store, &stage.centre.rules, lost, false);
    assert_eq!(act(&stage.centre, other, "Jalan Pusat").unwrap_err().code(), "center.damaged");
}

/// What the school wrote is right; that the centre has lost what it is about is no reason to refuse it for ever.
#[test]
fn fault_44_a_bundle_is_not_refused_for_what_the_centre_has_lost() {
    for from_the_sums in [true, false] {
        let stage = Stage::in_step(6);
        let key = stage.student();
        stage.first.set(key, "alamat_jalan", Value::text("Jalan Sekolah"));
        stage.first.approve(&stage.centre);
        lose(&stage.centre.store, &stage.centre.rules, key, from_the_sums);
        assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)), "it mends itself first");
        stage.first.pull(&stage.centre);
        assert_equal(&stage.first, &stage.centre);
        assert_eq!(stage.centre.record(key).unwrap().text("alamat_jalan"), Some("Jalan Sekolah"));
    }
}

/// Nor for what refers to it: the finding would be the disk's.
#[test]
fn fault_44_a_bundle_is_not_refused_for_a_reference_that_the_centre_has_lost() {
    let stage = Stage::in_step(6);
    let member = stage.any("registrasi_peserta_didik");
    let Value::Ref(student) = *stage.first.record(member).get("peserta_didik_id") else { panic!("it names a student") };
    let key = RecordKey { entity: stage.student().entity, id: student };
    stage.first.set(member, "nipd", Value::text("1234"));
    stage.first.approve(&stage.centre);
    lose(&stage.centre.store, &stage.centre.rules, key, false);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    assert!(stage.centre.record(key).is_some());
}

#[test]
fn fault_45_what_both_ends_have_lost_is_not_signed_away() {
    let stage = Stage::in_step(6);
    let key = stage.student();
    lose(&stage.centre.store, &stage.centre.rules, key, true);
    lose(&stage.first.store, stage.first.rules(), key, true);
    assert_eq!(act(&stage.centre, key, "Jalan Pusat").unwrap_err().code(), "center.damaged");
    mend(&stage.centre);
    act(&stage.centre, key, "Jalan Pusat").unwrap();
    for _ in 0..2 {
        stage.first.exchange(&stage.centre, Purpose::Pull);
    }
    assert_equal(&stage.first, &stage.centre);
    assert!(stage.first.record(key).text("nama").is_some(), "the rest of the record is there again");
}
