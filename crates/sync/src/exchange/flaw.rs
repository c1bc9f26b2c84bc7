//! Bugs that can be planted in the conversation and the engine, so that a test sees that the simulated worlds and the
//! explorer find them.
//!
//! They are in builds for the lab alone (feature `flaws`). A bug planted outside the exchange, in its store or on its line,
//! does not show that bugs inside it are found.

/// A bug in the order of an exchange, or in what the engine of one end decides.
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
    /// A bundle is sent before the commit after which it counts as sent.
    SentBeforeOffered,
    /// Large work that was decided is not gone on with.
    ResumeForgotten,
    /// A snapshot whose taking in was interrupted is let go of, and fetched and taken from its start again.
    SnapshotAnew,
    /// A centre that was put back from a backup goes on in the epoch that is over.
    OldEpochGoesOn,
    /// A centre that was put back from a backup begins new rules before the next life of its log.
    RulesBeforeLife,
    /// A centre that was put back from a backup confirms what is from before, and nobody has said so.
    ConfirmsItself,
    /// A computer that holds nothing of the log yet defends the life of it that it was told of first.
    DefendsNothing,
}
