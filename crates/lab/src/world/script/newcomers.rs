//! Computers that register late, and computers that are gone for good.

use std::collections::BTreeSet;

use rand::RngExt as _;
use selaras_sync::Flow;

use super::{ACTIONS, Event, OURS, Script, computers_of, text};
use crate::world::computer::Computer;
use crate::world::trouble::{Trouble, wrong};
use crate::world::{Dimension, one_in};

/// The number of the first computer that comes late; those of copies are lower.
const FIRST: u8 = 100;
/// Things that people do at a computer that is new.
const ACTIONS_AT_NEW: u32 = 12;

impl Script {
    /// Decides which schools get another computer, which lose one for good, and when.
    pub(super) fn plan_newcomers(&mut self) {
        if self.calm || !self.has(Dimension::LateComputers) {
            return;
        }
        let end = u64::from(ACTIONS) * 40;
        let (school, at) = (self.rng.random_range(0..self.centres.len()), self.rng.random_range(end / 4..end));
        self.schedule(at, Event::Joins(school, FIRST));
        if one_in(&mut self.rng, 2) {
            let number = self.rng.random_range(0..self.computers.len());
            let at = self.rng.random_range(end / 4..end);
            self.schedule(at, Event::Replaced(number));
        }
    }

    /// A computer registers, installs and begins with nothing. Who gets no answer asks again, with the same key.
    pub(super) fn joins(&mut self, school: usize, number: u8) -> Result<(), Trouble> {
        let again = self.now + self.rng.random_range(20..200);
        if self.centre(school)?.down {
            self.schedule(again, Event::Joins(school, number));
            return Ok(());
        }
        self.registering.insert((school, number));
        if one_in(&mut self.rng, 4) {
            let (commits, fault) = self.misfortune();
            self.centre(school)?.disk.fail_after(commits, fault);
        }
        let Some(centre) = self.centres.get_mut(school) else { return wrong("no such school") };
        let answered = Computer::new(school, number, centre, self.sick);
        // An answer that is lost has registered somebody.
        let lost = one_in(&mut self.rng, 4);
        match answered {
            Ok(computer) if !lost => {
                self.note(&format!("computer {} registers at centre {school}", self.computers.len()));
                self.works(computer);
                Ok(())
            }
            answered => {
                self.schedule(again, Event::Joins(school, number));
                self.centre_bears(school, answered.map(drop))
            }
        }
    }

    fn works(&mut self, computer: Computer) {
        let number = self.computers.len();
        self.computers.push(computer);
        for _ in 0..ACTIONS_AT_NEW {
            let at = self.now + self.rng.random_range(1..1_500);
            self.schedule(at, Event::Act(number));
        }
    }

    /// A computer is gone, with what it had not sent; its school gets another one, which recovers from nothing.
    pub(super) fn replaced(&mut self, number: usize) -> Result<(), Trouble> {
        let (school, gone) = (self.computer(number)?.school, self.computer(number)?.gone);
        if gone {
            return Ok(());
        }
        self.note(&format!("computer {number} is gone for good"));
        let computer = self.computer_mut(number)?;
        (computer.gone, computer.down) = (true, true);
        computer.forget();
        let seen = self.seen_by_others(school)?;
        self.oracle.computer_gone(number, &seen);
        let named = FIRST + 1 + u8::try_from(number).unwrap_or_default();
        let at = self.now + self.rng.random_range(1..400);
        self.schedule(at, Event::Joins(school, named));
        Ok(())
    }

    /// The values that the centre and the other computers of a school hold.
    fn seen_by_others(&self, school: usize) -> Result<BTreeSet<String>, Trouble> {
        let mut seen = BTreeSet::new();
        let mut see = |record: &selaras_model::Record| {
            seen.extend(OURS.iter().filter_map(|field| record.text(field).map(str::to_owned)));
            Flow::Continue
        };
        let centre = self.centre(school)?;
        let store = centre.disk.held()?;
        centre.over(&store).list(self.student, None, &mut see)?;
        let mut sides = Vec::new();
        for computer in self.computers.iter().filter(|computer| computer.school == school && !computer.gone) {
            let store = computer.disk.held()?;
            let school = computer.school_over(&store);
            school.list(self.student, None, &mut see)?;
            for conflict in school.conflicts()? {
                sides.extend(
                    std::iter::once(&conflict.winner).chain(&conflict.others).filter_map(|side| text(&side.value)),
                );
            }
        }
        seen.extend(sides);
        Ok(seen)
    }

    /// The computers that are not gone.
    pub(in crate::world) fn present(&self) -> Vec<usize> {
        let present = self.computers.iter().enumerate().filter(|(_, computer)| !computer.gone);
        present.map(|(number, _)| number).collect()
    }

    /// Who registers twice is registered once.
    pub(super) fn registered_once(&self) -> Result<(), Trouble> {
        for (school, centre) in self.centres.iter().enumerate() {
            let late = self.registering.iter().filter(|(of, _)| *of == school).count();
            let registered = centre.centre().devices()?.len();
            if registered > computers_of(school) + late {
                return wrong(format!("{registered} computers are registered at centre {school}"));
            }
        }
        Ok(())
    }
}
