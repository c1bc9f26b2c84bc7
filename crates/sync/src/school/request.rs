//! The request of an exchange.

use prost::Message;
use selaras_model::root_digest;
use selaras_policy::{Changed, Level};

use super::School;
use super::layers::each_draft;
use crate::entry::LogEntry;
use crate::error::SchoolError;
use crate::state::{self, HistoryKind, Installation, Phase, Position, Sealed};
use crate::step::{Effect, Step};
use crate::store::{Flow, Key, Row, StateName, StoreError};
use crate::wire;
use crate::work::Work;

/// What an exchange is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Fetch, and send nothing that was typed.
    Pull,
    /// Send the approved bundle, if there is one, and fetch.
    Sync,
}

/// How the bytes of an approved bundle travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carry {
    /// In the request itself, as a day's do; up to [`MAX_INLINE_BUNDLE`].
    Inline,
    /// They have landed before, or perhaps have: the request names them by their id.
    Landed,
}

impl Carry {
    /// How a bundle of this many bytes travels.
    #[must_use]
    pub const fn of(bytes: u64) -> Self {
        if bytes <= MAX_INLINE_BUNDLE { Self::Inline } else { Self::Landed }
    }
}

/// The largest bundle that travels in the request: what a cut may cost.
pub const MAX_INLINE_BUNDLE: u64 = 64 << 10;

/// A request to send.
#[derive(Debug)]
pub struct Outgoing {
    /// To be committed before the first byte leaves.
    pub step: Option<Step>,
    /// The request's body.
    pub body: Vec<u8>,
    /// Whether the approved bundle no longer passes the gate on what has come since: it is drafts again, and this
    /// request only fetches.
    pub withdrawn: bool,
}

impl School<'_> {
    /// Makes the request of an exchange.
    ///
    /// # Errors
    /// As the store gives them; [`SchoolError::Refused`] while large work is not done.
    pub(crate) fn request(&self, purpose: Purpose, carry: Carry) -> Result<Outgoing, SchoolError> {
        let position = self.at_rest()?;
        let mut sealed = self.sealed()?;
        let mut outgoing = Outgoing { step: None, body: Vec::new(), withdrawn: false };
        let frozen = match &sealed {
            Some(sealed) => self.frozen(sealed)?,
            None => None,
        };
        let unsent = |phase| purpose == Purpose::Sync && matches!(phase, Phase::Approved | Phase::Waiting);
        if let Some(bundle) = sealed.as_mut().filter(|sealed| unsent(sealed.phase)) {
            let stale = match bundle.phase {
                _ if frozen.is_none() => Some("bundle.lost"),
                Phase::Approved if !self.still_passes(bundle, &position)? => Some("gate.invalid"),
                _ => None,
            };
            if let Some(code) = stale {
                outgoing.step = Some(self.withdraw_stale(bundle, position.clone(), code)?);
                outgoing.withdrawn = true;
            } else if bundle.phase == Phase::Approved {
                bundle.phase = Phase::Offered;
                let mut work = Work::new(self.store, self.rules);
                work.put_state(StateName::Sealed, bundle)?;
                outgoing.step = Some(Step::of(work.finish()));
            }
        }
        // What waits for a signature has never been sent, and is not named.
        let held = sealed.filter(|sealed| !outgoing.withdrawn && sealed.phase != Phase::Waiting);
        let held = held.as_ref().map(|sealed| (sealed, frozen));
        outgoing.body = self.body(purpose, carry, &position, held)?.encode_to_vec();
        Ok(outgoing)
    }

    fn withdraw_stale(&self, sealed: &Sealed, mut position: Position, code: &str) -> Result<Step, SchoolError> {
        let mut work = Work::new(self.store, self.rules);
        let args = [("records", sealed.records.to_string())];
        self.tell(&mut work, &mut position, HistoryKind::Withdrawn, code, &args)?;
        work.put_state(StateName::Position, &position)?;
        self.release(&mut work, sealed)?;
        let mut step = Step::of(work.finish()).and_more(0, u64::from(sealed.records));
        step.effects.push(Effect::RemoveBlob(*sealed.bundle.as_bytes()));
        Ok(step)
    }

    /// Judges the sealed bundle again where the base has moved since it was sealed.
    fn still_passes(&self, sealed: &Sealed, position: &Position) -> Result<bool, SchoolError> {
        if position.version == sealed.sealed_on {
            return Ok(true);
        }
        let findings = self.judge_sealing(&self.left_out()?, position)?;
        Ok(findings.iter().all(|finding| finding.level != Level::Invalid))
    }

    /// What people see and the sealed bundle does not hold, with what its readers see instead.
    pub(super) fn left_out(&self) -> Result<Vec<Changed>, SchoolError> {
        let work = Work::new(self.store, self.rules);
        let part = self.part(self.store)?;
        let mut typed_since = Vec::new();
        each_draft(self.store, None, part.as_ref(), &mut |key, drafts| {
            typed_since.extend(drafts.open.is_some().then_some(key));
            Ok(Flow::Continue)
        })?;
        let mut differs = Vec::new();
        for key in typed_since {
            let document = work.document(key)?;
            let (_, floor) = self.layers(&work, key, document.as_ref())?;
            let before = work.view(key)?;
            if before != floor.record {
                differs.push(Changed { before, after: floor.record });
            }
        }
        Ok(differs)
    }

    fn body(
        &self,
        purpose: Purpose,
        carry: Carry,
        position: &Position,
        sealed: Option<(&Sealed, Option<Vec<u8>>)>,
    ) -> Result<wire::ExchangeRequest, SchoolError> {
        let installation: Installation = state::need(self.store, StateName::Installation)?;
        let mut request = wire::ExchangeRequest {
            replica: installation.replica.as_bytes().to_vec(),
            last_sequence: position.last_sequence.get(),
            previous: position.previous.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
            cursor: Some(cursor(position)),
            pack: position.pack.as_bytes().to_vec(),
            rulebook: position.rulebook.as_bytes().to_vec(),
            takes_snapshot: position.version.get() == 0 && position.partial.is_none(),
            ..wire::ExchangeRequest::default()
        };
        request.holds = self.holds()?;
        request.announced = self.releases()?.next.map(|next| next.id().to_vec()).unwrap_or_default();
        // On the way over a restored centre's log the records are further than the cursor.
        if position.partial.is_none() && !position.keeping.again && self.closed_under_this_pack(position)? {
            let root = root_digest(&crate::work::stored_digests(self.store, self.rules)?);
            request.root = root.as_bytes().to_vec();
        }
        if let Some((sealed, frozen)) = sealed {
            put_bundle(&mut request, (purpose, carry), sealed, frozen, &installation)?;
        }
        Ok(request)
    }
}

