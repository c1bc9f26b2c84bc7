//! The line between the two, and the exchanges that go over it.

use rand::RngExt as _;
use selaras_model::{DeviceId, LogVersion, ReplicaId};
use selaras_storage::Fault;
use selaras_sync::exchange::{Endpoint, Event as Told, Exchange, Notice, Outside, Request, advance};
use selaras_sync::{Phase, Purpose};

use super::large::is_large;
use super::{Event, PATIENCE, Script};
use crate::world::computer::{Heard, told};
use crate::world::trouble::{Trouble, wrong};
use crate::world::{Dimension, one_in};

/// Where in the log a computer stands: the version, and what of the next entry is in.
type Stand = (LogVersion, Option<(u32, [u8; 32])>);

impl Script {
    /// Begins an exchange, unless one is under way.
    pub(super) fn begins(&mut self, number: usize, purpose: Purpose) -> Result<(), Trouble> {
        if self.computer(number)?.exchange.is_some() {
            return Ok(());
        }
        let purpose = self.purpose_now(number, purpose)?;
        // In this world even a small bundle may be brought before it is named.
        let lands = one_in(&mut self.rng, 2);
        let exchange = self.computer_mut(number)?.new_exchange(purpose)?;
        let exchange = if lands { exchange.landing_above(0) } else { exchange.landing_above(u64::MAX) };
        self.goes_on(number, exchange, Told::Begin)
    }

    /// Tells an exchange what happened; what it needs from outside goes over the line.
    pub(in crate::world) fn goes_on(
        &mut self,
        number: usize,
        mut exchange: Exchange,
        event: Told,
    ) -> Result<(), Trouble> {
        let before = exchange.purpose();
        let needed = advance(&mut exchange, self.computer_mut(number)?, event);
        self.notes_exchange(number)?;
        match needed? {
            Outside::Send(request) => self.sends(number, exchange, request),
            Outside::Land { bundle, bytes } => self.uploads(number, exchange, bundle, bytes),
            Outside::Fetch(offer) => self.fetches(number, exchange, offer),
            Outside::Done(report) => {
                self.note(&format!("computer {number} is done ({before:?}): {} entries", report.entries));
                Ok(())
            }
            Outside::GiveUp => Ok(()),
        }
    }

    /// Notes what an exchange told, and what of it may have been sent by now.
    pub(super) fn notes_exchange(&mut self, number: usize) -> Result<(), Trouble> {
        for notice in std::mem::take(&mut self.computer_mut(number)?.notices) {
            self.note(&format!("computer {number}: {notice:?}"));
            if let Notice::Healed { entries } = notice {
                self.handed_back += u64::from(entries);
            }
        }
        let store = self.computer(number)?.disk.held()?;
        let computer = self.computer(number)?;
        let sealed = computer.school_over(&store).sealed()?;
        if let Some(sealed) = sealed.filter(|sealed| !matches!(sealed.phase, Phase::Approved | Phase::Waiting)) {
            self.is_sent_in_time(number)?;
            self.oracle.offered(number, sealed.bundle, (sealed.replica, sealed.sequence));
        }
        Ok(())
    }

    fn sends(&mut self, number: usize, exchange: Exchange, request: Request) -> Result<(), Trouble> {
        let Request { endpoint, body } = request;
        self.sends_what_was_sealed(number, endpoint, &body)?;
        let awaited = self.awaits(number, exchange)?;
        self.carry(&body, |body| Event::Request { computer: number, number: awaited, endpoint, body });
        Ok(())
    }

    /// Numbers what a computer now waits for.
    pub(in crate::world) fn awaits(&mut self, number: usize, exchange: Exchange) -> Result<u64, Trouble> {
        self.requests += 1;
        let request = self.requests;
        self.computer_mut(number)?.exchange = Some((request, exchange));
        self.schedule(self.now + PATIENCE, Event::Patience { computer: number, number: request });
        Ok(request)
    }

    /// The line: what is sent comes late, twice, cut, or never.
    pub(in crate::world) fn carry(&mut self, body: &[u8], event: impl Fn(Vec<u8>) -> Event) {
        let copies = match self.rng.random_range(0..10) {
            _ if self.calm => 1,
            0 => 0,
            1 => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let cut = !self.calm && one_in(&mut self.rng, 12);
            let length = if cut { self.rng.random_range(0..=body.len()) } else { body.len() };
            let late = if one_in(&mut self.rng, 8) { 1_000 } else { 100 };
            let at = self.now + self.rng.random_range(1..late);
            self.schedule(at, event(body.get(..length).unwrap_or_default().to_vec()));
        }
    }

