//! Promises become entries of the log, and rows follow from them: in one commit when they are made, and again when a
//! restored centre gets the entries back.

use selaras_model::{Date, DeviceId, Value};

use super::promise::{self, KIND, Promise};
use super::rows::{self, DeviceRow, KodeRow, PromisedRow, SchoolRow};
use super::{Centre, confirm};
use crate::Rules;
use crate::entry::LogEntry;
use crate::error::CentreError;
use crate::release::{PromisedRelease, Release, ReleaseStage};
use crate::state::{self, EntryIntent, EntryOrigin, Healing};
use crate::step::Step;
use crate::store::{Flow, Key, StateName, StoreError};
use crate::work::Work;

/// Rows of an earlier version that one step makes entries of.
const MAX_PROMISED: usize = 200;
/// Signs of a school's name that are promised.
const MAX_NAME: usize = 200;
/// The entity of a school's own record, which has its name and area.
const SCHOOL: &str = "sekolah";

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

    /// Gives the next step that makes entries of what has none: the rows of a new school, those that an earlier version
    /// wrote, releases. None once all have theirs; called again after an interruption it goes on.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn promise_rows(&self, school: &SchoolRow) -> Result<Option<Step>, CentreError> {
        let done = rows::promised(self.store)?;
        if done.all {
            // A log that waits may get the same from a school.
            let due = if self.healing()?.is_some() { Vec::new() } else { self.promises_due()? };
            return if due.is_empty() { Ok(None) } else { self.promise(&due).map(Some) };
        }
        let rows = self.rows_to_promise(school)?.into_iter();
        let some: Vec<Promise> = rows.skip(done.rows).take(MAX_PROMISED).collect();
        let mut work = Work::new(self.store, self.rules);
        self.promise_in(&mut work, &some)?;
        let next = PromisedRow { rows: done.rows.saturating_add(some.len()), all: some.len() < MAX_PROMISED };
        rows::put_promised(&mut work, &next)?;
        Ok(Some(Step::of(work.finish())))
    }

    fn promises_due(&self) -> Result<Vec<Promise>, CentreError> {
        let mut due = self.releases_due()?;
        due.extend(self.name_due()?.map(Promise::Founded));
        Ok(due)
    }

    /// The school's name and area by its record, where the log says others.
    fn name_due(&self) -> Result<Option<SchoolRow>, CentreError> {
        let Some(known) = rows::school(self.store)? else { return Ok(None) };
        let named = self.named(&known)?;
        let number = known.number.saturating_add(1);
        Ok((named != known).then_some(SchoolRow { number, ..named }))
    }

    /// What is known of a school, with the name and area that its record has.
    fn named(&self, known: &SchoolRow) -> Result<SchoolRow, StoreError> {
        let mut named = known.clone();
        let Some(entity) = self.rules.pack.entity_named(SCHOOL) else { return Ok(named) };
        self.view().scan(entity.code, None, &mut |record| {
            if record.deleted {
                return Ok(Flow::Continue);
            }
            let text = |field| match record.get(field) {
                Value::Text(text) | Value::Code(text) => shortened(text),
                _ => String::new(),
            };
            let (name, area) = (text("nama"), text("kode_wilayah"));
            named.name = if name.is_empty() { known.name.clone() } else { name };
            named.area = if area.is_empty() { known.area.clone() } else { area };
            Ok(Flow::Stop)
        })?;
        Ok(named)
    }

    /// Releases of which the log does not say what they are: that they were announced or withdrawn, that they have begun.
    fn releases_due(&self) -> Result<Vec<Promise>, CentreError> {
        let begins = self.announced.from > Date::MIN && !self.has_other_rules()?;
        if !begins && self.announced.next.is_none() && self.withdrawn.is_empty() {
            return Ok(Vec::new());
        }
        let known = rows::released(self.store)?;
        let stage =
            |release: Release| known.iter().find(|promised| promised.release == release).map(|promised| promised.stage);
        let announced = self.announced.next.map(|(from, rules): (Date, &Rules)| Release::of(rules, from));
        let announced = announced.filter(|release| stage(*release).is_none());
        let withdrawn =
            self.withdrawn.iter().copied().filter(|release| stage(*release) == Some(ReleaseStage::Announced));
        let begun = begins.then(|| Release::of(self.rules, self.announced.from));
        let begun = begun.filter(|release| stage(*release) != Some(ReleaseStage::Begun));
        let promised = |stage| move |release| Promise::Released(PromisedRelease { release, stage });
        let withdrawn = withdrawn.map(promised(ReleaseStage::Withdrawn));
        let begun = begun.into_iter().map(promised(ReleaseStage::Begun));
        Ok(withdrawn.chain(begun).chain(announced.into_iter().map(promised(ReleaseStage::Announced))).collect())
    }

    /// In an order that stays while they are made entries: nothing else is done for this school meanwhile.
    fn rows_to_promise(&self, school: &SchoolRow) -> Result<Vec<Promise>, StoreError> {
        let named = SchoolRow { name: shortened(&school.name), area: shortened(&school.area), number: 0 };
        let founded = match rows::school(self.store)? {
            Some(founded) => founded,
            None => self.named(&named)?,
        };
        let mut all = vec![Promise::Founded(founded)];
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

/// A name or an area as it is promised.
fn shortened(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_control()).take(MAX_NAME).collect()
}

/// Writes the row that follows from a promise, where the rows do not say it, or more, already.
fn follow(work: &mut Work<'_>, promise: &Promise) -> Result<(), StoreError> {
    match promise {
        Promise::Founded(row) if rows::school(&work.read())?.is_none_or(|known| known.number < row.number) => {
            rows::put_school(work, row)
        }
        Promise::Released(promised) => rows::put_released(work, *promised),
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
