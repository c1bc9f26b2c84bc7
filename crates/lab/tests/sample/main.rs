//! Behaviour of sample schools, one file each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod day;
mod ownership;
mod plant;
mod sameness;
mod shape;
mod timetable;

use std::sync::Arc;

use selaras_lab::{Sample, SampleOptions, SchoolKind, sample};
use selaras_model::{Pack, Record};

const KINDS: [SchoolKind; 4] = [SchoolKind::Sd, SchoolKind::Smp, SchoolKind::Sma, SchoolKind::Smk];
const SIZES: [u32; 4] = [1, 12, 120, 1_500];

fn pack() -> Arc<Pack> {
    Pack::builtin()
}

fn school(kind: SchoolKind, students: u32) -> Sample {
    sample(&pack(), &SampleOptions { kind, students, ..SampleOptions::default() }).unwrap()
}

/// Makes a school of every kind and size.
fn schools() -> impl Iterator<Item = Sample> {
    KINDS.into_iter().flat_map(|kind| SIZES.into_iter().map(move |students| school(kind, students)))
}

/// Gives the records of an entity.
fn of<'a>(records: impl IntoIterator<Item = &'a Record>, entity: &str) -> Vec<&'a Record> {
    let code = pack().entity_named(entity).unwrap().code;
    records.into_iter().filter(|record| record.entity == code).collect()
}