    pub(super) fn serve(
        &mut self,
        number: usize,
        request: u64,
        endpoint: Endpoint,
        body: &[u8],
    ) -> Result<(), Trouble> {
        let computer = self.computer(number)?;
        let (school, device) = (computer.school, computer.device);
        if self.centre(school)?.down {
            return Ok(());
        }
        if !self.calm && one_in(&mut self.rng, 8) {
            let (commits, fault) = self.misfortune();
            self.centre(school)?.disk.fail_after(commits, fault);
        }
        if self.reads_logs() && self.sends_large(number)? && one_in(&mut self.rng, 2) {
            // Between the commit that decides a large bundle and those that do it.
            let commits = self.rng.random_range(1..3);
            self.centre(school)?.disk.fail_after(commits, Fault::CrashBefore);
        }
        let offers = self.has(Dimension::Snapshots) && one_in(&mut self.rng, 4);
        self.centre_mut(school)?.offers_snapshots = offers;
        match self.serves(school, device, endpoint, body) {
            Ok(answer) => {
                self.note(&format!("centre {school} answers {request} ({endpoint:?})"));
                let length = answer.len();
                self.carry(&answer, |body| {
                    let whole = body.len() == length;
                    Event::Answer { computer: number, number: request, endpoint, body, whole }
                });
                if let Endpoint::Exchange(_) = endpoint { self.carries_out_moves(school) } else { Ok(()) }
            }
            Err(Trouble::No(code)) => {
                self.note(&format!("centre {school}: {code}"));
                self.refuses(number, request, &code);
                Ok(())
            }
            Err(trouble) => self.centre_bears(school, Err(trouble)),
        }
    }

    fn sends_large(&self, number: usize) -> Result<bool, Trouble> {
        let computer = self.computer(number)?;
        let store = computer.disk.held()?;
        Ok(computer.school_over(&store).sealed()?.is_some_and(|sealed| is_large(sealed.records)))
    }

    /// The centre answers, and the oracle sees what it accepted.
    pub(super) fn serves(
        &mut self,
        school: usize,
        device: DeviceId,
        endpoint: Endpoint,
        body: &[u8],
    ) -> Result<Vec<u8>, Trouble> {
        let read = self.reads_logs();
        if read {
            self.reads_log(school, None)?;
        }
        let decided_before = read && self.is_decided(school)?;
        let served = self.centre_mut(school)?.serve(device, endpoint, body);
        if read {
            self.reads_log(school, Some(endpoint))?;
            if !decided_before && self.is_decided(school)? {
                let today = self.centre(school)?.date;
                self.lawful.decided(school, today);
            }
        }
        if served.is_ok() && (self.has(Dimension::Modules) || self.has(Dimension::Scheduled)) {
            self.only_what_was_approved(school)?;
        }
        served
    }

    /// The centre's word that it cannot answer is on its way.
    pub(in crate::world) fn refuses(&mut self, number: usize, request: u64, code: &str) {
        let at = self.now + self.rng.random_range(1..100);
        self.schedule(at, Event::Refused { computer: number, number: request, code: code.to_owned() });
    }

    pub(super) fn refused(&mut self, number: usize, request: u64, code: String) -> Result<(), Trouble> {
        let Some(exchange) = self.takes_up(number, request)? else { return Ok(()) };
        let done = self.goes_on(number, exchange, Told::Refused(code));
        self.is_told(number, None)?;
        self.bear(number, done)
    }

