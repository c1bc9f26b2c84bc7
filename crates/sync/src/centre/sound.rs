//! Whether the centre's own records are what its log says: nothing is decided on what its disk has lost.

use std::collections::BTreeSet;

use selaras_model::{EntityCode, ModuleDigest, RecordId, RecordKey, element};

use super::Centre;
use crate::error::CentreError;
use crate::page::entry_at;
use crate::state::Position;
use crate::store::{Flow, Key, Range, Row, StoreError};
use crate::work::{Work, stored_digests, stored_sum};

/// The code of a centre that has found damage of its own: it is mended first, and nothing is decided on it.
pub(crate) const DAMAGED: &str = "center.damaged";

fn damaged() -> CentreError {
    CentreError::refused(DAMAGED)
}

impl Centre<'_> {
    /// Refuses where the sums of the records are not those that were signed last.
    ///
    /// # Errors
    /// `center.damaged`.
    pub(super) fn is_as_signed(&self, position: &Position) -> Result<(), CentreError> {
        if position.version.get() == 0 {
            return Ok(());
        }
        let (entry, _) = entry_at(self.store, position.version)?;
        let same_modules = entry.pack == self.rules.pack.hash();
        if same_modules && stored_digests(self.store, self.rules)? != entry.digests {
            return Err(damaged());
        }
        Ok(())
    }

    /// Refuses where records that an act is about, or others of their modules, are not what the log says.
    ///
    /// # Errors
    /// `center.damaged`.
    pub(super) fn is_sound(
        &self,
        position: &Position,
        keys: impl IntoIterator<Item = RecordKey>,
    ) -> Result<(), CentreError> {
        self.is_as_signed(position)?;
        let pack = &self.rules.pack;
        let mut modules = BTreeSet::new();
        for key in keys {
            self.is_sound_record(key)?;
            modules.extend(pack.entity(key.entity).map(|entity| entity.module));
        }
        for module in modules {
            let mut sum = ModuleDigest::default();
            for entity in pack.entities().iter().filter(|entity| entity.module == module) {
                self.add_up(entity.code, &entity.name, &mut sum)?;
            }
            if sum != stored_sum(self.store, module)? {
                return Err(damaged());
            }
        }
        Ok(())
    }

    /// Refuses where any record is not what the log says: before a refusal that is for ever.
    ///
    /// # Errors
    /// `center.damaged`.
    pub(super) fn is_sound_whole(&self, position: &Position) -> Result<(), CentreError> {
        let mut keys = Vec::new();
        self.store.scan(&Range::Bases(None), &mut |key, _| {
            if let Key::Base(key) = key {
                keys.push(key);
            }
            Ok(Flow::Continue)
        })?;
        self.is_sound(position, keys)
    }

    fn add_up(&self, entity: EntityCode, name: &str, sum: &mut ModuleDigest) -> Result<(), StoreError> {
        let from = RecordKey { entity, id: RecordId::from_bytes([0; 16]) };
        self.store.scan(&Range::Bases(Some(from)), &mut |key, row| {
            let (Key::Base(key), Row::Base(row)) = (key, row) else { return Ok(Flow::Continue) };
            if key.entity != entity {
                return Ok(Flow::Stop);
            }
            sum.add(&element(name, key.id, row.deleted, &row.content, &row.heads));
            Ok(Flow::Continue)
        })
    }

    /// A record's document, what is remembered of it and what people see of it belong together, or none of them is there.
    fn is_sound_record(&self, key: RecordKey) -> Result<(), CentreError> {
        let work = Work::new(self.store, self.rules);
        let document = work.document(key).map_err(|_| damaged())?;
        let view = match self.store.get(&Key::View(key))? {
            Some(Row::View(view)) => Some(view.content),
            _ => None,
        };
        match (work.base(key)?, document) {
            (None, None) if view.is_none() => Ok(()),
            (Some(base), Some(document)) if document.heads() == base.heads && view == Some(base.content) => Ok(()),
            _ => Err(damaged()),
        }
    }
}
