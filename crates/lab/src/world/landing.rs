//! Uploads in the world: pieces are lost, doubled, late and cut, and what the centre did not sync dies with it.

use std::collections::BTreeMap;

use rand::RngExt as _;
use selaras_model::BundleId;
use selaras_sync::bundle;
use selaras_sync::exchange::{self, Exchange};
use selaras_sync::transfer::{Landing, LandingError, Next, Upload};

use super::one_in;
use super::script::{Event, Script};
use super::trouble::{Trouble, wrong};

/// A piece is shorter than this.
const SMALL_PIECE: usize = 200;
/// A bundle that would take more pieces than this is brought in larger ones.
const MANY_PIECES: usize = 100;

/// Bytes of the bundles that are landing at a centre.
#[derive(Default)]
pub(super) struct Landings(BTreeMap<BundleId, (Landing, Vec<u8>)>);

/// What a computer asks of a landing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    /// How much is there.
    Offset,
    /// To take bytes at a place.
    Piece { from: u64, total: u64, bytes: Vec<u8> },
}

/// What it is told.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Told {
    Offset(u64),
    Unknown,
    Spoilt,
}

impl Landings {
    /// The bytes of one that is whole.
    pub(super) fn whole(&self, id: BundleId) -> Option<Vec<u8>> {
        self.0.get(&id).filter(|(landing, _)| landing.is_whole()).map(|(_, bytes)| bytes.clone())
    }

    /// Takes a question or a piece, of which perhaps only the beginning arrived.
    pub(super) fn take(&mut self, id: BundleId, asked: &Asked, arrived: usize) -> Result<Told, LandingError> {
        let Asked::Piece { from, total, bytes } = asked else {
            return Ok(self.0.get(&id).map_or(Told::Unknown, |(landing, _)| Told::Offset(landing.offset())));
        };
        if !self.0.contains_key(&id) && *from > 0 {
            return Ok(Told::Unknown);
        }
        let begun = Landing::begin(*total)?;
        let (landing, here) = self.0.entry(id).or_insert((begun, Vec::new()));
        match landing.admit(*from, Some(*total), Some(bytes.len() as u64)) {
            Err(LandingError::Offset { offset }) => return Ok(Told::Offset(offset)),
            other => other?,
        };
        let bytes = bytes.get(..arrived).unwrap_or_default();
        here.extend_from_slice(bytes);
        landing.took(bytes.len() as u64);
        if landing.is_whole() && bundle::id(here) != id {
            self.0.remove(&id);
            return Ok(Told::Spoilt);
        }
        let offset = self.0.get(&id).map_or(0, |(landing, _)| landing.offset());
        Ok(Told::Offset(offset))
    }

    /// Takes a bundle whole; says whether it is the one that was named.
    pub(super) fn lands_whole(&mut self, id: BundleId, bytes: Vec<u8>) -> bool {
        let is_named = bundle::id(&bytes) == id;
        if is_named {
            let length = bytes.len() as u64;
            self.0.insert(id, (Landing::resume(length, length), bytes));
        }
        is_named
    }

    /// A crash: of what was not synced, some is gone.
    pub(super) fn lose(&mut self, kept: impl Fn(u64) -> u64) {
        for (landing, bytes) in self.0.values_mut() {
            let kept = kept(landing.offset());
            bytes.truncate(usize::try_from(kept).unwrap_or(usize::MAX));
            *landing = Landing::resume(landing.length(), kept);
        }
    }

    /// Drops those whose fate is known.
    pub(super) fn forget(&mut self, known: impl Fn(BundleId) -> bool) {
        self.0.retain(|id, _| !known(*id));
    }
}

impl Script {
    /// Brings a bundle, from wherever the centre says.
    pub(super) fn uploads(
        &mut self,
        number: usize,
        exchange: Exchange,
        bundle: BundleId,
        bytes: u64,
    ) -> Result<(), Trouble> {
        let computer = self.computer_mut(number)?;
        if computer.upload.as_ref().is_none_or(|(known, _)| *known != bundle) {
            computer.upload = Some((bundle, Upload::new(bytes)));
        }
        self.next_upload(number, exchange)
    }

