//! What comes back to a restored centre beside the entries: releases that this school knows of, with their texts, and the
//! approvals of the bundles that were sealed here.

use selaras_model::EntryHash;

use super::School;
use super::heal::{At, KeptRelease, Parcel, damaged};
use crate::centre::{MAX_TOLD_RELEASES, releases};
use crate::entry::{LogEntry, Origin};
use crate::error::SchoolError;
use crate::release::ReleaseStage;
use crate::rules::text;
use crate::store::{EntryRow, Key, Row, StoreError};
use crate::wire;

impl School<'_> {
    /// Notes the releases that an entry promises, where their texts are here: of one release the latest stage, and of
    /// more than fit those that begin last.
    pub(super) fn note_releases(
        &self,
        at: At,
        hash: EntryHash,
        entry: &LogEntry,
        noted: &mut Vec<KeptRelease>,
    ) -> Result<(), StoreError> {
        for promised in releases(entry.npsn, entry.promises()) {
            let here = |hash| Ok::<_, StoreError>(text(self.store, hash)?.is_some());
            let release = promised.release;
            if promised.stage != ReleaseStage::Withdrawn
                && !(here(release.pack.as_bytes())? && here(release.rulebook.as_bytes())?)
            {
                continue;
            }
            let fresh = KeptRelease { at, entry: hash, promised };
            match noted.iter_mut().find(|known| known.promised.release == release) {
                Some(known) if known.promised.stage >= promised.stage => {}
                Some(known) => *known = fresh,
                None => noted.push(fresh),
            }
        }
        if noted.len() > MAX_TOLD_RELEASES {
            noted.sort_by_key(|known| std::cmp::Reverse(known.promised.release.from));
            noted.truncate(MAX_TOLD_RELEASES);
        }
        Ok(())
    }

    /// What a request holds that hands a release back, and what proves it.
    pub(super) fn return_release(
        &self,
        kept: &KeptRelease,
    ) -> Result<(Option<wire::RulesReturned>, Vec<wire::Run>), SchoolError> {
        let KeptRelease { at, entry, promised } = kept;
        let mut parcel = Parcel::default();
        self.prove(&mut parcel, *at, *entry, &self.row_at(*at)?)?;
        let mut returned = wire::RulesReturned { released: Some(promised.to_wire()), ..wire::RulesReturned::default() };
        if promised.stage != ReleaseStage::Withdrawn {
            let text = |hash| text(self.store, hash)?.ok_or_else(damaged);
            returned.pack = text(promised.release.pack.as_bytes())?;
            returned.rulebook = text(promised.release.rulebook.as_bytes())?;
        }
        Ok((Some(returned), parcel.runs))
    }

    /// The entry that is handed back, with what is beside it.
    pub(super) fn row_at(&self, at: At) -> Result<EntryRow, StoreError> {
        match at {
            At::Kept(place) => match self.store.get(&Key::Kept(place, 0))? {
                Some(Row::Entry(row)) => Ok(row),
                _ => Err(damaged()),
            },
            At::Ahead(version) | At::Log(version) => self.entry_row(version),
        }
    }

    /// The head's approval of the bundle that a kept entry is of, with the head's key; none for other entries, and for
    /// bundles that other computers sealed.
    pub(super) fn approval_at(&self, at: At) -> Result<Option<Vec<u8>>, SchoolError> {
        let entry = LogEntry::from_bytes(&self.row_at(at)?.entry).map_err(|_| damaged())?;
        let Origin::Bundle { bundle, .. } = entry.origin else { return Ok(None) };
        match self.store.get(&Key::Approval(bundle))? {
            Some(Row::Blob(approval)) => Ok(Some(approval)),
            Some(_) => Err(StoreError::Damaged("an approval".to_owned()).into()),
            None => Ok(None),
        }
    }

    /// Adds approvals of entries that the centre has, while there is room.
    pub(super) fn add_approvals<'a>(
        &self,
        unapproved: impl Iterator<Item = &'a (At, EntryHash)>,
        parcel: &mut Parcel,
    ) -> Result<(), SchoolError> {
        for (at, hash) in unapproved {
            if parcel.room == 0 || !self.prove(parcel, *at, *hash, &self.row_at(*at)?)? {
                break;
            }
            let approval = self.approval_at(*at)?.unwrap_or_default();
            parcel.room = parcel.room.saturating_sub(approval.len());
            let entry = hash.as_bytes().to_vec();
            parcel.handed.push(wire::Handed { entry, from: 0, ends: true, edits: None, approval });
        }
        Ok(())
    }
}
