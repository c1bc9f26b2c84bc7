//! What a head is shown before approving, what stands for it in the form, and what is sealed: one value.
//!
//! It is made in one turn, so that nothing is typed between its parts, and the approval makes it again in the turn in
//! which it seals. Counts of one state over the fingerprint of another once let heads sign three records having seen two.

use selaras_sync::{Flow, Range, Row};

use super::Open;
use crate::command::report::ModuleLine;
use crate::failure::Failure;
use crate::output::Output;

/// Hexadecimal digits of a fingerprint: 128 bits.
const DIGITS: usize = 32;

/// What waits to be approved, at one moment.
pub(crate) struct Sheet {
    pending: Vec<ModuleLine>,
    records: u32,
    invalid: u32,
    warnings: u32,
    fingerprint: String,
}

impl Open {
    /// Makes the sheet, after what has begun was ended and judged. Only [`Open::settle`] needs the store to itself: a
    /// thread without the turn cannot have one of these.
    pub(crate) fn sheet(&mut self, out: &mut dyn Output) -> Result<Sheet, Failure> {
        self.settle(out)?;
        let pending = self.school().pending()?;
        let (invalid, warnings) = self.finding_counts()?;
        let mut sheet = Sheet {
            pending: self.module_lines(&pending.by_module),
            records: pending.records,
            invalid,
            warnings,
            fingerprint: String::new(),
        };
        sheet.fingerprint = sheet.hashed(self)?;
        Ok(sheet)
    }
}

impl Sheet {
    /// What would be sent, by module.
    pub(crate) fn pending(&self) -> &[ModuleLine] {
        &self.pending
    }

    /// Records that would be sent.
    pub(crate) fn records(&self) -> u32 {
        self.records
    }

    /// Findings that close the gate.
    pub(crate) fn invalid(&self) -> u32 {
        self.invalid
    }

    /// Findings that an approval acknowledges.
    pub(crate) fn warnings(&self) -> u32 {
        self.warnings
    }

    /// What stands for the sheet in a form, or on the command line.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The modules to seal of what a head saw and ticked: none for all, which the gate judges whole. Who ticks nothing
    /// means all.
    ///
    /// # Errors
    /// `web.sheet-old` where this is another sheet than the head saw.
    pub(crate) fn seen(&self, fingerprint: &str, ticked: &[String]) -> Result<Vec<String>, Failure> {
        let waits = |module: &String| self.pending.iter().any(|line| line.module == *module);
        if fingerprint != self.fingerprint || !ticked.iter().all(waits) {
            return Err(Failure::new("web.sheet-old"));
        }
        let all = self.pending.iter().all(|line| ticked.contains(&line.module));
        Ok(if all { Vec::new() } else { ticked.to_vec() })
    }

    /// Everything that is shown, and every draft behind it. Behind another version of the log or by other rules the same
    /// drafts would be something else.
    fn hashed(&self, open: &Open) -> Result<String, Failure> {
        let mut hasher = blake3::Hasher::new();
        let (rules, position) = (open.rules(), open.school().position()?);
        let shown = (&self.pending, self.records, self.invalid, self.warnings);
        let internal = |_| Failure::new("internal.error").arg("place", "sheet");
        hasher.update(format!("{:?} {}", position.version, position.judged_on).as_bytes());
        hasher.update(rules.pack.hash().as_bytes()).update(rules.rulebook.hash().as_bytes());
        hasher.update(&serde_json::to_vec(&shown).map_err(internal)?);
        let mut failed = None;
        open.store().scan(&Range::Drafts(None), &mut |key, row| {
            if let Row::Draft(draft) = row {
                hasher.update(format!("{key:?}").as_bytes());
                match serde_json::to_vec(&(&draft.fields, draft.deleted)) {
                    Ok(bytes) => drop(hasher.update(&bytes)),
                    Err(error) => failed = Some(error),
                }
            }
            Ok(if failed.is_none() { Flow::Continue } else { Flow::Stop })
        })?;
        failed.map_or(Ok(()), |error| Err(internal(error)))?;
        Ok(hasher.finalize().to_hex().chars().take(DIGITS).collect())
    }
}
