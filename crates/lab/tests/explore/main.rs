//! Every interleaving of a small world, as far as a test goes; `cargo run --release -p selaras-lab --example explore` for
//! more. Planted bugs have to be found on the way, or what is not found says nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use selaras_lab::world::explore::{Bounds, Explorer, Found, play};
use selaras_lab::world::{Bug, Flaw};

/// States of the usual run.
const STATES: u64 = 50_000;
/// States among which a planted bug is found.
const STATES_WITH_A_BUG: u64 = 20_000;

fn explored(bounds: Bounds, states: u64) -> Result<Explorer, Found> {
    let mut explorer = Explorer::new(bounds);
    explorer.run(states, &mut |_| false).map(|explored| {
        println!("{explored}");
        explorer
    })
}

/// Everything is asked of every state.
const fn closely(bounds: Bounds) -> Bounds {
    Bounds { sample: 1, ..bounds }
}

/// One edit, and a centre that keeps its disk.
fn small() -> Bounds {
    Bounds { edits: 1, backups: 0, restores: 0, ..Bounds::default() }
}

#[track_caller]
fn holds(bounds: Bounds, states: u64) {
    if let Err(found) = explored(bounds, states) {
        panic!("{found}");
    }
}

#[track_caller]
fn found(bounds: Bounds, states: u64, what: &str) {
    match explored(bounds, states) {
        Ok(_) => panic!("nothing was found among {states} states: {bounds:?}"),
        Err(found) => {
            println!("{found}");
            assert!(found.what.contains(what), "{found}");
        }
    }
}

#[test]
fn what_was_promised_holds_in_50000_states() {
    holds(Bounds::default(), STATES);
}

/// Another computer has pulled a value, and somebody there types another one over it.
#[test]
fn fault_52_what_was_typed_over_on_the_screen_is_not_lost() {
    let path = "Type(One), Approve(One), Sync(One), Deliver(One), Pull(Other), Deliver(Other), Deliver(Other), Type(Other), \
                Approve(Other) dies before commit 0";
    let mut told = Vec::new();
    if let Err(found) = play(&Bounds::default(), path, &mut |held| told.push(held.to_owned())) {
        panic!("{found}\n{}", told.join("\n"));
    }
}

#[test]
fn what_was_promised_holds_where_rules_begin_and_the_heads_key_ends() {
    holds(Bounds { rules: true, revokes: true, edits: 2, ..Bounds::default() }, STATES / 10);
}

#[test]
fn what_was_promised_holds_from_the_first_pull_on() {
    // Writing the log as a file takes far longer than any other step.
    holds(Bounds { empty: true, ..Bounds::default() }, STATES / 50);
}

#[test]
fn an_effect_before_its_commit_is_found() {
    // A file that is removed too early does no harm here: whatever it held is made again. A bundle that is on its way
    // already can still be taken back.
    let bounds = Bounds { flaw: Some(Flaw::SentBeforeOffered), ..small() };
    found(bounds, STATES_WITH_A_BUG, "was taken back, and takes effect");
}

#[test]
fn a_resume_that_is_left_out_is_found() {
    let bounds = Bounds { flaw: Some(Flaw::ResumeForgotten), ..Bounds::default() };
    found(closely(bounds), STATES_WITH_A_BUG, "does not settle");
}

#[test]
fn an_entry_of_an_old_epoch_after_a_restore_is_found() {
    let bounds = Bounds {
        flaw: Some(Flaw::OldEpochGoesOn),
        edits: 2,
        faults: 0,
        backups: 0,
        sample: u64::MAX,
        ..Bounds::default()
    };
    found(bounds, STATES_WITH_A_BUG, "of a life that is over");
}

/// The next life of its log has begun nowhere but in the centre's memory, or not at all.
#[test]
fn a_centre_that_is_put_back_and_says_nothing_is_found() {
    let bounds = Bounds {
        bug: Some(Bug::RestoresSilently),
        rules: true,
        revokes: true,
        edits: 0,
        faults: 0,
        backups: 0,
        sample: u64::MAX,
        ..Bounds::default()
    };
    found(bounds, STATES_WITH_A_BUG, "of a life that is over");
}