    pub(super) fn answered(
        &mut self,
        number: usize,
        request: u64,
        endpoint: Endpoint,
        (body, whole): (&[u8], bool),
    ) -> Result<(), Trouble> {
        let Some(exchange) = self.takes_up(number, request)? else { return Ok(()) };
        self.tempt(number);
        let (mut heard, mut clone) = (None, None);
        if let Endpoint::Exchange(_) = endpoint {
            heard = self.hears(number, body)?;
            clone = self.is_told_apart(number, body)?;
        }
        let done = self.goes_on(number, exchange, Told::Answered(body.to_vec()));
        self.is_told(number, heard)?;
        self.took_another_name(number, clone)?;
        // What was cut on its way is nobody's answer: the exchange is over, and nothing has changed.
        let done = match done {
            Err(Trouble::No(code)) if code == "answer.not-ours" && !self.answers_from_harmed(number, whole)? => Ok(()),
            Err(Trouble::No(code)) if code == "answer.not-ours" => {
                return wrong(format!("the centre of computer {number} answers what is not in its log"));
            }
            done => done,
        };
        self.bear(number, done)
    }

    /// The exchange that waits for this, where the process still lives and waits.
    pub(in crate::world) fn takes_up(&mut self, number: usize, request: u64) -> Result<Option<Exchange>, Trouble> {
        let Some(computer) = self.computers.get_mut(number) else { return wrong("no such computer") };
        Ok(if computer.down { None } else { computer.waiting_for(request) })
    }

    /// Notes what an answer says of the sealed bundle, as soon as it is verified: who dies over it is told again.
    pub(super) fn hears(&mut self, number: usize, body: &[u8]) -> Result<Option<Heard>, Trouble> {
        let computer = self.computer(number)?;
        let sealed = computer.school().sealed()?;
        let (Some(sealed), Ok(incoming)) = (sealed, computer.school().answer(body)) else { return Ok(None) };
        let fate = told(incoming.outcome());
        if incoming.copied() && fate.is_none() {
            // It is let go: somebody has gone on under its name, and it can never take effect.
            self.oracle.released(sealed.bundle);
        }
        self.note(&format!("computer {number} hears {fate:?}"));
        let Some(fate) = fate else { return Ok(None) };
        // Of a centre that lost its disk an answer may still be under way: what was not written down then is void.
        if self.centre(self.computer(number)?.school)?.has_lost_its_disk() {
            return Ok(Some((sealed.bundle, fate)));
        }
        self.oracle.fate(sealed.bundle, fate).map(|()| None)
    }

    /// Where a computer stands that an answer calls a clone, and under what name.
    fn is_told_apart(&self, number: usize, body: &[u8]) -> Result<Option<(ReplicaId, Stand)>, Trouble> {
        let computer = self.computer(number)?;
        let called = computer.school().answer(body).is_ok_and(|incoming| incoming.copied());
        if called { self.stands(number).map(Some) } else { Ok(None) }
    }

    /// What a disk says of name and place, also while its process is dead.
    fn stands(&self, number: usize) -> Result<(ReplicaId, Stand), Trouble> {
        let computer = self.computer(number)?;
        let store = computer.disk.held()?;
        let school = computer.school_over(&store);
        let Some(installation) = school.installation()? else { return wrong("a computer of no school") };
        let position = school.position()?;
        Ok((installation.replica, (position.version, position.partial)))
    }

    /// A clone takes nothing in under its twin's name, whenever it dies.
    fn took_another_name(&self, number: usize, clone: Option<(ReplicaId, Stand)>) -> Result<(), Trouble> {
        let Some((name, stood)) = clone else { return Ok(()) };
        let (now, stands) = self.stands(number)?;
        if now == name && stands != stood {
            return wrong(format!("computer {number} took an answer in under its twin's name"));
        }
        Ok(())
    }

    /// Notes what was heard, where the computer has written it down, even if it died then. An answer in whose exchange
    /// records are repaired first is taken in by a later event.
    pub(super) fn is_told(&mut self, number: usize, heard: Option<Heard>) -> Result<(), Trouble> {
        let before = self.computer_mut(number)?.heard.take();
        let Some((bundle, fate)) = heard.or(before) else { return Ok(()) };
        let computer = self.computer(number)?;
        let store = computer.disk.held()?;
        let sealed = computer.school_over(&store).sealed()?;
        let open = sealed.is_some_and(|sealed| sealed.bundle == bundle && !matches!(sealed.phase, Phase::Received(_)));
        if !open {
            return self.oracle.fate(bundle, fate);
        }
        let computer = self.computer_mut(number)?;
        // Where the exchange is over nobody has it any more, and it is asked for again.
        computer.heard = computer.exchange.is_some().then_some((bundle, fate));
        Ok(())
    }
}
