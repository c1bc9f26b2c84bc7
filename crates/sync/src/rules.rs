//! The pack and the rulebook in force.

use std::sync::Arc;

use selaras_model::{Pack, PackError, PackHash, RulebookHash};
use selaras_policy::{Rulebook, RulebookError};

use crate::state::{self, Position};
use crate::store::{Batch, Key, ReadStore, Row, StateName, StoreError};

/// Pack and rulebook, by which both ends read and judge.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Entities, fields, owners, reference tables.
    pub pack: Arc<Pack>,
    /// The rules.
    pub rulebook: Arc<Rulebook>,
}

/// Why two texts are no rules.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The pack is broken.
    #[error("the pack: {0}")]
    Pack(#[from] PackError),
    /// The rulebook is broken, or was not written for this pack.
    #[error("the rulebook: {0}")]
    Rulebook(#[from] RulebookError),
}

impl Rules {
    /// Gives those that this version brings along.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test reads the built-in rulebook, so a release cannot hold a broken one")]
    pub fn builtin() -> Self {
        let pack = Pack::builtin();
        let rulebook = Rulebook::builtin(&pack).expect("the built-in rulebook fits the built-in pack");
        Self { pack, rulebook }
    }

    /// Reads and checks both texts.
    ///
    /// # Errors
    /// Every problem of the first broken text.
    pub fn from_texts(pack: &str, rulebook: &str) -> Result<Self, RulesError> {
        let pack = Arc::new(Pack::from_toml(pack)?);
        let rulebook = Arc::new(Rulebook::from_toml(rulebook, &pack)?);
        Ok(Self { pack, rulebook })
    }

    /// Loads those that the store says are in force; none for a store without an installation.
    ///
    /// # Errors
    /// As the store gives them; [`StoreError::Damaged`] when a text is missing or broken.
    pub fn load(store: &dyn ReadStore) -> Result<Option<Self>, StoreError> {
        let Some(position) = state::read::<Position>(store, StateName::Position)? else { return Ok(None) };
        let rules = Self::stored(store, position.pack, position.rulebook)?;
        rules.map(Some).map_err(|error| StoreError::Damaged(error.to_string()))
    }

    /// Reads those of these names from the store; what is stored need not be rules that this version understands.
    pub(crate) fn stored(
        store: &dyn ReadStore,
        pack: PackHash,
        rulebook: RulebookHash,
    ) -> Result<Result<Self, RulesError>, StoreError> {
        let missing = || StoreError::Damaged("the text of a pack or rulebook is missing".to_owned());
        let pack = text(store, pack.as_bytes())?.ok_or_else(missing)?;
        let rulebook = text(store, rulebook.as_bytes())?.ok_or_else(missing)?;
        Ok(Self::from_texts(&pack, &rulebook))
    }

    /// Both texts, under their hashes.
    pub(crate) fn rows(&self) -> [(Key, Row); 2] {
        let row = |hash: &[u8; 32], text: &str| (Key::Text32(*hash), Row::Blob(text.as_bytes().to_vec()));
        [
            row(self.pack.hash().as_bytes(), self.pack.source()),
            row(self.rulebook.hash().as_bytes(), self.rulebook.source()),
        ]
    }

    /// Writes both texts under their hashes.
    pub(crate) fn put(&self, batch: &mut Batch) {
        for (key, row) in self.rows() {
            batch.put(key, row);
        }
    }
}

/// Reads the text of a pack or rulebook.
pub(crate) fn text(store: &dyn ReadStore, hash: &[u8; 32]) -> Result<Option<String>, StoreError> {
    let damaged = || StoreError::Damaged("the text of a pack or rulebook".to_owned());
    match store.get(&Key::Text32(*hash))? {
        Some(Row::Blob(bytes)) => String::from_utf8(bytes).map(Some).map_err(|_| damaged()),
        Some(_) => Err(damaged()),
        None => Ok(None),
    }
}

/// Writes the text of a pack or rulebook under its hash.
pub(crate) fn put_text(batch: &mut Batch, hash: &[u8; 32], text: &str) {
    batch.put(Key::Text32(*hash), Row::Blob(text.as_bytes().to_vec()));
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_built_in_rules_are_whole() {
        let rules = super::Rules::builtin();
        assert!(!rules.rulebook.rules().is_empty());
    }
}
