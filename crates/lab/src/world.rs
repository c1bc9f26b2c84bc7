//! The simulated world: the engine of both ends, this changelog on the memory engine, a bad line, crashes at any write.
//!
//! One thread, virtual time, a seed: two schools, three computers, one centre. People type, import, delete, approve,
//! withdraw, decide; the Dinas acts at the same time; requests and answers are lost, doubled, delayed, reordered and
//! cut; either end dies before or after any commit and starts again. Then the faults stop, and an oracle that shares
//! nothing with merge or digest says whether the invariants of docs/architecture.md held.
//!
//! There is no second engine and no second store here: [`Bug`]s are wrappers that make the real ones lie, to show that
//! the oracle notices.

mod bug;
mod centre;
mod computer;
mod disk;
pub mod explore;
mod fetching;
mod files;
mod images;
mod landing;
mod lawful;
mod mixture;
mod oracle;
mod releases;
mod rules;
mod script;
mod sick;
mod trouble;

use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub use bug::Bug;
pub use mixture::{Dimension, Mixture, UnknownDimension};
pub use selaras_sync::exchange::Flaw;
pub use trouble::Failure;

use script::Script;

/// What a world is like.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plan {
    /// A bug that is planted, to see it found.
    pub bug: Option<Bug>,
    /// A bug that is planted in the conversation.
    pub flaw: Option<Flaw>,
    /// Whether nothing goes wrong at all.
    pub calm: bool,
    /// Whether kinds of trouble meet in one world.
    pub mixed: bool,
    /// The kinds of trouble of every world, instead of those that its seed draws.
    pub only: Option<Mixture>,
}

/// A world that ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The kinds of trouble that met in it.
    pub mixture: Mixture,
    /// The hash over everything that happened, in order.
    pub trace: [u8; 32],
    /// Events that happened.
    pub events: u64,
    /// Bundles that took effect.
    pub accepted: u64,
    /// Bundles that were refused.
    pub refused: u64,
    /// Times that a process died.
    pub crashes: u64,
    /// Times that a centre lost its disk and was restored from a backup.
    pub restored: u64,
    /// Entries of the log that a restored centre got back from computers.
    pub handed_back: u64,
}

/// Runs the world of a seed to its end.
///
/// # Errors
/// What the oracle found, with the seed to find it again.
pub fn run(seed: u64, plan: &Plan) -> Result<Ended, Failure> {
    let (mixture, rng) = drawn(seed, plan);
    let mut script = Script::new(rng, plan, mixture).map_err(|trouble| trouble.of(seed, mixture, Vec::new()))?;
    let played = script.play();
    played.map_err(|trouble| trouble.of(seed, mixture, script.story()))
}

/// Gives the kinds of trouble that meet in the world of a seed.
#[must_use]
pub fn mixture_of(seed: u64, plan: &Plan) -> Mixture {
    drawn(seed, plan).0
}

/// A seed draws the mixture first, so that it is known without playing the world.
fn drawn(seed: u64, plan: &Plan) -> (Mixture, ChaCha8Rng) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (Mixture::of(plan, &mut rng), rng)
}

/// Says yes with a chance of one in so many.
fn one_in(rng: &mut ChaCha8Rng, many: u32) -> bool {
    rng.random_range(0..many) == 0
}

/// Picks one of some; none of nothing.
fn pick<'s, T>(rng: &mut ChaCha8Rng, some: &'s [T]) -> Option<&'s T> {
    if some.is_empty() { None } else { some.get(rng.random_range(0..some.len())) }
}
