//! An approval that the head took back stays taken back, whatever is restored: a bundle in the outbox of a backup would
//! else be sent under a consent that had ended before it came back.

use selaras_sync::{Flow, HistoryKind, HistoryLine, Phase};

use super::Open;
use crate::failure::Failure;
use crate::output::Collected;

impl Open {
    /// Withdraws what is sealed in a store that was just read from a backup, if the present store withdrew it since.
    pub(super) fn take_back_as(&mut self, present: &Open) -> Result<(), Failure> {
        let sealed = self.school().sealed()?;
        if !sealed.is_some_and(|sealed| matches!(sealed.phase, Phase::Approved | Phase::Waiting)) {
            return Ok(());
        }
        let Some(last) = self.lines_from(0)?.pop() else { return Ok(()) };
        if !present.withdrew_since(&last)? {
            return Ok(());
        }
        let said = &mut Collected::default();
        self.finish_steps(said)?;
        let step = self.school().withdraw()?;
        self.apply(step, said)
    }

    /// Whether what was sealed at a line of the history was withdrawn behind it. A store with another history says
    /// nothing about it.
    fn withdrew_since(&self, then: &HistoryLine) -> Result<bool, Failure> {
        let since = self.lines_from(then.number)?;
        if since.first() != Some(then) {
            return Ok(false);
        }
        let fate = since.iter().skip(1).find_map(|line| match line.what {
            HistoryKind::Withdrawn => Some(true),
            HistoryKind::Receipt | HistoryKind::Refused => Some(false),
            _ => None,
        });
        Ok(fate.unwrap_or(false))
    }

    fn lines_from(&self, number: u64) -> Result<Vec<HistoryLine>, Failure> {
        let mut lines = Vec::new();
        self.school().history(number, &mut |line| {
            lines.push(line.clone());
            Flow::Continue
        })?;
        Ok(lines)
    }
}
