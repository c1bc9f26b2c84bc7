//! Whether a bundle may take effect: the centre believes no client, and repeats every check of the gate.

use ed25519_dalek::VerifyingKey;
use selaras_merge::{Edit, MergeError};
use selaras_model::{Actor, BundleId, Date, KeyId, LogVersion, Pack, Record, RecordKey, Side};
use selaras_policy::{ApprovalText, Entitlement, Judge, Level, Who, entitlement};

use super::Centre;
use super::decide::Sender;
use super::receive::EnrolledKey;
use crate::bundle::{self, BundleError, Header};
use crate::edits::{EditSet, MAX_BUNDLE_HEADS};
use crate::error::{CentreError, Refusal, RefusedRecord};
use crate::evidence::{certify, write_signed};
use crate::school::breach_code;
use crate::state::{self, Judged, Position};
use crate::store::{FindingRow, Flow, Key, Range, ReadStore, Row, StateName, StoreError};
use crate::wire;
use crate::work::{Work, WorkError, carry_over, stored_findings};

/// Days for which a judging date is good.
pub const MAX_JUDGED_DAYS: i32 = 30;
/// Records that a refusal names; the count says how many there are.
const MAX_NAMED: usize = 50;
/// The only refusal before the edits are looked at that rests on the centre's own records.
pub(super) const NOT_ENTITLED: &str = "approval.not-entitled";

/// No: for ever, or because the centre itself failed.
pub(super) enum No {
    Refused(Refusal),
    Error(CentreError),
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for No {
    fn from(error: StoreError) -> Self {
        Self::Error(error.into())
    }
}

impl From<CentreError> for No {
    fn from(error: CentreError) -> Self {
        Self::Error(error)
    }
}

impl From<selaras_policy::PolicyError> for No {
    fn from(error: selaras_policy::PolicyError) -> Self {
        Self::Error(error.into())
    }
}

impl From<WorkError> for No {
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::Store(error) => error.into(),
            WorkError::Merge { record, error } => unmergeable(record, error),
            WorkError::TooLarge(record) => Refusal::new("record.too-large", Who::Operator).about(record, None).into(),
            WorkError::TooManyHeads(record) => {
                Refusal::new("bundle.too-many-heads", Who::Operator).about(record, None).into()
            }
        }
    }
}

#[cfg(test)]
mod tests;

fn unmergeable(record: RecordKey, error: MergeError) -> No {
    let code = match error {
        MergeError::UnknownHeads | MergeError::AmbiguousHeads => "bundle.heads",
        MergeError::Fork => "bundle.fork",
        // The centre's own document, whatever the edit is.
        MergeError::Damaged(_) => return CentreError::refused("center.damaged").into(),
        _ => "bundle.unmergeable",
    };
    Refusal::new(code, Who::Operator).about(record, None).into()
}

/// A bundle whose form, place and approval are sound.
pub(super) struct Sound {
    pub(super) header: Header,
    pub(super) edits: EditSet,
    /// What of this log the school had when it sealed.
    sealed_on: LogVersion,
    judged_on: Date,
    /// The approval with the head's key, as it is kept.
    pub(super) kept: Vec<u8>,
}

/// A bundle that may take effect.
pub(super) enum Judgement<'a> {
    /// Everything of it is in this work.
    Small { work: Work<'a>, judged: Judged },
    /// It is to be done in steps.
    Large,
}

fn refuse(code: &str, who: Who) -> No {
    Refusal::new(code, who).into()
}

impl<'a> Centre<'a> {
    pub(super) fn check(
        &self,
        id: BundleId,
        request: &wire::ExchangeRequest,
        sender: &Sender,
        position: &Position,
        enrolled: &dyn Fn(KeyId) -> Result<Option<EnrolledKey>, StoreError>,
    ) -> Result<Sound, No> {
        // Without an approval nothing was offered: bytes alone never take effect, and burn nothing either.
        let approval = request.approval.as_ref().ok_or_else(|| CentreError::refused("approval.missing"))?;
        let bundle::Bundle { header, edits } = bundle::decode(&request.bundle).map_err(undecodable)?;
        let sealed_on = self.check_place(&header, sender, position)?;
        let approval = crate::approval::from_wire(approval, id, &header, &self.rules.pack)
            .ok_or_else(|| refuse("approval.damaged", Who::Head))?;
        // The school learns by the key's name which of its accounts has to activate another.
        let name = approval.text().key;
        let no_key = |code: &str| No::from(Refusal::new(code, Who::Head).with("key", name));
        let key = enrolled(name)?.ok_or_else(|| no_key("approval.key-unknown"))?;
        // It was a key when it was enrolled.
        let damaged = |_| StoreError::Damaged("a head's key".to_owned());
        let public = VerifyingKey::from_bytes(&key.public).map_err(damaged)?;
        let verified = approval.verify(&public).map_err(|_| refuse("approval.signature", Who::Head))?;
        // No refusal for ever: somebody's word is missing, and the bundle waits as it is.
        if !key.revoked && !self.is_confirmed(sender.device, name)? {
            return Err(CentreError::refused("center.unconfirmed").with("key", name).into());
        }
        self.check_signer(verified.text(), &key, &edits)?;
        let judged_on = verified.text().judged_on;
        let (ptk, id) = (key.ptk, verified.text().key);
        let head_key = certify(self.npsn, ptk, id, key.public, key.enrolled_at, &self.keys.signing);
        let kept = write_signed(&approval, &head_key);
        Ok(Sound { header, edits, sealed_on, judged_on, kept })
    }

