//! The engine of tests and simulations: everything in memory, nothing survives.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use selaras_sync::store::Flow;

use crate::engine::{Engine, EngineError, Visit, Write, check_limits};
use crate::space::Space;

type Rows = BTreeMap<Arc<[u8]>, Arc<[u8]>>;

/// An engine in memory, with cheap snapshots.
///
/// A simulated crash is a [`MemoryEngine::fork`] taken earlier: it holds what was committed until then.
#[derive(Debug, Default)]
pub struct MemoryEngine {
    // A map per space: a commit after a fork copies the spaces it touches, and of those the pointers only.
    spaces: RwLock<BTreeMap<Space, Arc<Rows>>>,
}

impl MemoryEngine {
    /// Makes an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives another store with the same content; later writes of one are not seen by the other.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { spaces: RwLock::new(self.spaces.read().unwrap_or_else(PoisonError::into_inner).clone()) }
    }

    fn rows(&self, space: Space) -> Option<Arc<Rows>> {
        self.spaces.read().unwrap_or_else(PoisonError::into_inner).get(&space).cloned()
    }
}

impl Engine for MemoryEngine {
    fn commit(&self, writes: &[Write]) -> Result<(), EngineError> {
        check_limits(writes)?;
        let mut spaces = self.spaces.write().unwrap_or_else(PoisonError::into_inner);
        for write in writes {
            let rows = Arc::make_mut(spaces.entry(write.space).or_default());
            match &write.value {
                Some(value) => rows.insert(write.key.as_slice().into(), value.as_slice().into()),
                None => rows.remove(write.key.as_slice()),
            };
        }
        Ok(())
    }

    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.rows(space).and_then(|rows| rows.get(key).map(|value| value.to_vec())))
    }

    fn scan(&self, space: Space, from: &[u8], visit: &mut Visit<'_>) -> Result<(), EngineError> {
        // The rows as they are now: a visitor that commits holds no lock against itself.
        let Some(rows) = self.rows(space) else { return Ok(()) };
        for (key, value) in rows.range::<[u8], _>((Bound::Included(from), Bound::Unbounded)) {
            if visit(key, value)? == Flow::Stop {
                break;
            }
        }
        Ok(())
    }

    fn verify(&self) -> Result<(), EngineError> {
        Ok(())
    }

    fn compact(&self) -> Result<(), EngineError> {
        Ok(())
    }
}
