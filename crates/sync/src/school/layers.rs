//! The layers of a record: base, sealed change, and what was typed since.

use selaras_merge::{Conflict, Document, Edit, HeadPrefix, MergeError, Resolved, head_prefix, mint};
use selaras_model::{Actor, ChangeHash, Pack, Record, RecordKey, Side};

use super::School;
use super::part::Part;
use crate::edits::nameable;
use crate::error::SchoolError;
use crate::state::Sealed;
use crate::store::{DraftRow, Flow, Key, Range, ReadStore, Row, StoreError};
use crate::work::{Work, WorkError};

/// What stands over the base of a record.
pub(super) struct Drafts {
    /// In the sealed bundle.
    pub(super) sealed: Option<DraftRow>,
    /// Typed since, or released.
    pub(super) open: Option<DraftRow>,
    /// Generations of the rows.
    pub(super) generations: Vec<u32>,
}

/// Base merged with the sealed change: what people's drafts stand on.
#[derive(Default)]
pub(super) struct Floor {
    pub(super) document: Option<Document>,
    pub(super) record: Option<Record>,
    pub(super) heads: Vec<ChangeHash>,
    pub(super) conflicts: Vec<Conflict>,
}

impl Floor {
    pub(super) fn prefixes(&self) -> Vec<HeadPrefix> {
        prefixes(&self.heads)
    }

    pub(super) fn of(document: Document, resolved: Resolved) -> Self {
        let Resolved { record, heads, conflicts } = resolved;
        Self { document: Some(document), record: Some(record), heads, conflicts }
    }
}

pub(super) fn prefixes(heads: &[ChangeHash]) -> Vec<HeadPrefix> {
    let mut prefixes: Vec<HeadPrefix> = heads.iter().map(head_prefix).collect();
    prefixes.sort_unstable();
    prefixes
}

pub(super) fn edit_of(draft: &DraftRow) -> Edit {
    Edit { heads: nameable(&draft.heads).to_vec(), fields: draft.fields.clone(), deleted: draft.deleted }
}

/// Puts a newer draft over an older one; the older one's heads stand.
pub(super) fn combine(older: DraftRow, newer: DraftRow) -> DraftRow {
    let mut fields = older.fields;
    fields.extend(newer.fields);
    DraftRow {
        heads: older.heads,
        fields,
        deleted: newer.deleted.or(older.deleted),
        author: newer.author,
        typed_at: newer.typed_at,
    }
}

/// Reads a record's drafts; those of the sealed part are in the bundle.
pub(super) fn drafts(store: &dyn ReadStore, key: RecordKey, sealed: Option<&Part>) -> Result<Drafts, StoreError> {
    let mut drafts = Drafts { sealed: None, open: None, generations: Vec::new() };
    store.scan(&Range::DraftsOf(key), &mut |row_key, row| {
        if let (Key::Draft(_, generation), Row::Draft(row)) = (row_key, row) {
            drafts.take(key, generation, row, sealed);
        }
        Ok(Flow::Continue)
    })?;
    Ok(drafts)
}

impl Drafts {
    fn take(&mut self, key: RecordKey, generation: u32, row: DraftRow, sealed: Option<&Part>) {
        self.generations.push(generation);
        let is_sealed = sealed.is_some_and(|part| part.holds(key, generation));
        let place = if is_sealed { &mut self.sealed } else { &mut self.open };
        *place = Some(match place.take() {
            Some(older) => combine(older, row),
            None => row,
        });
    }
}

/// Gives all records with drafts, in order.
pub(super) fn each_draft(
    store: &dyn ReadStore,
    from: Option<RecordKey>,
    sealed: Option<&Part>,
    visit: &mut dyn FnMut(RecordKey, Drafts) -> Result<Flow, StoreError>,
) -> Result<(), StoreError> {
    let mut current: Option<(RecordKey, Drafts)> = None;
    let mut stopped = false;
    store.scan(&Range::Drafts(from), &mut |key, row| {
        let (Key::Draft(key, generation), Row::Draft(row)) = (key, row) else { return Ok(Flow::Continue) };
        let other = current.as_ref().is_some_and(|(at, _)| *at != key);
        if let Some((key, drafts)) = current.take_if(|_| other)
            && visit(key, drafts)? == Flow::Stop
        {
            stopped = true;
            return Ok(Flow::Stop);
        }
        let (_, drafts) =
            current.get_or_insert_with(|| (key, Drafts { sealed: None, open: None, generations: Vec::new() }));
        drafts.take(key, generation, row, sealed);
        Ok(Flow::Continue)
    })?;
    if let Some((key, drafts)) = current.filter(|_| !stopped) {
        visit(key, drafts)?;
    }
    Ok(())
}

/// Merges the sealed change into the base, on a copy.
pub(super) fn floor(
    pack: &Pack,
    key: RecordKey,
    document: Option<&Document>,
    sealed: Option<(&DraftRow, &Actor)>,
) -> Result<Floor, WorkError> {
    let failed = |error| WorkError::Merge { record: key, error };
    let merged = match sealed {
        Some((draft, actor)) => Some(sealed_on(document, actor, draft).map_err(failed)?),
        None => None,
    };
    match merged.or_else(|| document.cloned()) {
        Some(document) => {
            let resolved = document.resolve(pack, key.entity, key.id).map_err(failed)?;
            Ok(Floor::of(document, resolved))
        }
        None => Ok(Floor::default()),
    }
}

