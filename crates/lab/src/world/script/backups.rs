//! Backups that are not the usual ones: one before the last is restored, or one that was taken while the centre healed.

use std::collections::BTreeSet;

use rand::RngExt as _;
use selaras_model::LogVersion;
use selaras_sync::Range;

use super::healing::bundles;
use super::{ACTIONS, Event, Script};
use crate::world::Dimension;
use crate::world::trouble::Trouble;

/// Things that people do at a computer between the two times that its centre loses its disk.
const ACTIONS_WHILE_HEALING: u32 = 8;

impl Script {
    /// Decides which centres are put back from such backups, and when.
    pub(super) fn plan_backups(&mut self) {
        if self.calm {
            return;
        }
        let third = u64::from(ACTIONS) * 40 / 3;
        if self.has(Dimension::OlderBackups) {
            let (school, before) = (self.rng.random_range(0..self.centres.len()), self.rng.random_range(1..3));
            for from in [0, third / 2, third] {
                let at = from + self.rng.random_range(0..third / 2);
                self.plan_backup(at, school);
            }
            let at = third * 3 / 2 + self.rng.random_range(0..third);
            self.schedule(at, Event::LosesDisk(school, before));
        }
        if self.has(Dimension::HealingBackups) {
            let school = self.rng.random_range(0..self.centres.len());
            let taken = self.rng.random_range(0..third);
            let lost = third + self.rng.random_range(0..third);
            // Soon after: some of the computers have told what they hold, seldom all.
            let healing = lost + self.rng.random_range(100..400);
            let again = healing + self.rng.random_range(200..third);
            // So that something has come back by then, and what it covers is let go of.
            let computers = self.computers.iter().enumerate().filter(|(_, computer)| computer.school == school);
            for number in computers.map(|(number, _)| number).collect::<Vec<_>>() {
                for _ in 0..ACTIONS_WHILE_HEALING {
                    let at = self.rng.random_range(lost..again);
                    self.schedule(at, Event::Act(number));
                }
            }
            self.plan_backup(taken, school);
            self.schedule(lost, Event::LosesDisk(school, 0));
            self.plan_backup(healing, school);
            self.schedule(again, Event::LosesDisk(school, 0));
        }
    }

    /// Of an older backup than the last one, entries that the last one covered are kept by nobody, so that no log holds
    /// their bundles any more; and nobody keeps what only a computer kept that is gone itself, or whose file is.
    pub(super) fn lost_with_disks(&mut self, school: usize, older: bool) -> Result<(), Trouble> {
        let mut known = bundles(&self.centre(school)?.disk.held()?, &Range::Entries(LogVersion::new(0)))?;
        let (mut ours, mut gone) = (BTreeSet::new(), BTreeSet::new());
        for (number, computer) in self.computers.iter().enumerate().filter(|(_, computer)| computer.school == school) {
            if computer.gone {
                gone.insert(number);
            } else {
                let files = computer.disk.files();
                let kept = bundles(&computer.disk.held()?, &Range::Kept(0))?;
                known.extend(kept.into_iter().filter(|bundle| !files.is_harmed(bundle.as_bytes())));
                ours.insert(number);
            }
        }
        for number in gone {
            self.oracle.lost_with_two_disks(number, &known);
        }
        if older {
            self.oracle.lost_with_the_disk(&ours, &known);
        }
        Ok(())
    }
}
