//! What planted bugs make of a computer's own rows before it speaks.

use selaras_sync::{Batch, Flow, Key, Phase, Purpose, Range, ReadStore as _, StateName, Store as _};

use super::bug::Bug;
use super::computer::Computer;
use super::trouble::Trouble;

impl Computer {
    /// What may have arrived is dropped and becomes drafts again.
    pub(super) fn mint_anew(&self, purpose: Purpose) -> Result<(), Trouble> {
        let offered = self.school().sealed()?.is_some_and(|sealed| sealed.phase == Phase::Offered);
        if self.has_bug(Bug::MintsAnew) && purpose == Purpose::Sync && offered {
            let mut batch = Batch::default();
            batch.remove(Key::State(StateName::Sealed));
            self.disk.commit(&batch)?;
        }
        Ok(())
    }

    /// Drafts go with the file of the bundle that they were sealed into.
    pub(super) fn drop_unreadable(&self) -> Result<(), Trouble> {
        let Some(sealed) = self.school().sealed()?.filter(|_| self.has_bug(Bug::DropsUnreadable)) else {
            return Ok(());
        };
        if !self.disk.files().is_harmed(sealed.bundle.as_bytes()) {
            return Ok(());
        }
        let mut batch = Batch::default();
        batch.remove(Key::State(StateName::Sealed));
        batch.remove(Key::State(StateName::SealedModules));
        self.disk.scan(&Range::Drafts(None), &mut |key, _| {
            batch.remove(key);
            Ok(Flow::Continue)
        })?;
        Ok(self.disk.commit(&batch)?)
    }
}
