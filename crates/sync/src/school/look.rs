//! What people and programs read at the school.

use std::collections::BTreeMap;

use selaras_model::{Digest, EntityCode, Fields, LogVersion, Record, RecordId, RecordKey, ReplicaId, root_digest};
use selaras_policy::{Finding, Who};

use super::School;
use super::layers::{drafts, each_draft};
use crate::entry::{LogEntry, Origin, Receipt};
use crate::error::{Refusal, SchoolError};
use crate::evidence::{self, Evidence};
use crate::state::{self, HistoryLine, Installation};
use crate::store::{Flow, Key, Range, Row, StoreError};
use crate::view::StoreView;
use crate::work::Work;
use selaras_merge::PastChange;

/// The draft of a record, sealed or not.
#[derive(Clone, PartialEq, Eq)]
pub struct DraftInfo {
    /// The fields that were written.
    pub fields: Fields,
    /// The deleted flag, where it was written.
    pub deleted: Option<bool>,
    /// Who typed last.
    pub author: String,
    /// When, by this computer's clock.
    pub typed_at: i64,
    /// Whether it is in the sealed bundle whole.
    pub sealed: bool,
}

impl std::fmt::Debug for DraftInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DraftInfo").field("fields", &self.fields.len()).finish_non_exhaustive()
    }
}

/// How many records of a module change, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ModuleChanges {
    /// Records that the centre does not know.
    pub new: u32,
    /// Records that it knows.
    pub changed: u32,
    /// Records that go.
    pub deleted: u32,
}

impl ModuleChanges {
    /// Gives their sum.
    #[must_use]
    pub fn all(&self) -> u32 {
        self.new + self.changed + self.deleted
    }
}

/// What waits to be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pending {
    /// By the module's place in the pack; modules without any left out.
    pub by_module: Vec<(usize, ModuleChanges)>,
    /// Records in all.
    pub records: u32,
}

