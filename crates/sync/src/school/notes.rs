//! Entries without edits that say something all the same: promises of the centre, and states of moves. They were let go
//! with everything else that a backup covers, and are in the log as long as it is. Should that backup be unreadable and
//! an older one be restored, a computer that was removed, or a key that was revoked, would be good again.

use std::collections::BTreeSet;

use selaras_model::{EntryHash, LogVersion};

use super::School;
use super::heal::damaged;
use crate::entry::{LogEntry, entry_hash};
use crate::store::{Flow, Key, Range, Row, StoreError};
use crate::wire;

/// A note in the log that is not among what is kept.
pub(super) struct LetGo {
    pub(super) version: LogVersion,
    pub(super) hash: EntryHash,
    pub(super) entry: LogEntry,
}

impl School<'_> {
    /// Gives the notes of the log, but for those that are kept, which a signature further on proves.
    pub(super) fn notes_let_go(&self, kept: &BTreeSet<EntryHash>) -> Result<Vec<LetGo>, StoreError> {
        let (mut proven, mut pending) = (Vec::new(), Vec::new());
        let mut last = None;
        self.store.scan(&Range::Entries(LogVersion::new(0)), &mut |key, row| {
            let (Key::Entry(version), Row::Entry(row)) = (key, row) else { return Err(damaged()) };
            let entry = LogEntry::from_bytes(&row.entry).map_err(|_| damaged())?;
            if entry.previous != last {
                pending.clear();
            }
            let hash = entry_hash(&row.entry);
            last = Some(hash);
            if entry.is_note() && !kept.contains(&hash) {
                pending.push(LetGo { version, hash, entry });
            }
            if row.signature.is_some() {
                proven.append(&mut pending);
            }
            Ok(Flow::Continue)
        })?;
        Ok(proven)
    }

    /// Adds to a run that begins with the entry before `next` those through which a signature proves it.
    pub(super) fn prove_by_log(
        &self,
        run: &mut wire::Run,
        hashes: &mut Vec<EntryHash>,
        next: LogVersion,
    ) -> Result<(), StoreError> {
        self.store.scan(&Range::Entries(next), &mut |_, row| {
            let Row::Entry(row) = row else { return Err(damaged()) };
            let entry = LogEntry::from_bytes(&row.entry).map_err(|_| damaged())?;
            if entry.previous != hashes.last().copied() {
                return Ok(Flow::Stop);
            }
            hashes.push(entry_hash(&row.entry));
            run.entries.push(row.entry);
            run.signature = row.signature.unwrap_or_default();
            Ok(if run.signature.is_empty() { Flow::Continue } else { Flow::Stop })
        })
    }
}
