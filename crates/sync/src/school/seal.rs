//! What would be sealed: exactly what both ends will mint, judged as they will see it.

use std::collections::BTreeMap;

use selaras_merge::{Edit, peek};
use selaras_model::{ChangeHash, Fields, Record, RecordKey, Side};
use selaras_policy::{Changed, Finding, Judge, Level, Overlay, Who};

use super::School;
use super::aside::ASIDE;
use super::layers::{Drafts, Floor, each_draft, edit_of, floor};
use super::look::{ModuleChanges, count};
use super::part::Chosen;
use crate::bundle::{self, Header};
use crate::edits::EditSet;
use crate::error::{Refusal, SchoolError};
use crate::state::{self, Installation, Position};
use crate::store::{DraftRow, Flow, Key, Range, Row, StateName};
use crate::work::{Work, WorkError};

/// Changes that `prepare` shows one by one; beyond that the counts speak.
pub const MAX_SHOWN_CHANGES: usize = 1_000;

/// What would be sealed.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// By module, in the pack's order; modules without any left out.
    pub counts: Vec<(String, ModuleChanges)>,
    /// The first [`MAX_SHOWN_CHANGES`] changes.
    pub changes: Vec<PreparedChange>,
    /// Records in all.
    pub records: u32,
    /// Findings that block.
    pub invalid: Vec<Finding>,
    /// How many do not.
    pub warnings: u32,
}

/// One record's change, as both ends would mint it.
#[derive(Debug, Clone)]
pub struct PreparedChange {
    /// The record.
    pub key: RecordKey,
    /// As the centre knows it.
    pub before: Option<Record>,
    /// As it would be.
    pub after: Record,
}

/// What is being sealed.
#[derive(Default)]
pub(super) struct Sealing {
    pub(super) edits: Vec<(RecordKey, Edit)>,
    pub(super) changes: BTreeMap<RecordKey, ChangeHash>,
    pub(super) counts: BTreeMap<usize, ModuleChanges>,
    shown: Vec<PreparedChange>,
    /// Where what is sealed is not what people see.
    pub(super) differs: Vec<Changed>,
    /// Whether there are drafts of which a part is the centre's by now, and that were not set aside before.
    pub(super) aside: bool,
}

