//! The answer of an exchange: decoded under limits and verified whole before anything of it is taken.

use std::collections::{BTreeMap, VecDeque};

use ed25519_dalek::{Signature, VerifyingKey};
use prost::Message;
use selaras_merge::Edit;
use selaras_model::{
    Actor, BundleId, Date, Digest, EntryHash, EpochId, FieldName, LogVersion, PackHash, RecordId, RecordKey,
    RulebookHash, Sequence,
};
use selaras_policy::Who;

use super::School;
use super::absorb::{Absorbed, Outcome};
use super::keep::Source;
use super::rules::Texts;
use crate::bundle;
use crate::edits::{EditSet, EditsChain};
use crate::entry::{FirstLife, LogEntry, Origin, Receipt, entry_hash};
use crate::error::{Refusal, RefusedRecord, SchoolError};
use crate::page::{MAX_ANSWER_BYTES, MAX_ANSWER_OPEN};
use crate::state::{self, Installation, Position, Sealed};
use crate::store::{Key, ReplicaRow, Row, StateName, StoreError};
use crate::wire;

/// A verified answer that is being taken in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Incoming {
    pub(super) today: Date,
    pub(super) epoch: EpochId,
    pub(super) rules: Option<Texts>,
    /// Within: none where nothing is announced any more.
    pub(super) announced: Option<Option<Texts>>,
    /// The outcome that is not taken in yet.
    pub(super) verdict: Option<Verdict>,
    pub(super) pieces: VecDeque<Piece>,
    pub(super) outcome: Outcome,
    pub(super) summary: Absorbed,
    pub(super) copied: bool,
    pub(super) differs: bool,
    pub(super) more: bool,
    pub(super) done: bool,
    pub(super) offer: Option<Offer>,
    /// Entries up to this version are in verified backups of the centre.
    pub(super) covered: LogVersion,
    /// The entries that end in it and their signature, while they are not written down.
    pub(super) proof: Option<wire::Run>,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming").field("pieces", &self.pieces.len()).field("more", &self.more).finish_non_exhaustive()
    }
}

/// What the centre decided about the sealed bundle.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Verdict {
    Receipt(Box<Receipt>),
    Refusal(Refusal),
}

/// An entry of the log, or a part of one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Piece {
    pub(super) actor: Actor,
    /// The bundle that it is of; none for the centre's own acts.
    pub(super) bundle: Option<BundleId>,
    pub(super) edits: Vec<(RecordKey, Edit)>,
    /// The next edit to take, within `edits`.
    pub(super) at: usize,
    /// The place of the first edit within the entry.
    pub(super) from: u32,
    /// Where its edits are.
    pub(super) source: Source,
    /// The entry, where it ends here.
    pub(super) entry: Option<(LogEntry, Vec<u8>)>,
    pub(super) signature: Option<Vec<u8>>,
}

/// The log so far, as a file that the centre keeps for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offer {
    /// The last entry in it.
    pub version: LogVersion,
    /// BLAKE3 of the file; its address.
    pub hash: [u8; 32],
    /// How long it is.
    pub bytes: u64,
}

impl Offer {
    /// The hash in hexadecimal, as it stands in the file's address.
    #[must_use]
    pub fn address(&self) -> String {
        blake3::Hash::from_bytes(self.hash).to_hex().to_string()
    }
}

impl Incoming {
    /// Gives the snapshot that is offered instead of a page. It is fetched, checked ([`School::check_snapshot`]), and
    /// taken in frame by frame.
    #[must_use]
    pub fn offer(&self) -> Option<Offer> {
        self.offer
    }

    /// Gives what became of the bundle that was sent.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Says whether the log has more than this answer held.
    #[must_use]
    pub fn more(&self) -> bool {
        self.more
    }

    /// Says whether somebody under this installation's name has been further on: it is a copy, and needs another name
    /// before this answer is taken in.
    #[must_use]
    pub fn copied(&self) -> bool {
        self.copied
    }

