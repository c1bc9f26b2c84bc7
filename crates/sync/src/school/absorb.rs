//! Taking an answer in: outcome, entries, digests, in commits that fit.

use prost::Message;
use selaras_merge::MergeError;
use selaras_model::Digest;

use super::School;
use super::answer::{Incoming, Piece, Verdict};
use super::keep::Source;
use super::layers::prefixes;
use crate::edits::{EditsChain, size_of};
use crate::entry::{LogEntry, Origin, Receipt, entry_hash};
use crate::error::{Refusal, SchoolError};
use crate::state::{self, HistoryKind, Installation, Phase, Position, Sealed};
use crate::step::{Effect, Step};
use crate::store::{DraftRow, EditsAt, EntryRow, Key, StateName};
use crate::work::{Applied, Work, WorkError};

/// What became of the bundle that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// None was sent, or the centre has not seen it.
    None,
    /// It took effect.
    Receipt(Box<Receipt>),
    /// It was refused, for ever; its edits are drafts again.
    Refusal(Box<Refusal>),
}

/// What came in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Absorbed {
    /// Records that others edited.
    pub records_in: u32,
    /// Entries of the log.
    pub entries: u32,
    /// Whether the digests are equal, where they could be compared.
    pub equal: Option<bool>,
}

impl School<'_> {
    /// Takes the next part of an answer in; none when all is in.
    ///
    /// # Errors
    /// As the store gives them.
    pub(crate) fn absorb(&self, incoming: &mut Incoming) -> Result<Option<Step>, SchoolError> {
        let mut position = self.position()?;
        if incoming.done {
            // Where the digests differ, what the log knows is made anew first.
            let gone_over = !incoming.more && !position.keeping.again && position.equal == Some(true);
            return if gone_over && self.looks_for_unheld()? { self.take_unheld().map(Some) } else { self.let_go() };
        }
        if let Some(texts) = incoming.rules.take() {
            return self.take_rules(&texts, position).map(Some);
        }
        if let Some(announced) = incoming.announced.take() {
            return self.take_announced(announced.as_ref()).map(Some);
        }
        let mut work = Work::of_accepted(self.store, self.rules);
        if self.defended(&position).is_none() {
            position.epoch = Some(incoming.epoch);
        }
        position.keeping.covered = position.keeping.covered.max(incoming.covered);
        match incoming.verdict.take() {
            Some(Verdict::Refusal(refusal)) => return self.take_refusal(work, &refusal, position).map(Some),
            Some(Verdict::Receipt(receipt)) => self.take_receipt(&mut work, &receipt, &mut position)?,
            None => {}
        }
        while work.has_room() {
            let Some(mut piece) = incoming.pieces.pop_front() else { break };
            if let Some(sealed) = self.sealed_in(&work)?.filter(|sealed| self.is_usurped(sealed, &piece)) {
                // Its drafts are drafts again, in steps, before anything is put under them.
                incoming.pieces.push_front(piece);
                work.put_state(StateName::Position, &position)?;
                self.release(&mut work, &sealed)?;
                let mut step = Step::of(work.finish()).and_more(0, u64::from(sealed.records));
                step.effects.push(Effect::RemoveBlob(*sealed.bundle.as_bytes()));
                return Ok(Some(step));
            }
            self.take_piece(&mut work, &mut piece, &mut position, incoming)?;
            if piece.at < piece.edits.len() {
                incoming.pieces.push_front(piece);
                break;
            }
        }
        incoming.done = incoming.pieces.is_empty();
        let mut effects = Vec::new();
        if incoming.done {
            effects.extend(position.keeping.proof.take().map(Effect::RemoveBlob));
            position.keeping.again &= incoming.more;
            position.judged_on = incoming.today;
            position.last_contact = Some(self.now);
            if incoming.summary.equal.is_none() && !incoming.more {
                incoming.summary.equal = position.equal;
            }
        }
        if let Some(proof) = incoming.proof.take().filter(|_| !incoming.done) {
            // The entries of this page are proven by its last one, and that is not in this commit.
            let bytes = proof.encode_to_vec();
            let name = *blake3::hash(&bytes).as_bytes();
            self.blobs.put(&name, &bytes)?;
            effects.extend(position.keeping.proof.replace(name).filter(|old| *old != name).map(Effect::RemoveBlob));
        }
        work.put_state(StateName::Position, &position)?;
        self.judge(&mut work)?;
        let mut step = Step::of(work.finish());
        step.effects = effects;
        Ok(Some(step))
    }

    fn take_refusal(&self, mut work: Work<'_>, refusal: &Refusal, mut position: Position) -> Result<Step, SchoolError> {
        let Some(sealed) = self.sealed()? else { return Ok(Step::of(work.finish())) };
        let args = [("records", sealed.records.to_string())];
        self.tell(&mut work, &mut position, HistoryKind::Refused, &refusal.code, &args)?;
        work.put_state(StateName::Position, &position)?;
        self.release(&mut work, &sealed)?;
        let mut step = Step::of(work.finish()).and_more(0, u64::from(sealed.records));
        step.effects.push(Effect::RemoveBlob(*sealed.bundle.as_bytes()));
        Ok(step)
    }

    /// A receipt is durable at once; the bundle settles when this side passes its entry.
    fn take_receipt(&self, work: &mut Work<'_>, receipt: &Receipt, position: &mut Position) -> Result<(), SchoolError> {
        let Some(mut sealed) = self.sealed()? else { return Ok(()) };
        let version = receipt.entry().version;
        let row = EntryRow {
            entry: receipt.bytes().to_vec(),
            signature: Some(receipt.signature().to_vec()),
            edits: EditsAt::Blob(*sealed.bundle.as_bytes()),
        };
        Self::put_entry(work, version, row)?;
        if position.receipt != Some(version) {
            let args = [
                ("version", version.to_string()),
                ("code", receipt.short_code()),
                ("records", sealed.records.to_string()),
            ];
            self.tell(work, position, HistoryKind::Receipt, "", &args)?;
        }
        position.receipt = Some(version);
        let installation: Installation = state::need(self.store, StateName::Installation)?;
        if sealed.replica == installation.replica {
            position.previous = Some(sealed.bundle);
        }
        if position.version >= version {
            // A pull met the entry before: the receipt was all that was missing.
            work.remove(Key::State(StateName::Sealed));
        } else {
            sealed.phase = Phase::Received(version);
            work.put_state(StateName::Sealed, &sealed)?;
        }
        Ok(())
    }

    fn take_piece(
        &self,
        work: &mut Work<'_>,
        piece: &mut Piece,
        position: &mut Position,
        incoming: &mut Incoming,
    ) -> Result<(), SchoolError> {
        let (mut index, chain) = position.partial.unwrap_or((piece.from, [0; 32]));
        let mut chain = EditsChain::from_value(chain);
        let (began, first) = (piece.at, index);
        while let Some((key, edit)) = piece.edits.get(piece.at) {
            if !work.has_room_for(*key, edit)? {
                break;
            }
            chain.push(*key, edit);
            work.reserve(size_of(edit));
            self.take_edit(work, *key, edit, piece)?;
            index = index.saturating_add(1);
            piece.at += 1;
            incoming.summary.records_in += u32::from(piece.source == Source::Page);
        }
        if piece.source == Source::Page {
            self.keep_edits(work, position, first, piece.edits.get(began..piece.at).unwrap_or_default())?;
        }
        // A first upload's are tens of megabytes, and the store's caches fill while they are taken.
        piece.edits.iter_mut().take(piece.at).skip(began).for_each(|(_, edit)| drop(std::mem::take(edit)));
        if piece.at < piece.edits.len() {
            position.partial = Some((index, chain.value()));
            return Ok(());
        }
        match piece.entry.take() {
            None => position.partial = Some((index, chain.value())),
            Some((entry, bytes)) => {
                incoming.summary.entries += 1;
                let edits = match piece.source {
                    _ if entry.records == 0 => EditsAt::Absent,
                    Source::Page => EditsAt::Kept,
                    Source::Own(bundle) => EditsAt::Blob(*bundle.as_bytes()),
                    Source::Elsewhere => EditsAt::Absent,
                };
                let row = EntryRow { entry: bytes, signature: piece.signature.take(), edits };
                let at_head = incoming.pieces.is_empty() && !incoming.more;
                self.close(work, &entry, row, position)?;
                // Under another pack another side may win a conflict, until that pack's entry has settled it.
                let alike = entry.pack == self.rules.pack.hash();
                if alike && (at_head || !position.keeping.again) {
                    incoming.summary.equal = Some(self.compare(work, &entry, position)?);
                }
            }
        }
        Ok(())
    }

    /// Puts one edit into the base; the record's draft stays, and moves forward where the edit touches none of it.
    fn take_edit(
        &self,
        work: &mut Work<'_>,
        key: selaras_model::RecordKey,
        edit: &selaras_merge::Edit,
        piece: &Piece,
    ) -> Result<(), SchoolError> {
        let generations = super::layers::drafts(&work.read(), key, None)?.generations;
        if generations.is_empty() {
            // Most records: nobody here has typed into them.
            let Some(applied) = fitting(work.apply(key, &piece.actor, edit))? else { return Ok(()) };
            work.set_view(key, Some(applied.resolved.record))?;
            return Ok(work.mark_conflict(key, !applied.resolved.conflicts.is_empty())?);
        }
        let document = work.document(key)?;
        let (_, before) = self.layers(work, key, document.as_ref())?;
        if fitting(work.apply(key, &piece.actor, edit))?.is_none() {
            return Ok(());
        }
        let own = self.is_own(work, piece)?;
        if own {
            self.drop_sealed_rows(work, key, &generations)?;
            Self::take_ground(work, key)?;
        }
        let document = work.document(key)?;
        let (mut drafts, floor) = self.layers(work, key, document.as_ref())?;
        if let Some(draft) = &mut drafts.open {
            let stands = draft.heads == before.prefixes();
            let heads = prefixes(&floor.heads);
            if stands && (own || !touches(edit, draft)) && draft.heads != heads {
                draft.heads = heads;
                self.put_draft(work, key, draft, &drafts.generations)?;
                drafts.generations = vec![self.position()?.generation];
            }
        }
        self.refresh(work, key, drafts, &floor)
    }

    /// Whether an entry has the name and number under which another bundle is sealed here: an earlier image of this
    /// computer, or a copy, has used it, and what is sealed can never take effect.
    fn is_usurped(&self, sealed: &Sealed, piece: &Piece) -> bool {
        let same = self.sealed_actor(sealed).is_ok_and(|actor| actor == piece.actor);
        same && piece.bundle != Some(sealed.bundle)
    }

    fn is_own(&self, work: &Work<'_>, piece: &Piece) -> Result<bool, SchoolError> {
        let Some(sealed) = self.sealed_in(work)? else { return Ok(false) };
        // Not by the actor: a twin that goes on under the same name seals under the same number.
        Ok(piece.bundle == Some(sealed.bundle))
    }

    fn drop_sealed_rows(
        &self,
        work: &mut Work<'_>,
        key: selaras_model::RecordKey,
        generations: &[u32],
    ) -> Result<(), SchoolError> {
        let Some(part) = self.part(&work.read())? else { return Ok(()) };
        for generation in generations.iter().filter(|generation| part.holds(key, **generation)) {
            work.remove(Key::Draft(key, *generation));
        }
        Ok(())
    }

    /// Ends an entry: the log goes on by one.
    fn close(
        &self,
        work: &mut Work<'_>,
        entry: &LogEntry,
        row: EntryRow,
        position: &mut Position,
    ) -> Result<(), SchoolError> {
        position.epoch = Some(entry.epoch);
        position.version = entry.version;
        position.entry = Some(entry_hash(&row.entry));
        position.partial = None;
        let again = matches!(row.edits, EditsAt::Absent) && entry.records > 0;
        self.keep(work, position, row.clone());
        Self::put_entry(work, entry.version, EntryRow { edits: EditsAt::Absent, ..row })?;
        let sealed = self.sealed_in(work)?;
        match (&entry.origin, sealed) {
            (Origin::Bundle { bundle, .. }, Some(mut sealed)) if *bundle == sealed.bundle => {
                if position.receipt == Some(entry.version) {
                    work.remove(Key::State(StateName::Sealed));
                } else {
                    // The entry came without the receipt, which is fetched by asking for the bundle again.
                    sealed.phase = Phase::Received(entry.version);
                    work.put_state(StateName::Sealed, &sealed)?;
                }
            }
            // Of another life of the log: the bundle is asked for again.
            (_, Some(mut sealed)) if matches!(sealed.phase, Phase::Received(version) if version <= entry.version) => {
                sealed.phase = Phase::Offered;
                work.put_state(StateName::Sealed, &sealed)?;
            }
            _ if again => {}
            _ => {
                let args = [("version", entry.version.to_string()), ("records", entry.records.to_string())];
                self.tell(work, position, HistoryKind::Pulled, "", &args)?;
            }
        }
        Ok(())
    }

    /// Compares the digests after an entry with the centre's.
    fn compare(&self, work: &mut Work<'_>, entry: &LogEntry, position: &mut Position) -> Result<bool, SchoolError> {
        let ours: Vec<Digest> = work.digests()?;
        let equal = ours == entry.digests;
        if position.equal != Some(equal) {
            let what = if equal { HistoryKind::Equal } else { HistoryKind::Differs };
            self.tell(work, position, what, "", &[("version", entry.version.to_string())])?;
        }
        position.equal = Some(equal);
        Ok(equal)
    }
}

/// Whether an edit touches what a draft says; the deleted flag belongs to every draft.
fn touches(edit: &selaras_merge::Edit, draft: &DraftRow) -> bool {
    edit.deleted.is_some() || draft.deleted.is_some() || edit.fields.keys().any(|name| draft.fields.contains_key(name))
}

/// Gives what an edit made of a record; none where the record here cannot take it, because it is not what the log says:
/// it holds changes of another life of the log, or lacks some. Then the digests differ after this entry, and the record is
/// made anew from the log. One such record must not stop all others.
fn fitting(applied: Result<Applied, WorkError>) -> Result<Option<Applied>, WorkError> {
    match applied {
        Err(WorkError::Merge {
            error: MergeError::UnknownHeads | MergeError::AmbiguousHeads | MergeError::Fork,
            ..
        }) => Ok(None),
        other => other.map(Some),
    }
}
