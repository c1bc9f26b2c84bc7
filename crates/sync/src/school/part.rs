//! Which drafts a sealed bundle holds: those up to a generation, of all modules or of some.

use std::collections::BTreeSet;

use selaras_model::{EntityCode, RecordKey};
use selaras_policy::Who;

use super::School;
use crate::error::{Refusal, SchoolError};
use crate::state::{self, Sealed};
use crate::store::{ReadStore, StateName, StoreError};

/// The entities that are sealed; none for all.
#[derive(Debug, Clone, Default)]
pub(super) struct Chosen(Option<BTreeSet<EntityCode>>);

impl Chosen {
    pub(super) fn has(&self, entity: EntityCode) -> bool {
        self.0.as_ref().is_none_or(|entities| entities.contains(&entity))
    }
}

/// The part of all drafts that a sealed bundle holds.
#[derive(Debug)]
pub(super) struct Part {
    generation: u32,
    chosen: Chosen,
}

impl Part {
    /// Whether a row of a draft is in the bundle.
    pub(super) fn holds(&self, key: RecordKey, generation: u32) -> bool {
        generation <= self.generation && self.chosen.has(key.entity)
    }
}

impl School<'_> {
    /// Reads the names of modules.
    pub(super) fn chosen(&self, modules: Option<&[String]>) -> Result<Chosen, SchoolError> {
        let Some(names) = modules else { return Ok(Chosen::default()) };
        let known: Vec<&str> = self.rules.pack.modules().iter().map(|module| module.name.as_str()).collect();
        if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
            let refusal = Refusal::new("seal.unknown-module", Who::Operator);
            return Err(refusal.with("module", unknown).with("known", known.join(", ")).into());
        }
        Ok(self.entities_of(names))
    }

    fn entities_of(&self, modules: &[String]) -> Chosen {
        let pack = &self.rules.pack;
        let chosen = |module: usize| pack.modules().get(module).is_some_and(|module| modules.contains(&module.name));
        let entities = pack.entities().iter().filter(|entity| chosen(entity.module)).map(|entity| entity.code);
        Chosen(Some(entities.collect()))
    }

    /// What of the drafts is sealed, as a store has it.
    pub(super) fn part(&self, store: &dyn ReadStore) -> Result<Option<Part>, StoreError> {
        let sealed: Option<Sealed> = state::read(store, StateName::Sealed)?;
        let Some(sealed) = sealed else { return Ok(None) };
        let modules: Option<Vec<String>> = state::read(store, StateName::SealedModules)?;
        let chosen = modules.map_or_else(Chosen::default, |modules| self.entities_of(&modules));
        Ok(Some(Part { generation: sealed.generation, chosen }))
    }
}