    /// Gives the version of this log that the bundle was sealed on.
    fn check_place(&self, header: &Header, sender: &Sender, position: &Position) -> Result<LogVersion, No> {
        let place = |holds: bool, code: &str| if holds { Ok(()) } else { Err(refuse(code, Who::Operator)) };
        place(header.npsn == self.npsn, "bundle.school")?;
        place(header.replica == sender.replica, "bundle.replica")?;
        place(header.sequence > sender.row.last_sequence, "bundle.sequence")?;
        place(header.previous == sender.row.last_accepted, "bundle.previous")?;
        let sealed_on = self.sealed_place(header.epoch, header.sealed_on, position)?;
        place(sealed_on.is_some() || position.epoch == Some(header.epoch), "bundle.epoch")?;
        place(sealed_on.is_some(), "bundle.sealed-on")?;
        place(header.pack == position.pack, "bundle.pack")?;
        place(header.rulebook == position.rulebook, "bundle.rulebook")?;
        Ok(sealed_on.unwrap_or_default())
    }

    /// The signer's entitlement, on the state before the bundle.
    fn check_signer(&self, text: &ApprovalText, key: &EnrolledKey, edits: &EditSet) -> Result<(), No> {
        if key.revoked {
            return Err(Refusal::new("approval.key-revoked", Who::Head).with("key", text.key).into());
        }
        if key.ptk != text.ptk {
            return Err(refuse("approval.person", Who::Head));
        }
        let days = |from: Date, to: Date| to.days_since_epoch().saturating_sub(from.days_since_epoch());
        if days(text.judged_on, self.today) > MAX_JUDGED_DAYS || days(self.latest, text.judged_on) > 1 {
            return Err(Refusal::new("approval.date", Who::Head).with("judged_on", text.judged_on).into());
        }
        if self.counts(edits)
            != text.counts.iter().map(|count| (count.module.as_str(), count.records)).collect::<Vec<_>>()
        {
            return Err(refuse("approval.counts", Who::Head));
        }
        match entitlement(&self.view(), &self.rules.pack, text.ptk, self.today)? {
            Entitlement::May(_) => Ok(()),
            Entitlement::MayNot(unmet) => {
                let names: Vec<&str> = unmet.iter().map(|unmet| unmet.condition.as_str()).collect();
                Err(Refusal::new(NOT_ENTITLED, Who::Dinas).with("conditions", names.join(" ")).into())
            }
        }
    }

    /// Records of the bundle by module, in the pack's order.
    fn counts(&self, edits: &EditSet) -> Vec<(&'a str, u32)> {
        let modules = self.rules.pack.modules();
        let mut counts = vec![0_u32; modules.len()];
        for (key, _) in edits.edits() {
            let module = self.rules.pack.entity(key.entity).and_then(|entity| counts.get_mut(entity.module));
            if let Some(count) = module {
                *count += 1;
            }
        }
        let names = modules.iter().map(|module| module.name.as_str());
        names.zip(counts).filter(|(_, count)| *count > 0).collect()
    }

