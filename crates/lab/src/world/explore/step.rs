//! One step: what is possible in a state, and what it makes of it.

use selaras_sync::exchange::{Flaw, Host as _, Notice, Request};
use selaras_sync::{Phase, Purpose};

use super::Bounds;
use super::choice::{Act, Choice, Which};
use super::hash::Marked;
use super::state::{Packet, State, half};
use crate::world::disk::Disk;
use crate::world::rules::Change;
use crate::world::trouble::{Trouble, wrong};

impl State {
    /// What may happen here, but for crashes.
    pub(super) fn acts(&self, bounds: &Bounds) -> Result<Vec<Act>, Trouble> {
        let mut acts = Vec::new();
        for which in Which::BOTH {
            self.acts_at(which, bounds, &mut acts)?;
        }
        if self.backups < bounds.backups {
            acts.push(Act::BackUp);
        }
        if self.centre.restores() < bounds.restores {
            acts.push(Act::Restore);
        }
        if self.memory.doubted && !self.centre.centre().unconfirmed()?.is_empty() {
            acts.push(Act::Confirm);
        }
        if bounds.rules && !self.rules_begun {
            acts.push(Act::BeginRules);
        }
        if bounds.revokes && !self.memory.revoked {
            acts.push(Act::Revoke);
        }
        Ok(acts)
    }

    fn acts_at(&self, which: Which, bounds: &Bounds, acts: &mut Vec<Act>) -> Result<(), Trouble> {
        let station = self.station(which);
        let sealed = station.sealed()?;
        if self.typed() < bounds.edits {
            acts.push(Act::Type(which));
        }
        if sealed.is_none() && station.has_drafts()? {
            acts.push(Act::Approve(which));
        }
        if sealed.as_ref().is_some_and(|sealed| sealed.phase == Phase::Approved) {
            acts.push(Act::Withdraw(which));
        }
        match &station.waits {
            None => {
                acts.extend(sealed.map(|_| Act::Sync(which)));
                acts.push(Act::Pull(which));
            }
            Some(Packet::Request(_)) => {
                acts.extend([Act::Deliver(which), Act::Lose(which), Act::Cut(which)]);
                if station.late.is_none() {
                    acts.extend([Act::Double(which), Act::Abandon(which)]);
                }
            }
            Some(Packet::Answer(_) | Packet::File(..)) => {
                acts.extend([Act::Deliver(which), Act::Lose(which), Act::Cut(which)]);
            }
            Some(Packet::Refusal(_) | Packet::Fetch(_)) => acts.extend([Act::Deliver(which), Act::Lose(which)]),
        }
        acts.extend(station.late.is_some().then_some(Act::Late(which)));
        Ok(())
    }

    /// Whose process acts, may die, and has the only disk that changes; none for the centre's.
    const fn acting(&self, act: Act) -> Option<Which> {
        match act {
            Act::Type(which) | Act::Approve(which) | Act::Withdraw(which) | Act::Sync(which) | Act::Pull(which) => {
                Some(which)
            }
            Act::Deliver(which) | Act::Cut(which) => match self.station(which).waits {
                Some(Packet::Answer(_) | Packet::Refusal(_) | Packet::File(..)) => Some(which),
                Some(Packet::Request(_) | Packet::Fetch(_)) | None => None,
            },
            Act::Lose(_)
            | Act::Double(_)
            | Act::Abandon(_)
            | Act::Late(_)
            | Act::BackUp
            | Act::Restore
            | Act::Confirm
            | Act::BeginRules
            | Act::Revoke => None,
        }
    }

    const fn disk_of(&self, acting: Option<Which>) -> &Disk {
        match acting {
            Some(which) => &self.station(which).computer.disk,
            None => &self.centre.disk,
        }
    }

    /// Does a step; gives how many commits the process that acted asked for.
    pub(super) fn takes(&mut self, choice: Choice) -> Result<u16, Trouble> {
        let Choice { act, crash } = choice;
        if act == Act::Restore {
            if !self.centre.put_back(0)? {
                return wrong("a centre without a backup");
            }
            self.memory.restores(self.centre.centre().head()?.version);
        }
        let acting = self.acting(act);
        let before = self.disk_of(acting).commits();
        if let Some(crash) = crash {
            self.disk_of(acting).fail_after(u64::from(crash.commit), crash.fault());
        }
        let done = self.does(act);
        let commits = self.disk_of(acting).commits();
        match done {
            Ok(()) | Err(Trouble::No(_)) => {}
            Err(Trouble::Died) if crash.is_some() => self.dies(act, acting)?,
            Err(Trouble::Died) => return wrong("a store that does not answer"),
            Err(trouble) => return Err(trouble),
        }
        self.remembers(acting)?;
        Ok(u16::try_from(commits.saturating_sub(before)).unwrap_or(u16::MAX))
    }

