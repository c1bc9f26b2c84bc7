//! A bundle takes effect once, or is refused once; either is one commit.

use std::collections::BTreeMap;

use ed25519_dalek::Signer;
use prost::Message;
use selaras_model::{BundleId, DeviceId, KeyId, ReplicaId, Sequence};
use selaras_policy::Who;

use super::Centre;
use super::check::{Judgement, NOT_ENTITLED, No, Sound};
use super::life::Living;
use super::receive::EnrolledKey;
use crate::error::{CentreError, Refusal};
use crate::school::refusal_hash;
use crate::state::{EntryIntent, EntryOrigin};
use crate::step::Step;
use crate::store::{AnswerRow, EditsAt, Key, MAX_INLINE, ReplicaRow, Row, StateName, StoreError};
use crate::wire;
use crate::work::Work;

/// The refusal of a bundle whose bytes are lost at its school.
const LOST: &str = "bundle.lost";

/// Who sends a bundle.
pub(super) struct Sender {
    pub(super) replica: ReplicaId,
    /// The computer whose session it is.
    pub(super) device: DeviceId,
    /// The greatest sequence that it says it used.
    pub(super) last: Sequence,
    pub(super) row: ReplicaRow,
}

impl Centre<'_> {
    /// Decides about a bundle that is seen for the first time.
    pub(super) fn decide(
        &self,
        id: BundleId,
        request: &wire::ExchangeRequest,
        sender: &Sender,
        position: &Living,
        enrolled: &dyn Fn(KeyId) -> Result<Option<EnrolledKey>, StoreError>,
    ) -> Result<Step, CentreError> {
        self.is_as_signed(position)?;
        let sound = match self.check(id, request, sender, position, enrolled) {
            Ok(sound) => sound,
            Err(No::Refused(refusal)) => {
                if refusal.code == NOT_ENTITLED {
                    self.is_sound_whole(position)?;
                }
                return self.refuse(id, sender, None, &refusal);
            }
            Err(No::Error(error)) => return Err(error),
        };
        let sequence = sound.header.sequence;
        match self.judge_bundle(&sound, position) {
            Ok(judgement) => self.accept(id, sender, &sound, judgement, &request.bundle, self.living()?),
            Err(No::Refused(refusal)) => {
                // What this centre's own disk has lost is no reason: a refusal is for ever.
                self.is_sound_whole(position)?;
                self.refuse(id, sender, Some(sequence), &refusal)
            }
            Err(No::Error(error)) => Err(error),
        }
    }

    fn accept(
        &self,
        id: BundleId,
        sender: &Sender,
        sound: &Sound,
        judgement: Judgement<'_>,
        frozen: &[u8],
        mut position: Living,
    ) -> Result<Step, CentreError> {
        // Kept as it was signed: whoever doubts later what the head approved is shown it.
        let approval = sound.kept.clone();
        let edits_at = if frozen.len() <= MAX_INLINE {
            EditsAt::Inline(frozen.to_vec())
        } else {
            self.blobs.put(id.as_bytes(), frozen)?;
            EditsAt::Blob(*id.as_bytes())
        };
        let after =
            ReplicaRow { device: sender.row.device, last_sequence: sound.header.sequence, last_accepted: Some(id) };
        let sequence = sound.header.sequence;
        let origin = EntryOrigin::Bundle { bundle: id, replica: sender.replica, sequence, after };
        let edits = sound.edits.hash();
        let intent = EntryIntent { origin, edits_at, edits, at: self.now, first: None, handed: None };
        match judgement {
            Judgement::Small { mut work, judged } => {
                let records = u32::try_from(sound.edits.edits().len()).unwrap_or(u32::MAX);
                self.put_entry(&mut work, &mut position, intent, records)?;
                work.put_state(StateName::Judged, &judged)?;
                work.put(Key::Approval(id), Row::Blob(approval));
                Ok(Step::of(work.finish()))
            }
            Judgement::Large => {
                let mut step = self.intend(&sound.edits, intent)?;
                step.batch.put(Key::Approval(id), Row::Blob(approval));
                Ok(step)
            }
        }
    }

    /// Ends a bundle whose bytes its school has lost: it takes effect no more, should a copy of them come after all.
    pub(super) fn refuse_lost(&self, id: BundleId, sender: &Sender) -> Result<Step, CentreError> {
        let refusal = Refusal::new(LOST, Who::Operator).with("bundle", id);
        self.refuse(id, sender, None, &refusal)
    }

    /// The recorded answer to a bundle. A bundle is lost for the replica that said so: whoever else knows its name must
    /// not end it before it comes.
    pub(super) fn answer_of(&self, id: BundleId, replica: ReplicaId) -> Result<Option<AnswerRow>, StoreError> {
        let Some(Row::Answer(answer)) = self.store.get(&Key::Answer(id))? else { return Ok(None) };
        let AnswerRow::Refusal(bytes) = &answer else { return Ok(Some(answer)) };
        let damaged = |_| StoreError::Damaged("a refusal".to_owned());
        let signed = wire::SignedRefusal::decode(bytes.as_slice()).map_err(damaged)?;
        let refusal = wire::Refusal::decode(signed.refusal.as_slice()).map_err(damaged)?;
        let anothers = refusal.code == LOST && refusal.replica != replica.as_bytes();
        Ok(Some(answer).filter(|_| !anothers))
    }

    /// Refuses for ever: recorded under the id, signed, the sequence burnt.
    fn refuse(
        &self,
        id: BundleId,
        sender: &Sender,
        sequence: Option<Sequence>,
        refusal: &Refusal,
    ) -> Result<Step, CentreError> {
        let burnt = sequence.unwrap_or(sender.last).max(sender.row.last_sequence);
        let records = refusal.records.iter().map(|refused| wire::RefusedRecord {
            entity: u32::from(refused.record.entity.0),
            id: refused.record.id.as_bytes().to_vec(),
            field: refused.field.as_ref().map(ToString::to_string).unwrap_or_default(),
            rule: refused.rule.as_ref().map(ToString::to_string).unwrap_or_default(),
        });
        // Maps have no order in protobuf, but these bytes are made once and kept.
        let args: BTreeMap<String, String> = refusal.args.clone();
        let bytes = wire::Refusal {
            npsn: self.npsn.as_bytes().to_vec(),
            bundle: id.as_bytes().to_vec(),
            replica: sender.replica.as_bytes().to_vec(),
            sequence: burnt.get(),
            code: refusal.code.clone(),
            args: args.into_iter().collect(),
            records: records.collect(),
            at: self.now,
        }
        .encode_to_vec();
        let signature = self.keys.signing.sign(&refusal_hash(&bytes)).to_bytes().to_vec();
        let signed = wire::SignedRefusal { refusal: bytes, signature }.encode_to_vec();
        let mut work = Work::new(self.store, self.rules);
        work.put(Key::Answer(id), Row::Answer(AnswerRow::Refusal(signed)));
        let row = ReplicaRow { last_sequence: burnt, ..sender.row.clone() };
        work.put(Key::Replica(sender.replica), Row::Replica(row));
        Ok(Step::of(work.finish()))
    }
}