    fn next_upload(&mut self, number: usize, exchange: Exchange) -> Result<(), Trouble> {
        let Some((bundle, upload)) = self.computer(number)?.upload.clone() else { return Ok(()) };
        // Meanwhile it may have been withdrawn: then this exchange has failed.
        let sealed = self.computer(number)?.school().sealed()?;
        if sealed.is_none_or(|sealed| sealed.bundle != bundle) {
            self.computer_mut(number)?.upload = None;
            return Ok(());
        }
        let asked = match upload.next() {
            Next::Landed => return self.goes_on(number, exchange, exchange::Event::Landed),
            Next::Ask => Asked::Offset,
            Next::Send(piece) => {
                let Some(frozen) = self.computer(number)?.disk.blobs().get(bundle.as_bytes())? else {
                    if self.has_harmed_files(number) {
                        return Err(Trouble::Damaged("a sealed bundle".to_owned()));
                    }
                    return wrong("a sealed bundle without its bytes");
                };
                // A piece of this world is small, so that there are several.
                let largest = if frozen.len() > MANY_PIECES * SMALL_PIECE { frozen.len() / 4 } else { SMALL_PIECE };
                let (from, most) =
                    (usize::try_from(piece.from).unwrap_or(usize::MAX), self.rng.random_range(1..largest));
                let rest = frozen.get(from..).unwrap_or_default();
                let bytes = rest.get(..most.min(rest.len())).unwrap_or_default().to_vec();
                Asked::Piece { from: piece.from, total: upload.total(), bytes }
            }
        };
        let request = self.awaits(number, exchange)?;
        self.carry_piece(number, request, bundle, &asked);
        Ok(())
    }

    fn carry_piece(&mut self, number: usize, request: u64, bundle: BundleId, asked: &Asked) {
        let length = if let Asked::Piece { bytes, .. } = asked { bytes.len() } else { 0 };
        let copies = match self.rng.random_range(0..10) {
            _ if self.calm => 1,
            0 => 0,
            1 => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let cut = !self.calm && length > 0 && one_in(&mut self.rng, 6);
            let arrived = if cut { self.rng.random_range(0..length) } else { length };
            let mut asked = asked.clone();
            let altered = !self.calm && one_in(&mut self.rng, 40);
            if let (Asked::Piece { bytes, .. }, true) = (&mut asked, altered)
                && let Some(byte) = bytes.first_mut()
            {
                *byte ^= 1;
            }
            let at = self.now + self.rng.random_range(1..100);
            self.schedule(at, Event::Piece { computer: number, number: request, bundle, asked, arrived, cut });
        }
    }

    /// A question or a piece arrives at the centre; one that was cut gets no answer.
    pub(super) fn lands(
        &mut self,
        (number, request): (usize, u64),
        bundle: BundleId,
        asked: &Asked,
        (arrived, cut): (usize, bool),
    ) -> Result<(), Trouble> {
        let school = self.computer(number)?.school;
        let Some(centre) = self.centres.get_mut(school).filter(|centre| !centre.down) else { return Ok(()) };
        let told = match centre.landings.take(bundle, asked, arrived) {
            Ok(told) => told,
            Err(error) => return wrong(format!("computer {number} sends a piece that does not fit: {error}")),
        };
        let lost = !self.calm && one_in(&mut self.rng, 10);
        if !cut && !lost {
            let at = self.now + self.rng.random_range(1..100);
            self.schedule(at, Event::Told { computer: number, number: request, bundle, told });
        }
        Ok(())
    }

    /// The centre's word on an upload arrives.
    pub(super) fn told_of_upload(
        &mut self,
        number: usize,
        request: u64,
        bundle: BundleId,
        told: &Told,
    ) -> Result<(), Trouble> {
        let Some(exchange) = self.takes_up(number, request)? else { return Ok(()) };
        let Some(computer) = self.computers.get_mut(number) else { return Ok(()) };
        let Some((_, upload)) = computer.upload.as_mut().filter(|(known, _)| *known == bundle) else { return Ok(()) };
        let taken = match told {
            Told::Offset(offset) => upload.told(*offset).map(drop),
            Told::Unknown => {
                upload.unknown();
                Ok(())
            }
            Told::Spoilt => upload.spoilt(),
        };
        if taken.is_err() {
            computer.upload = None;
            return Ok(());
        }
        self.note(&format!("computer {number} has landed some"));
        let done = self.next_upload(number, exchange);
        self.bear(number, done)
    }
}
