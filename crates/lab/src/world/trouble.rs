//! Why a world does not go on.

use selaras_sync::{CentreError, SchoolError, StoreError};

use super::Mixture;

/// A world in which an invariant did not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("seed {seed} ({mixture}): {what}")]
pub struct Failure {
    /// The seed that shows it again.
    pub seed: u64,
    /// The kinds of trouble that met in it.
    pub mixture: Mixture,
    /// What did not hold.
    pub what: String,
    /// What happened before, the last of it.
    pub story: Vec<String>,
}

/// Something stopped.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The process died; it starts again with what its disk holds.
    Died,
    /// The disk was full; nothing was acknowledged.
    Full,
    /// What is on the disk is not what was written.
    Damaged(String),
    /// The engine said no.
    No(String),
    /// An invariant does not hold.
    Wrong(String),
}

impl Trouble {
    pub(super) fn of(self, seed: u64, mixture: Mixture, story: Vec<String>) -> Failure {
        let what = match self {
            Self::Died => "a process died where none may".to_owned(),
            Self::Full => "a disk was full where none may be".to_owned(),
            Self::Damaged(what) => format!("the store is damaged: {what}"),
            Self::No(code) => format!("the engine refused: {code}"),
            Self::Wrong(what) => what,
        };
        Failure { seed, mixture, what, story }
    }
}

pub(super) fn wrong<T>(what: impl Into<String>) -> Result<T, Trouble> {
    Err(Trouble::Wrong(what.into()))
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Full,
            // What the faulty engine says of a dead process.
            StoreError::Io(_) => Self::Died,
            StoreError::Damaged(what) => Self::Damaged(what),
            other => Self::Wrong(format!("the store: {other}")),
        }
    }
}

impl From<SchoolError> for Trouble {
    fn from(error: SchoolError) -> Self {
        match error {
            SchoolError::Store(error) => error.into(),
            other => Self::No(other.code().to_owned()),
        }
    }
}

impl From<CentreError> for Trouble {
    fn from(error: CentreError) -> Self {
        match error {
            CentreError::Store(error) => error.into(),
            other => Self::No(other.code().to_owned()),
        }
    }
}
