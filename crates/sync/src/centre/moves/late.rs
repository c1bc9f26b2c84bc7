//! What the old school writes about who has left: it was typed before anybody there knew, or lay approved on another
//! computer. It goes on to the new school as an act of the centre.
//!
//! There it builds on the arrival, and on what else came late that its author had seen, not on what the new school has typed
//! since: where two wrote one field without knowing of each other, both values stay until a person there decides.

use std::collections::{BTreeMap, BTreeSet};

use selaras_merge::{Edit, Subject};
use selaras_model::{Actor, EntityCode, EntryHash, Fields, LogVersion, Npsn, RecordId, RecordKey, Value};
use serde::{Deserialize, Serialize};

use super::note::{self, ARRIVALS, DEPARTURES, MoveRow, MoveState};
use super::{Acting, Centre, Mover};
use crate::entry::{LogEntry, Origin, act_actor, entry_hash};
use crate::error::CentreError;
use crate::page::{edits_of, entry_at};
use crate::step::Step;
use crate::store::StoreError;
use crate::work::{Work, WorkError};

/// Entries that are looked through at one contact; the next goes on.
const MAX_LOOKED: u64 = 200;
/// Entries that were kept back and are tried again at one contact; the next begins behind them.
const MAX_AGAIN: usize = 10;

/// What one entry of a school's log wrote about people who had left for another.
#[derive(Clone)]
pub struct LateEdits {
    /// The school that they left for.
    pub to: Npsn,
    from: Npsn,
    /// The entry's place in the old school's log.
    at: LogVersion,
    /// The entry, as it was signed first.
    entry: EntryHash,
    edits: Vec<LateEdit>,
}

#[derive(Clone)]
struct LateEdit {
    who: Mover,
    person: RecordId,
    key: RecordKey,
    fields: Fields,
    /// Whether it makes the record: a line of a career that was typed late.
    makes: bool,
    /// Whether a value that went along with the person stands beside it at the old school: who typed it had not seen that.
    beside: bool,
    /// Entries before this one that wrote the record late too, and that whoever typed had seen.
    seen: Vec<EntryHash>,
}

// Values are a person's data.
impl std::fmt::Debug for LateEdits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LateEdits").field("to", &self.to).field("edits", &self.edits.len()).finish_non_exhaustive()
    }
}

/// What of a school's log has to go on to others, up to a version: what was kept back before, and what came since.
#[derive(Debug, Clone)]
pub struct LatePage {
    /// By entry and school, in the log's order.
    pub edits: Vec<LateEdits>,
    /// How far the log was looked through.
    pub until: LogVersion,
    /// Entries that were kept back before, and are tried now.
    again: BTreeSet<LogVersion>,
    /// The last of them by their turn.
    last: Option<LogVersion>,
    /// Entries that were kept back before, and whose turn it is not.
    waiting: BTreeSet<EntryHash>,
    /// Entries that have not gone on whole.
    kept: BTreeMap<LogVersion, Kept>,
}

/// An entry of which something has not gone on yet: its school does not take it now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    /// As it was signed first; none where it could not be read.
    entry: Option<EntryHash>,
}

impl LatePage {
    /// Whether some of it has to wait for other edits that were kept back: whoever typed it had seen those.
    #[must_use]
    pub fn waits(&self, late: &LateEdits) -> bool {
        let kept: BTreeSet<EntryHash> = self.kept.values().filter_map(|kept| kept.entry).collect();
        let mut seen = late.edits.iter().flat_map(|edit| &edit.seen);
        seen.any(|entry| kept.contains(entry) || self.waiting.contains(entry))
    }

    /// Keeps edits back that did not go on: they are tried again, and hold up no others.
    pub fn keep_back(&mut self, late: &LateEdits) {
        self.kept.insert(late.at, Kept { entry: Some(late.entry) });
    }

    fn is_idle(&self) -> bool {
        self.edits.is_empty() && self.again.is_empty() && self.kept.is_empty()
    }
}

/// Who has left this school.
type Gone = BTreeMap<(Mover, RecordId), MoveRow>;