/// One computer has heard that the head's key ended, which the backup does not know, an operator has said yes, and it is
/// about to hand back what it heard; the other one has an approval by that key.
fn revoked() -> Bounds {
    let after = "Type(Other), Approve(Other), Revoke, Pull(One), Deliver(One), Deliver(One), Restore, Confirm, Pull(One), \
                 Deliver(One), Deliver(One), Deliver(One), Deliver(One), Deliver(One)";
    Bounds { after, edits: 1, backups: 0, faults: 0, revokes: true, ..Bounds::default() }
}

#[test]
fn what_ended_stays_ended_once_somebody_has_come_who_heard_of_it() {
    holds(closely(revoked()), STATES / 50);
}

/// That computer cannot hand it back.
#[test]
fn an_approval_by_a_key_that_ended_before_a_restore_is_found() {
    let bounds = Bounds { bug: Some(Bug::KeepsNothing), sample: u64::MAX, ..revoked() };
    found(bounds, STATES / 50, "by a key that was ended");
}

#[test]
fn a_key_that_is_good_again_after_a_restore_is_found() {
    let bounds = Bounds { bug: Some(Bug::KeepsNothing), after: "", edits: 0, ..revoked() };
    found(closely(bounds), STATES_WITH_A_BUG, "is good again");
}

/// Neither computer has seen the newest entry of what is put back, so that neither vouches for the other.
fn doubted() -> Bounds {
    let after = "BeginRules, BackUp, Restore, Type(One), Approve(One), Sync(One)";
    Bounds { after, edits: 1, faults: 0, rules: true, ..Bounds::default() }
}

#[test]
fn after_a_restore_nothing_from_before_approves_by_itself() {
    holds(doubted(), STATES / 100);
}

#[test]
fn a_restored_centre_that_confirms_itself_is_found() {
    let bounds = Bounds { flaw: Some(Flaw::ConfirmsItself), ..doubted() };
    found(bounds, STATES_WITH_A_BUG, "nobody has confirmed its approval");
}

/// Fault 1, with its mend taken out.
#[test]
fn new_rules_before_the_next_life_of_a_log_are_found() {
    let bounds = Bounds {
        flaw: Some(Flaw::RulesBeforeLife),
        rules: true,
        edits: 1,
        faults: 0,
        backups: 0,
        sample: u64::MAX,
        ..Bounds::default()
    };
    found(bounds, STATES_WITH_A_BUG, "two entries for place");
}

/// Fault 11, with its mend taken out.
#[test]
fn a_computer_that_defends_a_life_of_which_it_holds_nothing_is_found() {
    let bounds = Bounds { flaw: Some(Flaw::DefendsNothing), empty: true, edits: 0, faults: 0, restores: 1, ..small() };
    found(closely(bounds), STATES_WITH_A_BUG, "does not settle");
}

#[test]
fn the_same_at_either_computer_is_one_state() {
    // Somebody types, or a pull begins, at one or the other.
    let explored = explored(Bounds { depth: 1, faults: 0, ..small() }, STATES).unwrap().run(0, &mut |_| false).unwrap();
    assert_eq!((explored.states, explored.steps, explored.met_again), (3, 4, 2));
}

#[test]
fn a_search_goes_on_from_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("search");
    let bounds = Bounds::default();
    explored(bounds, 500).unwrap().save(&file).unwrap();
    let mut again = Explorer::load(bounds, &file).unwrap();
    let once = explored(bounds, 2_000).unwrap().run(0, &mut |_| false).unwrap();
    let twice = again.run(2_000, &mut |_| false).unwrap();
    assert_eq!((once.states, once.steps, once.met_again), (twice.states, twice.steps, twice.met_again));
    assert!(Explorer::load(Bounds { edits: 2, ..bounds }, &file).is_err());
}
