//! After an unclean stop the index is held to the records, and the end of the log to the position.

use selaras_sync::{Batch, Flow, Key, Range, ReadStore, Row, Store, StoreError};

use crate::stage::{Computer, Stage};

fn index(site: &Computer) -> Vec<Key> {
    let mut keys = Vec::new();
    site.store
        .scan(&Range::AllIndex, &mut |key, _| {
            keys.push(key);
            Ok(Flow::Continue)
        })
        .unwrap();
    keys
}

#[test]
fn a_whole_store_is_left_as_it_is() {
    let stage = Stage::in_step(12);
    let mended = stage.first.school().mend().unwrap();
    assert_eq!(mended.rows, 0);
    assert!(mended.step.batch.is_empty() && mended.step.rest.is_empty());
}

#[test]
fn index_rows_that_are_missing_or_too_many_are_put_right() {
    let stage = Stage::in_step(12);
    let before = index(&stage.first);
    let mut damage = Batch::default();
    for key in before.iter().step_by(3) {
        damage.remove(key.clone());
    }
    let Key::Index(entity, _, id) = before[1] else { panic!() };
    damage.put(Key::Index(entity, [9; 16], id), Row::Mark);
    stage.first.store.commit(&damage).unwrap();
    let mended = stage.first.school().mend().unwrap();
    assert_eq!(mended.rows, before.iter().step_by(3).count() as u64 + 1);
    stage.first.drive(Some(mended.step));
    assert_eq!(index(&stage.first), before);
}

#[test]
fn a_log_that_ends_elsewhere_than_the_position_says_is_damage() {
    let stage = Stage::in_step(12);
    let version = stage.first.school().position().unwrap().version;
    let mut damage = Batch::default();
    damage.remove(Key::Entry(version));
    stage.first.store.commit(&damage).unwrap();
    let error = stage.first.school().mend().unwrap_err();
    assert!(matches!(error, selaras_sync::SchoolError::Store(StoreError::Damaged(_))), "{error:?}");
}
