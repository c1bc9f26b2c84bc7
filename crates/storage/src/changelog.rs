//! Rows of schools over an engine.

use std::fmt;
use std::sync::Arc;

use selaras_model::{LogVersion, Npsn};
use selaras_sync::store::{Batch, Flow, Key, Range, ReadStore, Row, Store, StoreError};

use crate::engine::{Engine, Write};
use crate::frame::{self, damaged};
use crate::keys::{self, SCOPE};
use crate::rows;
use crate::space::{STORE_FORMAT, Space};

pub(crate) type VisitRow<'a> = dyn FnMut(&[u8], &[u8]) -> Result<Flow, StoreError> + 'a;

/// The number of the scope whose rows belong to no school.
const GLOBAL: u32 = 0;
const FORMAT_KEY: &[u8] = b"format";

/// The rows of all schools in one store.
///
/// Cheap to clone; all clones are the same store.
#[derive(Clone)]
pub struct Changelog {
    engine: Arc<dyn Engine>,
}

impl Changelog {
    /// Takes an engine, whose store is new or of a format known here.
    ///
    /// # Errors
    /// [`StoreError::Version`] for a store of a later version; [`StoreError::Damaged`] for one that has rows and no
    /// format.
    pub fn new(engine: Arc<dyn Engine>) -> Result<Self, StoreError> {
        let changelog = Self { engine };
        match changelog.engine.get(Space::Format, FORMAT_KEY)? {
            Some(row) => check_format(&row)?,
            None if changelog.is_empty()? => {
                let row = frame::wrap(Space::Format, FORMAT_KEY, &STORE_FORMAT.to_be_bytes());
                changelog.engine.commit(&[Write::put(Space::Format, FORMAT_KEY, row)])?;
            }
            None => return Err(StoreError::Damaged("the store has rows and no format".to_owned())),
        }
        Ok(changelog)
    }

    /// Gives the rows of one school.
    #[must_use]
    pub fn school(&self, npsn: Npsn) -> SchoolStore {
        SchoolStore { changelog: self.clone(), npsn }
    }

    /// Gives the numbers of the schools that have rows, in order. The scope `00000000`, whose rows belong to no school,
    /// is not one of them.
    ///
    /// # Errors
    /// As the engine gives them.
    pub fn schools(&self, visit: &mut dyn FnMut(Npsn) -> Flow) -> Result<(), StoreError> {
        let mut from = GLOBAL + 1;
        while let Some(npsn) = self.first_school(from)? {
            if visit(npsn) == Flow::Stop {
                return Ok(());
            }
            from = npsn.number() + 1;
        }
        Ok(())
    }

    /// Reads everything: the engine's own structure, then every row under its key, and that no log has a gap.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the first thing that does not hold.
    pub fn verify(&self) -> Result<(), StoreError> {
        self.engine.verify()?;
        for space in Space::ALL.into_iter().filter(|space| *space != Space::Format) {
            let mut previous = None;
            self.each(space, &[], &mut |bytes, row| {
                let (npsn, key) = split_scope(space, bytes)?;
                let key = keys::decode(space, key).ok_or_else(|| damaged(space, "has a key of another kind"))?;
                rows::decode(space, frame::unwrap(space, bytes, row)?)?;
                if let Key::Entry(version) = key {
                    check_gap(previous, npsn, version)?;
                    previous = Some((npsn, version));
                }
                Ok(Flow::Continue)
            })?;
        }
        Ok(())
    }

    /// Gives space back, where the engine can.
    ///
    /// # Errors
    /// As the engine gives them.
    pub fn compact(&self) -> Result<(), StoreError> {
        Ok(self.engine.compact()?)
    }

    pub(crate) fn commit_raw(&self, writes: &[Write]) -> Result<(), StoreError> {
        Ok(self.engine.commit(writes)?)
    }

    fn is_empty(&self) -> Result<bool, StoreError> {
        let mut empty = true;
        for space in Space::ALL {
            self.each(space, &[], &mut |_, _| {
                empty = false;
                Ok(Flow::Stop)
            })?;
        }
        Ok(empty)
    }

    fn first_school(&self, from: u32) -> Result<Option<Npsn>, StoreError> {
        let Ok(from) = Npsn::from_number(from) else { return Ok(None) };
        let mut first: Option<Npsn> = None;
        for space in Space::ALL.into_iter().filter(|space| *space != Space::Format) {
            self.each(space, from.as_bytes(), &mut |bytes, _| {
                let (npsn, _) = split_scope(space, bytes)?;
                first = Some(first.map_or(npsn, |first| first.min(npsn)));
                Ok(Flow::Stop)
            })?;
        }
        Ok(first)
    }

    /// Scans with a visitor whose errors are the store's.
    pub(crate) fn each(&self, space: Space, from: &[u8], visit: &mut VisitRow<'_>) -> Result<(), StoreError> {
        let mut failed = None;
        self.engine.scan(space, from, &mut |key, value| match visit(key, value) {
            Ok(flow) => Ok(flow),
            Err(error) => {
                failed = Some(error);
                Ok(Flow::Stop)
            }
        })?;
        failed.map_or(Ok(()), Err)
    }
}

