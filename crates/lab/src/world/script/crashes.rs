//! Processes that die, and what is borne.

use rand::RngExt as _;
use selaras_storage::Fault;

use super::{Event, Script};
use crate::world::trouble::Trouble;
use crate::world::{Dimension, one_in};

impl Script {
    /// Lets a commit to come fail, now and then.
    pub(in crate::world) fn tempt(&mut self, computer: usize) {
        if self.calm || !one_in(&mut self.rng, 6) {
            return;
        }
        let (commits, fault) = self.misfortune();
        if let Some(computer) = self.computers.get(computer) {
            computer.fail_after(commits, fault);
        }
    }

    pub(super) fn misfortune(&mut self) -> (u64, Fault) {
        let commits = self.rng.random_range(0..6);
        let fault = match self.rng.random_range(0..5) {
            0 => Fault::Refused,
            1 | 2 => Fault::CrashBefore,
            _ => Fault::CrashAfter,
        };
        (commits, fault)
    }

    /// Takes what a computer did: a crash is survived, a full disk is told, a refusal is an answer.
    pub(in crate::world) fn bear(&mut self, computer: usize, done: Result<(), Trouble>) -> Result<(), Trouble> {
        match done {
            Ok(()) => Ok(()),
            Err(Trouble::Full) => {
                self.note("disk full");
                Ok(())
            }
            Err(Trouble::No(code)) => {
                self.note(&format!("computer {computer}: {code}"));
                Ok(())
            }
            Err(Trouble::Damaged(what)) if self.has_harmed_files(computer) => {
                self.note(&format!("computer {computer} cannot read {what}"));
                Ok(())
            }
            Err(Trouble::Died) => {
                self.note(&format!("computer {computer} dies"));
                self.crashes += 1;
                if let Some(computer) = self.computers.get_mut(computer) {
                    computer.down = true;
                    computer.forget();
                }
                self.harms_in_crash(computer)?;
                let at = self.now + self.rng.random_range(1..200);
                self.schedule(at, Event::Restart(computer));
                Ok(())
            }
            Err(wrong) => Err(wrong),
        }
    }

    pub(super) fn restart(&mut self, number: usize) -> Result<(), Trouble> {
        let Some(computer) = self.computers.get_mut(number).filter(|computer| !computer.gone) else { return Ok(()) };
        computer.starts_again()?;
        if self.has(Dimension::Snapshots) {
            self.loses_growth(number)?;
        }
        let done = self.computer_mut(number)?.settle();
        self.bear(number, done)
    }

    pub(super) fn centre_bears(&mut self, school: usize, done: Result<(), Trouble>) -> Result<(), Trouble> {
        match done {
            Ok(()) | Err(Trouble::Full) => Ok(()),
            Err(Trouble::No(code)) => {
                self.note(&format!("centre {school}: {code}"));
                Ok(())
            }
            Err(Trouble::Damaged(what)) if self.centre_has_harmed_files(school) => {
                self.note(&format!("centre {school} cannot read {what}"));
                Ok(())
            }
            Err(Trouble::Died) => {
                self.note(&format!("centre {school} dies"));
                self.crashes += 1;
                if let Some(centre) = self.centres.get_mut(school) {
                    centre.down = true;
                }
                let at = self.now + self.rng.random_range(1..200);
                self.schedule(at, Event::CentreRestarts(school));
                Ok(())
            }
            Err(wrong) => Err(wrong),
        }
    }
}