impl School<'_> {
    /// Whether the entry at the cursor has digests that this side's can be compared with: under another pack another
    /// side may win a conflict.
    fn closed_under_this_pack(&self, position: &Position) -> Result<bool, SchoolError> {
        let Some(Row::Entry(row)) = self.store.get(&Key::Entry(position.version))? else { return Ok(false) };
        let entry = LogEntry::from_bytes(&row.entry);
        let entry = entry.map_err(|_| StoreError::Damaged("an entry of the log".to_owned()))?;
        Ok(entry.pack == position.pack)
    }
}

fn cursor(position: &Position) -> wire::Cursor {
    wire::Cursor {
        epoch: position.epoch.map(|epoch| epoch.as_bytes().to_vec()).unwrap_or_default(),
        version: position.version.get(),
        index: position.partial.map_or(0, |(index, _)| index),
        entry: position.entry.map(|entry| entry.as_bytes().to_vec()).unwrap_or_default(),
    }
}

/// Names the sealed bundle, and offers it where its fate is not known. What is held is left out of the page: a bundle
/// whose bytes are lost is named by who sends alone, to be told its fate.
fn put_bundle(
    request: &mut wire::ExchangeRequest,
    (purpose, carry): (Purpose, Carry),
    sealed: &Sealed,
    frozen: Option<Vec<u8>>,
    installation: &Installation,
) -> Result<(), SchoolError> {
    request.lost = frozen.is_none() && purpose == Purpose::Sync;
    if frozen.is_some() || request.lost {
        request.held = sealed.bundle.as_bytes().to_vec();
    }
    let unanswered = !matches!(sealed.phase, Phase::Received(_));
    if purpose == Purpose::Sync && unanswered {
        if sealed.replica != installation.replica {
            // Sealed before this installation got its name: offered unchanged, under the name it bears.
            request.replica = sealed.replica.as_bytes().to_vec();
            request.last_sequence = sealed.sequence.get();
            request.previous.clear();
        }
        let Some(frozen) = frozen else { return Ok(()) };
        let approval = wire::Approval::decode(sealed.approval.as_slice());
        request.approval = Some(approval.map_err(|_| StoreError::Damaged("the approval".to_owned()))?);
        if carry == Carry::Inline {
            request.bundle = frozen;
        }
    }
    Ok(())
}
