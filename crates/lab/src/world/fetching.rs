//! Snapshots in the world: the log as a file, fetched in ranges over a line that cuts. What of it is here outlives the
//! process, but for what was not synced.

use std::collections::BTreeMap;

use rand::RngExt as _;
use selaras_model::LogVersion;
use selaras_storage::Fault;
use selaras_sync::exchange::{Event as Told, Exchange};
use selaras_sync::{Blobs as _, Key, Offer, ReadStore, Row, StoreError};

use super::Dimension;
use super::files::{FileName, Growing};
use super::one_in;
use super::script::{Event, Script};
use super::trouble::{Trouble, wrong};

/// The centre's word that it has no such file any more.
const UNKNOWN: &str = "snapshot.unknown";
/// Bytes at the end of a file that a crash leaves empty.
const UNSYNCED: usize = 16;
/// The row of a snapshot that was checked and is not in whole.
const SNAPSHOT_ROW: &str = "snapshot";

/// What the oracle knows of snapshots.
#[derive(Default)]
pub(super) struct Snapshots {
    /// The last entry of each that was fetched.
    offers: BTreeMap<FileName, LogVersion>,
    /// By computer: the one that it takes in, and whether its file was whole when it was looked at last.
    noted: BTreeMap<usize, (FileName, bool)>,
}

/// The snapshot that a disk says is being taken in.
pub(super) fn noted(store: &dyn ReadStore) -> Result<Option<FileName>, Trouble> {
    let Some(Row::Bytes(name)) = store.get(&Key::Local(SNAPSHOT_ROW.to_owned()))? else { return Ok(None) };
    let damaged = |_| StoreError::Damaged("the name of a snapshot".to_owned());
    Ok(Some(FileName::try_from(name).map_err(damaged)?))
}

impl Script {
    /// Asks for what of a file is not here yet.
    pub(super) fn fetches(&mut self, number: usize, exchange: Exchange, offer: Offer) -> Result<(), Trouble> {
        let files = self.computer(number)?.disk.files();
        let growing = files.growing().filter(|growing| growing.name == offer.hash);
        let from = growing.as_ref().map_or(0, |growing| growing.bytes.len());
        if growing.is_none() {
            files.grow(Some(Growing { name: offer.hash, bytes: Vec::new() }));
        }
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
        self.tempt(number);
        let files = self.computer(number)?.disk.files();
        let fits = |growing: &Growing| growing.name == offer.hash && growing.bytes.len() == from;
        if let Some(mut growing) = files.growing().filter(fits) {
            growing.bytes.extend_from_slice(bytes);
            files.grow(Some(growing));
        }
        let done = self.fetches(number, exchange, offer);
        self.bear(number, done)
    }

    /// The file is here whole, or its bytes are others: then it is fetched anew by the next exchange.
    fn has_fetched(&mut self, number: usize, exchange: Exchange, offer: Offer) -> Result<(), Trouble> {
        let files = self.computer(number)?.disk.files();
        let Some(Growing { bytes, .. }) = files.growing() else { return Ok(()) };
        files.grow(None);
        if *blake3::hash(&bytes).as_bytes() != offer.hash {
            return Ok(());
        }
        files.put(&offer.hash, &bytes)?;
        self.snapshots.offers.insert(offer.hash, offer.version);
        self.note(&format!("computer {number} has fetched a snapshot"));
        if !self.calm && one_in(&mut self.rng, 2) {
            // Between the commits that take it in.
            let commits = self.rng.random_range(1..5);
            self.computer(number)?.fail_after(commits, Fault::CrashAfter);
        }
        self.goes_on(number, exchange, Told::Fetched)
    }

    /// A process died: of what it had fetched, the end may be gone, or be a length without its bytes.
    pub(super) fn loses_growth(&mut self, number: usize) -> Result<(), Trouble> {
        let files = self.computer(number)?.disk.files();
        let Some(mut growing) = files.growing() else { return Ok(()) };
        let kept = self.rng.random_range(0..=growing.bytes.len());
        growing.bytes.truncate(kept);
        if one_in(&mut self.rng, 6) {
            growing.bytes.iter_mut().rev().take(UNSYNCED).for_each(|byte| *byte = 0);
        }
        self.note(&format!("computer {number} has {kept} bytes of a snapshot"));
        files.grow(Some(growing));
        Ok(())
    }

    /// A snapshot that was checked is taken in to its end, however often that is interrupted: whoever lets go of one that is
    /// whole stands at its last entry.
    pub(super) fn snapshots_are_taken_to_their_end(&mut self) -> Result<(), Trouble> {
        if !self.has(Dimension::Snapshots) {
            return Ok(());
        }
        for number in self.present() {
            let computer = self.computer(number)?;
            let store = computer.disk.held()?;
            let now = noted(&store)?;
            let before = self.snapshots.noted.get(&number).copied();
            if let Some((name, true)) = before.filter(|(name, _)| now != Some(*name)) {
                let end = self.snapshots.offers.get(&name).copied();
                let stands = computer.school_over(&store).position()?.version;
                if end.is_some_and(|end| stands < end) {
                    return wrong(format!(
                        "computer {number} lets go of a snapshot at {stands}, before its end {end:?}"
                    ));
                }
            }
            let whole = |name| (name, !computer.disk.files().is_harmed(&name));
            match now.map(whole) {
                Some(noted) => self.snapshots.noted.insert(number, noted),
                None => self.snapshots.noted.remove(&number),
            };
        }
        Ok(())
    }

    /// A disk comes back as it was.
    pub(super) fn snapshots_come_back(&mut self, number: usize) {
        self.snapshots.noted.remove(&number);
    }
}
