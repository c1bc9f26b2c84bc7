//! What must hold in every state, and what must come of every state once nothing goes wrong any more.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use selaras_merge::Document;
use selaras_model::{Fields, Value};
use selaras_sync::{Flow, Key, Purpose, Range, ReadStore, Row, Subject};

use super::choice::Which;
use super::state::State;
use crate::world::disk::Disk;
use crate::world::rules::rules;
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
        }
        if self.centre.restores() == 0
            && let Some(bundle) = self.memory.receipted.iter().find(|bundle| !logged.contains(bundle))
        {
            return wrong(format!("bundle {bundle} has a receipt, and is not in the log"));
        }
        Ok(())
    }

    /// What was reported as saved is a value, one side of a conflict or a draft somewhere.
    fn nothing_is_lost(&self) -> Result<(), Trouble> {
        let mut missing: BTreeSet<&str> = self.memory.saved.iter().map(String::as_str).collect();
        let disks =
            || Which::BOTH.map(|which| &self.station(which).computer.disk).into_iter().chain([&self.centre.disk]);
        for disk in disks() {
            if missing.is_empty() {
                return Ok(());
            }
            let student = rules().pack.entity_named("siswa").map(|entity| entity.code);
            let Some(student) = student else { return wrong("no students") };
            for range in [Range::Views(student, None), Range::Drafts(None)] {
                disk.scan(&range, &mut |_, row| {
                    match &row {
                        Row::View(view) => forget(&view.fields, &mut missing),
                        Row::Draft(draft) => forget(&draft.fields, &mut missing),
                        _ => {}
                    }
                    Ok(Flow::Continue)
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
        match missing.first() {
            Some(value) => wrong(format!("{value} was saved, and is nowhere")),
            None => Ok(()),
        }
    }

    /// Once nothing goes wrong any more, both computers are equal with the centre, and what was saved is there.
    pub(super) fn settles(&self) -> Result<(), Trouble> {
        let mut state = self.fork()?;
        state.centre.drive(None)?;
        // Its process may have died over the operator's word.
        state.centre.confirms()?;
        for which in Which::BOTH {
            let station = state.station_mut(which);
            station.waits_no_longer();
            station.late = None;
            station.computer.starts_again()?;
            station.computer.settle()?;
        }
        if state.memory.revoked {
            state.memory.enrols();
            state.centre.enrol(SigningKey::from_bytes(&[8; 32]))?;
        }
        let mut said = String::new();
        for _ in 0..MAX_ROUNDS {
            for which in Which::BOTH {
                if let Some(code) = state.comes_to_rest(which)? {
                    said = code;
                }
            }
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
        }
        let exchanged = self.exchanges(which, Purpose::Sync);
        self.station_mut(which).waits_no_longer();
        self.station_mut(which).computer.notices.clear();
        bear(exchanged)?;
        self.sees_log()?;
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

/// These values are not missing.
fn forget(fields: &Fields, missing: &mut BTreeSet<&str>) {
    for value in fields.values() {
        if let Value::Text(text) = value {
            missing.remove(text.as_str());
        }
    }
}

/// The values of all sides of conflicts.
fn sides(disk: &Disk) -> Result<Vec<String>, Trouble> {
    let mut keys = Vec::new();
    disk.scan(&Range::Conflicts, &mut |key, _| {
        if let Key::Conflict(key) = key {
            keys.push(key);
        }
        Ok(Flow::Continue)
    })?;
    let mut sides = Vec::new();
    for key in keys {
        let Some(Row::Blob(bytes)) = ReadStore::get(disk, &Key::Document(key))? else { continue };
        let document = Document::load(&bytes).or_else(|error| wrong(format!("a document: {error}")))?;
        let resolved = document.resolve(&rules().pack, key.entity, key.id);
        let resolved = resolved.or_else(|error| wrong(format!("a document: {error}")))?;
        for conflict in resolved.conflicts.iter().filter(|conflict| matches!(conflict.subject, Subject::Field(_))) {
            let candidates = std::iter::once(&conflict.winner).chain(&conflict.others);
            sides.extend(candidates.filter_map(|side| match &side.value {
                Value::Text(text) => Some(text.as_str().to_owned()),
                _ => None,
            }));
        }
    }
    Ok(sides)
}
