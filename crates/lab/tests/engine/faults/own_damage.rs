//! Faults 44 and 45: the centre decides on what its own disk has lost.

use selaras_model::{LogVersion, ModuleDigest, RecordKey, Value, element};
use selaras_sync::{
    Batch, CentreError, Flow, Key, LogEntry, Origin, Outcome, Purpose, Range, ReadStore, Row, Rules, Store, TypedEdit,
};

use crate::backup::{back_up, restore};
use crate::stage::{CentreStage, Computer, Stage, assert_equal};

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

/// What the acts in the log are.
fn kinds(centre: &CentreStage) -> Vec<String> {
    let mut kinds = Vec::new();
    let mut see = |_, row| {
        if let Row::Entry(row) = row
            && let Origin::Act { kind, .. } = LogEntry::from_bytes(&row.entry).unwrap().origin
        {
            kinds.push(kind);
        }
        Ok(Flow::Continue)
    };
    centre.store.scan(&Range::Entries(LogVersion::new(0)), &mut see).unwrap();
    kinds
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

/// A restored centre that has lost a record as well makes it anew before it builds on it what comes back; else both ends
/// would go on without what the log says of it, and agree.
#[test]
fn fault_44_nor_is_what_comes_back_built_on_a_record_that_the_centre_has_lost() {
    for from_the_sums in [true, false] {
        let mut stage = Stage::in_step(6);
        let key = stage.student();
        let backup = back_up(&stage.centre);
        act(&stage.centre, key, "Jalan Pusat").unwrap();
        stage.first.pull(&stage.centre);
        restore(&mut stage.centre, &backup, 2, &[&stage.first]);
        lose(&stage.centre.store, &stage.centre.rules, key, from_the_sums);
        lose(&stage.first.store, stage.first.rules(), key, true);
        for _ in 0..3 {
            stage.first.exchange(&stage.centre, Purpose::Pull);
        }
        assert_equal(&stage.first, &stage.centre);
        let (ours, theirs) = (stage.first.record(key), stage.centre.record(key).unwrap());
        assert_eq!((ours.text("alamat_jalan"), ours.text("nama")), (Some("Jalan Pusat"), theirs.text("nama")));
        assert!(theirs.text("nama").is_some(), "the rest of the record is there again");
        assert!(!kinds(&stage.centre).contains(&"centre.retaken".to_owned()), "it comes back as it was");
    }
}

/// An entry that changes no record says of the records what was said before: what the disk has lost since is missed.
#[test]
fn fault_44_an_entry_without_edits_does_not_sign_away_what_the_disk_has_lost() {
    let stage = Stage::in_step(6);
    let key = stage.student();
    lose(&stage.centre.store, &stage.centre.rules, key, true);
    let second = Computer::new(&stage.centre, 2);
    assert_eq!(act(&stage.centre, key, "Jalan Pusat").unwrap_err().code(), "center.damaged");
    mend(&stage.centre);
    second.pull(&stage.centre);
    assert_equal(&second, &stage.centre);
}
