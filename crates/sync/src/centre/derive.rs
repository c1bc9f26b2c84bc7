//! Promises become entries of the log, and rows follow from them: in one commit when they are made, and again when a
//! restored centre gets the entries back.

use selaras_model::DeviceId;

use super::promise::{self, KIND, Promise};
use super::rows::{self, DeviceRow, KodeRow, PromisedRow, SchoolRow};
use super::{Centre, confirm};
use crate::entry::LogEntry;
use crate::error::CentreError;
use crate::state::{self, EntryIntent, EntryOrigin, Healing};
use crate::step::Step;
use crate::store::{Key, StateName, StoreError};
use crate::work::Work;

/// Rows of an earlier version that one step makes entries of.
const MAX_PROMISED: usize = 200;
/// Signs of a school's name that are promised.
const MAX_NAME: usize = 200;

impl Centre<'_> {
    /// Makes entries of promises, with the rows that follow, in one commit; an empty step without any.
    pub(super) fn promise(&self, promises: &[Promise]) -> Result<Step, CentreError> {
        let mut work = Work::new(self.store, self.rules);
        self.promise_in(&mut work, promises)?;
        Ok(Step::of(work.finish()))
    }

    /// The same in work that does something else too. While a restored centre waits, its log stands under other rules than
    /// those in force, and stays there.
    pub(super) fn promise_in(&self, work: &mut Work<'_>, promises: &[Promise]) -> Result<(), CentreError> {
        self.under_its_rules(|centre| centre.promise_under(work, promises))
    }

    fn promise_under(&self, work: &mut Work<'_>, promises: &[Promise]) -> Result<(), CentreError> {
        if promises.is_empty() {
            return Ok(());
        }
        let mut position = self.at_rest()?;
        for promise in promises {
            follow(work, promise)?;
        }
        for promises in promise::encode(promises) {
            let entry = EntryIntent::without_edits(EntryOrigin::Promise { kind: KIND.to_owned(), promises }, self.now);
            self.put_entry(work, &mut position, entry, 0)?;
        }
        Ok(())
    }

    /// Derives the rows that follow from an entry which a school hands back. What ended stays ended, and of two kode the
    /// later one holds, in whatever order entries come.
    pub(super) fn derive(&self, entry: &LogEntry, work: &mut Work<'_>) -> Result<(), CentreError> {
        for promise in promise::decode(self.npsn, entry.promises()) {
            match &promise {
                Promise::Registered(device, _) if is_new(work, *device)? => {
                    confirm::doubt_device(work, *device)?;
                }
                Promise::Enrolled(key, _) if rows::head_key(&work.read(), *key)?.is_none() => {
                    confirm::doubt_key(work, *key)?;
                }
                _ => {}
            }
            follow(work, &promise)?;
        }
        Ok(())
    }

    /// Gives the next step that makes entries of rows which have none: those of a new school, and those that an earlier
    /// version wrote. None once all have theirs; called again after an interruption it goes on.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn promise_rows(&self, school: &SchoolRow) -> Result<Option<Step>, CentreError> {
        let done = rows::promised(self.store)?;
        if done.all {
            return Ok(None);
        }
        let rows = self.rows_to_promise(school)?.into_iter();
        let some: Vec<Promise> = rows.skip(done.rows).take(MAX_PROMISED).collect();
        let mut work = Work::new(self.store, self.rules);
        self.promise_in(&mut work, &some)?;
        let next = PromisedRow { rows: done.rows.saturating_add(some.len()), all: some.len() < MAX_PROMISED };
        rows::put_promised(&mut work, &next)?;
        Ok(Some(Step::of(work.finish())))
    }

    /// In an order that stays while they are made entries: nothing else is done for this school meanwhile.
    fn rows_to_promise(&self, school: &SchoolRow) -> Result<Vec<Promise>, StoreError> {
        let name = school.name.chars().filter(|sign| !sign.is_control()).take(MAX_NAME).collect();
        let named = SchoolRow { name, area: school.area.chars().take(MAX_NAME).collect() };
        let mut all = vec![Promise::Founded(rows::school(self.store)?.unwrap_or(named))];
        all.extend(rows::kode(self.store)?.map(Promise::Kode));
        let devices = rows::devices(self.store)?.into_iter();
        all.extend(devices.map(|(device, row)| Promise::of_device(device, row)));
        let keys = rows::head_keys(self.store)?.into_iter();
        all.extend(keys.map(|(key, row)| Promise::of_key(key, row)));
        Ok(all)
    }

    /// Gives what the school was made known as; none before the first [`Centre::promise_rows`].
    ///
    /// # Errors
    /// As the store gives them.
    pub fn school(&self) -> Result<Option<SchoolRow>, StoreError> {
        rows::school(self.store)
    }

    /// Gives the kode in force; none where an earlier version made it, and nobody has shown it since.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn kode(&self) -> Result<Option<KodeRow>, StoreError> {
        rows::kode(self.store)
    }

    /// Promises a kode: a new one, or one whose proof could not be made before.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn promise_kode(&self, kode: KodeRow) -> Result<Step, CentreError> {
        let mut work = Work::new(self.store, self.rules);
        self.promise_in(&mut work, &[Promise::Kode(kode)])?;
        confirm::trust_kode(&mut work)?;
        Ok(Step::of(work.finish()))
    }
}

