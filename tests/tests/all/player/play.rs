//! Carries out a script, act by act, and judges.

use std::collections::BTreeSet;

use super::dimension::Dimension;
use super::prepared::Prepared;
use super::script::{Act, Script};
use super::stage::{Played, Stage};

/// What acts say that came to nothing.
const NOTHING: [&str; 3] = ["there is", "skipped", "too late"];

/// A failure that is planted behind the program's back, to see that the judge sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Planted {
    /// An acknowledged edit is gone.
    DroppedEdit,
    /// A byte of a receipt that somebody kept is another.
    BentReceipt,
}

/// Plays a script. What was done goes to `told`, and the kinds of trouble that were met to `met`.
pub(super) fn play(
    prepared: &Prepared,
    script: &Script,
    planted: Option<Planted>,
    told: &mut Vec<String>,
    met: &mut BTreeSet<Dimension>,
) -> Played<()> {
    let mut stage = Stage::open(prepared, script.computers)?;
    for (place, act) in script.acts.iter().enumerate() {
        let done = stage.carry_out(act);
        let ending = done.as_ref().map_or_else(|_| "FAILED", String::as_str);
        told.push(format!("{place}: {act:?}: {ending}"));
        met.extend(stage.met.iter());
        done?;
    }
    match planted {
        Some(Planted::DroppedEdit) => {
            let before = stage.copy_of(0).0;
            stage.types(0, 0, 0)?;
            let holds = stage.memory.on(super::memory::Disk::Computer(0));
            stage.put_back(0, &(before, holds));
        }
        Some(Planted::BentReceipt) => {
            stage.types(0, 0, 0)?;
            stage.sends(0)?;
            let file = stage.evidence.values().next().ok_or("nothing has a receipt")?;
            let mut bytes = std::fs::read(file).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(file, bytes).unwrap();
        }
        None => {}
    }
    stage.ends()
}

impl Stage<'_> {
    /// Carries out an act, and notes of which kind of trouble it was where it came to anything.
    fn carry_out(&mut self, act: &Act) -> Played<String> {
        let done = match *act {
            Act::Types { computer, student, field } => self.types(self.of(computer), student, field),
            Act::Makes { computer } => self.makes(self.of(computer)),
            Act::Deletes { computer } => self.deletes(self.of(computer)),
            Act::Approves { computer } => self.approves(self.of(computer)),
            Act::Exchanges { computer } => self.exchange(self.of(computer)),
            Act::Sends { computer } => self.sends(self.of(computer)),
            Act::CentreTypes { student, field } => self.centre_types(student, field),
            Act::IsCut { computer, way, after, connection } => self.is_cut(self.of(computer), way, after, connection),
            Act::IsKilled { computer, whom, at } => self.is_killed(self.of(computer), whom, at),
            Act::BacksUp => self.backs_up(),
            Act::LosesDisk { before } => self.loses_disk(before),
            Act::IsCloned { computer } => self.is_cloned(self.of(computer)),
            Act::KeepsImage { computer } => self.keeps_image(self.of(computer)),
            Act::PutsBack { computer } => self.puts_back(self.of(computer)),
            Act::Registers => self.register().map(|()| "done".to_owned()),
            Act::Recovers { computer } => self.recovers(self.of(computer)),
            Act::SetsClock { days } => self.sets_clock(days),
            Act::FillsSchool { computer, kib } => self.fills_school(self.of(computer), kib),
            Act::FillsCentre { computer, bytes } => self.fills_centre(self.of(computer), bytes),
            Act::Damages { computer, file, byte, beside } => self.is_damaged(self.of(computer), file, byte, beside),
            Act::DamagesCentre { file, byte } => self.centre_is_damaged(file, byte),
            Act::Publishes => self.publishes(),
        };
        let nothing = |told: &String| NOTHING.iter().any(|none| told.starts_with(none));
        if !done.as_ref().is_ok_and(nothing) {
            self.met.extend(act.dimension());
        }
        done
    }
}
