//! What readers keep in memory beside the store so that lists and searches are quick: every record of an entity in
//! brief, brought up to date by what was committed since.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use selaras_model::{EntityCode, FieldKind, RecordId, RecordKey, Value};
use selaras_sync::{Flow, Key, Range, Row};

use super::forms;
use crate::failure::Failure;
use crate::service::{MAX_DEPTH, Open, Titles};

/// Entities of which briefs are kept; the one that was used longest ago goes.
const MAX_KEPT: usize = 6;

/// Records of an entity that are counted while a page waits.
const COUNTED_AT_ONCE: usize = 1_000;

/// A record in brief.
#[derive(Clone)]
pub(crate) struct Brief {
    pub(crate) id: RecordId,
    /// What people call it.
    pub(crate) title: Box<str>,
    /// What a search looks at, in lower case: the title and what else identifies it.
    search: Box<str>,
    /// The values of the list's columns, then those of its filters.
    pub(crate) cells: Box<[Value]>,
}

/// All live records of an entity.
#[derive(Default)]
pub(crate) struct Briefs {
    by_id: BTreeMap<RecordId, Brief>,
    /// How much had been committed when they were read.
    seen: u64,
    used: u64,
}

/// How many live records an entity has, and how much of them is filled in.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) records: usize,
    /// Fields with a value.
    pub(crate) filled: usize,
    /// Fields in all.
    pub(crate) fields: usize,
}

/// What is kept, by entity.
#[derive(Default)]
pub(crate) struct Beside {
    kept: Mutex<Kept>,
    tallies: Mutex<BTreeMap<EntityCode, (u64, Tally)>>,
    counting: AtomicBool,
}

#[derive(Default)]
struct Kept {
    briefs: BTreeMap<EntityCode, Arc<Briefs>>,
    clock: u64,
}

impl Briefs {
    /// The records whose text holds every word of what is searched for.
    pub(crate) fn search<'a>(&'a self, text: &str) -> impl Iterator<Item = &'a Brief> {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        self.by_id.values().filter(move |brief| words.iter().all(|word| brief.search.contains(word.as_str())))
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Brief> {
        self.by_id.values()
    }
}

impl Beside {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The records of an entity as they are now.
    pub(crate) fn briefs(&self, open: &Open, entity: EntityCode) -> Result<Arc<Briefs>, Failure> {
        let mut kept = self.kept();
        kept.clock += 1;
        let clock = kept.clock;
        let before = kept.briefs.remove(&entity);
        let now = bring_up_to_date(open, entity, before, clock)?;
        kept.briefs.insert(entity, Arc::clone(&now));
        if kept.briefs.len() > MAX_KEPT
            && let Some(oldest) = kept.briefs.iter().min_by_key(|(_, briefs)| briefs.used).map(|(entity, _)| *entity)
        {
            kept.briefs.remove(&oldest);
        }
        Ok(now)
    }

    /// How many live records an entity has, as it was counted last; none before that. What is small is counted at
    /// once, the rest by [`Beside::count_all`].
    pub(crate) fn tally(&self, open: &Open, entity: EntityCode) -> Result<Option<Tally>, Failure> {
        let known = self.tallies().get(&entity).copied();
        match known {
            Some((seen, tally)) if !is_changed(open, entity, seen) || tally.records > COUNTED_AT_ONCE => {
                Ok(Some(tally))
            }
            Some(_) => self.count(open, entity).map(Some),
            None => Ok(None),
        }
    }

    /// Whether some entity has to be counted.
    pub(crate) fn has_to_count(&self, open: &Open) -> bool {
        let tallies = self.tallies();
        open.rules()
            .pack
            .entities()
            .iter()
            .any(|entity| tallies.get(&entity.code).is_none_or(|(seen, _)| is_changed(open, entity.code, *seen)))
    }

    /// Counts everything that has changed, unless another thread is at it.
    pub(crate) fn count_all(&self, open: &Open) -> Result<(), Failure> {
        if self.counting.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let counted = open.rules().pack.entities().iter().try_for_each(|entity| {
            let known = self.tallies().get(&entity.code).copied();
            if known.is_none_or(|(seen, _)| is_changed(open, entity.code, seen)) {
                self.count(open, entity.code)?;
            }
            Ok(())
        });
        self.counting.store(false, Ordering::Release);
        counted
    }

