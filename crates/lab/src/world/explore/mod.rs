//! Every interleaving of a small world, within bounds: one centre with a backup, two computers of one school, three edits.
//!
//! The engine and the conversation are those that ship, over the same disks as in the simulated world; chance has no part.
//! From each state every step is taken that is possible in it: a person types, approves or begins an exchange; what is on
//! its way arrives, is lost, doubled, cut or late; the process that acts dies before or after any of its commits; the
//! centre takes a backup or is restored. A state that was met before is not gone on from. In each new state it is asked
//! whether what was promised holds, and of some whether everything settles once the faults have stopped.
//!
//! A state is not kept but made anew from its path, from the nearest one that is at hand: the states that lie beside
//! each other in the search have most of their paths in common.

mod choice;
mod file;
mod hash;
mod memory;
mod play;
mod safety;
mod search;
mod state;
mod step;
mod texts;
mod trail;

pub use file::FileError;
pub use play::play;
pub use search::Explorer;

use super::{Bug, Flaw};

/// What the small world is like, and how far it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// A bug that is planted in the engine or the conversation.
    pub flaw: Option<Flaw>,
    /// Steps that come before all others, with commas between: what is looked at is what may follow them.
    pub after: &'static str,
    /// A bug that is planted in the stores or hosts around it.
    pub bug: Option<Bug>,
    /// Whether both computers begin with nothing, and are offered the log as a file.
    pub empty: bool,
    /// Values that people type, at both computers together.
    pub edits: u8,
    /// Backups that the centre takes, beside the one at the beginning.
    pub backups: u8,
    /// Times that it is restored.
    pub restores: u8,
    /// Whether new rules begin at some time.
    pub rules: bool,
    /// Whether the head's key ends at some time.
    pub revokes: bool,
    /// The longest path.
    pub depth: u32,
    /// The most faults on a path.
    pub faults: u32,
    /// How many steps without a fault are as far as one with it: what is nearest is looked at first.
    pub weight: u32,
    /// Of so many states one is asked whether it settles.
    pub sample: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            flaw: None,
            after: "",
            bug: None,
            empty: false,
            edits: 3,
            backups: 1,
            restores: 1,
            rules: false,
            revokes: false,
            depth: u32::MAX,
            faults: u32::MAX,
            weight: 2,
            sample: 100,
        }
    }
}

/// How far a search came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Explored {
    /// States that are told apart.
    pub states: u64,
    /// Those of which every next step was taken.
    pub expanded: u64,
    /// Those that wait for it.
    pub open: u64,
    /// Steps that were taken.
    pub steps: u64,
    /// Steps that led to a state that was known.
    pub met_again: u64,
    /// Steps that were taken again, to come back to a state.
    pub retaken: u64,
    /// The longest path.
    pub depth: u32,
    /// All paths that cost less than this were taken: one for each step, and more for each fault.
    pub cost: u32,
    /// States of which it was asked whether they settle.
    pub settled: u64,
}

impl Explored {
    /// The mean number of steps from a state.
    #[must_use]
    pub fn branching(&self) -> f64 {
        ratio(self.steps, self.expanded)
    }

    /// The share of steps that led to a state that was known.
    #[must_use]
    pub fn share_met_again(&self) -> f64 {
        ratio(self.met_again, self.steps)
    }
}

fn ratio(of: u64, all: u64) -> f64 {
    let exact = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    if all == 0 { 0.0 } else { exact(of) / exact(all) }
}

impl std::fmt::Display for Explored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} states, {} expanded, {} open; depth {}, all below cost {}; {} steps, branching {:.1}, {:.1} % met again; {} settled; {} steps taken again",
            self.states,
            self.expanded,
            self.open,
            self.depth,
            self.cost,
            self.steps,
            self.branching(),
            100.0 * self.share_met_again(),
            self.settled,
            self.retaken,
        )
    }
}

/// Something that does not hold, and what led there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What does not hold.
    pub what: String,
    /// What happened, from the beginning.
    pub path: Vec<String>,
    /// States that were known by then.
    pub states: u64,
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (after {} states, by: {})", self.what, self.states, self.path.join(", "))
    }
}

/// A state, by how it is reached.
#[derive(Debug, Clone, Copy)]
struct Node {
    parent: u32,
    choice: u16,
    depth: u32,
    faults: u32,
}
