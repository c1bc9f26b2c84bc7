//! A request of a school: who asks, where it stands, and what it sends.

use std::collections::BTreeMap;

use prost::Message;
use selaras_model::{BundleId, DeviceId, EntryHash, KeyId, LogVersion, RecordId, ReplicaId, Sequence};

use super::Centre;
use super::decide::Sender;
use super::life::Living;
use super::replay::RETAKEN;
use crate::bundle;
use crate::entry::{Origin, entry_hash};
use crate::error::CentreError;
use crate::page::entry_at;
use crate::state::Position;
use crate::step::Step;
use crate::store::{AnswerRow, Key, ReplicaRow, Row, StoreError};
use crate::wire;
use crate::work::Work;

/// The largest request: a bundle that travels inside it, and what stands before it.
pub const MAX_REQUEST_BYTES: usize = 256 << 10;

/// Gives the bytes of a bundle that landed before; none where they have not, or not all of them.
pub type Landed<'l> = dyn Fn(BundleId) -> Result<Option<Vec<u8>>, StoreError> + 'l;

/// A head's key as the centre enrolled it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolledKey {
    /// The PTK whose key it is.
    pub ptk: RecordId,
    /// The Ed25519 public key.
    pub public: [u8; 32],
    /// When it was enrolled, by the centre's clock in seconds since 1970.
    pub enrolled_at: i64,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// A request that was taken in; its answer is made after the step is committed and carried to its end.
#[derive(Debug)]
pub struct Received {
    /// To be committed before the answer.
    pub step: Option<Step>,
    pub(super) cursor: (LogVersion, u32),
    pub(super) bundle: Option<BundleId>,
    pub(super) fresh: bool,
    pub(super) held: Option<BundleId>,
    /// Entries of this log whose edits the school holds from an earlier life, and under which hash.
    pub(super) holds: BTreeMap<LogVersion, EntryHash>,
    pub(super) replica: ReplicaId,
    /// What the school has in force, and what it knows as announced.
    pub(super) pack: Vec<u8>,
    pub(super) rulebook: Vec<u8>,
    pub(super) announced: Vec<u8>,
    /// The replica, where it was seen further on than the request tells.
    pub(super) seen: Option<ReplicaRow>,
    pub(super) differs: bool,
    pub(super) takes_snapshot: bool,
}

/// What was decided about a bundle that was new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It took effect as this version of the log.
    Accepted(LogVersion),
    /// It was refused for good, with this code.
    Refused(String),
}

impl Received {
    /// Whether a snapshot may be offered instead of the log's first page.
    #[must_use]
    pub fn takes_snapshot(&self) -> bool {
        self.takes_snapshot
    }

    /// The bundle that this request brought and whose fate it decided.
    #[must_use]
    pub fn decided(&self) -> Option<BundleId> {
        self.bundle.filter(|_| self.fresh)
    }

    /// Says whether the school's digests at its cursor are not the centre's.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.differs
    }
}

fn malformed() -> CentreError {
    CentreError::refused("request.damaged")
}