    fn count(&self, open: &Open, entity: EntityCode) -> Result<Tally, Failure> {
        let (now, _) = open.turns().changed_since(u64::MAX);
        let fields = open.rules().pack.entity(entity).map_or(0, |entity| entity.fields().len());
        let mut tally = Tally::default();
        open.store().scan(&Range::Views(entity, None), &mut |_, row| {
            if let Row::View(row) = row
                && !row.deleted
            {
                tally.records += 1;
                tally.filled += row.fields.iter().filter(|(_, value)| !value.is_null()).count();
                tally.fields += fields;
            }
            Ok(Flow::Continue)
        })?;
        self.tallies().insert(entity, (now, tally));
        Ok(tally)
    }

    fn tallies(&self) -> MutexGuard<'_, BTreeMap<EntityCode, (u64, Tally)>> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_changed(open: &Open, entity: EntityCode, seen: u64) -> bool {
    let (_, changed) = open.turns().changed_since(seen);
    changed.is_none_or(|keys| keys.iter().any(|key| key.entity == entity))
}

fn bring_up_to_date(
    open: &Open,
    entity: EntityCode,
    before: Option<Arc<Briefs>>,
    clock: u64,
) -> Result<Arc<Briefs>, Failure> {
    let (now, changed) = open.turns().changed_since(before.as_ref().map_or(0, |briefs| briefs.seen));
    let (Some(mut briefs), Some(changed)) = (before, changed) else { return read(open, entity, now, clock) };
    // A title of another record, such as the student's of a membership, is part of the brief.
    let refers = |key: &RecordKey| key.entity != entity && refers_to(open, entity, key.entity, MAX_DEPTH);
    if changed.iter().any(refers) {
        return read(open, entity, now, clock);
    }
    let own: Vec<RecordId> = changed.iter().filter(|key| key.entity == entity).map(|key| key.id).collect();
    // A page that still reads the old ones keeps them; then these are copied.
    let kept = Arc::try_unwrap(briefs);
    let mut kept = kept.unwrap_or_else(|shared| Briefs { by_id: shared.by_id.clone(), seen: 0, used: 0 });
    for id in own {
        match open.known_record(RecordKey { entity, id })?.filter(|record| !record.deleted) {
            Some(record) => drop(kept.by_id.insert(id, brief(open, &record)?)),
            None => drop(kept.by_id.remove(&id)),
        }
    }
    (kept.seen, kept.used) = (now, clock);
    briefs = Arc::new(kept);
    Ok(briefs)
}

/// Whether a title of one entity may be made of a title of the other, over so many references.
fn refers_to(open: &Open, entity: EntityCode, other: EntityCode, depth: usize) -> bool {
    let fields = open.rules().pack.entity(entity).map(selaras_model::Entity::fields).unwrap_or_default();
    let further = |to| to == other || depth > 1 && refers_to(open, to, other, depth - 1);
    fields.iter().any(|field| matches!(field.kind, FieldKind::Ref { entity: to } if further(to)))
}

fn read(open: &Open, entity: EntityCode, seen: u64, used: u64) -> Result<Arc<Briefs>, Failure> {
    let mut by_id = BTreeMap::new();
    let mut failed = None;
    let mut titles = BTreeMap::new();
    open.store().scan(&Range::Views(entity, None), &mut |key, row| {
        let (Key::View(key), Row::View(row)) = (key, row) else { return Ok(Flow::Continue) };
        if row.deleted {
            return Ok(Flow::Continue);
        }
        let record = selaras_model::Record { entity, id: key.id, deleted: false, fields: row.fields };
        match brief_with(open, &record, &mut titles) {
            Ok(brief) => drop(by_id.insert(key.id, brief)),
            Err(failure) => failed = Some(failure),
        }
        Ok(if failed.is_none() { Flow::Continue } else { Flow::Stop })
    })?;
    failed.map_or(Ok(()), Err)?;
    Ok(Arc::new(Briefs { by_id, seen, used }))
}

fn brief(open: &Open, record: &selaras_model::Record) -> Result<Brief, Failure> {
    brief_with(open, record, &mut BTreeMap::new())
}

fn brief_with(open: &Open, record: &selaras_model::Record, titles: &mut Titles) -> Result<Brief, Failure> {
    let Some(entity) = open.rules().pack.entity(record.entity) else { return Err(Failure::new("input.entity")) };
    let title = open.describe(record, titles)?;
    let mut search = title.to_lowercase();
    for field in forms::searched(entity) {
        if let Some(text) = record.text(&field.name) {
            search.push('\n');
            search.push_str(&text.to_lowercase());
        }
    }
    let shown = forms::columns(entity).into_iter().chain(forms::filters(entity));
    let cells = shown.map(|field| record.get(&field.name).clone()).collect();
    Ok(Brief { id: record.id, title: title.into(), search: search.into(), cells })
}
