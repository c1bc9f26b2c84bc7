//! Sealing and approving: the drafts become a bundle in one commit, signed by the head at once, or later by a head whose
//! key is on another computer. Only what the gate's types let through ever becomes an approval here.

use ed25519_dalek::{SigningKey, VerifyingKey};
use prost::Message;
use selaras_model::{BundleId, KeyId};
use selaras_policy::{
    AccountFacts, Approval, ApprovalText, Changed, Entitlement, Level, ModuleCount, Pass, Who, clean,
    local_entitlement, open,
};

use super::School;
use super::seal::{Sealing, number};
use crate::bundle::{self, Bundle, Form, Header};
use crate::edits::{EditSet, EditsError};
use crate::error::{GateClosed, Refusal, SchoolError};
use crate::evidence::{HeadKey, write_signed};
use crate::state::{self, HistoryKind, Installation, Intent, Judged, Phase, Position, Sealed};
use crate::step::Step;
use crate::store::{Batch, Key, Row, StateName, StoreError};
use crate::work::Work;

/// What stands for the key of an approval that is not signed yet.
const NO_KEY: [u8; 8] = [0; 8];

/// What is to be sealed, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Order<'o> {
    /// The modules, by their names; none for all.
    pub modules: Option<&'o [String]>,
    /// What the school knows of the head's account.
    pub facts: &'o AccountFacts,
    /// The account, for the readable log.
    pub author: &'o str,
}

/// The head's key on this computer.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'s> {
    /// The secret key.
    pub key: &'s SigningKey,
    /// Its name at the centre.
    pub id: KeyId,
    /// The centre's word that it enrolled the key; without it the approval is no evidence later.
    pub enrolled: Option<&'s HeadKey>,
}

/// A bundle that was sealed.
#[derive(Debug)]
pub struct Approved {
    /// To be committed.
    pub step: Step,
    /// The bundle.
    pub bundle: BundleId,
    /// Its records.
    pub records: u32,
}