impl fmt::Debug for Changelog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changelog").finish_non_exhaustive()
    }
}

/// The rows of one school.
///
/// It is what `selaras_sync` reads and the host commits to.
#[derive(Clone, Debug)]
pub struct SchoolStore {
    changelog: Changelog,
    npsn: Npsn,
}

impl SchoolStore {
    /// Gives the school's number.
    #[must_use]
    pub const fn npsn(&self) -> Npsn {
        self.npsn
    }

    pub(crate) fn changelog(&self) -> &Changelog {
        &self.changelog
    }

    /// Reads the whole store that this school lies in, as [`Changelog::verify`].
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the first thing that does not hold.
    pub fn verify(&self) -> Result<(), StoreError> {
        self.changelog.verify()
    }

    /// Gives those rows of a range that can still be read, in order, and says how many cannot: for a store that is
    /// damaged, of which a scan gives nothing behind the first such row.
    ///
    /// # Errors
    /// As the engine or the visitor gives them; rows that were given before are as they were written.
    pub fn salvage(
        &self,
        range: &Range,
        visit: &mut dyn FnMut(Key, Row) -> Result<Flow, StoreError>,
    ) -> Result<u64, StoreError> {
        let stretch = keys::stretch(self.npsn, range);
        let space = stretch.space;
        let mut unreadable = 0;
        self.changelog.each(space, &stretch.from, &mut |bytes, row| {
            if !bytes.starts_with(&stretch.prefix) {
                return Ok(Flow::Stop);
            }
            let key = split_scope(space, bytes).ok().and_then(|(_, key)| keys::decode(space, key));
            let row = frame::unwrap(space, bytes, row).and_then(|body| rows::decode(space, body));
            match (key, row) {
                (Some(key), Ok(row)) => visit(key, row),
                _ => {
                    unreadable += 1;
                    Ok(Flow::Continue)
                }
            }
        })?;
        Ok(unreadable)
    }
}

impl ReadStore for SchoolStore {
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        let (space, bytes) = keys::encode(self.npsn, key);
        let Some(row) = self.changelog.engine.get(space, &bytes)? else { return Ok(None) };
        rows::decode(space, frame::unwrap(space, &bytes, &row)?).map(Some)
    }

    fn scan(
        &self,
        range: &Range,
        visit: &mut dyn FnMut(Key, Row) -> Result<Flow, StoreError>,
    ) -> Result<(), StoreError> {
        let stretch = keys::stretch(self.npsn, range);
        let space = stretch.space;
        self.changelog.each(space, &stretch.from, &mut |bytes, row| {
            if !bytes.starts_with(&stretch.prefix) {
                return Ok(Flow::Stop);
            }
            let (_, key) = split_scope(space, bytes)?;
            let key = keys::decode(space, key).ok_or_else(|| damaged(space, "has a key of another kind"))?;
            visit(key, rows::decode(space, frame::unwrap(space, bytes, row)?)?)
        })
    }
}

impl Store for SchoolStore {
    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut writes = Vec::with_capacity(batch.len());
        for (key, row) in batch.writes() {
            check_key(key)?;
            let (space, key) = keys::encode(self.npsn, key);
            let value = match row {
                Some(row) => Some(frame::wrap(space, &key, &rows::encode(space, row)?)),
                None => None,
            };
            writes.push(Write { space, key, value });
        }
        // The engine holds the batch to its limits, which are the store's.
        Ok(self.changelog.engine.commit(&writes)?)
    }
}

fn check_format(row: &[u8]) -> Result<(), StoreError> {
    let body = frame::unwrap(Space::Format, FORMAT_KEY, row)?;
    let found = u32::from_be_bytes(body.try_into().map_err(|_| damaged(Space::Format, "cannot be read"))?);
    // Older formats are migrated here, one number at a time, once there are any.
    if found == STORE_FORMAT { Ok(()) } else { Err(StoreError::Version { found, known: STORE_FORMAT }) }
}

/// Refuses keys that could be written and never be read.
fn check_key(key: &Key) -> Result<(), StoreError> {
    match key {
        Key::Local(name) if !(1..=MAX_LOCAL).contains(&name.len()) => {
            Err(rows::unfit("a row of the host's own has a name of 1 to 128 bytes"))
        }
        Key::Finding(subject) if subject.is_empty() => Err(rows::unfit("a finding needs a subject")),
        _ => Ok(()),
    }
}

/// The longest name of a row of the host's own, in bytes.
const MAX_LOCAL: usize = 128;

pub(crate) fn split_scope(space: Space, bytes: &[u8]) -> Result<(Npsn, &[u8]), StoreError> {
    let no_school = || damaged(space, "belongs to no school");
    let (npsn, key) = bytes.split_first_chunk::<SCOPE>().ok_or_else(no_school)?;
    Ok((Npsn::from_bytes(*npsn).map_err(|_| no_school())?, key))
}

fn check_gap(previous: Option<(Npsn, LogVersion)>, npsn: Npsn, version: LogVersion) -> Result<(), StoreError> {
    match previous {
        Some((school, before)) if school == npsn && before.next() != version => {
            Err(StoreError::Damaged(format!("the log of {npsn} has a gap after {before}")))
        }
        _ => Ok(()),
    }
}