    /// Says whether the digests here were not those that the centre signed at the cursor. Before anything of this answer
    /// is taken in, the records that differ are found and mended.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.differs
    }

    /// Whether all of it is in the steps that were given.
    #[cfg(feature = "flaws")]
    pub(crate) fn is_in(&self) -> bool {
        self.done
    }

    /// A planted bug: the receipt is not taken in.
    #[cfg(feature = "flaws")]
    pub(crate) fn drop_receipt(&mut self) {
        self.verdict = self.verdict.take().filter(|verdict| matches!(verdict, Verdict::Refusal(_)));
    }

    /// Gives what has come in so far.
    #[must_use]
    pub fn summary(&self) -> Absorbed {
        self.summary
    }
}

pub(super) fn foreign(what: &'static str) -> SchoolError {
    SchoolError::NotOurCentre(what)
}

/// Where reading the page stands.
pub(super) struct Reading<'a> {
    school: &'a School<'a>,
    installation: &'a Installation,
    epoch: EpochId,
    sealed: Option<&'a Sealed>,
    /// The last number that this installation sealed under.
    last: Sequence,
    pub(super) version: LogVersion,
    kept: Option<BTreeMap<EntryHash, ([u8; 32], u32)>>,
    hash: Option<EntryHash>,
    before: Option<LogEntry>,
    /// Of the entry being read: edits taken, and the running hash.
    pub(super) partial: Option<(u32, EditsChain)>,
    /// Whether somebody sealed under this installation's name what is not known here.
    twin: bool,
}

