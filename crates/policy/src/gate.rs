//! The gate: its types make it impossible to approve with an invalid finding, or without entitlement.

use selaras_model::RecordId;

use crate::finding::{Finding, Level};

/// In what capacity somebody may approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Capacity {
    /// The school's head teacher.
    Definitive,
    /// The acting head teacher.
    Plt,
}

/// Somebody who fulfils every condition to approve; only the judgement of entitlement makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entitled {
    ptk: RecordId,
    capacity: Capacity,
}

impl Entitled {
    /// Records that every condition was found fulfilled.
    pub(crate) fn new(ptk: RecordId, capacity: Capacity) -> Self {
        Self { ptk, capacity }
    }

    /// Gives the PTK record of the person.
    #[must_use]
    pub fn ptk(&self) -> RecordId {
        self.ptk
    }

    /// Gives the capacity in which the person approves.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }
}

/// A judgement without an invalid finding; only [`clean`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clean {
    warnings: u32,
}

/// Looks through the findings of exactly what would be sent.
///
/// # Errors
/// How many are invalid, if any is.
pub fn clean<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Result<Clean, usize> {
    let (mut invalid, mut warnings) = (0_usize, 0_u32);
    for finding in findings {
        match finding.level {
            Level::Invalid => invalid += 1,
            Level::Warning => warnings = warnings.saturating_add(1),
        }
    }
    if invalid == 0 { Ok(Clean { warnings }) } else { Err(invalid) }
}

/// The right to approve one sealed bundle; it is used up by [`Pass::approve`].
#[derive(Debug)]
pub struct Pass {
    warnings: u32,
    entitled: Entitled,
}

/// Opens the gate for an entitled person and a judgement without an invalid finding.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "one judgement opens the gate once")]
pub fn open(clean: Clean, entitled: Entitled) -> Pass {
    Pass { warnings: clean.warnings, entitled }
}

impl Pass {
    /// Gives the number of warnings that the approval acknowledges.
    #[must_use]
    pub fn warnings(&self) -> u32 {
        self.warnings
    }

    /// Gives the person who may approve.
    #[must_use]
    pub fn entitled(&self) -> &Entitled {
        &self.entitled
    }
}