impl Centre<'_> {
    /// Takes a request in and decides about its bundle; `device` is the token's.
    ///
    /// # Errors
    /// [`CentreError::Refused`] for a request that cannot be answered. That is never the final refusal of a bundle,
    /// which is part of the answer.
    pub fn receive(
        &self,
        device: DeviceId,
        body: &[u8],
        landed: &Landed<'_>,
        enrolled: &dyn Fn(KeyId) -> Result<Option<EnrolledKey>, StoreError>,
    ) -> Result<Received, CentreError> {
        let position = self.at_rest()?;
        if body.len() > MAX_REQUEST_BYTES {
            return Err(CentreError::refused("request.too-large").with("limit", MAX_REQUEST_BYTES));
        }
        let mut request = wire::ExchangeRequest::decode(body).map_err(|_| malformed())?;
        let replica = ReplicaId::try_from(request.replica.as_slice()).map_err(|_| malformed())?;
        let healing = self.healing()?;
        let waited_for = healing.as_ref().is_some_and(|healing| healing.waiting.contains(&device));
        if waited_for || self.speaks_of_another_life(&request, replica, &position)? {
            return Err(CentreError::refused("center.restored"));
        }
        // With an approval a bundle is offered, by its bytes or by the name of one that has landed.
        if healing.is_some() && (request.approval.is_some() || !request.bundle.is_empty() || request.lost) {
            return Err(CentreError::refused("center.healing"));
        }
        let known = self.replica(replica, device)?;
        let (cursor, differs) = self.place(&request, &position)?;
        let held = BundleId::try_from(request.held.as_slice()).ok();
        self.fetch_landed(&mut request, (held, replica), landed)?;
        let id = (!request.bundle.is_empty()).then(|| bundle::id(&request.bundle));
        let lost = held.filter(|_| request.lost && id.is_none() && request.approval.is_none());
        let last = Sequence::new(request.last_sequence);
        let previous = BundleId::try_from(request.previous.as_slice()).ok();
        let mut received = Received {
            step: None,
            cursor,
            bundle: id.or(held),
            fresh: false,
            held: id.or(held).filter(|_| lost.is_none()),
            replica,
            holds: self.held_again(&request.holds)?,
            pack: std::mem::take(&mut request.pack),
            rulebook: std::mem::take(&mut request.rulebook),
            announced: std::mem::take(&mut request.announced),
            seen: Some(known.clone().unwrap_or_else(|| unseen(device)))
                .filter(|row| row.is_ahead_of(last, previous, id.or(held))),
            differs,
            takes_snapshot: request.takes_snapshot && cursor == (LogVersion::new(0), 0),
        };
        let fresh = match id.or(lost) {
            Some(id) => self.answer_of(id, replica)?.is_none(),
            None => false,
        };
        received.fresh = fresh;
        let row = ReplicaRow { device: Some(device), ..known.clone().unwrap_or_else(|| unseen(device)) };
        let sender = Sender { replica, device, last, row };
        let unbound = known.as_ref().is_none_or(|row| row.device.is_none());
        received.step = match (id, lost) {
            (Some(id), _) if fresh => Some(self.decide(id, &request, &sender, &position, enrolled)?),
            (_, Some(lost)) if fresh => Some(self.refuse_lost(lost, &sender)?),
            _ if unbound && healing.is_none() => {
                // The first sight of a replica binds it to its device, so that no other can burn its sequence.
                let mut work = Work::new(self.store, self.rules);
                work.put(Key::Replica(replica), Row::Replica(sender.row));
                Some(Step::of(work.finish()))
            }
            _ => None,
        };
        Ok(received)
    }

    /// Puts the bytes of a bundle that is to be committed by its id into the request. One whose fate is known needs none.
    fn fetch_landed(
        &self,
        request: &mut wire::ExchangeRequest,
        (held, replica): (Option<BundleId>, ReplicaId),
        landed: &Landed<'_>,
    ) -> Result<(), CentreError> {
        let Some(held) = held.filter(|_| request.bundle.is_empty() && request.approval.is_some()) else {
            return Ok(());
        };
        if self.answer_of(held, replica)?.is_some() {
            return Ok(());
        }
        let frozen = landed(held)?.filter(|frozen| bundle::id(frozen) == held);
        request.bundle = frozen.ok_or_else(|| CentreError::refused("bundle.not-landed").with("bundle", held))?;
        Ok(())
    }

    /// Says what was decided about the request's bundle, where this request was the first to bring it.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn verdict(&self, received: &Received) -> Result<Option<Verdict>, CentreError> {
        let Some(bundle) = received.bundle.filter(|_| received.fresh) else { return Ok(None) };
        Ok(match self.store.get(&Key::Answer(bundle))? {
            Some(Row::Answer(AnswerRow::Receipt(version))) => Some(Verdict::Accepted(version)),
            Some(Row::Answer(AnswerRow::Refusal(bytes))) => {
                let damaged = |_| StoreError::Damaged("a refusal".to_owned());
                let signed = wire::SignedRefusal::decode(bytes.as_slice()).map_err(damaged)?;
                let refusal = wire::Refusal::decode(signed.refusal.as_slice()).map_err(damaged)?;
                Some(Verdict::Refused(refusal.code))
            }
            _ => None,
        })
    }

    /// The entries that the school holds from an earlier life of the log, by the versions that replay them.
    fn held_again(&self, holds: &[u8]) -> Result<BTreeMap<LogVersion, EntryHash>, CentreError> {
        let mut versions = BTreeMap::new();
        if holds.len() > super::MAX_INVENTORY * EntryHash::LEN {
            return Err(malformed());
        }
        for hash in holds.chunks_exact(EntryHash::LEN) {
            let hash = EntryHash::try_from(hash).map_err(|_| malformed())?;
            let Some(version) = self.replayed(hash)? else { continue };
            // What was taken as edits of the centre's own is not what the school holds.
            let (entry, _) = entry_at(self.store, version)?;
            if !matches!(&entry.origin, Origin::Act { kind, .. } if kind == RETAKEN) {
                versions.insert(version, hash);
            }
        }
        Ok(versions)
    }

    /// What is known of an installation that a device speaks for: its registration binds it, not who speaks first.
    pub(super) fn replica(&self, replica: ReplicaId, device: DeviceId) -> Result<Option<ReplicaRow>, CentreError> {
        let row = match self.store.get(&Key::Replica(replica))? {
            Some(Row::Replica(row)) => Some(row),
            _ => None,
        };
        if row.as_ref().is_some_and(|row| row.device == Some(device)) {
            return Ok(row);
        }
        if self.is_anothers(replica, device, &self.devices()?)? {
            return Err(CentreError::refused("replica.other-device").with("replica", replica));
        }
        Ok(row)
    }

    /// Whether a school stands in another life of the log than the present one, and has not told this one what it holds.
    /// Its records and receipts may be of entries that nobody else has, and its place within an entry of one that is
    /// another now. At the very beginning there is nothing to tell.
    fn speaks_of_another_life(
        &self,
        request: &wire::ExchangeRequest,
        replica: ReplicaId,
        position: &Living,
    ) -> Result<bool, CentreError> {
        let Some(cursor) = &request.cursor else { return Ok(false) };
        if cursor.epoch.is_empty() || cursor.epoch == position.epoch()?.as_bytes() {
            return Ok(false);
        }
        let within = cursor.index > 0;
        Ok(within || cursor.version > 0 && !self.has_told(replica)?)
    }

    /// Finds the cursor in the log, and whether the school's digest there is the entry's.
    fn place(
        &self,
        request: &wire::ExchangeRequest,
        position: &Position,
    ) -> Result<((LogVersion, u32), bool), CentreError> {
        let cursor = request.cursor.clone().unwrap_or_default();
        let version = LogVersion::new(cursor.version);
        let same_epoch = position.epoch.is_some_and(|epoch| cursor.epoch == epoch.as_bytes());
        // Of an earlier life of the log: the school heals this centre, and comes again. Of this very life: the centre's
        // database was put back without saying so, and no school can mend that.
        let code = match version > position.version {
            _ if !same_epoch => "cursor.unknown",
            true => "cursor.ahead",
            false => "log.forked",
        };
        let unknown = || CentreError::refused(code).with("version", version);
        if cursor.version == 0 {
            return if cursor.entry.is_empty() { Ok(((version, cursor.index), false)) } else { Err(unknown()) };
        }
        if version > position.version {
            return Err(unknown());
        }
        let (entry, row) = entry_at(self.store, version)?;
        if cursor.entry != entry_hash(&row.entry).as_bytes() {
            return Err(unknown());
        }
        let differs = cursor.index == 0 && !request.root.is_empty() && request.root != entry.root().as_bytes();
        Ok(((version, cursor.index), differs))
    }
}

fn unseen(device: DeviceId) -> ReplicaRow {
    ReplicaRow { device: Some(device), last_sequence: Sequence::new(0), last_accepted: None }
}
