//! Heads' approvals that come back with the entries that a restored centre lacked: without them nobody could show later who
//! approved what has a receipt.

use selaras_model::EntryHash;

use super::Centre;
use crate::entry::{LogEntry, Origin};
use crate::evidence::read_signed;
use crate::page::entry_at;
use crate::step::Step;
use crate::store::{Key, Row, StoreError};
use crate::work::Work;

impl Centre<'_> {
    /// Whether an entry of an earlier life is in this log as a bundle's, and the approval of that bundle is not here.
    pub(super) fn lacks_approval(&self, hash: EntryHash) -> Result<bool, StoreError> {
        let Some(version) = self.replayed(hash)? else { return Ok(false) };
        let (entry, _) = entry_at(self.store, version)?;
        match entry.origin {
            Origin::Bundle { bundle, .. } => Ok(self.store.get(&Key::Approval(bundle))?.is_none()),
            Origin::Act { .. } => Ok(false),
        }
    }

    /// The row of an approval that came with an entry, where it is that of the entry's bundle, by a key that this centre
    /// enrolled, and not here yet. What is none is passed over: the entry itself is proven.
    pub(super) fn approval_of(&self, entry: &LogEntry, file: &[u8]) -> Result<Option<(Key, Row)>, StoreError> {
        let Origin::Bundle { bundle, replica, sequence } = entry.origin else { return Ok(None) };
        let Ok((approval, key)) = read_signed(file) else { return Ok(None) };
        let text = approval.text();
        let is_its = (text.npsn, text.bundle, text.replica, text.sequence) == (self.npsn, bundle, replica, sequence);
        let head = key.verify(text.npsn, text.ptk, text.key, &self.keys.signing.verifying_key());
        let signed = is_its && head.is_ok_and(|head| approval.verify(&head).is_ok());
        if !signed || self.store.get(&Key::Approval(bundle))?.is_some() {
            return Ok(None);
        }
        Ok(Some((Key::Approval(bundle), Row::Blob(file.to_vec()))))
    }

    /// The step that keeps an approval of an entry that the log has already; none where it has it too.
    pub(super) fn approval_step(&self, entry: &LogEntry, file: &[u8]) -> Result<Option<Step>, StoreError> {
        let Some((key, row)) = self.approval_of(entry, file)? else { return Ok(None) };
        let mut work = Work::new(self.store, self.rules);
        work.put(key, row);
        Ok(Some(Step::of(work.finish())))
    }
}
