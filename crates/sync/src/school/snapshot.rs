//! Taking a snapshot of the log: checked whole, then taken in frame by frame.

use std::collections::VecDeque;
use std::io::Read;

use ed25519_dalek::VerifyingKey;
use prost::Message;
use selaras_model::EpochId;

use super::School;
use super::answer::{Incoming, Offer, foreign, sign_last};
use crate::edits::EditSet;
use crate::error::SchoolError;
use crate::snapshot::{Frame, Snapshot, SnapshotError};
use crate::state::{self, Installation};
use crate::step::{Effect, Step};
use crate::store::{Batch, Key, Row, StateName, StoreError};
use crate::wire;

/// The row that names a checked snapshot while it is being taken in.
const SNAPSHOT_ROW: &str = "snapshot";

fn row() -> Key {
    Key::Local(SNAPSHOT_ROW.to_owned())
}

impl School<'_> {
    /// Gives the step that notes a checked snapshot: whoever is interrupted from here on takes it in to its end.
    pub(crate) fn note_snapshot(&self, offer: &Offer) -> Step {
        let mut batch = Batch::default();
        batch.put(row(), Row::Bytes(offer.hash.to_vec()));
        Step::of(batch)
    }

    /// Gives the file of a snapshot that was checked and is not in whole.
    pub(crate) fn noted_snapshot(&self) -> Result<Option<[u8; 32]>, SchoolError> {
        match self.store.get(&row())? {
            Some(Row::Bytes(hash)) => {
                let damaged = |_| StoreError::Damaged("the name of a snapshot".to_owned());
                Ok(Some(hash.try_into().map_err(damaged)?))
            }
            _ => Ok(None),
        }
    }

    /// Gives the step after which a snapshot that is in whole is let go of.
    pub(crate) fn drop_snapshot(&self, file: [u8; 32]) -> Step {
        let mut batch = Batch::default();
        batch.remove(row());
        let mut step = Step::of(batch);
        step.effects.push(Effect::RemoveBlob(file));
        step
    }

    /// Checks a snapshot from its first frame to its last, for a side that has nothing yet: that its entries are
    /// chained, its edits are those of the entries, and the centre has signed the last one, which is the offer's.
    ///
    /// # Errors
    /// [`SchoolError::NotOurCentre`] for anything else; nothing of it is to be used then.
    pub fn check_snapshot(&self, offer: &Offer, file: &mut Snapshot<impl Read>) -> Result<(), SchoolError> {
        let installation: Installation = state::need(self.store, StateName::Installation)?;
        let position = self.position()?;
        let key = VerifyingKey::from_bytes(&installation.centre_key).map_err(|_| foreign("its key is none"))?;
        let mut reading = None;
        while let Some(frame) = file.next_frame().map_err(unreadable)? {
            let mut message = open(&frame)?;
            let epoch = EpochId::try_from(message.epoch.as_slice()).map_err(|_| foreign("it names no epoch"))?;
            let reading = match &mut reading {
                Some((known, _)) if *known != epoch => return Err(foreign("a snapshot of two epochs")),
                Some((_, reading)) => reading,
                None => &mut reading.insert((epoch, self.reading(&installation, &position, None, epoch)?)).1,
            };
            let mut pieces = VecDeque::new();
            for fragment in std::mem::take(&mut message.page) {
                pieces.push_back(reading.piece(fragment)?);
            }
            sign_last(&mut pieces, &message.signature, &key)?;
        }
        match reading {
            Some((_, reading)) if reading.partial.is_none() && reading.version == offer.version => Ok(()),
            _ => Err(foreign("a snapshot that does not end as it was offered")),
        }
    }

    /// Reads a frame of a checked snapshot, or what of it is not in yet; none for one that is in already.
    ///
    /// # Errors
    /// As [`School::answer`].
    pub(crate) fn frame(&self, frame: &Frame) -> Result<Option<Incoming>, SchoolError> {
        let position = self.position()?;
        let index = position.partial.map_or(0, |(index, _)| index);
        let mut message = open(frame)?;
        let (mut version, _) = frame.from;
        let mut rest = Vec::new();
        for fragment in std::mem::take(&mut message.page) {
            let entry = version.next();
            version = if fragment.ends { entry } else { version };
            if entry > position.version.next() || entry == position.version.next() && fragment.from >= index {
                rest.push(fragment);
            } else if entry == position.version.next() {
                rest.extend(without_first(fragment, index)?);
            }
        }
        if rest.is_empty() {
            return Ok(None);
        }
        message.page = rest;
        self.read(message).map(Some)
    }
}

/// What of a part of an entry follows an edit that is in already.
fn without_first(mut fragment: wire::Fragment, index: u32) -> Result<Option<wire::Fragment>, SchoolError> {
    let malformed = || foreign("a frame that cannot be read");
    let edits = EditSet::from_wire(fragment.edits.take().unwrap_or_default());
    let edits = edits.map_err(|_| malformed())?.into_edits();
    let taken = usize::try_from(index.saturating_sub(fragment.from)).map_err(|_| malformed())?;
    let rest = edits.get(taken..).unwrap_or_default();
    if rest.is_empty() && !fragment.ends {
        return Ok(None);
    }
    let edits = EditSet::wire_of(rest).map_err(|_| malformed())?;
    Ok(Some(wire::Fragment { from: index, edits: Some(edits), ..fragment }))
}

fn open(frame: &Frame) -> Result<wire::ExchangeResponse, SchoolError> {
    wire::ExchangeResponse::decode(frame.message.as_slice()).map_err(|_| foreign("a frame that cannot be read"))
}

fn unreadable(_: SnapshotError) -> SchoolError {
    foreign("a snapshot that cannot be read")
}
