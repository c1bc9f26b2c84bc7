//! An engine that fails when told to, for simulations.

use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::{Engine, EngineError, Visit, Write};
use crate::space::Space;

/// How a commit fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written, the disk is said to be full, and the next commit is tried as usual.
    Refused,
    /// Nothing is written, and nothing is answered any more: the process died before the commit.
    CrashBefore,
    /// Everything is written but never acknowledged, and nothing is answered any more: the process died after it.
    CrashAfter,
}

/// Another engine that fails at a chosen commit.
pub struct FaultyEngine {
    inner: Arc<dyn Engine>,
    plan: Mutex<Plan>,
}

#[derive(Default)]
struct Plan {
    commits: u64,
    fault: Option<(u64, Fault)>,
    dead: bool,
}

impl FaultyEngine {
    /// Wraps an engine; without a fault it is that engine.
    #[must_use]
    pub fn new(inner: Arc<dyn Engine>) -> Self {
        Self { inner, plan: Mutex::default() }
    }

    /// Lets `commits` more commits pass and makes the next one fail.
    pub fn fail_after(&self, commits: u64, fault: Fault) {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.fault = Some((plan.commits.saturating_add(commits), fault));
    }

    /// How many commits were asked for.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).commits
    }

    /// Answers again after a crash, with what the inner engine holds.
    pub fn restart(&self) {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.dead = false;
        plan.fault = None;
    }

    fn alive(&self) -> Result<&dyn Engine, EngineError> {
        if self.plan.lock().unwrap_or_else(PoisonError::into_inner).dead { Err(died()) } else { Ok(&*self.inner) }
    }

    fn fault_of_this_commit(&self) -> Result<Option<Fault>, EngineError> {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        if plan.dead {
            return Err(died());
        }
        let number = plan.commits;
        plan.commits += 1;
        let due = plan.fault.is_some_and(|(at, _)| number >= at);
        let fault = if due { plan.fault.take().map(|(_, fault)| fault) } else { None };
        plan.dead = matches!(fault, Some(Fault::CrashBefore | Fault::CrashAfter));
        Ok(fault)
    }
}

fn died() -> EngineError {
    EngineError::io("the simulated process has died")
}

impl Engine for FaultyEngine {
    fn commit(&self, writes: &[Write]) -> Result<(), EngineError> {
        match self.fault_of_this_commit()? {
            None => self.inner.commit(writes),
            Some(Fault::Refused) => Err(EngineError::Full),
            Some(Fault::CrashBefore) => Err(died()),
            Some(Fault::CrashAfter) => self.inner.commit(writes).and(Err(died())),
        }
    }

    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        self.alive()?.get(space, key)
    }

    fn scan(&self, space: Space, from: &[u8], visit: &mut Visit<'_>) -> Result<(), EngineError> {
        self.alive()?.scan(space, from, visit)
    }

    fn verify(&self) -> Result<(), EngineError> {
        self.alive()?.verify()
    }

    fn compact(&self) -> Result<(), EngineError> {
        self.alive()?.compact()
    }
}
