//! What readers keep in memory beside the store so that lists and searches are quick: every record of an entity in
//! brief, brought up to date by what was committed since.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use selaras_model::{EntityCode, FieldKind, RecordId, RecordKey, Value};
use selaras_policy::SchoolView as _;
use selaras_sync::{Flow, Key, Range, Row};

use super::forms;
use crate::failure::Failure;
use crate::service::{MAX_DEPTH, Open, Titles};

/// Records of which briefs are kept: all of a school of 5,000 students, some 400 bytes each. Of more, the entity that was
/// used longest ago goes.
const MAX_KEPT: usize = 100_000;

/// Records that are brought up to date one by one; of more, the whole entity is read.
const MAX_ONE_BY_ONE: usize = 1_000;

/// Records of an entity that are counted while a page waits.
const COUNTED_AT_ONCE: usize = 1_000;

/// A record in brief.
#[derive(Clone)]
pub(crate) struct Brief {
    pub(crate) id: RecordId,
    /// What people call it.
    pub(crate) title: Box<str>,
    /// What a search looks at besides the title, in lower case.
    more: Box<str>,
    /// The values of the list's columns, then those of its filters.
    pub(crate) cells: Box<[Value]>,
}

/// All live records of an entity.
#[derive(Default)]
pub(crate) struct Briefs {
    by_id: BTreeMap<RecordId, Brief>,
    /// The place of each when all are sorted by their titles; made when somebody sorts by it.
    ranks: OnceLock<HashMap<RecordId, u32>>,
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

impl Brief {
    /// The value at a place that [`forms::cell`] gives.
    pub(crate) fn cell(&self, at: Option<usize>) -> Option<&Value> {
        self.cells.get(at?)
    }
}

impl Briefs {
    /// The records whose text holds every word of what is searched for.
    pub(crate) fn search<'a>(&'a self, text: &str) -> impl Iterator<Item = &'a Brief> {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        self.by_id.values().filter(move |brief| {
            let title = if words.is_empty() { String::new() } else { brief.title.to_lowercase() };
            words.iter().all(|word| title.contains(word.as_str()) || brief.more.contains(word.as_str()))
        })
    }

    /// The place of a record when all are sorted by their titles.
    pub(crate) fn rank(&self, id: RecordId) -> Option<u32> {
        let ranks = self.ranks.get_or_init(|| {
            let mut sorted: Vec<(String, RecordId)> =
                self.by_id.values().map(|brief| (brief.title.to_lowercase(), brief.id)).collect();
            sorted.sort_unstable();
            sorted.into_iter().map(|(_, id)| id).zip(0..).collect()
        });
        ranks.get(&id).copied()
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
        while kept.briefs.values().map(|briefs| briefs.len()).sum::<usize>() > MAX_KEPT
            && let Some(oldest) = kept.briefs.iter().min_by_key(|(_, briefs)| briefs.used).map(|(entity, _)| *entity)
            && oldest != entity
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
        let warmed = counted.and_then(|()| self.warm(open));
        self.counting.store(false, Ordering::Release);
        warmed
    }

    /// Reads the largest entities before somebody asks for their lists.
    fn warm(&self, open: &Open) -> Result<(), Failure> {
        let mut sizes: Vec<(usize, EntityCode)> =
            self.tallies().iter().map(|(entity, (_, tally))| (tally.records, *entity)).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let mut left = MAX_KEPT;
        let large = sizes.into_iter().filter(|(records, _)| *records > COUNTED_AT_ONCE).take_while(|(records, _)| {
            left = left.saturating_sub(*records);
            left > 0
        });
        for (_, entity) in large {
            self.briefs(open, entity)?;
        }
        Ok(())
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
    let mut own: BTreeSet<RecordId> = changed.iter().filter(|key| key.entity == entity).map(|key| key.id).collect();
    // A title of another record, such as the student's of a membership, is part of the brief.
    for key in changed.iter().filter(|key| key.entity != entity) {
        if !referring(open, entity, *key, MAX_DEPTH, &mut own)? {
            return read(open, entity, now, clock);
        }
    }
    // A page that still reads the old ones keeps them; then these are copied.
    let kept = Arc::try_unwrap(briefs);
    let mut kept = kept.unwrap_or_else(|shared| Briefs { by_id: shared.by_id.clone(), ..Briefs::default() });
    if !own.is_empty() {
        kept.ranks.take();
    }
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

/// Adds the records of an entity that refer to another record, over so many references; tells whether these are all,
/// or there are too many.
fn referring(
    open: &Open,
    entity: EntityCode,
    to: RecordKey,
    depth: usize,
    found: &mut BTreeSet<RecordId>,
) -> Result<bool, Failure> {
    let fields = open.rules().pack.entity(entity).map(selaras_model::Entity::fields).unwrap_or_default();
    for field in fields {
        let FieldKind::Ref { entity: target } = field.kind else { continue };
        let mut targets = BTreeSet::new();
        if target == to.entity {
            targets.insert(to.id);
        } else if depth > 1 && !referring(open, target, to, depth - 1, &mut targets)? {
            return Ok(false);
        }
        for id in targets {
            let visited = open.school().view().with_value(entity, &field.name, &Value::Ref(id), &mut |id| {
                found.insert(id);
            });
            visited.map_err(|_| Failure::new("store.damaged").arg("reason", "index"))?;
            if found.len() > MAX_ONE_BY_ONE {
                return Ok(false);
            }
        }
    }
    Ok(true)
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
    Ok(Arc::new(Briefs { by_id, seen, used, ..Briefs::default() }))
}

fn brief(open: &Open, record: &selaras_model::Record) -> Result<Brief, Failure> {
    brief_with(open, record, &mut BTreeMap::new())
}

fn brief_with(open: &Open, record: &selaras_model::Record, titles: &mut Titles) -> Result<Brief, Failure> {
    let Some(entity) = open.rules().pack.entity(record.entity) else { return Err(Failure::new("input.entity")) };
    let title = open.describe(record, titles)?;
    let mut more = String::new();
    for field in forms::searched(entity) {
        if let Some(text) = record.text(&field.name) {
            more.push_str(&text.to_lowercase());
            more.push('\n');
        }
    }
    let shown = forms::columns(entity).into_iter().chain(forms::filters(entity));
    let cells = shown.map(|field| record.get(&field.name).clone()).collect();
    Ok(Brief { id: record.id, title: title.into(), more: more.into(), cells })
}