    /// Mints, tests ownership and judges.
    pub(super) fn judge_bundle(&self, sound: &Sound, position: &Position) -> Result<Judgement<'a>, No> {
        let edits = sound.edits.edits();
        self.check_fields(edits)?;
        let actor = Actor {
            side: Side::School,
            school: self.npsn,
            replica: *sound.header.replica.as_bytes(),
            sequence: sound.header.sequence.get(),
        };
        let mut minted = Vec::with_capacity(edits.len());
        let mut afters = Vec::new();
        let mut breaches = Breaches::default();
        let work = Work::new(self.store, self.rules).with_heads(MAX_BUNDLE_HEADS);
        let work = Self::take_all(work, &actor, &sound.edits, &mut |before, after, change| {
            minted.push(change);
            breaches.look(&self.rules.pack, before.as_ref(), &after);
            afters.push(after);
        })?;
        if bundle::minted_hash(minted) != sound.header.minted {
            return Err(refuse("bundle.minted", Who::Operator));
        }
        breaches.refuse()?;
        let raised = Self::next_version(position);
        match work {
            Some(mut work) => {
                let judged = self.judge_small(&mut work, sound, raised)?;
                Ok(Judgement::Small { work, judged })
            }
            None => {
                self.judge_large(afters, sound, raised)?;
                Ok(Judgement::Large)
            }
        }
    }

    /// What no pack knows never gets into a document, not even as the losing side of a conflict.
    fn check_fields(&self, edits: &[(RecordKey, Edit)]) -> Result<(), No> {
        for (key, edit) in edits {
            let unknown = |code: &str, field| Err(Refusal::new(code, Who::Operator).about(*key, field).into());
            let Some(entity) = self.rules.pack.entity(key.entity) else {
                return unknown("edit.unknown-entity", None);
            };
            for (name, value) in &edit.fields {
                match entity.field(name) {
                    None => return unknown("edit.unknown-field", Some(name.clone())),
                    Some(field) if !field.kind.admits(value) => {
                        return unknown("edit.wrong-type", Some(name.clone()));
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }

    fn judge_small(&self, work: &mut Work<'_>, sound: &Sound, raised: LogVersion) -> Result<Judged, No> {
        let mut judged: Judged = state::need(self.store, StateName::Judged)?;
        judged.date = sound.judged_on;
        work.judge(&mut judged, raised)?;
        if !judged.complete {
            // More findings than a commit takes: only a full look can tell.
            let whole = crate::judging::whole(&work.read(), self.rules)?;
            self.blockers_of_full(&whole, sound, raised)?;
            return Ok(judged);
        }
        if judged.invalid == 0 {
            return Ok(judged);
        }
        let mut blockers = Vec::new();
        work.read().scan(&Range::Findings, &mut |_, row| {
            if let Row::Findings(rows) = row {
                blockers.extend(rows.into_iter().filter(|row| blocks(row, sound, raised)));
            }
            Ok(Flow::Continue)
        })?;
        if blockers.iter().any(|row| row.raised != raised) {
            // What was raised by an earlier date may have cleared since: judge all by the date of the approval.
            let whole = crate::judging::whole(&work.read(), self.rules)?;
            self.blockers_of_full(&whole, sound, raised)?;
            judged.complete = false;
            return Ok(judged);
        }
        refuse_findings(&blockers).map(|()| judged)
    }

    fn judge_large(&self, afters: Vec<Record>, sound: &Sound, raised: LogVersion) -> Result<(), No> {
        let mut whole = crate::judging::whole(self.store, self.rules)?;
        for after in afters {
            whole.insert(after);
        }
        self.blockers_of_full(&whole, sound, raised)
    }

    fn blockers_of_full(
        &self,
        whole: &selaras_policy::MemoryView,
        sound: &Sound,
        raised: LogVersion,
    ) -> Result<(), No> {
        let judge = Judge::new(&self.rules.pack, &self.rules.rulebook, sound.judged_on);
        let mut blockers = Vec::new();
        for (subject, findings) in judge.full(whole)? {
            let old = stored_findings(self.store, &Key::Finding(subject.to_bytes()))?;
            let rows = carry_over(&old, findings, raised);
            blockers.extend(rows.into_iter().filter(|row| blocks(row, sound, raised)));
        }
        refuse_findings(&blockers)
    }
}

/// What a bundle does that is not the school's to do.
#[derive(Default)]
struct Breaches {
    count: usize,
    /// The refusal for the first, naming as many records as it may.
    refusal: Option<Refusal>,
}

impl Breaches {
    fn look(&mut self, pack: &Pack, before: Option<&Record>, after: &Record) {
        for breach in pack.breaches(before, after) {
            self.count += 1;
            let told = self.refusal.take().unwrap_or_else(|| Refusal::new(breach_code(breach.kind), Who::Operator));
            let room = told.records.len() < MAX_NAMED;
            self.refusal = Some(if room { told.about(after.key(), breach.field) } else { told });
        }
    }

    fn refuse(self) -> Result<(), No> {
        let Self { count, refusal } = self;
        refusal.map_or(Ok(()), |refusal| Err(refusal.with("count", count).into()))
    }
}

/// Whether a finding speaks against the bundle: it causes it, or left in place what it could see. What the centre's own
/// later entries caused is work, and comes back with the receipt.
fn blocks(row: &FindingRow, sound: &Sound, raised: LogVersion) -> bool {
    row.finding.level == Level::Invalid && (row.raised >= raised || row.raised <= sound.sealed_on)
}

fn refuse_findings(blockers: &[FindingRow]) -> Result<(), No> {
    let Some(first) = blockers.first() else { return Ok(()) };
    let mut refusal = Refusal::new("gate.invalid", Who::Operator).with("invalid", blockers.len());
    refusal.record = Some(first.finding.record);
    let named = blockers.iter().take(MAX_NAMED).map(|row| RefusedRecord {
        record: row.finding.record,
        field: row.finding.field.clone(),
        rule: Some(row.finding.rule.clone()),
    });
    refusal.records.extend(named);
    Err(refusal.into())
}

fn undecodable(error: BundleError) -> No {
    let code = match error {
        BundleError::TooLarge => "bundle.too-large",
        BundleError::Format(_) => "bundle.format",
        BundleError::Damaged | BundleError::Header | BundleError::Edits(_) => "bundle.damaged",
    };
    refuse(code, Who::Operator)
}
