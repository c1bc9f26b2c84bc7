//! Copies behind everybody's back: a disk copied while both go on, an earlier image put back, a backup restored.

use rand::RngExt as _;
use selaras_sync::Phase;

use super::disk::Disk;
use super::one_in;
use super::script::{Event, Script};
use super::trouble::{Trouble, wrong};

/// Things that people do at a copy.
const ACTIONS_AT_COPY: u32 = 12;

/// How a disk comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// The image as it is, as a technician does it.
    Image,
    /// By the command that restores a backup.
    Restore,
}

/// A disk as it was.
pub(super) struct Image {
    disk: Disk,
    /// What had been typed by then, in the whole world.
    tokens: u64,
}

impl Script {
    /// Decides which disks of this world are copied or come back, and when.
    pub(super) fn plan_images(&mut self, end: u64) {
        let computers = self.computers.len();
        if self.calm || computers == 0 {
            return;
        }
        if one_in(&mut self.rng, 3) {
            let (computer, at) = (self.rng.random_range(0..computers), self.rng.random_range(0..end));
            self.schedule(at, Event::Copied(computer));
        }
        if one_in(&mut self.rng, 3) {
            let (computer, taken) = (self.rng.random_range(0..computers), self.rng.random_range(0..end));
            let back = self.rng.random_range(taken..end) + 1;
            let way = if one_in(&mut self.rng, 2) { Way::Image } else { Way::Restore };
            self.schedule(taken, Event::Imaged(computer));
            self.schedule(back, Event::ComesBack(computer, way));
        }
        if self.meet && one_in(&mut self.rng, 3) {
            // A clone goes on under the name of a computer of which a backup is restored.
            let (computer, copied) = (self.rng.random_range(0..computers), self.rng.random_range(0..end / 2));
            let taken = copied + self.rng.random_range(1..end / 4);
            let back = taken + self.rng.random_range(1..end / 4);
            self.schedule(copied, Event::Copied(computer));
            self.schedule(taken, Event::Imaged(computer));
            self.schedule(back, Event::ComesBack(computer, Way::Restore));
        }
    }

    /// The computer is copied, and people work at both.
    pub(super) fn copied(&mut self, number: usize) -> Result<(), Trouble> {
        if self.computer(number)?.gone {
            return Ok(());
        }
        let copy = self.computers.len();
        let named = u8::try_from(copy + 1).unwrap_or(u8::MAX);
        let computer = self.computer(number)?.copy(named)?;
        self.note(&format!("computer {number} is copied as {copy}"));
        self.computers.push(computer);
        self.imports_are_copied(number, copy);
        for _ in 0..ACTIONS_AT_COPY {
            let at = self.now + self.rng.random_range(1..1_500);
            self.schedule(at, Event::Act(copy));
        }
        Ok(())
    }

    pub(super) fn imaged(&mut self, number: usize) -> Result<(), Trouble> {
        if self.computer(number)?.gone || self.computer(number)?.disk.files().are_harmed() {
            return Ok(());
        }
        let image = Image { disk: self.computer(number)?.disk.fork()?, tokens: self.tokens };
        self.note(&format!("an image of computer {number} is taken"));
        self.images.insert(number, image);
        Ok(())
    }

    pub(super) fn comes_back(&mut self, number: usize, way: Way) -> Result<(), Trouble> {
        let Some(image) = self.images.remove(&number) else { return Ok(()) };
        if self.computer(number)?.gone {
            return Ok(());
        }
        self.note(&format!("computer {number} comes back by {way:?}"));
        self.oracle.disk_replaced(number, image.tokens);
        let Some(computer) = self.computers.get_mut(number) else { return wrong("no such computer") };
        computer.replace_disk(image.disk)?;
        self.imports_come_back(number)?;
        self.snapshots_come_back(number);
        let computer = self.computer_mut(number)?;
        computer.drive(None)?;
        if way == Way::Restore {
            let name = computer.another_name();
            let step = computer.school().restored(name)?;
            computer.drive(Some(step))?;
        }
        self.note_outbox(number)?;
        self.forgets_what_no_disk_holds()
    }

    /// What waits in a restored outbox counts as offered.
    fn note_outbox(&mut self, number: usize) -> Result<(), Trouble> {
        let sealed = self.computer(number)?.school().sealed()?;
        if let Some(sealed) = sealed.filter(|sealed| sealed.phase != Phase::Approved) {
            self.oracle.offered(number, sealed.bundle, (sealed.replica, sealed.sequence));
        }
        Ok(())
    }
}
