//! Work that does not fit one commit: decided once, done in steps, resumed after any of them.

use selaras_model::EpochId;
use selaras_sync::{Order, Outcome, Purpose, Store};

use crate::backup::{back_up, put_back};
use crate::stage::{Computer, Stage, assert_equal};

#[test]
fn an_import_that_is_interrupted_after_every_step_ends_whole() {
    let stage = Stage::bare(24);
    stage.first.pull(&stage.centre);
    let edits = stage.sample.school.iter().map(crate::stage::typed).collect();
    let first = stage.first.school().import(edits, "operator").unwrap();
    assert!(first.more);
    stage.first.store.commit(&first.batch).unwrap();
    // Nothing else is done meanwhile.
    let facts = stage.first.facts(&stage.centre);
    let order = Order { modules: None, facts: &facts, author: "operator" };
    assert_eq!(stage.first.school().seal_for_head(&order).unwrap_err().code(), "work.unfinished");
    let mut steps = 0;
    while let Some(step) = stage.first.school().resume().unwrap() {
        stage.first.store.commit(&step.batch).unwrap();
        steps += 1;
    }
    assert!(steps > 3, "{steps}");
    stage.first.settle();
    for record in &stage.sample.school {
        let seen = stage.first.record(record.key());
        assert!(record.present().all(|(name, value)| seen.get(name) == value));
    }
}

#[test]
fn a_large_bundle_at_the_centre_is_resumed_after_any_step() {
    let stage = Stage::bare(24);
    stage.assign_head();
    stage.first.pull(&stage.centre);
    stage.first.import(&stage.sample.school);
    stage.first.approve(&stage.centre);
    let body = stage.first.request(Purpose::Sync);
    let enrolled = |_| {
        Ok(Some(selaras_sync::EnrolledKey {
            ptk: stage.sample.head,
            public: stage.centre.head.verifying_key().to_bytes(),
            enrolled_at: 0,
            revoked: false,
        }))
    };
    let receive = || stage.centre.centre().receive(stage.first.device, &body, &|_| Ok(None), &enrolled);
    let step = receive().unwrap().step.unwrap();
    assert!(step.more);
    stage.centre.store.commit(&step.batch).unwrap();
    // The centre is started anew here: until the work is done nobody is answered, and whoever answers ends it first.
    assert_eq!(receive().unwrap_err().code(), "school.unfinished");
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    assert_equal(&stage.first, &stage.centre);
}

/// Files of a centre were copied while it ran, and put back: `restored` found half an entry, and the school was closed
/// for good.
#[test]
fn a_copy_that_was_made_in_the_middle_of_large_work_ends_it_and_lives_on() {
    let mut stage = Stage::bare(24);
    stage.assign_head();
    stage.first.pull(&stage.centre);
    stage.first.import(&stage.sample.school);
    stage.first.approve(&stage.centre);
    let body = stage.first.request(Purpose::Sync);
    let enrolled = |_| Ok(Some(stage.centre.known()));
    let step =
        stage.centre.centre().receive(stage.first.device, &body, &|_| Ok(None), &enrolled).unwrap().step.unwrap();
    assert!(step.more);
    stage.centre.store.commit(&step.batch).unwrap();
    let copy = back_up(&stage.centre);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::Receipt(_)));
    let signed = stage.centre.centre().head().unwrap();

    put_back(&mut stage.centre, &copy);
    stage.centre.epoch.set(EpochId::from_bytes([2; 8]));
    let mut ended = None;
    while let Some(step) = stage.centre.centre().resume().unwrap() {
        stage.centre.store.commit(&step.batch).unwrap();
        let head = stage.centre.centre().head().unwrap();
        ended = ended.or((head.version == signed.version).then_some(head));
    }
    assert_eq!(ended, Some(signed), "two entries for one place of one life would part the log from its schools");
    assert_eq!(stage.centre.centre().epoch().unwrap(), Some(stage.centre.epoch.get()));
    stage.first.pull(&stage.centre);
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn a_page_that_is_interrupted_after_every_commit_goes_on_where_it_was() {
    let stage = Stage::in_step(24);
    let second = Computer::new(&stage.centre, 2);
    let tip = stage.centre.centre().head().unwrap().version;
    let mut rounds = 0;
    while second.school().position().unwrap().version < tip {
        let body = second.request(Purpose::Pull);
        // The rest of the answer is lost with the process.
        second.dies_taking(&stage.centre.serve(second.device, &body), 1);
        rounds += 1;
    }
    assert!(rounds > 3, "the page has several commits: {rounds}");
    second.pull(&stage.centre);
    assert_equal(&second, &stage.centre);
}
