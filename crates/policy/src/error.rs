//! Why something could not be judged.

use crate::view::ViewError;

/// Something could not be judged; that is never a verdict.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The records could not be read.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The table of conditions or the school pack lacks what the judgement needs.
    #[error("the pack lacks what entitlement is judged on: {what}")]
    Data {
        /// What is missing, in words.
        what: String,
    },
}

impl PolicyError {
    /// Gives the stable code of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::View(_) => "policy.unreadable",
            Self::Data { .. } => "policy.data",
        }
    }
}
