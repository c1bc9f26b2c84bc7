//! What is wrong with a pack.

use std::fmt;

/// Most problems that one reading reports; a hostile text shall not fill the memory with them.
pub const MAX_PROBLEMS: usize = 100;

/// One problem of a pack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackProblem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for PackProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Everything that is wrong with a pack, in the order of lines; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PackError {
    problems: Vec<PackProblem>,
}

impl PackError {
    pub(super) fn new(mut problems: Vec<PackProblem>) -> Self {
        problems.sort();
        Self { problems }
    }

    /// Returns the problems in the order of lines.
    #[must_use]
    pub fn problems(&self) -> &[PackProblem] {
        &self.problems
    }
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pack is not valid")?;
        for problem in &self.problems {
            write!(f, "\n{problem}")?;
        }
        Ok(())
    }
}