impl School<'_> {
    /// Shows what would be sealed, of all modules or of some, and changes nothing.
    ///
    /// # Errors
    /// `seal.unknown-module`; as the store gives them.
    pub fn prepare(&self, modules: Option<&[String]>) -> Result<Prepared, SchoolError> {
        let position = self.at_rest()?;
        let sealing = self.sealing(&position, &self.chosen(modules)?)?;
        let findings = self.judge_sealing(&sealing.differs, &position)?;
        let (invalid, warnings): (Vec<_>, Vec<_>) =
            findings.into_iter().partition(|finding| finding.level == Level::Invalid);
        Ok(Prepared {
            counts: sealing.counts.iter().map(|(module, count)| (self.module_name(*module), *count)).collect(),
            records: number(sealing.edits.len()),
            changes: sealing.shown,
            invalid,
            warnings: number(warnings.len()),
        })
    }

    pub(super) fn module_name(&self, module: usize) -> String {
        self.rules.pack.modules().get(module).map(|module| module.name.clone()).unwrap_or_default()
    }

    /// Collects what is sealed. Drafts of other modules stay where they are, and what is sealed is judged without them.
    pub(super) fn sealing(&self, position: &Position, chosen: &Chosen) -> Result<Sealing, SchoolError> {
        let part = self.part(self.store)?;
        let actor = self.actor(position.last_sequence.next())?;
        let work = Work::new(self.store, self.rules);
        let mut sealing = Sealing::default();
        let mut failed = None;
        each_draft(self.store, None, part.as_ref(), &mut |key, drafts| {
            let taken = match chosen.has(key.entity) {
                true => self.take(&work, key, drafts, &actor, &mut sealing),
                false => self.leave(&work, key, &drafts, &mut sealing),
            };
            Ok(match taken {
                Ok(()) => Flow::Continue,
                Err(error) => {
                    failed = Some(error);
                    Flow::Stop
                }
            })
        })?;
        failed.map_or(Ok(sealing), Err)
    }

    fn take(
        &self,
        work: &Work<'_>,
        key: RecordKey,
        drafts: Drafts,
        actor: &selaras_model::Actor,
        sealing: &mut Sealing,
    ) -> Result<(), SchoolError> {
        let Some(draft) = drafts.open else { return Ok(()) };
        let document = work.document(key)?;
        let base = floor(&self.rules.pack, key, document.as_ref(), None)?;
        let (ours, theirs) = self.split(key, &base, &draft);
        sealing.aside |= theirs.is_some() && drafts.generations.iter().any(|generation| *generation != ASIDE);
        let Some(ours) = ours else { return Ok(()) };
        let failed = |error| WorkError::Merge { record: key, error };
        let edit = edit_of(&ours);
        let place = (&*self.rules.pack, key.entity, key.id);
        let (resolved, minted) = peek(document.as_ref(), actor, &edit, place).map_err(failed)?;
        let shown = sealing.shown.len() < MAX_SHOWN_CHANGES;
        let stale = edit.heads != base.prefixes();
        if shown || stale {
            let after = resolved.record;
            if stale {
                let before = work.view(key)?;
                sealing.differs.push(Changed { before, after: Some(after.clone()) });
            }
            if shown {
                sealing.shown.push(PreparedChange { key, before: base.record.clone(), after });
            }
        }
        count(sealing.counts.entry(self.module(key.entity)).or_default(), base.record.is_some(), edit.deleted);
        sealing.changes.insert(key, minted.change);
        sealing.edits.push((key, edit));
        Ok(())
    }

    /// Of a record that is left behind the bundle's readers see what the centre knows.
    fn leave(
        &self,
        work: &Work<'_>,
        key: RecordKey,
        drafts: &Drafts,
        sealing: &mut Sealing,
    ) -> Result<(), SchoolError> {
        if drafts.open.is_some() {
            let document = work.document(key)?;
            let after = floor(&self.rules.pack, key, document.as_ref(), None)?.record;
            sealing.differs.push(Changed { before: work.view(key)?, after });
        }
        Ok(())
    }

    /// Parts a draft into what is the school's to send and what is the centre's by now.
    pub(super) fn split(&self, key: RecordKey, base: &Floor, draft: &DraftRow) -> (Option<DraftRow>, Option<DraftRow>) {
        let Some(record) = &base.record else { return (Some(draft.clone()), None) };
        let pack = &self.rules.pack;
        let is_ours = |name: &str| pack.owner(key.entity, name, &record.fields) == Side::School;
        let (ours, theirs): (Fields, Fields) = draft.fields.clone().into_iter().partition(|(name, _)| is_ours(name));
        let may_delete =
            pack.entity(key.entity).is_some_and(|entity| entity.delete.school() && !entity.is_centres(&record.fields));
        let (keep, leave) = if may_delete { (draft.deleted, None) } else { (None, draft.deleted) };
        let of = |fields: Fields, deleted: Option<bool>| {
            (!fields.is_empty() || deleted.is_some()).then(|| DraftRow { fields, deleted, ..draft.clone() })
        };
        (of(ours, keep), of(theirs, leave))
    }

    pub(super) fn header(
        &self,
        position: &Position,
        minted: &BTreeMap<RecordKey, ChangeHash>,
        edits: &EditSet,
    ) -> Result<Header, SchoolError> {
        let installation: Installation = state::need(self.store, StateName::Installation)?;
        let changes = edits.edits().iter().filter_map(|(key, _)| minted.get(key).copied());
        Ok(Header {
            npsn: installation.npsn,
            replica: installation.replica,
            sequence: position.last_sequence.next(),
            previous: position.previous,
            epoch: position.epoch.ok_or_else(|| Refusal::new("seal.pull-first", Who::Operator))?,
            sealed_on: position.version,
            pack: self.rules.pack.hash(),
            rulebook: self.rules.rulebook.hash(),
            minted: bundle::minted_hash(changes),
        })
    }

    /// Judges exactly what is sealed: the stored findings, with those anew that differ from what people see.
    pub(super) fn judge_sealing(&self, differs: &[Changed], position: &Position) -> Result<Vec<Finding>, SchoolError> {
        let mut findings: BTreeMap<Vec<u8>, Vec<Finding>> = BTreeMap::new();
        self.store.scan(&Range::Findings, &mut |key, row| {
            if let (Key::Finding(subject), Row::Findings(rows)) = (key, row) {
                findings.insert(subject, rows.into_iter().map(|row| row.finding).collect());
            }
            Ok(Flow::Continue)
        })?;
        if !differs.is_empty() {
            let view = self.view();
            let afters = differs.iter().filter_map(|changed| changed.after.clone()).collect();
            let mut over = Overlay::new(&view, afters, &self.rules.pack);
            let gone = differs.iter().filter(|changed| changed.after.is_none());
            gone.filter_map(|changed| changed.before.as_ref()).for_each(|record| over.hide(record.key()));
            let judge = Judge::new(&self.rules.pack, &self.rules.rulebook, position.judged_on);
            for (subject, fresh) in judge.incremental(&over, differs)? {
                findings.insert(subject.to_bytes(), fresh);
            }
        }
        Ok(findings.into_values().flatten().collect())
    }
}

pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