/// Merges the sealed change of a record. One that stands on what no log has any more will be refused; until the centre has
/// said so people see what they sealed.
fn sealed_on(document: Option<&Document>, actor: &Actor, draft: &DraftRow) -> Result<Document, MergeError> {
    match mint(document, actor, &edit_of(draft)) {
        Ok((document, _)) => Ok(document),
        Err(MergeError::UnknownHeads | MergeError::AmbiguousHeads) => {
            let heads = document.map(Document::heads).unwrap_or_default();
            let edit = Edit { heads: prefixes(&heads), ..edit_of(draft) };
            mint(document, actor, &edit).map(|(document, _)| document)
        }
        Err(error) => Err(error),
    }
}

/// Whether a draft's heads are in the record.
pub(super) fn stands(floor: &Floor, heads: &[HeadPrefix]) -> bool {
    match &floor.document {
        Some(document) => document.resolve_heads_prefixes(heads).is_ok(),
        None => heads.is_empty(),
    }
}

/// Puts a draft over a floor, as people see it. What is the centre's meanwhile is set aside: kept, and not shown as the
/// record's.
pub(super) fn overlay(pack: &Pack, key: RecordKey, floor: Option<&Record>, draft: &DraftRow) -> Record {
    let mut record = floor.cloned().unwrap_or_else(|| Record::new(key));
    let ours = |name: &str| floor.is_none_or(|floor| pack.owner(key.entity, name, &floor.fields) == Side::School);
    for (name, value) in draft.fields.iter().filter(|(name, _)| ours(name)) {
        record.fields.insert(name.clone(), value.clone());
    }
    if let Some(deleted) = draft.deleted {
        record.deleted = deleted;
    }
    record
}

/// Whether a draft says nothing that the floor does not, and decides nothing.
fn says_nothing(draft: &DraftRow, floor: &Floor) -> bool {
    let Some(record) = &floor.record else { return false };
    let same = draft.fields.iter().all(|(name, value)| record.get(name) == value)
        && draft.deleted.is_none_or(|deleted| deleted == record.deleted);
    let decides = draft.heads == floor.prefixes()
        && floor.conflicts.iter().any(|conflict| match &conflict.subject {
            selaras_merge::Subject::Field(field) => draft.fields.contains_key(field),
            selaras_merge::Subject::EditedWhileDeleted => draft.deleted.is_some(),
        });
    same && !decides
}

impl School<'_> {
    /// Writes a record's draft, view and conflict mark anew; `document` is its base.
    pub(super) fn refresh(
        &self,
        work: &mut Work<'_>,
        key: RecordKey,
        drafts: Drafts,
        floor: &Floor,
    ) -> Result<(), SchoolError> {
        let mut open = drafts.open;
        if open.as_ref().is_some_and(|draft| says_nothing(draft, floor)) {
            self.drop_rows(work, key, &drafts.generations)?;
            open = None;
        }
        if let Some(draft) = open.as_mut().filter(|draft| !stands(floor, &draft.heads)) {
            // It was typed on what no log knows: it stands on what it stood on there, or on the record as it is now.
            let noted = Self::take_ground(work, key)?.filter(|heads| stands(floor, heads));
            draft.heads = noted.unwrap_or_else(|| floor.prefixes());
            self.put_draft(work, key, draft, &drafts.generations)?;
        }
        let seen = match &open {
            Some(draft) => Some(overlay(&self.rules.pack, key, floor.record.as_ref(), draft)),
            None => floor.record.clone(),
        };
        work.set_view(key, seen)?;
        let stale = open.as_ref().is_some_and(|draft| draft.heads != floor.prefixes());
        work.mark_conflict(key, stale || !floor.conflicts.is_empty())?;
        Ok(())
    }

    /// Writes the open draft of a record in place of these rows.
    pub(super) fn put_draft(
        &self,
        work: &mut Work<'_>,
        key: RecordKey,
        draft: &DraftRow,
        generations: &[u32],
    ) -> Result<(), SchoolError> {
        self.drop_rows(work, key, generations)?;
        let generation = self.position()?.generation;
        work.put(Key::Draft(key, generation), Row::Draft(draft.clone()));
        Ok(())
    }

    /// Removes the rows of open drafts.
    pub(super) fn drop_rows(
        &self,
        work: &mut Work<'_>,
        key: RecordKey,
        generations: &[u32],
    ) -> Result<(), SchoolError> {
        let part = self.part(&work.read())?;
        let is_open = |generation: &&u32| part.as_ref().is_none_or(|part| !part.holds(key, **generation));
        for generation in generations.iter().filter(is_open) {
            work.remove(Key::Draft(key, *generation));
        }
        Ok(())
    }

    /// The sealed bundle as this work leaves it.
    pub(super) fn sealed_in(&self, work: &Work<'_>) -> Result<Option<Sealed>, SchoolError> {
        Ok(crate::state::read(&work.read(), crate::store::StateName::Sealed)?)
    }

    /// A record's drafts and floor as this work leaves them.
    pub(super) fn layers(
        &self,
        work: &Work<'_>,
        key: RecordKey,
        document: Option<&Document>,
    ) -> Result<(Drafts, Floor), SchoolError> {
        let sealed = self.sealed_in(work)?;
        let drafts = drafts(&work.read(), key, self.part(&work.read())?.as_ref())?;
        let actor = sealed.as_ref().map(|sealed| self.sealed_actor(sealed)).transpose()?;
        let floor = floor(&self.rules.pack, key, document, drafts.sealed.as_ref().zip(actor.as_ref()))?;
        Ok((drafts, floor))
    }
}
