//! Worlds in which disks give back what was not written: files beside the rows, the centre's own records, a snapshot that
//! was fetched in part.

use selaras_lab::world::{Bug, Dimension, Flaw, Plan};

use super::{SEEDS_ALONE, first_failure, flaw_is_found_in, found_alone, holds_alone, only};

#[test]
fn fault_13_worlds_hold_in_which_files_are_altered_and_lost() {
    holds_alone(Dimension::Blobs, SEEDS_ALONE);
}

#[test]
fn a_computer_that_gives_up_drafts_with_a_file_is_found() {
    found_alone(Dimension::Blobs, Bug::DropsUnreadable, "is lost");
}

#[test]
fn worlds_hold_in_which_a_centre_loses_records() {
    holds_alone(Dimension::CentreDamage, SEEDS_ALONE);
}

#[test]
fn a_centre_that_puts_the_sums_right_alone_is_found() {
    found_alone(Dimension::CentreDamage, Bug::CentreMendsSumsAlone, "");
}

/// A centre that lost a record signs digests without it; a computer that has lost one as well cannot prove its repair by
/// them, and what others build on its record is `record.unmergeable` for ever.
#[test]
fn fault_45_worlds_hold_in_which_both_ends_lose_records() {
    hold_together(SEEDS_ALONE, [Dimension::Damage, Dimension::CentreDamage]);
}

/// A repair ends with the sums of what was there when it began: what is lost meanwhile is in them, is never missed, and
/// what others build on it is `record.unmergeable` for ever.
#[test]
fn fault_46_worlds_hold_in_which_records_are_lost_during_a_repair() {
    hold_together(2 * SEEDS_ALONE, [Dimension::Damage, Dimension::Images]);
}

#[track_caller]
fn hold_together(seeds: u64, dimensions: [Dimension; 2]) {
    let plan = Plan { only: Some(dimensions.into_iter().collect()), ..Plan::default() };
    if let Some(failure) = first_failure(seeds, plan) {
        panic!("{failure}");
    }
}

#[test]
fn worlds_hold_in_which_a_snapshot_that_is_here_in_part_outlives_the_process() {
    holds_alone(Dimension::Snapshots, SEEDS_ALONE);
}

#[test]
fn a_snapshot_that_is_taken_from_its_start_again_is_found() {
    flaw_is_found_in(Plan { flaw: Some(Flaw::SnapshotAnew), ..only(Dimension::Snapshots) });
}