impl School<'_> {
    /// Reads and verifies an answer.
    ///
    /// # Errors
    /// [`SchoolError::NotOurCentre`] for anything that this school's centre did not say; nothing of it is taken.
    pub fn answer(&self, bytes: &[u8]) -> Result<Incoming, SchoolError> {
        self.read(open(bytes)?)
    }

    pub(super) fn read(&self, mut answer: wire::ExchangeResponse) -> Result<Incoming, SchoolError> {
        let installation: Installation = state::need(self.store, StateName::Installation)?;
        let position = self.position()?;
        let sealed = self.sealed()?;
        let key = VerifyingKey::from_bytes(&installation.centre_key).map_err(|_| foreign("its key is none"))?;
        let epoch = EpochId::try_from(answer.epoch.as_slice()).map_err(|_| foreign("it names no epoch"))?;
        // Entries of another epoch are a restored centre's, and prove themselves; nothing else does.
        if self.defended(&position).is_some_and(|known| known != epoch) && answer.page.is_empty() {
            return Err(foreign("it is of another epoch"));
        }
        let mut reading = self.reading(&installation, &position, sealed.as_ref(), epoch)?;
        let mut pieces = VecDeque::new();
        for fragment in std::mem::take(&mut answer.page) {
            pieces.push_back(reading.piece(fragment)?);
        }
        let (end, unfinished, twin) = (reading.version, reading.partial.is_some(), reading.twin);
        sign_last(&mut pieces, &answer.signature, &key)?;
        let proof = proof_of(&pieces, &answer.signature);
        let seen = answer.seen.as_ref().map(read_seen).transpose()?;
        // Who offers what was sealed under an earlier name speaks under that name: that it has gone on is no news.
        let foreign_bundle = sealed.as_ref().is_some_and(|sealed| sealed.replica != installation.replica);
        let verdict = self.verdict(answer.outcome, &pieces, sealed.as_ref(), &key)?;
        let outcome = match &verdict {
            None => Outcome::None,
            Some(Verdict::Receipt(receipt)) => Outcome::Receipt(receipt.clone()),
            Some(Verdict::Refusal(refusal)) => Outcome::Refusal(Box::new(refusal.clone())),
        };
        Ok(Incoming {
            today: Date::from_days(answer.today).map_err(|_| foreign("it names no date"))?,
            epoch,
            rules: self.read_rules(answer.release.as_ref(), answer.pack, answer.rulebook, &key)?,
            announced: answer.announcement.map(|told| self.read_announced(told, &key)).transpose()?,
            verdict,
            pieces,
            outcome,
            summary: Absorbed::default(),
            differs: answer.differs,
            copied: twin || seen.is_some_and(|seen| further(&seen, &position, sealed.as_ref())) && !foreign_bundle,
            more: unfinished || end.get() < answer.head,
            offer: answer.snapshot.map(|offer| read_offer(&offer)).transpose()?,
            done: false,
            covered: LogVersion::new(answer.covered),
            proof,
        })
    }

    /// The life of the log that this side holds something of: at the beginning there is nothing to defend.
    pub(super) fn defended(&self, position: &Position) -> Option<EpochId> {
        let holds_something = position.version.get() > 0 || position.partial.is_some();
        position.epoch.filter(|_| holds_something || self.defends_nothing())
    }

    /// Whether a planted bug defends a life of which nothing is held.
    #[cfg(feature = "flaws")]
    pub(super) fn defends_nothing(&self) -> bool {
        self.flaw == Some(crate::exchange::Flaw::DefendsNothing)
    }

    #[cfg(not(feature = "flaws"))]
    #[expect(clippy::unused_self, reason = "with planted bugs it depends on them")]
    pub(super) const fn defends_nothing(&self) -> bool {
        false
    }

    pub(super) fn reading<'r>(
        &'r self,
        installation: &'r Installation,
        position: &Position,
        sealed: Option<&'r Sealed>,
        epoch: EpochId,
    ) -> Result<Reading<'r>, SchoolError> {
        let damaged = || StoreError::Damaged("an entry of the log".to_owned());
        let before = match self.store.get(&Key::Entry(position.version))? {
            Some(Row::Entry(row)) => Some(LogEntry::from_bytes(&row.entry).map_err(|_| damaged())?),
            _ if position.version.get() > 0 => return Err(damaged().into()),
            _ => None,
        };
        Ok(Reading {
            school: self,
            installation,
            epoch,
            sealed,
            last: position.last_sequence,
            kept: None,
            version: position.version,
            hash: position.entry,
            before,
            partial: position.partial.map(|(index, chain)| (index, EditsChain::from_value(chain))),
            twin: false,
        })
    }

    fn verdict(
        &self,
        outcome: Option<wire::exchange_response::Outcome>,
        pieces: &VecDeque<Piece>,
        sealed: Option<&Sealed>,
        key: &VerifyingKey,
    ) -> Result<Option<Verdict>, SchoolError> {
        let Some((outcome, sealed)) = outcome.zip(sealed) else { return Ok(None) };
        match outcome {
            wire::exchange_response::Outcome::Accepted(accepted) => {
                let bytes = accepted_entry(&accepted, pieces).ok_or_else(|| foreign("a receipt without its entry"))?;
                let receipt = Receipt::verify(bytes, &accepted.signature, key);
                let receipt = receipt.map_err(|_| foreign("the receipt's signature does not hold"))?;
                let names_ours =
                    matches!(&receipt.entry().origin, Origin::Bundle { bundle, .. } if *bundle == sealed.bundle);
                if !names_ours || receipt.entry().version.get() != accepted.version {
                    return Err(foreign("the receipt is of another bundle"));
                }
                Ok(Some(Verdict::Receipt(Box::new(receipt))))
            }
            wire::exchange_response::Outcome::Refusal(signed) => {
                let refusal = read_refusal(&signed, key, sealed.bundle)?;
                Ok(Some(Verdict::Refusal(refusal)))
            }
        }
    }
}

fn read_seen(seen: &wire::Seen) -> Result<ReplicaRow, SchoolError> {
    let accepted = match seen.accepted.as_slice() {
        [] => None,
        bytes => Some(BundleId::try_from(bytes).map_err(|_| foreign("a bundle's name of another length"))?),
    };
    Ok(ReplicaRow { device: None, last_sequence: Sequence::new(seen.sequence), last_accepted: accepted })
}

/// Whether the centre saw this installation do what it did not. What the request said does not count: a line that
/// shortens it would make this computer let go of a bundle that has taken effect.
fn further(seen: &ReplicaRow, position: &Position, sealed: Option<&Sealed>) -> bool {
    seen.is_ahead_of(position.last_sequence, position.previous, sealed.map(|sealed| sealed.bundle))
}

fn read_offer(offer: &wire::SnapshotOffer) -> Result<Offer, SchoolError> {
    let hash = offer.hash.as_slice().try_into().map_err(|_| foreign("a snapshot without its hash"))?;
    Ok(Offer { version: LogVersion::new(offer.version), hash, bytes: offer.bytes })
}