impl Centre<'_> {
    /// Looks what the school wrote about people who had left; none where the log was looked through.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn late_edits(&self) -> Result<Option<LatePage>, CentreError> {
        if self.healing()?.is_some() {
            return Ok(None);
        }
        let mut gone = Gone::new();
        for who in Mover::ALL {
            for (person, row) in self.move_rows(DEPARTURES, who)? {
                if row.state == MoveState::Left {
                    gone.insert((who, person), row);
                }
            }
        }
        let Some(first) = gone.values().map(|row| row.since).min() else { return Ok(None) };
        let head = self.position()?.version;
        let began = self.looked()?.max(first);
        let mut version = began;
        let until = version.max(head.min(LogVersion::new(version.get().saturating_add(MAX_LOOKED))));
        let mut page = self.kept_back(until)?;
        for version in page.again.clone() {
            self.look_at(version, &gone, &mut page);
        }
        while version < until {
            version = version.next();
            self.look_at(version, &gone, &mut page);
        }
        Ok((until > began || !page.is_idle()).then_some(page))
    }

    /// Finds what an entry wrote late. One that cannot be read now is kept back like one that does not go on.
    fn look_at(&self, version: LogVersion, gone: &Gone, page: &mut LatePage) {
        let before = page.edits.len();
        if self.late_edits_of(version, gone, &mut page.edits).is_err() {
            page.edits.truncate(before);
            page.kept.insert(version, Kept { entry: None });
        }
    }

    /// A page of the entries that were kept back and whose turn it is.
    fn kept_back(&self, until: LogVersion) -> Result<LatePage, StoreError> {
        let mut again = self.kept_entries()?;
        let tried = self.last_again()?;
        let tried = again.partition_point(|(version, _)| *version <= tried);
        again.rotate_left(tried);
        let others = again.split_off(again.len().min(MAX_AGAIN));
        let last = again.last().map(|(version, _)| *version);
        Ok(LatePage {
            edits: Vec::new(),
            until,
            again: again.into_iter().map(|(version, _)| version).collect(),
            last,
            waiting: others.into_iter().filter_map(|(_, kept)| kept.entry).collect(),
            kept: BTreeMap::new(),
        })
    }

    fn late_edits_of(&self, version: LogVersion, gone: &Gone, found: &mut Vec<LateEdits>) -> Result<(), CentreError> {
        let (entry, row) = entry_at(self.store, version)?;
        if !may_be_late(&entry) {
            return Ok(());
        }
        let author = entry.actor();
        let mut by_school: BTreeMap<Npsn, Vec<LateEdit>> = BTreeMap::new();
        for (key, edit) in edits_of(self.blobs, &entry, &row)?.into_edits() {
            let Some((who, person)) = self.whose(key)? else { continue };
            let Some(row) = gone.get(&(who, person)).filter(|row| version > row.since) else { continue };
            if self.is_back(who, person, row)? {
                continue;
            }
            let late = self.late_of(key, row.since)?;
            let Edit { heads, fields, .. } = edit;
            let Some(document) = Work::new(self.store, self.rules).document(key)? else { continue };
            let unmergeable = |error| WorkError::Merge { record: key, error };
            let authors = late.keys().copied().filter(|of| *of != author).collect();
            let within = document.authors_within(&heads, &authors).map_err(unmergeable)?;
            let seen = within.iter().filter_map(|actor| late.get(actor).copied()).collect();
            let resolved = document.resolve(&self.rules.pack, key.entity, key.id).map_err(unmergeable)?;
            let beside = resolved.conflicts.iter().any(|conflict| {
                let mut sides = std::iter::once(&conflict.winner).chain(&conflict.others);
                let ours = sides.clone().any(|side| side.actor == author);
                let written = matches!(&conflict.subject, Subject::Field(name) if fields.contains_key(name));
                written && ours && sides.any(|side| !late.contains_key(&side.actor))
            });
            let edit = LateEdit { who, person, key, makes: heads.is_empty(), fields, beside, seen };
            by_school.entry(row.other).or_default().push(edit);
        }
        let entry = entry.first_life(entry_hash(&row.entry)).entry;
        found.extend(by_school.into_iter().map(|(to, edits)| LateEdits {
            to,
            from: self.npsn,
            at: version,
            entry,
            edits,
        }));
        Ok(())
    }

    /// The entries behind a version that wrote a record late, by the authors of their changes.
    fn late_of(&self, key: RecordKey, since: LogVersion) -> Result<BTreeMap<Actor, EntryHash>, CentreError> {
        let mut late = BTreeMap::new();
        let (mut version, head) = (since, self.position()?.version);
        while version < head {
            version = version.next();
            let (entry, row) = entry_at(self.store, version)?;
            if may_be_late(&entry) && edits_of(self.blobs, &entry, &row)?.edits().iter().any(|(of, _)| *of == key) {
                late.insert(entry.actor(), entry.first_life(entry_hash(&row.entry)).entry);
            }
        }
        Ok(late)
    }

    /// Whose record it is that goes along with a move: the person's own, or one of a career.
    fn whose(&self, key: RecordKey) -> Result<Option<(Mover, RecordId)>, CentreError> {
        for who in Mover::ALL {
            let places = who.places();
            let is = |name: &&str| self.entity_of(name) == Some(key.entity);
            if is(&places.person) {
                return Ok(Some((who, key.id)));
            }
            if places.histories.iter().any(is)
                && let Some(record) = self.record(key)?
                && let Value::Ref(person) = record.get(places.reference)
            {
                return Ok(Some((who, *person)));
            }
        }
        Ok(None)
    }

    fn entity_of(&self, name: &str) -> Option<EntityCode> {
        self.rules.pack.entity_named(name).map(|entity| entity.code)
    }

    /// Takes at the new school what the old one wrote late; none where that was done before. Of records that are not here, or
    /// of whose arrival this log does not say anything, nothing is written but that it was: the entry names the old school's.
    ///
    /// # Errors
    /// As [`Centre::acting`].
    pub fn take_late(&self, late: &LateEdits) -> Result<Option<Acting>, CentreError> {
        self.knows_all()?;
        if self.took_late(late.entry)? {
            return Ok(None);
        }
        let work = Work::new(self.store, self.rules);
        let mut set = Vec::new();
        for LateEdit { who, person, key, fields, makes, beside, seen } in &late.edits {
            let Some(arrival) = self.move_row(ARRIVALS, *who, *person)?.filter(|_| !fields.is_empty()) else {
                continue;
            };
            let Some(document) = work.document(*key)? else {
                set.extend(makes.then(|| (*key, Edit { fields: fields.clone(), ..Edit::default() })));
                continue;
            };
            let (epoch, version) = arrival.author;
            let arrived = BTreeSet::from([act_actor(self.npsn, epoch, version)]);
            let unmergeable = |error| WorkError::Merge { record: *key, error };
            let came_along = !document.last_changes_by(&arrived).map_err(unmergeable)?.is_empty();
            let mut authors = if *beside { BTreeSet::new() } else { arrived };
            for entry in seen {
                authors.extend(self.late_author(*entry)?);
            }
            let last = document.last_changes_by(&authors).map_err(unmergeable)?;
            if came_along && self.live(*key)?.is_some() {
                set.push((*key, Edit { fields: fields.clone(), ..Edit::on(&last) }));
            }
        }
        Ok(Some(Acting::on(note::late_kind(late.entry, late.from), set)))
    }

    /// Notes what has gone on of what was late, and what was kept back.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn late_done(&self, page: &LatePage) -> Result<Step, StoreError> {
        let gone_on = page.again.iter().filter(|version| !page.kept.contains_key(version));
        self.has_looked(page.until, gone_on, &page.kept, page.last.as_ref())
    }
}

/// Whether an entry may hold what has to go on: a school's bundle, or what came late from where somebody was before.
fn may_be_late(entry: &LogEntry) -> bool {
    match &entry.origin {
        Origin::Bundle { .. } => true,
        Origin::Act { kind, .. } => note::is_late(kind),
    }
}
