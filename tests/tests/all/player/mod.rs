//! Plays: real processes, sockets and disks, and everything that goes wrong with them, in an order that a seed decides.
//!
//! One centre, one school, two or three computers. People type, make, delete, approve, send and fetch by the command
//! line; the line is cut, processes are killed, disks are lost, full, damaged, copied and put back, clocks are set. Then
//! the faults stop, everybody works on until nothing waits, and a judge that shares nothing with the engine says whether
//! all are in step, nothing acknowledged is lost, nothing counts twice, and every receipt verifies.
//!
//! | setting | what it does |
//! |---|---|
//! | `SELARAS_PLAY=SEED` | plays what this seed names, and with `SELARAS_PLAYS` those after it |
//! | `SELARAS_PLAYS=N` | so many plays |
//! | `SELARAS_PLAY_WITH=kills+losses` | these kinds of trouble and no other |
//! | `SELARAS_PLAY_ACTS=0,4,9` | only these acts of a play, by their places: to find out which matter |
//!
//! ```sh
//! SELARAS_PLAYS=100 cargo test --workspace --test all player -- --nocapture
//! ```
//!
//! A seed decides what is done and at which byte somebody is killed; which of two processes is quicker it does not.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::killed::setting;

mod clock;
mod dimension;
mod judge;
mod memory;
mod people;
mod play;
mod prepared;
mod room;
mod script;
mod stage;
mod troubles;

use dimension::{Dimension, Mixture, Pairs};
use play::{Planted, play};
use prepared::Prepared;
use script::Script;

/// Plays of an ordinary run: they take a minute of two cores that others use too.
const PLAYS: u64 = 4;

/// Seeds among which those of an ordinary run are looked for.
const SEARCHED: u64 = 20_000;

/// The first seed from which an ordinary run has every kind of trouble.
fn ordinary() -> u64 {
    let kinds = |seed| Script::of(seed, None).mixture.dimensions().collect::<BTreeSet<_>>();
    let all = BTreeSet::from(Dimension::ALL);
    let has_all = |first: &u64| (*first..*first + PLAYS).flat_map(kinds).collect::<BTreeSet<_>>() == all;
    (1..SEARCHED).find(has_all).unwrap_or(1)
}

fn text(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The play of a seed, as the settings want it.
fn script(seed: u64) -> Script {
    let mixture = text("SELARAS_PLAY_WITH").map(|with| with.parse::<Mixture>().unwrap());
    let script = Script::of(seed, mixture);
    match text("SELARAS_PLAY_ACTS") {
        Some(places) => script.only(&places.split(',').map(|place| place.trim().parse().unwrap()).collect::<Vec<_>>()),
        None => script,
    }
}

#[test]
fn whatever_happens_to_processes_disks_and_clocks_everybody_ends_in_step() {
    let first = text("SELARAS_PLAY").map(|seed| seed.parse().unwrap());
    let plays = setting("SELARAS_PLAYS", if first.is_some() { 1 } else { PLAYS });
    let first = first.unwrap_or_else(ordinary);
    let prepared = Prepared::new();
    if let Some(lacks) = prepared.clock.lacks() {
        println!("{lacks}");
    }
    let (mut pairs, mut failed) = (Pairs::default(), Vec::new());
    for seed in first..first + plays {
        let script = script(seed);
        println!("play {seed}: {} computers, {}", script.computers, script.mixture);
        let (mut told, mut met) = (Vec::new(), BTreeSet::new());
        // What the stand itself stumbles over is a failure of this play, and not the end of all.
        let ended = catch_unwind(AssertUnwindSafe(|| play(&prepared, &script, None, &mut told, &mut met)));
        let ended = ended.unwrap_or_else(|_| Err("the stand stopped; see above".to_owned()));
        println!("  {}", told.join("\n  "));
        pairs.note(&met);
        if let Err(why) = ended {
            println!("  FAILED: {why}");
            failed.push(format!("SELARAS_PLAY={seed} ({}): {why}", script.mixture));
        }
    }
    println!("{plays} plays, {} failed; plays in which two kinds of trouble met:\n{pairs}", failed.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_judge_sees_an_edit_that_is_dropped_and_a_receipt_that_is_bent() {
    let prepared = Prepared::new();
    for planted in [Planted::DroppedEdit, Planted::BentReceipt] {
        let script = Script::of(1, Some(Mixture::default())).only(&[]);
        let (mut told, mut met) = (Vec::new(), BTreeSet::new());
        let ended = play(&prepared, &script, Some(planted), &mut told, &mut met);
        let seen = ended.expect_err("the judge saw nothing");
        let expected = match planted {
            Planted::DroppedEdit => "lost: q",
            Planted::BentReceipt => "a receipt does not verify",
        };
        assert!(seen.contains(expected), "{planted:?}: {seen}");
    }
}

#[test]
fn a_seed_names_the_whole_play() {
    for seed in 1..20 {
        let [one, other] = [(); 2].map(|()| Script::of(seed, None));
        assert!(one.acts == other.acts && one.mixture == other.mixture && one.computers == other.computers);
    }
}