    fn does(&mut self, act: Act) -> Result<(), Trouble> {
        match act {
            Act::Type(which) => {
                let (token, edit, over) = self.station_mut(which).next_value(which)?;
                self.memory.types_over(&token, over);
                self.station_mut(which).saves(edit)?;
                self.memory.saved.insert(token);
                Ok(())
            }
            Act::Approve(which) => self.approves(which),
            Act::Withdraw(which) => {
                let taken_back = self.station_mut(which).withdraws()?;
                self.memory.withdrawn.extend(taken_back);
                Ok(())
            }
            Act::Sync(which) => self.converses(which, |state| state.station_mut(which).begins(Purpose::Sync)),
            Act::Pull(which) => self.converses(which, |state| state.station_mut(which).begins(Purpose::Pull)),
            Act::Deliver(which) => self.converses(which, |state| state.delivers(which)),
            Act::Cut(which) => {
                if let Some(packet) = &mut self.station_mut(which).waits {
                    half(packet);
                }
                self.converses(which, |state| state.delivers(which))
            }
            Act::Lose(which) => {
                self.station_mut(which).waits_no_longer();
                Ok(())
            }
            Act::Double(which) => {
                let station = self.station_mut(which);
                station.late = asked(station.waits.as_ref());
                Ok(())
            }
            Act::Abandon(which) => {
                let station = self.station_mut(which);
                station.late = asked(station.waits.as_ref());
                station.waits_no_longer();
                Ok(())
            }
            Act::Late(which) => match self.station_mut(which).late.take() {
                Some(request) => self.serves(which, &request).map(drop),
                None => Ok(()),
            },
            Act::BackUp => self.backs_up(),
            Act::Restore => {
                self.centre.drive(None)?;
                match self.centre.flaw() {
                    Some(Flaw::ConfirmsItself) => self.centre.confirms(),
                    _ => Ok(()),
                }
            }
            Act::Confirm => self.confirms(),
            Act::BeginRules => {
                self.rules_begun = true;
                let today = self.centre.date;
                let day = self.centre.rules_day()?;
                self.centre.releases.publish(Change::Words, today, day)?;
                self.centre.drive(None)
            }
            Act::Revoke => {
                self.centre.revoke()?;
                let mut newest = None;
                self.centre.each_entry(&mut |entry| newest = Some((entry.epoch, entry.version)))?;
                newest.into_iter().for_each(|place| self.memory.revokes(place));
                Ok(())
            }
        }
    }

    /// The head approves; what the gate says is an answer.
    pub(super) fn approves(&mut self, which: Which) -> Result<(), Trouble> {
        let (station, centre) = self.with_centre(which);
        station.computer.approve(centre, None).map(drop)
    }

    /// A part of a conversation, after which everybody knows what the computer was told.
    fn converses(&mut self, which: Which, part: impl FnOnce(&mut Self) -> Result<(), Trouble>) -> Result<(), Trouble> {
        let sealed = self.station(which).sealed()?;
        let done = part(self);
        let notices = std::mem::take(&mut self.station_mut(which).computer.notices);
        let refused = notices.iter().any(|notice| matches!(notice, Notice::Refused(_)));
        if let Some(sealed) = sealed.filter(|_| refused) {
            self.memory.refused.insert(sealed.bundle);
        }
        if done.is_err() {
            self.station_mut(which).waits_no_longer();
        }
        done
    }

    /// A process died, and starts again at once.
    fn dies(&mut self, act: Act, acting: Option<Which>) -> Result<(), Trouble> {
        let Some(which) = acting else {
            self.centre.disk.restart()?;
            // Whoever waited for it sees the connection end.
            if let (Some(which), false) = (whose(act), matches!(act, Act::Late(_))) {
                self.station_mut(which).waits_no_longer();
            }
            return self.centre.drive(None);
        };
        let station = self.station_mut(which);
        station.waits_no_longer();
        station.computer.starts_again()?;
        station.computer.settle()
    }

    /// Notes what the disk promises now that has changed.
    fn remembers(&mut self, acting: Option<Which>) -> Result<(), Trouble> {
        let Some(which) = acting else {
            self.marked = Marked::default();
            return self.sees_log();
        };
        let station = self.station_mut(which);
        station.marked = Marked::default();
        let (position, sealed) = (station.computer.school().position()?, station.sealed()?);
        self.memory.receipted.extend(position.previous);
        self.memory.stands_at(which, position.epoch, position.version);
        if let Some(sealed) = sealed {
            // The same drafts, approved again, are the same bundle.
            self.memory.withdrawn.remove(&sealed.bundle);
        }
        Ok(())
    }

    /// Reads the centre's log as it stands.
    pub(super) fn sees_log(&mut self) -> Result<(), Trouble> {
        let mut entries = Vec::new();
        self.centre.each_entry(&mut |entry| entries.push(entry))?;
        entries.iter().try_for_each(|entry| self.memory.sees(entry))
    }
}

fn whose(act: Act) -> Option<Which> {
    match act {
        Act::Type(which)
        | Act::Approve(which)
        | Act::Withdraw(which)
        | Act::Sync(which)
        | Act::Pull(which)
        | Act::Deliver(which)
        | Act::Lose(which)
        | Act::Cut(which)
        | Act::Double(which)
        | Act::Abandon(which)
        | Act::Late(which) => Some(which),
        Act::BackUp | Act::Restore | Act::Confirm | Act::BeginRules | Act::Revoke => None,
    }
}

fn asked(packet: Option<&Packet>) -> Option<Request> {
    match packet {
        Some(Packet::Request(request)) => Some(request.clone()),
        _ => None,
    }
}
