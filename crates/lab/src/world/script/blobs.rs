//! Files that are altered or lost, at either end, while people work and when processes die.
//!
//! A school's computer finds its own way: a bundle is a function of what was sealed, and a snapshot can be had again. The
//! centre's files, and the plan of large work at either end, are put back by somebody who has a copy; until then an answer
//! may fail, and none may say what is not in the log.

use std::collections::BTreeSet;

use prost::Message as _;
use rand::RngExt as _;
use selaras_model::{BundleId, LogVersion};
use selaras_sync::exchange::Endpoint;
use selaras_sync::store::EditsAt;
use selaras_sync::{Blobs as _, Flow, Range, ReadStore, Row, School, wire};

use super::{ACTIONS, Event, Script};
use crate::world::fetching::noted;
use crate::world::files::{FileName, Harm};
use crate::world::trouble::{Trouble, wrong};
use crate::world::{Dimension, one_in, pick};

/// Files that are harmed on computers' disks, and on centres', besides those that a crash harms.
const HARMS: u32 = 3;

impl Script {
    pub(super) fn plan_harms(&mut self) {
        if self.calm {
            return;
        }
        let end = u64::from(ACTIONS) * 40;
        // Of small bundles a centre keeps no files.
        let (at, computer) = (self.rng.random_range(0..end / 2), self.rng.random_range(0..self.computers.len()));
        self.schedule(at, Event::ImportsMuch(computer));
        for _ in 0..HARMS {
            let (at, computer) = (self.rng.random_range(0..end), self.rng.random_range(0..self.computers.len()));
            self.schedule(at, Event::HarmsFile(computer));
            let (at, school) = (self.rng.random_range(end / 4..end), self.rng.random_range(0..self.centres.len()));
            self.schedule(at, Event::HarmsCentresFile(school));
        }
    }

    /// A process died while the disk was writing.
    pub(super) fn harms_in_crash(&mut self, number: usize) -> Result<(), Trouble> {
        if self.has(Dimension::Blobs) && one_in(&mut self.rng, 3) { self.harms_file(number) } else { Ok(()) }
    }

    /// The file of the bundle that waits to settle is altered or lost, or any other one.
    pub(super) fn harms_file(&mut self, number: usize) -> Result<(), Trouble> {
        let computer = self.computer(number)?;
        if computer.gone {
            return Ok(());
        }
        let (school, store, files) = (computer.school, computer.disk.held()?, computer.disk.files());
        let sealed = computer.school_over(&store).sealed()?.map(|sealed| *sealed.bundle.as_bytes());
        let whole = files.whole()?;
        let sealed = sealed.filter(|name| whole.contains(name) && one_in(&mut self.rng, 2));
        let Some(name) = sealed.or_else(|| pick(&mut self.rng, &whole).copied()) else { return Ok(()) };
        let harm = self.any_harm();
        files.harm(&name, harm)?;
        self.note(&format!("a file of computer {number} is {harm:?}: {}", BundleId::from_bytes(name)));
        // What a restored centre was to get back from this file is gone.
        if self.centre(school)?.has_lost_its_disk() { self.lost_with_disks(school, true) } else { Ok(()) }
    }

    pub(super) fn harms_centres_file(&mut self, school: usize) -> Result<(), Trouble> {
        let files = self.centre(school)?.disk.files();
        let Some(name) = pick(&mut self.rng, &files.whole()?).copied() else { return Ok(()) };
        let harm = self.any_harm();
        files.harm(&name, harm)?;
        self.note(&format!("a file of centre {school} is {harm:?}: {}", BundleId::from_bytes(name)));
        let at = self.now + self.rng.random_range(100..900);
        self.schedule(at, Event::PutsBack(school));
        Ok(())
    }

    fn any_harm(&mut self) -> Harm {
        if one_in(&mut self.rng, 2) { Harm::Lost } else { Harm::Flipped(self.rng.random_range(0..1 << 20)) }
    }

    pub(super) fn puts_back(&mut self, school: usize) -> Result<(), Trouble> {
        self.note(&format!("the files of centre {school} are put back"));
        Ok(self.centre(school)?.disk.files().put_back(|_| true)?)
    }

    /// The faults have stopped: what a computer cannot make again is put back, and nothing else.
    pub(super) fn puts_files_back(&mut self) -> Result<(), Trouble> {
        for centre in &self.centres {
            centre.disk.files().put_back(|_| true)?;
        }
        for computer in self.computers.iter().filter(|computer| !computer.gone) {
            let store = computer.disk.held()?;
            let own = made_again(&store, &computer.school_over(&store))?;
            computer.disk.files().put_back(|name| !own.contains(name))?;
        }
        Ok(())
    }

    pub(in crate::world) fn has_harmed_files(&self, number: usize) -> bool {
        self.computers.get(number).is_some_and(|computer| computer.disk.files().are_harmed())
    }

    pub(super) fn centre_has_harmed_files(&self, school: usize) -> bool {
        self.centres.get(school).is_some_and(|centre| centre.disk.files().are_harmed())
    }

    pub(super) fn school_has_harmed_files(&self, school: usize) -> bool {
        let mut ours = self.computers.iter().filter(|computer| computer.school == school && !computer.gone);
        ours.any(|computer| computer.disk.files().are_harmed())
    }

    /// Whether a whole answer that a computer cannot use was made from what a centre's disk altered.
    pub(super) fn answers_from_harmed(&self, number: usize, whole: bool) -> Result<bool, Trouble> {
        let school = self.computer(number)?.school;
        Ok(whole && self.centre_has_harmed_files(school) && !self.has_harmed_files(number))
    }

    /// What leaves is what was sealed, byte for byte.
    pub(super) fn sends_what_was_sealed(&self, number: usize, endpoint: Endpoint, body: &[u8]) -> Result<(), Trouble> {
        let Endpoint::Exchange(_) = endpoint else { return Ok(()) };
        if !self.has(Dimension::Blobs) {
            return Ok(());
        }
        let Ok(request) = wire::ExchangeRequest::decode(body) else { return wrong("a request that cannot be read") };
        let files = self.computer(number)?.disk.files();
        let written = FileName::try_from(request.held).is_ok_and(|name| files.were_written(&name, &request.bundle));
        if request.bundle.is_empty() || written {
            return Ok(());
        }
        wrong(format!("computer {number} sends bytes that it never sealed"))
    }

    /// A large bundle is brought whole.
    pub(super) fn lands_at_rest(&mut self, number: usize, bundle: BundleId) -> Result<(), Trouble> {
        let computer = self.computer(number)?;
        let (school, frozen) = (computer.school, computer.disk.files().get(bundle.as_bytes())?);
        let frozen = frozen.ok_or_else(|| Trouble::No("bundle.lost".to_owned()))?;
        if self.centre_mut(school)?.landings.lands_whole(bundle, frozen) {
            return Ok(());
        }
        wrong(format!("computer {number} brings bytes that it never sealed"))
    }
}

/// The files that a computer can make again, or do without: bundles, and a snapshot that it takes in.
fn made_again(store: &dyn ReadStore, school: &School<'_>) -> Result<BTreeSet<FileName>, Trouble> {
    let mut found: BTreeSet<FileName> = school.sealed()?.iter().map(|sealed| *sealed.bundle.as_bytes()).collect();
    for range in [Range::Kept(0), Range::Entries(LogVersion::new(0))] {
        store.scan(&range, &mut |_, row| {
            if let Row::Entry(row) = row
                && let EditsAt::Blob(name) = row.edits
            {
                found.insert(name);
            }
            Ok(Flow::Continue)
        })?;
    }
    found.extend(noted(store)?);
    Ok(found)
}