/// Writes the row that follows from a promise, where the rows do not say it, or more, already.
fn follow(work: &mut Work<'_>, promise: &Promise) -> Result<(), StoreError> {
    match promise {
        Promise::Founded(row) if rows::school(&work.read())?.is_none() => rows::put_school(work, row),
        Promise::Registered(device, row) if is_new(work, *device)? => rows::put_device(work, *device, row),
        Promise::Removed(device, row) if is_new(work, *device)? || is_live(work, *device)? => {
            rows::put_device(work, *device, row)?;
            wait_no_longer(work, *device)
        }
        Promise::Gone(device, end) => match rows::registered_device(&work.read(), *device)? {
            Some(row) if row.is_live() => {
                rows::put_device(work, *device, &DeviceRow { ended: Some(end.clone()), ..row })?;
                wait_no_longer(work, *device)
            }
            None if is_new(work, *device)? => rows::put_gone(work, *device, end),
            _ => Ok(()),
        },
        Promise::Enrolled(key, row) if rows::head_key(&work.read(), *key)?.is_none() => {
            rows::put_head_key(work, *key, row)
        }
        Promise::Revoked(key, row)
            if rows::head_key(&work.read(), *key)?.is_none_or(|known| known.revoked_at.is_none()) =>
        {
            rows::put_head_key(work, *key, row)
        }
        Promise::Kode(row) if rows::kode(&work.read())?.is_none_or(|known| known.number < row.number) => {
            rows::put_kode(work, row)
        }
        _ => Ok(()),
    }
}

/// Whether nothing is known of a computer, not even that it ended.
fn is_new(work: &Work<'_>, device: DeviceId) -> Result<bool, StoreError> {
    let known = rows::registered_device(&work.read(), device)?.is_some();
    Ok(!known && rows::gone(&work.read(), device)?.is_none())
}

fn is_live(work: &Work<'_>, device: DeviceId) -> Result<bool, StoreError> {
    Ok(rows::registered_device(&work.read(), device)?.is_some_and(|row| row.is_live()))
}

/// Ends the waiting for one computer, and with the last one the healing.
fn wait_no_longer(work: &mut Work<'_>, device: DeviceId) -> Result<(), StoreError> {
    let healing: Option<Healing> = state::read(&work.read(), StateName::Healing)?;
    let Some(Healing { mut waiting }) = healing.filter(|healing| healing.waiting.contains(&device)) else {
        return Ok(());
    };
    waiting.remove(&device);
    if waiting.is_empty() {
        work.remove(Key::State(StateName::Healing));
        return Ok(());
    }
    work.put_state(StateName::Healing, &Healing { waiting })
}
