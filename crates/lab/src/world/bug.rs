//! Bugs that are planted, to show that the oracle notices.

/// A bug that is planted as a wrapper around the real store or engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// A store says that it has written before it has.
    AcknowledgesBeforeWriting,
    /// The centre forgets what it answered.
    ForgetsAnswers,
    /// A computer makes a new bundle where it should send the old one again.
    MintsAnew,
    /// A computer's cursor passes edits that are not in its records.
    CursorSkips,
    /// A computer takes digests for its own without the records.
    AdoptsDigests,
    /// A computer keeps nothing for a centre that may lose its disk, not even the signatures in its log.
    KeepsNothing,
    /// A centre that was put back from a backup goes on as if it had not been.
    RestoresSilently,
    /// A centre that works already answers computers that register, and does not write them down.
    ForgetsNewcomers,
    /// A student who moves comes in at the new school, and does not go out at the old one.
    NobodyLeaves,
    /// What is typed about a student who has left stays at the old school.
    LeavesLateBehind,
    /// A centre that heals notes backups as verified that it never made.
    CoversWhileHealing,
    /// The centre goes by new rules from their second day on.
    BeginsRulesLate,
    /// A computer seals all modules where some were approved.
    SealsAllModules,
    /// A computer sends what stands there when it sends, not what was approved.
    SealsAnew,
    /// The centre's rules and judging dates go by a clock that stands still.
    StandsStill,
    /// The centre acts on whatever its clock shows, and nobody is asked.
    BelievesItsClock,
    /// The centre reads off its clock which rules have begun.
    TakesRulesBack,
    /// A computer loses what does not fit into a small document.
    CutsHistories,
    /// A repair puts the sums right and leaves the records as they are.
    MendsSumsAlone,
    /// A centre that mends itself does the same.
    CentreMendsSumsAlone,
    /// A computer gives up drafts with the file of the bundle that they were sealed into.
    DropsUnreadable,
    /// A centre offers a student to two schools, and each that has accepted her has her.
    TakesInAnyway,
}

impl Bug {
    /// Whether it is the centre's.
    pub(super) const fn is_centres(self) -> bool {
        matches!(
            self,
            Self::ForgetsAnswers
                | Self::RestoresSilently
                | Self::ForgetsNewcomers
                | Self::NobodyLeaves
                | Self::LeavesLateBehind
                | Self::CoversWhileHealing
                | Self::BeginsRulesLate
                | Self::StandsStill
                | Self::BelievesItsClock
                | Self::TakesRulesBack
                | Self::CentreMendsSumsAlone
                | Self::TakesInAnyway
        )
    }
}