fn open(bytes: &[u8]) -> Result<wire::ExchangeResponse, SchoolError> {
    if bytes.len() > MAX_ANSWER_BYTES {
        return Err(foreign("it is too large"));
    }
    let open = crate::page::decompress(bytes, MAX_ANSWER_OPEN).ok_or_else(|| foreign("it cannot be decompressed"))?;
    wire::ExchangeResponse::decode(open.as_slice()).map_err(|_| foreign("it cannot be read"))
}

/// The entries are chained, so the signature over the last one holds for all that end in the page.
pub(super) fn sign_last(pieces: &mut VecDeque<Piece>, signature: &[u8], key: &VerifyingKey) -> Result<(), SchoolError> {
    let Some(last) = pieces.iter_mut().rev().find(|piece| piece.entry.is_some()) else { return Ok(()) };
    let Some((_, bytes)) = &last.entry else { return Ok(()) };
    let hash = entry_hash(bytes);
    let holds = Signature::from_slice(signature).is_ok_and(|held| key.verify_strict(hash.as_bytes(), &held).is_ok());
    if !holds {
        return Err(foreign("the signature over the log does not hold"));
    }
    last.signature = Some(signature.to_vec());
    Ok(())
}

/// The entries of a page that prove each other, where there are several.
fn proof_of(pieces: &VecDeque<Piece>, signature: &[u8]) -> Option<wire::Run> {
    let entries: Vec<Vec<u8>> =
        pieces.iter().filter_map(|piece| piece.entry.as_ref()).map(|(_, bytes)| bytes.clone()).collect();
    (entries.len() > 1).then(|| wire::Run { entries, signature: signature.to_vec() })
}

fn accepted_entry(accepted: &wire::Accepted, pieces: &VecDeque<Piece>) -> Option<Vec<u8>> {
    if !accepted.entry.is_empty() {
        return Some(accepted.entry.clone());
    }
    let entries = pieces.iter().filter_map(|piece| piece.entry.as_ref());
    let mut fitting = entries.filter(|(entry, _)| entry.version.get() == accepted.version);
    fitting.next().map(|(_, bytes)| bytes.clone())
}

