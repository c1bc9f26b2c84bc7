//! Where on the line the next fault is: decisions over counts and a seed alone.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::plan::{Act, Mark, Plan, Way};

const PURPOSE: &str = "selaras lab line 1";

/// Where a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) way: Way,
    /// The connection's number under the present plan.
    pub(super) connection: u64,
    /// Bytes of this way of the connection.
    pub(super) position: u64,
    /// The request, or the one that is being answered, and how many bytes of the message passed.
    pub(super) message: Option<(u64, u64)>,
}

/// The marks of a plan that count the bytes of the line.
#[derive(Debug)]
pub(super) struct Marks(Vec<Track>);

/// What is left to a fault's next place, and the dice that set the one after it.
#[derive(Debug)]
struct Track {
    left: u64,
    dice: ChaCha8Rng,
}

impl Marks {
    pub(super) fn new(plan: &Plan) -> Self {
        let track = |(at, act): (usize, &Act)| {
            let mut material = plan.seed.to_le_bytes().to_vec();
            material.extend((at as u64).to_le_bytes());
            let mut dice = ChaCha8Rng::from_seed(blake3::derive_key(PURPOSE, &material));
            Track { left: next(act, &mut dice), dice }
        };
        Self(plan.faults.iter().map(|fault| &fault.act).enumerate().map(track).collect())
    }

    /// Bytes from here to the next place at which something goes wrong.
    pub(super) fn ahead(&self, plan: &Plan, place: &Place) -> u64 {
        let distances = plan.faults.iter().zip(&self.0).filter_map(|(fault, track)| {
            let (way, mark) = fault.act.place().filter(|(way, _)| *way == place.way)?;
            debug_assert_eq!(way, place.way);
            let base = counted(fault.on, place)?;
            match mark {
                Mark::After(bytes) => bytes.checked_sub(base).filter(|left| *left > 0),
                Mark::Every(_) | Mark::About(_) => Some(track.left),
            }
        });
        distances.min().unwrap_or(u64::MAX)
    }

    /// Lets bytes pass, at most up to the next place; gives the faults that wait there.
    ///
    /// `place` is the place before them.
    pub(super) fn pass(&mut self, plan: &Plan, place: &Place, bytes: u64) -> Vec<usize> {
        let mut reached = Vec::new();
        for (at, (fault, track)) in plan.faults.iter().zip(&mut self.0).enumerate() {
            let Some((_, mark)) = fault.act.place().filter(|(way, _)| *way == place.way) else { continue };
            let Some(base) = counted(fault.on, place) else { continue };
            let here = match mark {
                // A place before the first byte is reached without any.
                Mark::After(wanted) => base + bytes == wanted && (bytes > 0 || wanted == 0),
                Mark::Every(_) | Mark::About(_) => {
                    track.left = track.left.saturating_sub(bytes);
                    track.left == 0
                }
            };
            if here {
                reached.push(at);
                track.left = next(&fault.act, &mut track.dice);
            }
        }
        reached
    }
}

/// The count that a fault goes by here, or `None` where it is not meant.
fn counted(on: super::plan::On, place: &Place) -> Option<u64> {
    if on.is_for_requests() {
        place.message.filter(|(number, _)| on.request(*number)).map(|(_, offset)| offset)
    } else {
        on.connection(place.connection).then_some(place.position)
    }
}

fn next(act: &Act, dice: &mut ChaCha8Rng) -> u64 {
    match act.place() {
        Some((_, Mark::Every(bytes))) => bytes,
        // Evenly from 1 to twice the mean, so that cuts close to each other happen too.
        Some((_, Mark::About(mean))) => dice.random_range(1..=mean.saturating_mul(2).saturating_sub(1).max(1)),
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Ending, Fault, On};
    use super::*;

    fn place(position: u64) -> Place {
        Place { way: Way::Up, connection: 1, position, message: None }
    }

    fn plan(at: Mark, seed: u64) -> Plan {
        Plan::default().with(Fault::always(Act::Cut { way: Way::Up, at, how: Ending::Fin })).seeded(seed)
    }

    fn places(plan: &Plan, count: usize) -> Vec<u64> {
        let mut marks = Marks::new(plan);
        let mut here = 0;
        (0..count)
            .map(|_| {
                let ahead = marks.ahead(plan, &place(here));
                assert_eq!(marks.pass(plan, &place(here), ahead), [0]);
                here += ahead;
                ahead
            })
            .collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_places() {
        let once = places(&plan(Mark::About(1_000), 3), 50);
        assert_eq!(once, places(&plan(Mark::About(1_000), 3), 50));
        assert_ne!(once, places(&plan(Mark::About(1_000), 4), 50));
        assert!(once.iter().all(|bytes| (1..2_000).contains(bytes)));
        let sum: u64 = places(&plan(Mark::About(1_000), 3), 2_000).iter().sum();
        assert!((1_900_000..2_100_000).contains(&sum), "{sum}");
    }

    #[test]
    fn every_so_many_bytes_is_over_all_connections() {
        let plan = plan(Mark::Every(100), 0);
        let mut marks = Marks::new(&plan);
        let other = Place { connection: 2, ..place(0) };
        assert_eq!(marks.pass(&plan, &place(0), 60), [0; 0]);
        assert_eq!(marks.ahead(&plan, &other), 40);
        assert_eq!(marks.pass(&plan, &other, 40), [0]);
        assert_eq!(marks.ahead(&plan, &place(60)), 100);
    }

    #[test]
    fn after_counts_the_connection_or_the_message() {
        let after = plan(Mark::After(50), 0);
        let mut marks = Marks::new(&after);
        assert_eq!(marks.ahead(&after, &place(10)), 40);
        assert_eq!(marks.pass(&after, &place(10), 40), [0]);
        assert_eq!(marks.ahead(&after, &place(50)), u64::MAX);
        let act = Act::Stall { way: Way::Up, at: Mark::After(50) };
        let second = Plan::default().with(Fault::on(On::Request(2), act));
        let marks = Marks::new(&second);
        assert_eq!(marks.ahead(&second, &place(49)), u64::MAX);
        assert_eq!(marks.ahead(&second, &Place { message: Some((1, 20)), ..place(49) }), u64::MAX);
        assert_eq!(marks.ahead(&second, &Place { message: Some((2, 20)), ..place(49) }), 30);
        let down = Place { way: Way::Down, message: Some((2, 20)), ..place(49) };
        assert_eq!(marks.ahead(&second, &down), u64::MAX);
    }

    #[test]
    fn a_place_before_the_first_byte_is_reached_at_once() {
        let at_once = plan(Mark::After(0), 0);
        assert_eq!(Marks::new(&at_once).pass(&at_once, &place(0), 0), [0]);
        let later = plan(Mark::After(5), 0);
        assert_eq!(Marks::new(&later).pass(&later, &place(5), 0), [0; 0]);
    }
}
