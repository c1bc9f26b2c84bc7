//! What must hold in every state, and what must come of every state once nothing goes wrong any more.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use selaras_model::KeyId;
use selaras_sync::{HeadKeyRow, Purpose, Range};

use super::choice::Which;
use super::state::State;
use super::texts::{each_text, sides, students};
use crate::world::trouble::{Trouble, wrong};

/// Rounds in which everything comes to rest once the faults have stopped.
const MAX_ROUNDS: usize = 12;

impl State {
    /// What must hold here.
    pub(super) fn is_safe(&self) -> Result<(), Trouble> {
        self.nothing_is_lost()?;
        let logged = self.centre.bundles()?;
        for bundle in &logged {
            let times = logged.iter().filter(|other| *other == bundle).count();
            if times > 1 {
                return wrong(format!("bundle {bundle} is {times} times in the log"));
            }
            if self.memory.refused.contains(bundle) && !self.memory.receipted.contains(bundle) {
                return wrong(format!("bundle {bundle} was refused, and takes effect"));
            }
            if self.memory.withdrawn.contains(bundle) {
                return wrong(format!("bundle {bundle} was taken back, and takes effect"));
            }
        }
        if self.centre.restores() == 0
            && let Some(bundle) = self.memory.receipted.iter().find(|bundle| !logged.contains(bundle))
        {
            return wrong(format!("bundle {bundle} has a receipt, and is not in the log"));
        }
        Ok(())
    }

    /// What was reported as saved is a value, one side of a conflict or a draft somewhere, or what somebody typed over it
    /// who saw it is.
    fn nothing_is_lost(&self) -> Result<(), Trouble> {
        let mut missing: BTreeSet<&str> = self.memory.typed().collect();
        let disks =
            || Which::BOTH.map(|which| &self.station(which).computer.disk).into_iter().chain([&self.centre.disk]);
        for disk in disks() {
            if missing.is_empty() {
                return Ok(());
            }
            for range in [Range::Views(students()?, None), Range::Drafts(None)] {
                each_text(disk, &range, &mut |_, text| {
                    missing.remove(text);
                })?;
            }
        }
        for disk in disks() {
            if missing.is_empty() {
                return Ok(());
            }
            for text in sides(disk)? {
                missing.remove(text.as_str());
            }
        }
        match self.memory.lost(&missing) {
            Some(value) => wrong(format!("{value} was saved, and is nowhere")),
            None => Ok(()),
        }
    }

    /// Once nothing goes wrong any more, both computers are equal with the centre, and what was saved is there. `see` sees
    /// what each round makes.
    pub(super) fn settles(&self, see: &mut dyn FnMut(&Self) -> Result<(), Trouble>) -> Result<(), Trouble> {
        let mut state = self.fork()?;
        state.centre.drive(None)?;
        state.confirms()?;
        for which in Which::BOTH {
            let station = state.station_mut(which);
            station.waits_no_longer();
            station.late = None;
            station.computer.starts_again()?;
            station.computer.settle()?;
        }
        if state.memory.revoked {
            state.centre.enrol(SigningKey::from_bytes(&[8; 32]))?;
        }
        let mut said = String::new();
        for _ in 0..MAX_ROUNDS {
            for which in Which::BOTH {
                if let Some(code) = state.comes_to_rest(which)? {
                    said = code;
                }
            }
            see(&state)?;
            if state.is_at_rest()? {
                return state.is_whole();
            }
        }
        wrong(format!("it does not settle; the last word was {said:?}"))
    }

    /// One contact of a computer, as people make it.
    fn comes_to_rest(&mut self, which: Which) -> Result<Option<String>, Trouble> {
        let mut said = None;
        let mut bear = |done: Result<Option<String>, Trouble>| match done {
            Ok(refusal) => {
                said = refusal.or(said.take());
                Ok(())
            }
            Err(Trouble::No(code)) => {
                said = Some(code);
                Ok(())
            }
            Err(trouble) => Err(trouble),
        };
        let station = self.station(which);
        if station.sealed()?.is_none() && station.has_drafts()? {
            bear(self.approves(which).map(|()| None))?;
            let approved = self.station(which).sealed()?.map(|sealed| sealed.bundle);
            self.memory.renewed.extend(approved);
        }
        let exchanged = self.exchanges(which, Purpose::Sync);
        self.station_mut(which).waits_no_longer();
        self.station_mut(which).computer.notices.clear();
        bear(exchanged)?;
        self.sees_log()?;
        let position = self.station(which).computer.school().position()?;
        self.memory.stands_at(which, position.epoch, position.version);
        Ok(said)
    }

    fn is_at_rest(&self) -> Result<bool, Trouble> {
        let tip = self.centre.centre().head()?.version;
        let digests = self.centre.centre().digests()?;
        for which in Which::BOTH {
            let station = self.station(which);
            let school = station.computer.school();
            let at_tip = school.position()?.version == tip && school.digests()? == digests;
            if !at_tip || station.sealed()?.is_some() || station.has_drafts()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// At rest, everything that was promised is in the centre's records and log.
    fn is_whole(&self) -> Result<(), Trouble> {
        self.is_safe()?;
        let keys = self.centre.centre().head_keys()?;
        let good = |(key, row): &(KeyId, HeadKeyRow)| row.revoked_at.is_none() && Some(*key) != self.centre.head_key;
        if self.memory.knows_the_end() && keys.iter().any(good) {
            return wrong("a key that was ended is good again");
        }
        let (logged, retaken) = (self.centre.bundles()?, self.centre.retaken()?);
        for bundle in self.memory.receipted.iter().filter(|bundle| !logged.contains(bundle)) {
            let first = self.memory.first_entry(*bundle).map(|entry| entry.to_string());
            if first.is_none_or(|first| !retaken.contains(&first)) {
                return wrong(format!("bundle {bundle} has a receipt, and is not in the log at rest"));
            }
        }
        Ok(())
    }
}