impl Reading<'_> {
    pub(super) fn piece(&mut self, mut fragment: wire::Fragment) -> Result<Piece, SchoolError> {
        let news = &fragment.news.take().ok_or_else(|| foreign("an entry without its head"))?;
        let (index, mut chain) = self.partial.take().unwrap_or_default();
        if fragment.from != index {
            return Err(foreign("the page does not begin where this side stands"));
        }
        let origin = crate::entry::read_origin(news.origin.clone()).map_err(|_| foreign("an entry of no origin"))?;
        let mut source = Source::Page;
        let mut taken = index;
        let edits = if fragment.held {
            if let Origin::Bundle { bundle, .. } = &origin {
                source = Source::Own(*bundle);
            }
            self.own_edits(&origin, index)?
        } else if !fragment.known_as.is_empty() {
            source = Source::Elsewhere;
            (chain, taken) = self.known_edits(&fragment, index)?;
            Vec::new()
        } else {
            let edits = EditSet::from_wire(fragment.edits.take().unwrap_or_default());
            edits.map_err(|_| foreign("edits that cannot be read"))?.into_edits()
        };
        for (key, edit) in &edits {
            chain.push(*key, edit);
        }
        let version = self.version.next();
        let (epoch, first) = self.life(&fragment, news)?;
        let bundle = self.note_origin(&origin, first.is_some());
        let actor = self.actor(epoch, first.as_ref(), &origin, version);
        taken = taken.saturating_add(u32::try_from(edits.len()).unwrap_or(u32::MAX));
        let entry = if fragment.ends {
            let (entry, bytes) = self.entry(&fragment, news, origin, chain.value(), first)?;
            if entry.records != taken {
                return Err(foreign("an entry with another number of records"));
            }
            self.version = version;
            self.hash = Some(entry_hash(&bytes));
            self.before = Some(entry.clone());
            Some((entry, bytes))
        } else {
            self.partial = Some((taken, chain));
            None
        };
        Ok(Piece { actor, bundle, edits, at: 0, from: index, source, entry, signature: None })
    }

    /// Gives the bundle of an entry. One of this installation's name that it did not seal is a twin's.
    fn note_origin(&mut self, origin: &Origin, replayed: bool) -> Option<BundleId> {
        let Origin::Bundle { bundle, replica, sequence, .. } = origin else { return None };
        let at_hand = self.sealed.is_some_and(|sealed| sealed.bundle == *bundle);
        // A restored centre replays what this installation sealed before.
        let number_at_hand = self.sealed.is_some_and(|sealed| sealed.sequence == *sequence);
        let settled = replayed && *sequence <= self.last && !number_at_hand;
        self.twin |= *replica == self.installation.replica && !at_hand && !settled;
        Some(*bundle)
    }

    fn own_edits(&self, origin: &Origin, from: u32) -> Result<Vec<(RecordKey, Edit)>, SchoolError> {
        let sealed = self.sealed.ok_or_else(|| foreign("edits are left out that are not held here"))?;
        if !matches!(origin, Origin::Bundle { bundle, .. } if *bundle == sealed.bundle) {
            return Err(foreign("edits are left out that are not held here"));
        }
        let damaged = || StoreError::Damaged("the sealed bundle".to_owned());
        let frozen = self.school.frozen(sealed)?.ok_or_else(damaged)?;
        let mut edits = bundle::decode(&frozen).map_err(|_| damaged())?.edits.into_edits();
        edits.drain(..edits.len().min(usize::try_from(from).unwrap_or(usize::MAX)));
        Ok(edits)
    }

    /// Edits that are in the records and kept here, as those of an entry of an earlier life of the log.
    fn known_edits(&mut self, fragment: &wire::Fragment, index: u32) -> Result<(EditsChain, u32), SchoolError> {
        let not_held = || foreign("edits are left out that are not held here");
        if self.kept.is_none() {
            self.kept = Some(self.school.kept_by_hash()?);
        }
        let hash = EntryHash::try_from(fragment.known_as.as_slice()).map_err(|_| not_held())?;
        let known = self.kept.as_ref().and_then(|kept| kept.get(&hash));
        let (edits, records) = known.filter(|_| index == 0 && fragment.ends).ok_or_else(not_held)?;
        Ok((EditsChain::from_value(*edits), *records))
    }

    /// The author of the changes; of the centre's own act by the life in which it was made first.
    fn actor(&self, epoch: EpochId, first: Option<&FirstLife>, origin: &Origin, version: LogVersion) -> Actor {
        let school = self.installation.npsn;
        if let Origin::Bundle { replica, sequence, .. } = origin {
            return crate::entry::bundle_actor(school, *replica, *sequence);
        }
        let (epoch, version) = first.map_or((epoch, version), |first| (first.epoch, first.version));
        crate::entry::act_actor(school, epoch, version)
    }

    /// Gives the epoch that signed an entry, and the entry as it was signed first where a restored centre replays it.
    /// An entry that is older than the centre's last life comes with its own bytes.
    fn life(
        &self,
        fragment: &wire::Fragment,
        news: &wire::LogEntry,
    ) -> Result<(EpochId, Option<FirstLife>), SchoolError> {
        let unreadable = |_| foreign("an entry that cannot be read");
        if !fragment.entry.is_empty() {
            return LogEntry::from_bytes(&fragment.entry).map(|entry| (entry.epoch, entry.first)).map_err(unreadable);
        }
        let first = news.first.as_ref().map(crate::entry::read_first).transpose().map_err(unreadable)?;
        Ok((self.epoch, first))
    }

    /// Makes the entry from what differs from the one before, or takes its bytes, and checks the chain.
    fn entry(
        &self,
        fragment: &wire::Fragment,
        news: &wire::LogEntry,
        origin: Origin,
        edits: [u8; 32],
        first: Option<FirstLife>,
    ) -> Result<(LogEntry, Vec<u8>), SchoolError> {
        if !fragment.entry.is_empty() {
            let entry = LogEntry::from_bytes(&fragment.entry).map_err(|_| foreign("an entry that cannot be read"))?;
            let follows = entry.previous == self.hash && entry.version == self.version.next() && entry.edits == edits;
            let ours = entry.npsn == self.installation.npsn && entry.origin == origin;
            return if follows && ours {
                Ok((entry, fragment.entry.clone()))
            } else {
                Err(foreign("an entry that does not follow the one before"))
            };
        }
        let or = |bytes: &[u8], before: Option<[u8; 32]>| match bytes {
            [] => before.ok_or_else(|| foreign("an entry without its rules")),
            bytes => bytes.try_into().map_err(|_| foreign("a hash of another length")),
        };
        let before = self.before.as_ref();
        let entry = LogEntry {
            npsn: self.installation.npsn,
            epoch: self.epoch,
            version: self.version.next(),
            previous: self.hash,
            edits,
            records: news.records,
            origin,
            pack: PackHash::from_bytes(or(&news.pack, before.map(|entry| *entry.pack.as_bytes()))?),
            rulebook: RulebookHash::from_bytes(or(&news.rulebook, before.map(|entry| *entry.rulebook.as_bytes()))?),
            digests: self.digests(fragment, news)?,
            at: news.at,
            first,
        };
        let bytes = entry.to_bytes();
        Ok((entry, bytes))
    }

    fn digests(&self, fragment: &wire::Fragment, news: &wire::LogEntry) -> Result<Vec<Digest>, SchoolError> {
        let mut digests = self.before.as_ref().map(|entry| entry.digests.clone()).unwrap_or_default();
        if fragment.modules.len() != news.digests.len() || news.digests.len() > crate::entry::MAX_ENTRY_MODULES {
            return Err(foreign("digests without their modules"));
        }
        for (module, digest) in fragment.modules.iter().zip(&news.digests) {
            let digest = Digest::try_from(digest.as_slice()).map_err(|_| foreign("a digest of another length"))?;
            let module = usize::try_from(*module).unwrap_or(usize::MAX);
            let next = module == digests.len();
            match digests.get_mut(module) {
                Some(place) => *place = digest,
                None if next => digests.push(digest),
                None => return Err(foreign("a digest of no module")),
            }
        }
        Ok(digests)
    }
}

