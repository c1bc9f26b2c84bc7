//! Snapshots in the world: the log as a file, fetched in ranges over a line that cuts.

use rand::RngExt as _;
use selaras_sync::Offer;
use selaras_sync::exchange::{Event as Told, Exchange};

use super::one_in;
use super::script::{Event, Script};
use super::trouble::Trouble;

/// The centre's word that it has no such file any more.
const UNKNOWN: &str = "snapshot.unknown";

impl Script {
    /// Asks for what of a file is not here yet.
    pub(super) fn fetches(&mut self, number: usize, exchange: Exchange, offer: Offer) -> Result<(), Trouble> {
        let computer = self.computer_mut(number)?;
        if computer.fetched.as_ref().is_none_or(|(known, _)| *known != offer.hash) {
            computer.fetched = Some((offer.hash, Vec::new()));
        }
        let from = computer.fetched.as_ref().map_or(0, |(_, bytes)| bytes.len());
        if u64::try_from(from).ok() == Some(offer.bytes) {
            return self.has_fetched(number, exchange, offer);
        }
        let request = self.awaits(number, exchange)?;
        self.carry(&[], |_| Event::Fetch { computer: number, number: request, offer, from });
        Ok(())
    }

    /// The centre gives a range, of which perhaps only the beginning arrives.
    pub(super) fn gives_range(
        &mut self,
        number: usize,
        request: u64,
        offer: Offer,
        from: usize,
    ) -> Result<(), Trouble> {
        let school = self.computer(number)?.school;
        let Some(centre) = self.centres.get(school).filter(|centre| !centre.down) else { return Ok(()) };
        let Some(file) = centre.snapshots.get(&offer.hash) else {
            self.refuses(number, request, UNKNOWN);
            return Ok(());
        };
        let rest = file.get(from..).unwrap_or_default();
        let mut bytes = rest.to_vec();
        if !self.calm && one_in(&mut self.rng, 3) {
            bytes.truncate(self.rng.random_range(0..=rest.len()));
        }
        let altered = !self.calm && one_in(&mut self.rng, 30);
        if let Some(byte) = bytes.first_mut().filter(|_| altered) {
            *byte ^= 1;
        }
        self.carry(&[], |_| Event::Range { computer: number, number: request, offer, from, bytes: bytes.clone() });
        Ok(())
    }

    pub(super) fn takes_range(
        &mut self,
        number: usize,
        request: u64,
        offer: Offer,
        (from, bytes): (usize, &[u8]),
    ) -> Result<(), Trouble> {
        let Some(exchange) = self.takes_up(number, request)? else { return Ok(()) };
        let fetched = self.computer_mut(number)?.fetched.as_mut();
        if let Some((_, here)) = fetched.filter(|(known, here)| *known == offer.hash && here.len() == from) {
            here.extend_from_slice(bytes);
        }
        let done = self.fetches(number, exchange, offer);
        self.bear(number, done)
    }

    /// The file is here whole, or its bytes are others: then it is fetched anew by the next exchange.
    fn has_fetched(&mut self, number: usize, exchange: Exchange, offer: Offer) -> Result<(), Trouble> {
        let Some((_, bytes)) = self.computer_mut(number)?.fetched.take() else { return Ok(()) };
        if *blake3::hash(&bytes).as_bytes() != offer.hash {
            return Ok(());
        }
        self.computer(number)?.disk.blobs().put(&offer.hash, &bytes)?;
        self.note(&format!("computer {number} has fetched a snapshot"));
        self.goes_on(number, exchange, Told::Fetched)
    }
}
