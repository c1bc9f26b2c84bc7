//! Large entries come back in parts: two of them at once, and parts that are lies.

use selaras_model::{RecordKey, Value};
use selaras_sync::Purpose;

use super::disaster::{assert_accepted, back_up, contact, restore, send, students};
use super::handing::{Entry, hand, hand_back};
use crate::stage::{Computer, Stage, assert_equal};

/// A school whose two computers each sent an entry of four records that the restored centre lacks.
struct Halves {
    stage: Stage,
    second: Computer,
    /// The entry that the first computer hands back, and its number in `rt` of its four students.
    one: Entry,
    /// The second's, in the next four.
    two: Entry,
    students: Vec<RecordKey>,
}

const ONE: i64 = 11;
const TWO: i64 = 22;

fn halves() -> Halves {
    let mut stage = Stage::in_step(12);
    let mut second = Computer::new(&stage.centre, 2);
    contact(&mut second, &stage.centre, Purpose::Pull).unwrap();
    let (students, backup) = (students(&stage), back_up(&stage.centre));
    let entry = |computer: &mut Computer, keys: &[RecordKey], rt| {
        keys.iter().for_each(|key| computer.set(*key, "rt", Value::Int(rt)));
        assert_accepted(&send(computer, &stage.centre));
        Entry::newest(&stage.centre)
    };
    let one = entry(&mut stage.first, &students[..4], ONE);
    let two = entry(&mut second, &students[4..8], TWO);
    contact(&mut stage.first, &stage.centre, Purpose::Pull).unwrap();
    restore(&mut stage.centre, &backup, 2, &[&stage.first, &second]);
    Halves { stage, second, one, two, students }
}

impl Halves {
    /// Both entries are at the centre, each record as it was signed.
    fn assert_whole(mut self) {
        let centre = &self.stage.centre;
        for (keys, rt) in [(&self.students[..4], ONE), (&self.students[4..8], TWO)] {
            for key in keys {
                assert_eq!(centre.record(*key).unwrap().get("rt"), &Value::Int(rt));
            }
        }
        for computer in [&mut self.stage.first, &mut self.second] {
            contact(computer, centre, Purpose::Pull).unwrap();
            assert_equal(computer, centre);
        }
    }
}

#[test]
fn fault_08_an_entry_comes_back_in_parts() {
    let world = halves();
    hand_back(&world.stage.first, &world.stage.centre, &world.one, 1).unwrap();
    hand_back(&world.second, &world.stage.centre, &world.two, 3).unwrap();
    world.assert_whole();
}

/// The second's part removes the files of the first's and leaves the row that names them: `store.damaged`.
#[test]
fn fault_08_two_computers_hand_back_two_large_entries_in_turns() {
    let world = halves();
    let (centre, first, second) = (&world.stage.centre, &world.stage.first, &world.second);
    // Each knows by its own answers how far its entry is.
    hand(second, centre, &world.two, world.two.part(0, 2)).unwrap();
    hand(first, centre, &world.one, world.one.part(0, 2)).unwrap();
    hand(second, centre, &world.two, world.two.part(2, 1)).unwrap();
    hand(first, centre, &world.one, world.one.part(2, 2)).unwrap();
    hand_back(second, centre, &world.two, 2).unwrap();
    world.assert_whole();
}

/// A request that the line doubled comes late, when another computer's entry is half there.
#[test]
fn fault_08_a_part_that_comes_late_destroys_no_other_entrys_parts() {
    let world = halves();
    let (centre, first, second) = (&world.stage.centre, &world.stage.first, &world.second);
    hand(second, centre, &world.two, world.two.part(0, 1)).unwrap();
    hand(second, centre, &world.two, world.two.part(1, 1)).unwrap();
    hand(first, centre, &world.one, world.one.part(0, 1)).unwrap();
    hand(second, centre, &world.two, world.two.part(1, 1)).unwrap();
    hand_back(first, centre, &world.one, 1).unwrap();
    hand_back(second, centre, &world.two, 1).unwrap();
    world.assert_whole();
}

/// Whoever comes new asks where the entry stands, is told the place of parts that are gone, and goes on there.
#[test]
fn fault_08_a_computer_that_begins_anew_is_not_sent_to_parts_that_are_gone() {
    let world = halves();
    let (centre, first, second) = (&world.stage.centre, &world.stage.first, &world.second);
    hand(first, centre, &world.one, world.one.part(0, 3)).unwrap();
    hand(second, centre, &world.two, world.two.part(2, 2)).unwrap();
    // The first computer is off; another one of the school holds its entry too.
    hand_back(second, centre, &world.one, 2).unwrap();
    hand_back(second, centre, &world.two, 2).unwrap();
    world.assert_whole();
}

/// One made-up edit of somebody who knows a true entry: the honest computer is told to go on behind it, and is refused
/// at the end, each time.
#[test]
fn fault_09_a_made_up_first_part_does_not_keep_the_true_entry_out() {
    let world = halves();
    let (centre, first, hostile) = (&world.stage.centre, &world.stage.first, &world.second);
    drop(hand(hostile, centre, &world.one, world.one.lie(0, 1, false)));
    hand_back(first, centre, &world.one, 2).unwrap();
    hand_back(hostile, centre, &world.two, 2).unwrap();
    world.assert_whole();
}

/// The same behind a true part: what came from the honest computer is no longer its own.
#[test]
fn fault_09_a_made_up_part_behind_a_true_one_does_not_keep_the_rest_out() {
    let world = halves();
    let (centre, first, hostile) = (&world.stage.centre, &world.stage.first, &world.second);
    hand(first, centre, &world.one, world.one.part(0, 2)).unwrap();
    drop(hand(hostile, centre, &world.one, world.one.lie(2, 1, false)));
    hand_back(first, centre, &world.one, 2).unwrap();
    hand_back(hostile, centre, &world.two, 2).unwrap();
    world.assert_whole();
}

/// Refused with its lie, the hostile computer says it again before each try of the honest one.
#[test]
fn fault_09_a_lie_that_is_repeated_does_not_keep_the_true_entry_out() {
    let world = halves();
    let (centre, first, hostile) = (&world.stage.centre, &world.stage.first, &world.second);
    let mut told = Vec::new();
    for _ in 0..3 {
        drop(hand(hostile, centre, &world.one, world.one.lie(0, 2, false)));
        told.push(hand_back(first, centre, &world.one, 2));
    }
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    hand_back(hostile, centre, &world.two, 2).unwrap();
    world.assert_whole();
}

#[test]
fn fault_09_a_made_up_end_is_refused_and_the_true_one_is_taken() {
    let world = halves();
    let (centre, first, hostile) = (&world.stage.centre, &world.stage.first, &world.second);
    hand(first, centre, &world.one, world.one.part(0, 2)).unwrap();
    hand(hostile, centre, &world.one, world.one.part(0, 2)).unwrap();
    let refused = hand(hostile, centre, &world.one, world.one.lie(2, 2, true)).map(drop).unwrap_err();
    assert_eq!(refused.code, "heal.unproven");
    hand(first, centre, &world.one, world.one.part(2, 2)).unwrap();
    hand_back(hostile, centre, &world.two, 2).unwrap();
    world.assert_whole();
}
