//! Centres that lose their disk, and computers that heal them.

use std::collections::BTreeSet;

use rand::RngExt as _;
use selaras_model::EntryHash;
use selaras_sync::{Carry, Flow, LogEntry, Phase, Purpose, Range, ReadStore, Row, School, entry_hash};

use super::{ACTIONS, Event, MAX_ROUNDS, PATIENCE, Script};
use crate::world::one_in;
use crate::world::trouble::{Trouble, wrong};

/// Backups of a school in a world.
const BACKUPS: u32 = 3;
/// Codes to which a computer answers by handing back what it holds.
const HEALED_BY_SCHOOLS: [&str; 2] = ["cursor.unknown", "center.restored"];

impl Script {
    /// Some centres of this world lose their disk, some more than once.
    pub(super) fn plan_losses(&mut self) {
        if self.calm {
            return;
        }
        let end = u64::from(ACTIONS) * 40;
        for school in 0..self.centres.len() {
            for _ in 0..BACKUPS {
                let at = self.rng.random_range(0..end);
                self.schedule(at, Event::BacksUp(school));
            }
            while one_in(&mut self.rng, 3) {
                let at = self.rng.random_range(0..end);
                self.schedule(at, Event::LosesDisk(school));
            }
        }
    }

    pub(super) fn backs_up(&mut self, school: usize) -> Result<(), Trouble> {
        let Some(centre) = self.centres.get_mut(school).filter(|centre| !centre.down) else { return Ok(()) };
        let done = centre.back_up();
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

    pub(super) fn loses_disk(&mut self, school: usize) -> Result<(), Trouble> {
        let ours = self.computers.iter().filter(|computer| computer.school == school);
        let devices = ours.clone().map(|computer| computer.device).collect();
        let mut known = BTreeSet::new();
        let mut unwritten = Vec::new();
        for computer in ours {
            let store = computer.disk.held()?;
            known.extend(entries(&store, &Range::Kept(0))?);
            let school = School::new(&store, computer.disk.blobs(), &computer.rules, 0);
            let unanswered = school.sealed()?.filter(|sealed| !matches!(sealed.phase, Phase::Received(_)));
            unwritten.extend(unanswered.map(|sealed| sealed.bundle));
        }
        let Some(centre) = self.centres.get_mut(school) else { return Ok(()) };
        if !centre.lose_disk(devices)? {
            return Ok(());
        }
        self.restored += 1;
        for bundle in unwritten {
            self.oracle.forget(bundle);
        }
        known.extend(entries(&centre.disk.held()?, &Range::Entries(selaras_model::LogVersion::new(0)))?);
        // What nobody has any more is lost with the disk: the Dinas has to do it again.
        let gone = self.acts.iter().filter(|(of, entry, _)| *of == school && !known.contains(entry));
        let tokens: Vec<String> = gone.map(|(.., token)| token.clone()).collect();
        self.note(&format!("centre {school} loses its disk, {} acts gone", tokens.len()));
        self.oracle.perhaps(tokens);
        Ok(())
    }

    // ---- the conversation

    pub(super) fn refuses(&mut self, number: usize, request: u64, code: &str) {
        let at = self.now + self.rng.random_range(1..100);
        self.schedule(at, Event::Refused { computer: number, number: request, code: code.to_owned() });
    }

    pub(super) fn refused(&mut self, number: usize, request: u64, code: &str) -> Result<(), Trouble> {
        let Some(computer) = self.computers.get_mut(number) else { return Ok(()) };
        if computer.down || computer.waiting.is_none_or(|(waiting, _)| waiting != request) {
            return Ok(());
        }
        computer.waiting = None;
        computer.healing = None;
        if !HEALED_BY_SCHOOLS.contains(&code) {
            return Ok(());
        }
        let begun = computer.settle().and_then(|()| Ok(computer.school().heal()?));
        match begun {
            Ok(healing) => {
                computer.healing = Some(healing);
                let sent = self.sends_healing(number);
                self.bear(number, sent)
            }
            Err(trouble) => self.bear(number, Err(trouble)),
        }
    }

    fn sends_healing(&mut self, number: usize) -> Result<(), Trouble> {
        let computer = self.computer(number)?;
        let Some(healing) = &computer.healing else { return Ok(()) };
        let body = computer.school().heal_request(healing)?;
        self.requests += 1;
        let request = self.requests;
        if let Some(computer) = self.computers.get_mut(number) {
            computer.waiting = Some((request, Purpose::Pull));
        }
        self.schedule(self.now + PATIENCE, Event::Patience { computer: number, number: request });
        self.carry(&body, |body| Event::HealRequest { computer: number, number: request, body });
        Ok(())
    }

    pub(super) fn serve_healing(&mut self, number: usize, request: u64, body: &[u8]) -> Result<(), Trouble> {
        let computer = self.computer(number)?;
        let (school, device) = (computer.school, computer.device);
        if self.centre(school)?.down {
            return Ok(());
        }
        if !self.calm && one_in(&mut self.rng, 8) {
            let (commits, fault) = self.misfortune();
            self.centre(school)?.disk.fail_after(commits, fault);
        }
        match self.centre(school)?.heal(device, body) {
            Ok(answer) => {
                self.note(&format!("centre {school} answers {request}, healing"));
                self.carry(&answer, |body| Event::HealAnswer { computer: number, number: request, body });
                Ok(())
            }
            Err(Trouble::No(code)) => {
                self.note(&format!("centre {school}: {code}"));
                self.refuses(number, request, &code);
                Ok(())
            }
            Err(trouble) => self.centre_bears(school, Err(trouble)),
        }
    }

    pub(super) fn healing_answered(&mut self, number: usize, request: u64, body: &[u8]) -> Result<(), Trouble> {
        let Some(computer) = self.computers.get_mut(number) else { return Ok(()) };
        if computer.down || computer.waiting.is_none_or(|(waiting, _)| waiting != request) {
            return Ok(());
        }
        computer.waiting = None;
        self.tempt(number);
        let done = self.takes_healing(number, body);
        self.bear(number, done)
    }

    fn takes_healing(&mut self, number: usize, body: &[u8]) -> Result<(), Trouble> {
        let Some(computer) = self.computers.get_mut(number) else { return Ok(()) };
        let Some(mut healing) = computer.healing.take() else { return Ok(()) };
        computer.settle()?;
        match computer.school().heal_answer(&mut healing, body) {
            // A cut answer changes nothing; the same is asked again.
            Ok(()) | Err(selaras_sync::SchoolError::NotOurCentre(_)) => {}
            Err(error) => return Err(error.into()),
        }
        if healing.is_done() {
            let step = computer.school().healed(&healing)?;
            self.handed_back += u64::from(healing.handed_back());
            self.computer(number)?.drive(Some(step))?;
            self.note(&format!("computer {number} healed its centre: {} entries", healing.handed_back()));
            return self.begins(number, Purpose::Sync);
        }
        computer.healing = Some(healing);
        self.sends_healing(number)
    }

    /// Once the faults have stopped: the conversation without a line, where the centre asks for it.
    pub(super) fn heals_at_rest(&mut self, number: usize) -> Result<(), Trouble> {
        let computer = self.computer(number)?;
        let (school, device) = (computer.school, computer.device);
        let body = computer.request(Purpose::Pull, Carry::Inline)?;
        match self.centre_mut(school)?.serve(device, &body) {
            Err(Trouble::No(code)) if HEALED_BY_SCHOOLS.contains(&code.as_str()) => {}
            Err(Trouble::No(code)) => return wrong(format!("computer {number} is told {code}")),
            Ok(_) => return Ok(()),
            Err(trouble) => return Err(trouble),
        }
        let (computer, centre) = (self.computer(number)?, self.centre(school)?);
        let mut healing = computer.school().heal()?;
        for _ in 0..MAX_ROUNDS {
            let body = computer.school().heal_request(&healing)?;
            let answer = centre.heal(device, &body)?;
            computer.school().heal_answer(&mut healing, &answer)?;
            if healing.is_done() {
                let step = computer.school().healed(&healing)?;
                computer.drive(Some(step))?;
                self.handed_back += u64::from(healing.handed_back());
                return Ok(());
            }
        }
        wrong(format!("computer {number} does not come to the end of healing"))
    }
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