/// The hash over which a refusal is signed.
pub(crate) fn refusal_hash(bytes: &[u8]) -> [u8; 32] {
    blake3::derive_key("selaras 1 refusal", bytes)
}

fn read_refusal(signed: &wire::SignedRefusal, key: &VerifyingKey, bundle: BundleId) -> Result<Refusal, SchoolError> {
    let hash = refusal_hash(&signed.refusal);
    let holds =
        Signature::from_slice(&signed.signature).is_ok_and(|signature| key.verify_strict(&hash, &signature).is_ok());
    if !holds {
        return Err(foreign("the refusal's signature does not hold"));
    }
    let refusal = wire::Refusal::decode(signed.refusal.as_slice()).map_err(|_| foreign("a refusal that is none"))?;
    if refusal.bundle != bundle.as_bytes() {
        return Err(foreign("the refusal is of another bundle"));
    }
    let records: Vec<RefusedRecord> = refusal.records.iter().filter_map(refused_record).collect();
    Ok(Refusal {
        who: who_acts(&refusal.code),
        code: refusal.code,
        args: refusal.args.into_iter().collect::<BTreeMap<_, _>>(),
        record: records.first().map(|record| record.record),
        records,
    })
}

fn refused_record(wire: &wire::RefusedRecord) -> Option<RefusedRecord> {
    let entity = selaras_model::EntityCode(u16::try_from(wire.entity).ok()?);
    let id = RecordId::from_bytes(wire.id.as_slice().try_into().ok()?);
    let field: Option<FieldName> = wire.field.parse().ok();
    Some(RefusedRecord { record: RecordKey { entity, id }, field, rule: wire.rule.parse().ok() })
}

/// Who has to act on a refusal of the centre.
fn who_acts(code: &str) -> Who {
    match code {
        "approval.not-entitled" => Who::Dinas,
        code if code.starts_with("approval.") => Who::Head,
        _ => Who::Operator,
    }
}
