//! Centres that lose their disk.

use std::collections::BTreeSet;

use rand::RngExt as _;
use selaras_model::{BundleId, EntryHash, LogVersion};
use selaras_sync::{Flow, LogEntry, Origin, Phase, Range, ReadStore, Row, entry_hash};

use super::{ACTIONS, Event, Script};
use crate::world::trouble::Trouble;
use crate::world::{Dimension, one_in};

/// Backups of a school in a world.
const BACKUPS: u32 = 3;
/// How long a backup takes that copies several schools.
const COPYING: u64 = 100;

impl Script {
    /// Some centres of this world lose their disk, some more than once.
    pub(super) fn plan_losses(&mut self) {
        if self.calm {
            return;
        }
        let end = u64::from(ACTIONS) * 40;
        for school in 0..if self.moves() { 1 } else { self.centres.len() } {
            for _ in 0..BACKUPS {
                let at = self.rng.random_range(0..end);
                self.plan_backup(at, school);
            }
            while one_in(&mut self.rng, 3) {
                let at = self.rng.random_range(0..end);
                self.schedule(at, Event::LosesDisk(school, 0));
            }
        }
    }

    /// Where students move, the centres of all schools are one, with one disk: its backup copies one school after another.
    pub(super) fn plan_backup(&mut self, at: u64, school: usize) {
        self.schedule(at, Event::BacksUp(school));
        if self.moves() {
            for other in (0..self.centres.len()).filter(|other| *other != school) {
                let at = at + self.rng.random_range(0..COPYING);
                self.schedule(at, Event::BacksUp(other));
            }
        }
    }

    pub(super) fn backs_up(&mut self, school: usize) -> Result<(), Trouble> {
        let Some(centre) = self.centres.get_mut(school).filter(|centre| !centre.down) else { return Ok(()) };
        if centre.disk.files().are_harmed() {
            // What is not whole is no backup.
            return Ok(());
        }
        let before = centre.backups();
        let done = centre.back_up();
        let backup = centre.backups();
        if self.reads_logs() && backup > before {
            self.reads_log(school, None)?;
            self.lawful.backed_up(school, backup);
        }
        self.note(&format!("centre {school} backs up"));
        self.centre_bears(school, done)
    }

    /// Notes the entry of what the Dinas did.
    pub(super) fn acted(&mut self, school: usize, token: &str) -> Result<(), Trouble> {
        if let Some(entry) = self.centre(school)?.centre().head()?.entry {
            self.acts.push((school, entry, token.to_owned()));
        }
        Ok(())
    }

    /// Where students move, all schools lose theirs, which is one, and none of them before all are in a backup.
    pub(super) fn loses_disk(&mut self, school: usize, before: usize) -> Result<(), Trouble> {
        if !self.moves() {
            return self.loses_disk_of(school, before);
        }
        if self.centres.iter().all(|centre| centre.backups() > 0) {
            (0..self.centres.len()).try_for_each(|school| self.loses_disk_of(school, before))?;
        }
        Ok(())
    }

    fn loses_disk_of(&mut self, school: usize, before: usize) -> Result<(), Trouble> {
        let ours = self.computers.iter().enumerate().filter(|(_, computer)| computer.school == school);
        let mut unwritten = Vec::new();
        for (number, computer) in ours {
            let store = computer.disk.held()?;
            let school = computer.school_over(&store);
            let unanswered = school.sealed()?.filter(|sealed| !matches!(sealed.phase, Phase::Received(_)));
            unwritten.extend(unanswered.map(|sealed| (number, sealed.bundle)));
        }
        let Some(centre) = self.centres.get_mut(school) else { return Ok(()) };
        if !centre.lose_disk(before)? {
            return Ok(());
        }
        self.restored += 1;
        self.reads_log_anew(school)?;
        self.may_publish_after_loss();
        for (number, bundle) in unwritten {
            // An answer that waits for a repair is written down after all.
            let heard = self.oracle.forget(bundle).map(|fate| (bundle, fate));
            let computer = self.computer_mut(number)?;
            computer.heard = heard.filter(|_| computer.exchange.is_some()).or(computer.heard.take());
        }
        self.lost_with_disks(school, before > 0 || self.school_has_harmed_files(school))?;
        // What nobody has any more is lost with the disk: the Dinas has to do it again.
        let gone = self.forgets_acts_that_no_disk_holds(school)?;
        self.note(&format!("centre {school} loses its disk, {gone} acts gone"));
        self.forgets_what_no_disk_holds()
    }

    /// Where a centre lost its disk and a computer got an earlier one back, a receipt may be gone from both.
    pub(in crate::world) fn forgets_what_no_disk_holds(&mut self) -> Result<(), Trouble> {
        let losses = [Dimension::Losses, Dimension::OlderBackups, Dimension::HealingBackups];
        if !(losses.into_iter().any(|losses| self.has(losses)) && self.has(Dimension::Images)) {
            return Ok(());
        }
        let mut held = BTreeSet::new();
        for centre in &self.centres {
            held.extend(bundles(&centre.disk.held()?, &Range::Entries(LogVersion::new(0)))?);
        }
        for computer in self.computers.iter().filter(|computer| !computer.gone) {
            let store = computer.disk.held()?;
            held.extend(bundles(&store, &Range::Kept(0))?);
            let sealed = computer.school_over(&store).sealed()?;
            let received = sealed.filter(|sealed| matches!(sealed.phase, Phase::Received(_)));
            held.extend(received.map(|sealed| sealed.bundle));
        }
        self.oracle.forget_all_but(&held);
        (0..self.centres.len()).try_for_each(|school| self.forgets_acts_that_no_disk_holds(school).map(drop))
    }

    /// Forgets what the Dinas did where no disk says so any more: a computer may have kept it for the centre, and got an
    /// earlier disk back. Gives how many acts that are.
    pub(super) fn forgets_acts_that_no_disk_holds(&mut self, school: usize) -> Result<usize, Trouble> {
        let mut known = entries(&self.centre(school)?.disk.held()?, &Range::Entries(LogVersion::new(0)))?;
        for computer in self.computers.iter().filter(|computer| computer.school == school && !computer.gone) {
            known.extend(entries(&computer.disk.held()?, &Range::Kept(0))?);
        }
        let gone = self.acts.iter().filter(|(of, entry, _)| *of == school && !known.contains(entry));
        let tokens: Vec<String> = gone.map(|(.., token)| token.clone()).collect();
        let gone = tokens.len();
        self.oracle.perhaps(tokens);
        Ok(gone)
    }
}

/// The bundles of the entries in a range.
pub(super) fn bundles(store: &dyn ReadStore, range: &Range) -> Result<BTreeSet<BundleId>, Trouble> {
    let mut found = BTreeSet::new();
    store.scan(range, &mut |_, row| {
        if let Row::Entry(row) = row
            && let Ok(Origin::Bundle { bundle, .. }) = LogEntry::from_bytes(&row.entry).map(|entry| entry.origin)
        {
            found.insert(bundle);
        }
        Ok(Flow::Continue)
    })?;
    Ok(found)
}

/// The entries in a range, by their own hashes and by those of their first lives.
fn entries(store: &dyn ReadStore, range: &Range) -> Result<BTreeSet<EntryHash>, Trouble> {
    let mut found = BTreeSet::new();
    store.scan(range, &mut |_, row| {
        if let Row::Entry(row) = row {
            found.insert(entry_hash(&row.entry));
            found.extend(LogEntry::from_bytes(&row.entry).ok().and_then(|entry| entry.first).map(|first| first.entry));
        }
        Ok(Flow::Continue)
    })?;
    Ok(found)
}
