//! The date by which this centre acts: what its clock shows, as far as that may be believed, and the rules of that day.

use std::sync::{Mutex, PoisonError};

use selaras_model::Date;
use selaras_storage::SchoolStore;
use selaras_sync::{ActingDate, Batch, CentreDates, RulesDay, Store as _, StoreError};

use crate::releases::{InForce, Releases};

/// What holds when something is done.
#[derive(Clone)]
pub(crate) struct Acting {
    /// The date by which it is done.
    pub(crate) today: Date,
    /// The greatest date on which anything was done.
    pub(crate) latest: Date,
    /// The day by which rules are chosen.
    pub(crate) day: RulesDay,
    /// Pack and rulebook, and what follows them.
    pub(crate) in_force: InForce,
}

/// The dates of a centre, in the rows that belong to no school.
pub(crate) struct Dates {
    store: SchoolStore,
    kept: Mutex<CentreDates>,
}

impl Dates {
    pub(crate) fn open(store: SchoolStore) -> Result<Self, StoreError> {
        let kept = Mutex::new(CentreDates::read(&store)?);
        Ok(Self { store, kept })
    }

    /// What the clock shows, judged; nothing is done on it.
    pub(crate) fn judged(&self, clock: Date) -> ActingDate {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).acting(clock)
    }

    /// What holds when something is done now. That it was done on this date, and what began by it, is durable before.
    pub(crate) fn acting(&self, clock: Date, releases: &Releases) -> Result<Acting, StoreError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let ActingDate { today, .. } = kept.acting(clock);
        let in_force = releases.at(kept.rules_day(today));
        let next = kept.having_acted(today, in_force.now.from);
        if next != *kept {
            self.put(next)?;
            *kept = next;
        }
        Ok(Acting { today, latest: next.acted_on.unwrap_or(today), day: next.rules_day(today), in_force })
    }

    /// Notes that a release had begun before the disk was lost.
    pub(crate) fn had_begun(&self, from: Date) -> Result<(), StoreError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let next = kept.having_begun(from);
        self.put(next)?;
        *kept = next;
        Ok(())
    }

    /// Takes an operator's word that the clock is right.
    pub(crate) fn confirm(&self, clock: Date) -> Result<(), StoreError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let next = kept.confirmed(clock);
        self.put(next)?;
        *kept = next;
        Ok(())
    }

    fn put(&self, dates: CentreDates) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        dates.put(&mut batch)?;
        self.store.commit(&batch)
    }
}

/// Gives a store that was put back from a backup the date of that backup, where it holds none; judges what the clock shows
/// by it.
pub(crate) fn of_backup(
    store: &SchoolStore,
    made: Option<Date>,
    clock: Option<Date>,
) -> Result<Option<Date>, StoreError> {
    let mut dates = CentreDates::read(store)?;
    if let (None, Some(made)) = (dates.acted_on, made) {
        dates = dates.confirmed(made);
        let mut batch = Batch::default();
        dates.put(&mut batch)?;
        store.commit(&batch)?;
    }
    Ok(clock.and_then(|clock| dates.acting(clock).unconfirmed))
}
