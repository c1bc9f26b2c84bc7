//! Work that does not fit one commit: decided once, done in steps, resumed after any of them.

use selaras_sync::{Order, Outcome, Purpose, Store};

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
