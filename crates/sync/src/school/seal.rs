//! Sealing: the drafts become a bundle that the head has approved, in one commit.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use prost::Message;
use selaras_merge::{Edit, mint};
use selaras_model::{BundleId, ChangeHash, Fields, KeyId, Record, RecordKey, Side};
use selaras_policy::{
    AccountFacts, Approval, ApprovalText, Changed, Entitlement, Finding, Judge, Level, ModuleCount, Overlay, Pass, Who,
    clean, local_entitlement, open,
};

use super::School;
use super::layers::{Drafts, Floor, each_draft, edit_of, floor};
use super::look::{ModuleChanges, count};
use crate::bundle::{self, Bundle, Header};
use crate::edits::{EditSet, EditsError};
use crate::error::{GateClosed, Refusal, SchoolError};
use crate::state::{self, HistoryKind, Installation, Intent, Judged, Phase, Position, Sealed};
use crate::step::{Effect, Step};
use crate::store::{DraftRow, Flow, Key, Range, Row, StateName};
use crate::work::{Work, WorkError};

/// Changes that `prepare` shows one by one; beyond that the counts speak.
pub const MAX_SHOWN_CHANGES: usize = 1_000;
/// Records of which a part is set aside in one bundle; each is written anew.
const MAX_SET_ASIDE: usize = 300;

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

/// A bundle that was approved.
#[derive(Debug)]
pub struct Approved {
    /// To be committed.
    pub step: Step,
    /// The bundle.
    pub bundle: BundleId,
    /// Its records.
    pub records: u32,
}

/// What is being sealed.
#[derive(Default)]
struct Sealing {
    edits: Vec<(RecordKey, Edit)>,
    changes: BTreeMap<RecordKey, ChangeHash>,
    counts: BTreeMap<usize, ModuleChanges>,
    shown: Vec<PreparedChange>,
    /// Where what is sealed is not what people see.
    differs: Vec<Changed>,
    /// Drafts of which a part is the centre's by now: what is sealed, and what stays.
    aside: Vec<(RecordKey, Vec<u32>, Option<DraftRow>, DraftRow)>,
}