impl<'a> School<'a> {
    /// Gives a record as people see it, a deleted one with its flag.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn record(&self, key: RecordKey) -> Result<Option<Record>, SchoolError> {
        Ok(self.view().read(key)?)
    }

    /// Gives the live records of an entity in order, from an id on.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn list(
        &self,
        entity: EntityCode,
        from: Option<RecordId>,
        visit: &mut dyn FnMut(&Record) -> Flow,
    ) -> Result<(), SchoolError> {
        let mut live = |record: Record| Ok(if record.deleted { Flow::Continue } else { visit(&record) });
        Ok(self.view().scan(entity, from, &mut live)?)
    }

    /// Gives the records as the rules see them.
    #[must_use]
    pub fn view(&self) -> StoreView<'a> {
        StoreView { store: self.store, rules: self.rules }
    }

    /// Gives what was typed into a record and is not at the centre.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn draft(&self, key: RecordKey) -> Result<Option<DraftInfo>, SchoolError> {
        let drafts = drafts(self.store, key, self.part(self.store)?.as_ref())?;
        let sealed = drafts.open.is_none();
        Ok(drafts.open.or(drafts.sealed).map(|draft| DraftInfo {
            fields: draft.fields,
            deleted: draft.deleted,
            author: draft.author,
            typed_at: draft.typed_at,
            sealed,
        }))
    }

    /// Gives what was written into a record and is in the base, change by change.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn past(&self, key: RecordKey) -> Result<Vec<PastChange>, SchoolError> {
        let Some(document) = Work::new(self.store, self.rules).document(key)? else { return Ok(Vec::new()) };
        document.past().map_err(|error| StoreError::Damaged(format!("{key}: {error}")).into())
    }

    /// Gives the log's versions by the computer and sequence of the bundles that they came with.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn bundles(&self) -> Result<BTreeMap<(ReplicaId, u64), LogVersion>, SchoolError> {
        let mut bundles = BTreeMap::new();
        self.store.scan(&Range::Entries(LogVersion::new(0)), &mut |_, row| {
            if let Row::Entry(row) = row
                && let Ok(entry) = LogEntry::from_bytes(&row.entry)
                && let Origin::Bundle { replica, sequence, .. } = &entry.origin
            {
                bundles.insert((*replica, sequence.get()), entry.version);
            }
            Ok(Flow::Continue)
        })?;
        Ok(bundles)
    }

    /// Counts what waits to be sent and is not sealed.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn pending(&self) -> Result<Pending, SchoolError> {
        let part = self.part(self.store)?;
        let mut by_module: BTreeMap<usize, ModuleChanges> = BTreeMap::new();
        let mut records = 0;
        each_draft(self.store, None, part.as_ref(), &mut |key, drafts| {
            if let Some(draft) = &drafts.open {
                let known = drafts.sealed.is_some() || self.store.get(&Key::Base(key))?.is_some();
                count(by_module.entry(self.module(key.entity)).or_default(), known, draft.deleted);
                records += 1;
            }
            Ok(Flow::Continue)
        })?;
        Ok(Pending { by_module: by_module.into_iter().collect(), records })
    }

    pub(super) fn module(&self, entity: EntityCode) -> usize {
        self.rules.pack.entity(entity).map_or(usize::MAX, |entity| entity.module)
    }

    /// Gives the stored findings.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn findings(&self, visit: &mut dyn FnMut(&Finding) -> Flow) -> Result<(), SchoolError> {
        Ok(self.store.scan(&Range::Findings, &mut |_, row| {
            let Row::Findings(rows) = row else { return Ok(Flow::Continue) };
            for row in &rows {
                if visit(&row.finding) == Flow::Stop {
                    return Ok(Flow::Stop);
                }
            }
            Ok(Flow::Continue)
        })?)
    }

    /// How many of the stored findings block, without reading them.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn invalid(&self) -> Result<u32, SchoolError> {
        let judged: state::Judged = state::need(self.store, crate::store::StateName::Judged)?;
        Ok(judged.invalid)
    }

    /// Gives the last receipt.
    ///
    /// # Errors
    /// As the store gives them; [`StoreError::Damaged`] when what is kept is not signed by the centre.
    pub fn receipt(&self) -> Result<Option<Receipt>, SchoolError> {
        let position = self.position()?;
        let of_this_life = position.receipt.map(Key::Entry);
        let Some(key) = of_this_life.or(position.keeping.receipt.map(Key::Past)) else { return Ok(None) };
        let damaged = || StoreError::Damaged("the receipt".to_owned());
        let Some(Row::Entry(row)) = self.store.get(&key)? else { return Err(damaged().into()) };
        let installation: Installation = state::need(self.store, crate::store::StateName::Installation)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(&installation.centre_key).map_err(|_| damaged())?;
        let signature = row.signature.ok_or_else(damaged)?;
        Ok(Some(Receipt::verify(row.entry, &signature, &key).map_err(|_| damaged())?))
    }

    /// Gives the evidence of what was sent: of the last receipt, or of an entry of the log.
    ///
    /// # Errors
    /// `evidence.none` where there is no such entry of this school's bundles; `evidence.no-approval` where its approval
    /// is not kept here, as after a recovery.
    pub fn evidence(&self, version: Option<LogVersion>) -> Result<Evidence, SchoolError> {
        let none = |code| SchoolError::from(Refusal::new(code, Who::Operator));
        let position = self.position()?;
        let of_this_life = version.or(position.receipt).map(Key::Entry);
        let key = of_this_life.or(position.keeping.receipt.map(Key::Past)).ok_or_else(|| none("evidence.none"))?;
        let Some(Row::Entry(row)) = self.store.get(&key)? else { return Err(none("evidence.none")) };
        let installation: Installation = state::need(self.store, crate::store::StateName::Installation)?;
        evidence::gather(self.store, row, installation.centre_key)?.map_err(none)
    }

    /// Gives the readable log from a line on.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn history(&self, from: u64, visit: &mut dyn FnMut(&HistoryLine) -> Flow) -> Result<(), SchoolError> {
        Ok(self.store.scan(&Range::History(from), &mut |_, row| Ok(visit(&state::decode(&row)?)))?)
    }

    /// Computes the modules' digests from this side's own records.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn digests(&self) -> Result<Vec<(String, Digest)>, SchoolError> {
        let digests = crate::work::stored_digests(self.store, self.rules)?;
        let names = self.rules.pack.modules().iter().map(|module| module.name.clone());
        Ok(names.zip(digests).collect())
    }

    /// Computes the digest over all modules.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn root_digest(&self) -> Result<Digest, SchoolError> {
        Ok(root_digest(&crate::work::stored_digests(self.store, self.rules)?))
    }
}

pub(super) fn count(changes: &mut ModuleChanges, known: bool, deleted: Option<bool>) {
    match (deleted, known) {
        (Some(true), _) => changes.deleted += 1,
        (_, true) => changes.changed += 1,
        (_, false) => changes.new += 1,
    }
}
