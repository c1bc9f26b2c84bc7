//! Bugs that can be planted in the conversation, so that a test sees that the simulated worlds find them.
//!
//! They are in builds for the lab alone (feature `flaws`): what is found by planting a bug beside the conversation says
//! nothing of a bug within it.

/// A bug in the order of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// The last commit of an answer is left out.
    AbsorbLeftOut,
    /// The centre's receipt is not taken in.
    ReceiptDropped,
    /// A clone takes its answer in before it takes another name.
    RenamedTooLate,
    /// A blob is removed before the commit after which no row names it.
    EffectBeforeCommit,
    /// Large work that was decided is not gone on with.
    ResumeForgotten,
}
