//! Any history of commits, reads and reopenings leaves every engine where a plain map is.

use std::collections::BTreeMap;

use proptest::prelude::*;
use selaras_storage::{Engine, Space, Write};

use crate::conformance::{InMemory, OnRedb, OnSled, Subject, rows};

type Model = BTreeMap<(Space, Vec<u8>), Vec<u8>>;

/// A space, a key, and what is written there: a byte, so many times; or nothing, to remove it.
type Written = (Space, Vec<u8>, Option<(u8, usize)>);

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<Written>),
    Scan(Space, Vec<u8>),
    Reopen,
}

fn space() -> impl Strategy<Value = Space> {
    prop_oneof![Just(Space::Document), Just(Space::Base), Just(Space::Local)]
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(0xFF)], 0..4),
        1 => prop::collection::vec(any::<u8>(), 200..=256),
    ]
}

fn value() -> impl Strategy<Value = Option<(u8, usize)>> {
    let len = prop_oneof![5 => 0..64_usize, 1 => 4_080..4_100_usize, 1 => 8_170..8_190_usize, 1 => 9_000..30_000_usize];
    prop::option::weighted(0.75, (any::<u8>(), len))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => prop::collection::vec((space(), key(), value()), 0..12).prop_map(Step::Commit),
        2 => (space(), key()).prop_map(|(space, key)| Step::Scan(space, key)),
        1 => Just(Step::Reopen),
    ]
}

fn bytes((seed, len): (u8, usize)) -> Vec<u8> {
    (0..len).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed)).collect()
}

fn run<S: Subject>(steps: Vec<Step>) {
    let mut subject = S::new();
    let mut model = Model::new();
    for step in steps {
        match step {
            Step::Commit(writes) => commit(subject.engine(), &mut model, writes),
            Step::Scan(space, from) => assert_eq!(rows(subject.engine(), space, &from), modelled(&model, space, &from)),
            Step::Reopen => subject = subject.reopened(),
        }
    }
    subject = subject.reopened();
    subject.engine().verify().unwrap();
    for space in Space::ALL {
        assert_eq!(rows(subject.engine(), space, b""), modelled(&model, space, b""));
    }
}

fn commit(engine: &dyn Engine, model: &mut Model, writes: Vec<Written>) {
    let writes: Vec<Write> =
        writes.into_iter().map(|(space, key, value)| Write { space, key, value: value.map(bytes) }).collect();
    engine.commit(&writes).unwrap();
    for Write { space, key, value } in writes {
        match value {
            Some(value) => model.insert((space, key), value),
            None => model.remove(&(space, key)),
        };
    }
}

fn modelled(model: &Model, space: Space, from: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let of_space = model.iter().filter(|((at, key), _)| *at == space && key.as_slice() >= from);
    of_space.map(|((_, key), value)| (key.clone(), value.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn memory_is_a_map(steps in prop::collection::vec(step(), 1..40)) {
        run::<InMemory>(steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn either_store_on_disk_is_a_map(steps in prop::collection::vec(step(), 1..40)) {
        run::<OnSled>(steps.clone());
        run::<OnRedb>(steps);
    }
}