impl School<'_> {
    /// Shows what would be sealed, and changes nothing.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn prepare(&self) -> Result<Prepared, SchoolError> {
        let position = self.at_rest()?;
        let sealing = self.sealing(&position)?;
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

    fn module_name(&self, module: usize) -> String {
        self.rules.pack.modules().get(module).map(|module| module.name.clone()).unwrap_or_default()
    }

    /// Seals all drafts and signs the bundle, if the gate is open.
    ///
    /// # Errors
    /// [`SchoolError::Gate`] with everything that keeps it closed; [`SchoolError::Refused`] when there is nothing to
    /// seal, a bundle is sealed already, or this computer has to pull first.
    pub fn approve(
        &self,
        key: &SigningKey,
        key_id: KeyId,
        facts: &AccountFacts,
        author: &str,
    ) -> Result<Approved, SchoolError> {
        let position = self.ready_to_seal()?;
        let mut sealing = self.sealing(&position)?;
        let pass = self.pass_gate(&sealing.differs, &position, facts)?;
        if sealing.edits.is_empty() {
            return Err(Refusal::new("seal.nothing", Who::Operator).into());
        }
        let records = number(sealing.edits.len());
        let edits = EditSet::new(std::mem::take(&mut sealing.edits)).map_err(unsealable)?;
        let minted = std::mem::take(&mut sealing.changes);
        let header = self.header(&position, &minted, &edits)?;
        // A first upload's are megabytes, and freezing needs the room.
        drop(minted);
        let counts = &sealing.counts;
        let frozen = bundle::freeze(Bundle { header: header.clone(), edits }).map_err(|_| {
            SchoolError::from(Refusal::new("seal.too-large", Who::Operator).with("limit", bundle::MAX_BUNDLE_BYTES))
        })?;
        let id = bundle::id(&frozen);
        let text = self.text(id, &header, counts, &position, &pass, key_id);
        let approval = pass.approve(text, key).map_err(|_| Refusal::new("approval.text", Who::Head))?;
        self.blobs.put(id.as_bytes(), &frozen)?;
        let sealed = Sealed {
            bundle: id,
            replica: header.replica,
            sequence: header.sequence,
            generation: position.generation,
            phase: Phase::Approved,
            records,
            bytes: frozen.len() as u64,
            sealed_on: position.version,
            approval: crate::approval::to_wire(&approval, &self.rules.pack).encode_to_vec(),
        };
        let batch = self.seal_batch(position, &sealed, sealing, &approval, author)?;
        Ok(Approved { step: Step::of(batch), bundle: id, records })
    }

    fn ready_to_seal(&self) -> Result<Position, SchoolError> {
        let position = self.at_rest()?;
        let refuse = |code| Err(Refusal::new(code, Who::Operator).into());
        if self.sealed()?.is_some() {
            return refuse("seal.pending");
        }
        if position.partial.is_some() || position.epoch.is_none() {
            return refuse("seal.pull-first");
        }
        let judged: Judged = state::need(self.store, StateName::Judged)?;
        if !crate::judging::is_current(&judged, self.rules, position.judged_on) {
            return refuse("seal.not-judged");
        }
        Ok(position)
    }

    fn pass_gate(&self, differs: &[Changed], position: &Position, facts: &AccountFacts) -> Result<Pass, SchoolError> {
        let findings = self.judge_sealing(differs, position)?;
        let entitlement = local_entitlement(&self.view(), &self.rules.pack, facts, position.judged_on)?;
        match (clean(&findings), entitlement) {
            (Ok(clean), Entitlement::May(entitled)) => Ok(open(clean, entitled)),
            (_, entitlement) => {
                let invalid = findings.into_iter().filter(|finding| finding.level == Level::Invalid).collect();
                let unmet = if let Entitlement::MayNot(unmet) = entitlement { unmet } else { Vec::new() };
                Err(SchoolError::Gate(Box::new(GateClosed { invalid, unmet })))
            }
        }
    }

    fn sealing(&self, position: &Position) -> Result<Sealing, SchoolError> {
        let sealed = self.sealed()?.map(|sealed| sealed.generation);
        let actor = self.actor(position.last_sequence.next())?;
        let work = Work::new(self.store, self.rules);
        let mut sealing = Sealing::default();
        let mut failed = None;
        each_draft(self.store, None, sealed, &mut |key, drafts| {
            let taken = self.take(&work, key, drafts, &actor, &mut sealing);
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
        if let Some(theirs) = theirs {
            sealing.aside.push((key, drafts.generations, ours.clone(), theirs));
        }
        let Some(ours) = ours else { return Ok(()) };
        let failed = |error| WorkError::Merge { record: key, error };
        let edit = edit_of(&ours);
        let (merged, minted) = mint(document.as_ref(), actor, &edit).map_err(failed)?;
        let shown = sealing.shown.len() < MAX_SHOWN_CHANGES;
        let stale = edit.heads != base.prefixes();
        if shown || stale {
            let after = merged.resolve(&self.rules.pack, key.entity, key.id).map_err(failed)?.record;
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

    /// Parts a draft into what is the school's to send and what is the centre's by now.
    fn split(&self, key: RecordKey, base: &Floor, draft: &DraftRow) -> (Option<DraftRow>, Option<DraftRow>) {
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

    fn header(
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

    fn text(
        &self,
        id: BundleId,
        header: &Header,
        counts: &BTreeMap<usize, ModuleChanges>,
        position: &Position,
        pass: &Pass,
        key: KeyId,
    ) -> ApprovalText {
        let counts = counts
            .iter()
            .map(|(module, count)| ModuleCount { module: self.module_name(*module), records: count.all() });
        ApprovalText {
            npsn: header.npsn,
            bundle: id,
            replica: header.replica,
            sequence: header.sequence,
            pack: header.pack,
            rulebook: header.rulebook,
            counts: counts.collect(),
            warnings: pass.warnings(),
            judged_on: position.judged_on,
            ptk: pass.entitled().ptk(),
            key,
        }
    }

    fn seal_batch(
        &self,
        mut position: Position,
        sealed: &Sealed,
        sealing: Sealing,
        approval: &Approval,
        author: &str,
    ) -> Result<crate::store::Batch, SchoolError> {
        let mut work = Work::new(self.store, self.rules);
        if sealing.aside.len() > MAX_SET_ASIDE {
            return Err(Refusal::new("seal.set-aside", Who::Operator).with("records", sealing.aside.len()).into());
        }
        for (key, generations, ours, theirs) in sealing.aside {
            for generation in generations {
                work.remove(Key::Draft(key, generation));
            }
            if let Some(ours) = ours {
                work.put(Key::Draft(key, position.generation), Row::Draft(ours));
            }
            work.put(Key::Draft(key, position.generation + 1), Row::Draft(theirs));
        }
        position.generation += 1;
        position.last_sequence = sealed.sequence;
        let args = [
            ("records", sealed.records.to_string()),
            ("warnings", approval.text().warnings.to_string()),
            ("account", author.to_owned()),
        ];
        self.tell(&mut work, &mut position, HistoryKind::Approved, "", &args)?;
        work.put_state(StateName::Sealed, sealed)?;
        work.put_state(StateName::Position, &position)?;
        Ok(work.finish())
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
            let over = Overlay::new(&view, afters, &self.rules.pack);
            let judge = Judge::new(&self.rules.pack, &self.rules.rulebook, position.judged_on);
            for (subject, fresh) in judge.incremental(&over, differs)? {
                findings.insert(subject.to_bytes(), fresh);
            }
        }
        Ok(findings.into_values().flatten().collect())
    }

    /// Takes the sealed bundle back; its edits are drafts again.
    ///
    /// # Errors
    /// [`SchoolError::Refused`] when there is none, or it may have been sent.
    pub fn withdraw(&self) -> Result<Step, SchoolError> {
        let mut position = self.at_rest()?;
        let sealed = self.sealed()?.ok_or_else(|| Refusal::new("withdraw.none", Who::Operator))?;
        if sealed.phase != Phase::Approved {
            return Err(Refusal::new("withdraw.offered", Who::Operator).into());
        }
        let mut work = Work::new(self.store, self.rules);
        self.tell(&mut work, &mut position, HistoryKind::Withdrawn, "", &[("records", sealed.records.to_string())])?;
        work.put_state(StateName::Position, &position)?;
        self.release(&mut work, &sealed)?;
        let mut step = Step::of(work.finish()).and_more(0, u64::from(sealed.records));
        step.effects.push(Effect::RemoveBlob(*sealed.bundle.as_bytes()));
        Ok(step)
    }

    /// Lets a bundle go: one row, and its drafts are drafts again. Views follow in steps.
    pub(super) fn release(&self, work: &mut Work<'_>, _sealed: &Sealed) -> Result<(), SchoolError> {
        work.remove(Key::State(StateName::Sealed));
        Ok(work.put_state(StateName::Intent, &Intent::Release { from: None })?)
    }

    /// Makes the views of records anew that a released bundle had moved.
    pub(super) fn release_step(&self, from: Option<RecordKey>) -> Result<Step, SchoolError> {
        let mut work = Work::new(self.store, self.rules);
        let mut next = None;
        let mut failed = None;
        each_draft(self.store, from, None, &mut |key, _| {
            if !work.has_room() {
                next = Some(key);
                return Ok(Flow::Stop);
            }
            if let Err(error) = self.renew_view(&mut work, key) {
                failed = Some(error);
                return Ok(Flow::Stop);
            }
            Ok(Flow::Continue)
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        self.judge(&mut work)?;
        match next {
            Some(from) => {
                work.put_state(StateName::Intent, &Intent::Release { from: Some(from) })?;
                Ok(Step::of(work.finish()).and_more(0, 0))
            }
            None => {
                work.remove(Key::State(StateName::Intent));
                Ok(Step::of(work.finish()))
            }
        }
    }

    fn renew_view(&self, work: &mut Work<'_>, key: RecordKey) -> Result<(), SchoolError> {
        // Without a base the view is the draft, sealed or not.
        let Some(document) = work.document(key)? else { return Ok(()) };
        let (drafts, floor) = self.layers(work, key, Some(&document))?;
        self.refresh(work, key, drafts, &floor)
    }
}

fn unsealable(error: EditsError) -> SchoolError {
    let code = if error == EditsError::TooLarge { "seal.too-large" } else { "seal.failed" };
    Refusal::new(code, Who::Operator).into()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
