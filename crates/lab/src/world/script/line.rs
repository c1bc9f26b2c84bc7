//! The line between the two, and what comes over it.

use rand::RngExt as _;
use selaras_model::BundleId;
use selaras_sync::{Carry, Phase, Purpose, School};

use super::{Event, PATIENCE, Script};
use crate::world::computer::told;
use crate::world::one_in;
use crate::world::trouble::Trouble;

/// What an answer said of a bundle.
pub(super) type Heard = (BundleId, String);

impl Script {
    pub(super) fn begins(&mut self, number: usize, purpose: Purpose) -> Result<(), Trouble> {
        if self.computer(number)?.waiting.is_some() {
            return Ok(());
        }
        let sealed = self.computer(number)?.school().sealed()?;
        let sealed = sealed.filter(|sealed| purpose == Purpose::Sync && !matches!(sealed.phase, Phase::Received(_)));
        let carry = self.carry_of(sealed.as_ref());
        match sealed.filter(|_| carry == Carry::Landed) {
            // What was named before has perhaps taken effect: that is asked first.
            Some(sealed) if sealed.phase == Phase::Approved || one_in(&mut self.rng, 2) => {
                self.uploads(number, &sealed)
            }
            _ => self.asks(number, purpose, carry),
        }
    }

    /// Sends the request of an exchange.
    pub(in crate::world) fn asks(&mut self, number: usize, purpose: Purpose, carry: Carry) -> Result<(), Trouble> {
        let body = self.computer(number)?.request(purpose, carry)?;
        let sealed = self.computer(number)?.school().sealed()?;
        if let Some(sealed) = sealed.filter(|sealed| sealed.phase != Phase::Approved) {
            self.oracle.offered(number, sealed.bundle);
        }
        let request = self.awaits(number, purpose);
        self.carry(&body, |body| Event::Request { computer: number, number: request, body });
        Ok(())
    }

    /// Numbers what a computer now waits for.
    pub(in crate::world) fn awaits(&mut self, number: usize, purpose: Purpose) -> u64 {
        self.requests += 1;
        let request = self.requests;
        if let Some(computer) = self.computers.get_mut(number) {
            computer.waiting = Some((request, purpose));
        }
        self.schedule(self.now + PATIENCE, Event::Patience { computer: number, number: request });
        request
    }

    /// The line: what is sent comes late, twice, cut, or never.
    pub(super) fn carry(&mut self, body: &[u8], event: impl Fn(Vec<u8>) -> Event) {
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

    pub(super) fn serve(&mut self, number: usize, request: u64, body: &[u8]) -> Result<(), Trouble> {
        let computer = self.computer(number)?;
        let (school, device) = (computer.school, computer.device);
        if self.centre(school)?.down {
            return Ok(());
        }
        if !self.calm && one_in(&mut self.rng, 8) {
            let (commits, fault) = self.misfortune();
            self.centre(school)?.disk.fail_after(commits, fault);
        }
        match self.centre_mut(school)?.serve(device, body) {
            Ok(answer) => {
                self.note(&format!("centre {school} answers {request}"));
                self.carry(&answer, |body| Event::Answer { computer: number, number: request, body });
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

    pub(super) fn answered(&mut self, number: usize, request: u64, body: &[u8]) -> Result<(), Trouble> {
        let waiting = self.computer(number)?.waiting.filter(|(waiting, _)| *waiting == request);
        let (Some((_, purpose)), false) = (waiting, self.computer(number)?.down) else { return Ok(()) };
        self.tempt(number);
        let done = self.takes(number, body, purpose);
        self.bear(number, done)
    }

    pub(super) fn takes(&mut self, number: usize, body: &[u8], purpose: Purpose) -> Result<(), Trouble> {
        if let Some(computer) = self.computers.get_mut(number) {
            computer.waiting = None;
        }
        let heard = self.hears(number, body)?;
        let Some(computer) = self.computers.get_mut(number) else { return Ok(()) };
        let absorbed = computer.absorb(body);
        self.is_told(number, heard)?;
        let Some(incoming) = absorbed? else { return Ok(()) };
        let computer = self.computer(number)?;
        computer.settle()?;
        self.note(&format!("computer {number} took {:?} ({purpose:?})", incoming.summary()));
        if incoming.more() { self.begins(number, Purpose::Pull) } else { Ok(()) }
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

    /// Notes what was heard, where the computer has written it down, even if it died then.
    pub(super) fn is_told(&mut self, number: usize, heard: Option<Heard>) -> Result<(), Trouble> {
        let Some((bundle, fate)) = heard else { return Ok(()) };
        let computer = self.computer(number)?;
        let store = computer.disk.held()?;
        let sealed = School::new(&store, computer.disk.blobs(), &computer.rules, 0).sealed()?;
        let open = sealed.is_some_and(|sealed| sealed.bundle == bundle && !matches!(sealed.phase, Phase::Received(_)));
        if open { Ok(()) } else { self.oracle.fate(bundle, fate) }
    }
}
