//! Approvals that are sent later, while people type on.

use rand::RngExt as _;
use selaras_sync::Purpose;

use super::{Event, Script};
use crate::world::bug::Bug;
use crate::world::trouble::{Trouble, wrong};
use crate::world::{Dimension, one_in};

impl Script {
    /// Sends what was just approved: at once, or in a window to come.
    pub(super) fn sends_approved(&mut self, number: usize) -> Result<(), Trouble> {
        // An exchange that is under way sends what is approved meanwhile.
        let idle = self.computer(number)?.exchange.is_none();
        let later = self.has(Dimension::Scheduled) && idle && one_in(&mut self.rng, 2);
        let at = later.then(|| self.now + self.rng.random_range(100..1_500));
        self.computer_mut(number)?.sends_at = at;
        let Some(at) = at else { return self.begins(number, Purpose::Sync) };
        self.note(&format!("computer {number} sends at {at}"));
        self.schedule(at, Event::Sends(number));
        for _ in 0..2 {
            let typed_at = self.rng.random_range(self.now..at);
            self.schedule(typed_at, Event::Types(number));
        }
        Ok(())
    }

    /// Somebody types while an approval waits.
    pub(super) fn types_on(&mut self, number: usize) -> Result<(), Trouble> {
        if self.computer(number)?.down {
            return Ok(());
        }
        let typed = self.types(number);
        self.bear(number, typed)
    }

    /// The window has come. Where the process died meanwhile, the next exchange of any kind sends.
    pub(super) fn sends_now(&mut self, number: usize) -> Result<(), Trouble> {
        let computer = self.computer_mut(number)?;
        if computer.down || computer.sends_at.take().is_none() {
            return Ok(());
        }
        let anew = self.seals_anew(number);
        self.bear(number, anew)?;
        if self.computer(number)?.down {
            return Ok(());
        }
        let begun = self.begins(number, Purpose::Sync);
        self.bear(number, begun)
    }

    /// The planted bug: what is sent is what stands there when it is sent.
    fn seals_anew(&mut self, number: usize) -> Result<(), Trouble> {
        let Some(computer) = self.computers.get_mut(number) else { return Ok(()) };
        let Some(centre) = self.centres.get(computer.school) else { return Ok(()) };
        if !computer.has_bug(Bug::SealsAnew) {
            return Ok(());
        }
        let step = computer.school().withdraw()?;
        computer.drive(Some(step))?;
        computer.approve(centre, None)?.map_err(Trouble::from)
    }

    /// What a computer does in an exchange now: while an approval waits for its window, people only fetch.
    pub(super) fn purpose_now(&self, number: usize, purpose: Purpose) -> Result<Purpose, Trouble> {
        let waits = self.computer(number)?.sends_at.is_some_and(|at| self.now < at);
        Ok(if waits { Purpose::Pull } else { purpose })
    }

    /// Nothing is sent before its time.
    pub(super) fn is_sent_in_time(&self, number: usize) -> Result<(), Trouble> {
        match self.computer(number)?.sends_at {
            Some(at) if self.now < at => wrong(format!("computer {number} sends before {at}")),
            _ => Ok(()),
        }
    }
}