impl School<'_> {
    /// Seals drafts and signs the bundle, if the gate is open.
    ///
    /// # Errors
    /// [`SchoolError::Gate`] with everything that keeps it closed; [`SchoolError::Refused`] when there is nothing to
    /// seal, a bundle is sealed already, or this computer has to pull first.
    pub fn approve(&self, order: &Order<'_>, signer: &Signer<'_>) -> Result<Approved, SchoolError> {
        self.seal(order, Phase::Approved, |pass, text| {
            let approval = pass.approve(ApprovalText { key: signer.id, ..text }, signer.key);
            let approval = approval.map_err(|_| SchoolError::from(Refusal::new("approval.text", Who::Head)))?;
            let kept = signer.enrolled.map(|enrolled| write_signed(&approval, enrolled));
            Ok((approval, kept))
        })
    }

    /// Seals drafts for a head whose key is on another computer; nothing is sent before the signature has come.
    ///
    /// # Errors
    /// As [`Self::approve`].
    pub fn seal_for_head(&self, order: &Order<'_>) -> Result<Approved, SchoolError> {
        self.seal(order, Phase::Waiting, |_, text| Ok((Approval::from_parts(text, [0; 64]), None)))
    }

    fn seal(
        &self,
        order: &Order<'_>,
        phase: Phase,
        sign: impl FnOnce(Pass, ApprovalText) -> Result<(Approval, Option<Vec<u8>>), SchoolError>,
    ) -> Result<Approved, SchoolError> {
        let position = self.ready_to_seal()?;
        let mut sealing = self.sealing(&position, &self.chosen(order.modules)?)?;
        let pass = self.pass_gate(&sealing.differs, &position, order.facts)?;
        if sealing.edits.is_empty() {
            return Err(Refusal::new("seal.nothing", Who::Operator).into());
        }
        let records = number(sealing.edits.len());
        let edits = EditSet::new(std::mem::take(&mut sealing.edits)).map_err(unsealable)?;
        let minted = std::mem::take(&mut sealing.changes);
        let header = self.header(&position, &minted, &edits)?;
        let form = Form::of(&edits);
        // A first upload's are megabytes, and freezing needs the room.
        drop(minted);
        let frozen = bundle::freeze(Bundle { header: header.clone(), edits }).map_err(|_| {
            SchoolError::from(Refusal::new("seal.too-large", Who::Operator).with("limit", bundle::MAX_BUNDLE_BYTES))
        })?;
        let id = bundle::id(&frozen);
        let text = self.text(id, &header, &sealing, &position, &pass);
        let (approval, kept) = sign(pass, text)?;
        self.blobs.put(id.as_bytes(), &frozen)?;
        let sealed = Sealed {
            bundle: id,
            replica: header.replica,
            sequence: header.sequence,
            generation: position.generation,
            phase,
            records,
            bytes: frozen.len() as u64,
            sealed_on: position.version,
            approval: crate::approval::to_wire(&approval, &self.rules.pack).encode_to_vec(),
        };
        let mut work = self.seal_work(position, &sealed, sealing.aside, &approval, order)?;
        Self::note_frozen(&mut work, id, &header, form)?;
        let mut batch = work.finish();
        keep(&mut batch, id, kept);
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

    fn text(&self, id: BundleId, header: &Header, sealing: &Sealing, position: &Position, pass: &Pass) -> ApprovalText {
        let counts = sealing
            .counts
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
            key: KeyId::from_bytes(NO_KEY),
        }
    }

    fn seal_work(
        &self,
        mut position: Position,
        sealed: &Sealed,
        aside: bool,
        approval: &Approval,
        order: &Order<'_>,
    ) -> Result<Work<'_>, SchoolError> {
        let mut work = Work::new(self.store, self.rules);
        if aside {
            work.put_state(StateName::Intent, &Intent::SettingAside { from: None })?;
        }
        position.generation += 1;
        position.last_sequence = sealed.sequence;
        let args = [
            ("records", sealed.records.to_string()),
            ("warnings", approval.text().warnings.to_string()),
            ("account", order.author.to_owned()),
            ("modules", order.modules.map(|modules| modules.join(" ")).unwrap_or_default()),
        ];
        let what = if sealed.phase == Phase::Waiting { HistoryKind::Sealed } else { HistoryKind::Approved };
        self.tell(&mut work, &mut position, what, "", &args)?;
        work.put_state(StateName::Sealed, sealed)?;
        match order.modules {
            Some(modules) => work.put_state(StateName::SealedModules, &modules)?,
            None => work.remove(Key::State(StateName::SealedModules)),
        }
        work.put_state(StateName::Position, &position)?;
        Ok(work)
    }

    /// Gives what a head elsewhere is asked to sign; none where nothing waits for a signature. The key is the signer's
    /// to fill in.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn to_be_signed(&self) -> Result<Option<ApprovalText>, SchoolError> {
        let Some(sealed) = self.sealed()?.filter(|sealed| sealed.phase == Phase::Waiting) else { return Ok(None) };
        Ok(Some(self.approval_of(&sealed)?.text().clone()))
    }

    /// Puts a sealed bundle's approval together from what is stored.
    fn approval_of(&self, sealed: &Sealed) -> Result<Approval, SchoolError> {
        let damaged = || StoreError::Damaged("the approval".to_owned());
        let lost = || Refusal::new("bundle.lost", Who::Operator).with("bundle", sealed.bundle);
        let frozen = self.frozen(sealed)?.ok_or_else(lost)?;
        let header = bundle::decode(&frozen).map_err(|_| damaged())?.header;
        let wire = crate::wire::Approval::decode(sealed.approval.as_slice()).map_err(|_| damaged())?;
        let approval = crate::approval::from_wire(&wire, sealed.bundle, &header, &self.rules.pack);
        Ok(approval.ok_or_else(damaged)?)
    }

    /// Takes the signature of a head whose key is on another computer: the bundle is approved, as if it had been signed
    /// here. The gate is passed anew, by what is here now.
    ///
    /// # Errors
    /// [`SchoolError::Gate`] when it is closed by now; [`SchoolError::Refused`] for a signature over anything but what
    /// waits here.
    pub fn take_approval(
        &self,
        approval: &Approval,
        enrolled: &HeadKey,
        facts: &AccountFacts,
        author: &str,
    ) -> Result<Step, SchoolError> {
        let mut position = self.at_rest()?;
        let refuse = |code| SchoolError::from(Refusal::new(code, Who::Head));
        let sealed = self.sealed()?.filter(|sealed| sealed.phase == Phase::Waiting);
        let mut sealed = sealed.ok_or_else(|| refuse("approval.not-asked"))?;
        let asked = ApprovalText { key: approval.text().key, ..self.approval_of(&sealed)?.text().clone() };
        if *approval.text() != asked {
            return Err(refuse("approval.other-bytes"));
        }
        let installation: Installation = state::need(self.store, StateName::Installation)?;
        let centre = VerifyingKey::from_bytes(&installation.centre_key).map_err(|_| refuse("approval.key-unknown"))?;
        let public = enrolled.verify(asked.npsn, asked.ptk, asked.key, &centre);
        let public = public.map_err(|_| refuse("approval.key-unknown"))?;
        let pass = self.pass_gate(&self.left_out()?, &position, facts)?;
        let approval = pass.accept(approval, &public).map_err(|error| match error {
            selaras_policy::ApprovalError::Signature => refuse("approval.signature"),
            _ => refuse("approval.text"),
        })?;
        sealed.approval = crate::approval::to_wire(&approval, &self.rules.pack).encode_to_vec();
        sealed.phase = Phase::Approved;
        let mut work = Work::new(self.store, self.rules);
        let args = [
            ("records", sealed.records.to_string()),
            ("warnings", approval.text().warnings.to_string()),
            ("account", author.to_owned()),
        ];
        self.tell(&mut work, &mut position, HistoryKind::Approved, "", &args)?;
        work.put_state(StateName::Sealed, &sealed)?;
        work.put_state(StateName::Position, &position)?;
        let mut batch = work.finish();
        keep(&mut batch, sealed.bundle, Some(write_signed(&approval, enrolled)));
        Ok(Step::of(batch))
    }
}

/// Keeps the approval for as long as the log is kept; a bundle that is let go takes it along.
fn keep(batch: &mut Batch, bundle: BundleId, kept: Option<Vec<u8>>) {
    if let Some(kept) = kept {
        batch.put(Key::Approval(bundle), Row::Blob(kept));
    }
}

fn unsealable(error: EditsError) -> SchoolError {
    let code = if error == EditsError::TooLarge { "seal.too-large" } else { "seal.failed" };
    Refusal::new(code, Who::Operator).into()
}
