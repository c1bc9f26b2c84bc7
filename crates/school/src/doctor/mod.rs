//! The diagnosis: every part of the way from this computer's disk to the centre, one step after another, each told
//! while the next one runs.
//!
//! It works where nothing else does: without a store, with a store that is in use or damaged, without a network. It
//! changes nothing but for one small file, which it writes and removes to see what the disk does.

mod disk;
mod helpdesk;
mod judge;
mod line;
mod local;
mod step;

pub use step::{StepLine, Verdict};

pub(crate) use helpdesk::{Helpdesk, Standing, write};
pub(crate) use line::{Asked, Device, STEP_TIME, walk};
pub(crate) use local::{disk, settings, store, work};
pub(crate) use step::Teller;

#[cfg(test)]
mod tests;
