//! Releases that this school knows of and that a restored centre may lack: handed back with their texts.

use super::School;
use super::heal::{At, KeptRelease, Parcel, damaged};
use super::keep::Kept;
use crate::centre::{MAX_TOLD_RELEASES, releases};
use crate::error::SchoolError;
use crate::release::ReleaseStage;
use crate::rules::text;
use crate::store::{Key, Row, StoreError};
use crate::wire;

impl School<'_> {
    /// Notes the releases that a kept entry promises, where their texts are here: of one release the latest stage, and of
    /// more than fit those that begin last.
    pub(super) fn note_releases(&self, kept: &Kept, noted: &mut Vec<KeptRelease>) -> Result<(), StoreError> {
        for promised in releases(kept.entry.npsn, kept.entry.promises()) {
            let here = |hash| Ok::<_, StoreError>(text(self.store, hash)?.is_some());
            let release = promised.release;
            if promised.stage != ReleaseStage::Withdrawn
                && !(here(release.pack.as_bytes())? && here(release.rulebook.as_bytes())?)
            {
                continue;
            }
            let fresh = KeptRelease { at: At::Kept(kept.place), entry: kept.hash, promised };
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
        let At::Kept(place) = *at else { return Err(damaged().into()) };
        let Some(Row::Entry(row)) = self.store.get(&Key::Kept(place, 0))? else { return Err(damaged().into()) };
        let mut parcel = Parcel::default();
        self.prove(&mut parcel, *at, *entry, &row)?;
        let mut returned = wire::RulesReturned { released: Some(promised.to_wire()), ..wire::RulesReturned::default() };
        if promised.stage != ReleaseStage::Withdrawn {
            let text = |hash| text(self.store, hash)?.ok_or_else(damaged);
            returned.pack = text(promised.release.pack.as_bytes())?;
            returned.rulebook = text(promised.release.rulebook.as_bytes())?;
        }
        Ok((Some(returned), parcel.runs))
    }
}
