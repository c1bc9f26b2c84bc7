//! Rules that are announced, begin and change while people work, while approvals are on their way, while a restored
//! centre waits.

use rand::RngExt as _;
use selaras_model::{Date, LogVersion, Record, Value};
use selaras_sync::exchange::Endpoint;
use selaras_sync::{Flow, Key, LogEntry, Origin, Range, ReadStore, Row, StateName};

use super::{ACTIONS, Event, Script};
use crate::world::centre::fields;
use crate::world::lawful::JudgedOn;
use crate::world::rules::{self, Change};
use crate::world::trouble::{Trouble, wrong};
use crate::world::{Dimension, one_in, pick};

/// Days that begin in a world in which rules do.
const DAYS: u32 = 5;
/// Fields into which both sides write, so that there is something open when the field gets another owner.
const QUARRELS: u32 = 4;
/// Large imports of a world: their bundles are decided on one day, and perhaps in the log on another.
const LARGE: u32 = 2;
/// The most releases of a world that are planned.
const RELEASES: u32 = 3;

impl Script {
    pub(super) fn plan_releases(&mut self) {
        let end = u64::from(ACTIONS) * 40;
        for _ in 0..self.rng.random_range(1..=RELEASES) {
            let (at, change) = (self.rng.random_range(0..end), self.any_change());
            let days = self.rng.random_range(0..3);
            self.schedule(at, Event::Publishes(change, days));
        }
        for _ in 0..QUARRELS {
            let (at, computer) = (self.rng.random_range(0..end), self.rng.random_range(0..self.computers.len()));
            self.schedule(at, Event::Quarrel(computer));
        }
        for _ in 0..DAYS {
            let at = self.rng.random_range(0..end);
            self.schedule(at, Event::DayBegins);
        }
        if one_in(&mut self.rng, 2) {
            for _ in 0..LARGE {
                let (at, computer) = (self.rng.random_range(0..end), self.rng.random_range(0..self.computers.len()));
                self.schedule(at, Event::ImportsMuch(computer));
            }
        }
    }

    fn any_change(&mut self) -> Change {
        let [stricter, words, owner] = Change::ALL;
        match self.rng.random_range(0..4) {
            0 | 1 => stricter,
            2 => owner,
            _ => words,
        }
    }

    /// While a restored centre waits, rules begin as at any other time.
    pub(super) fn may_publish_after_loss(&mut self) {
        if self.has(Dimension::Rules) && one_in(&mut self.rng, 2) {
            let (at, change) = (self.now + self.rng.random_range(1..300), self.any_change());
            self.schedule(at, Event::Publishes(change, 0));
        }
    }

    /// The operator publishes rules, at every school's centre, which is one.
    pub(super) fn publishes(&mut self, change: Change, days: i32) -> Result<(), Trouble> {
        // A centre has one date for all its schools; here each has its own, and what one of them has seen begin has begun.
        let seen = self.centres.iter().map(|centre| Ok((centre, centre.rules_day()?)));
        let seen: Vec<_> = seen.collect::<Result<_, Trouble>>()?;
        let Some(today) = seen.iter().map(|(_, day)| day.today).max() else { return Ok(()) };
        let from = days_after(today, days)?;
        if !seen.iter().all(|(centre, day)| centre.releases.may_begin(from, *day)) {
            return Ok(());
        }
        let mut published = None;
        for centre in &mut self.centres {
            let day = centre.rules_day()?;
            published = centre.releases.publish(change, from, day)?.map(|rules| (from, rules)).or(published);
        }
        if let Some((from, rules)) = published {
            self.note(&format!("rules are published from {from}: {change:?}"));
            let names = (rules.pack.hash(), rules.rulebook.hash());
            self.lawful.published(from, names, rules::greatest_age(&rules));
        }
        Ok(())
    }

    /// Both sides write into one field of a record, and neither knows of the other's value yet.
    pub(super) fn quarrel(&mut self, number: usize) -> Result<(), Trouble> {
        let computer = self.computer(number)?;
        let school = computer.school;
        if computer.down || self.centre(school)?.down {
            return Ok(());
        }
        let students = self.students(number)?;
        let Some(key) = pick(&mut self.rng, &students).map(Record::key) else { return Ok(()) };
        let token = self.token(&format!("k{number}"));
        let typed = self.saves(number, key, "alamat", token.clone(), fields([("alamat", Value::text(&token))]));
        self.note(&format!("computer {number} quarrels with its centre over {key}"));
        self.bear(number, typed)?;
        if self.centre(school)?.centre().record(key)?.is_none() {
            return Ok(());
        }
        let token = self.token(&format!("p{school}"));
        let written = self.centre_mut(school)?.drive(None);
        let written = written.and_then(|()| self.centre_types(school, key, "alamat", token));
        self.centre_bears(school, written)?;
        let approved = self.approves(number);
        self.bear(number, approved)?;
        if one_in(&mut self.rng, 2) {
            let at = self.now + self.rng.random_range(300..1_000);
            self.schedule(at, Event::Publishes(Change::Owner, 0));
        }
        Ok(())
    }

    /// An age that the rulebook of some days allows, and that of others does not.
    pub(super) fn an_age(&mut self) -> Option<Value> {
        (self.has(Dimension::Rules) && one_in(&mut self.rng, 4)).then_some(Value::Int(50))
    }

    /// Whether a large bundle was decided, and is not in the log yet.
    pub(super) fn is_decided(&self, school: usize) -> Result<bool, Trouble> {
        let store = self.centre(school)?.disk.held()?;
        Ok(store.get(&Key::State(StateName::Intent))?.is_some())
    }

    /// Whether the oracle reads the logs as they grow.
    pub(super) fn reads_logs(&self) -> bool {
        self.has(Dimension::Rules) || self.has(Dimension::Clock)
    }

    /// Reads what is new in a school's log after a request was served, or would have been, had the centre not died.
    pub(super) fn reads_log(&mut self, school: usize, served: Option<Endpoint>) -> Result<(), Trouble> {
        let today = self.centre(school)?.date;
        for (clock, written) in std::mem::take(&mut self.centre_mut(school)?.worked_on) {
            self.lawful.acts_on(school, clock, written);
        }
        for entry in self.entries(school, self.lawful.version(school).next())? {
            let begins = matches!(&entry.origin, Origin::Act { kind, .. } if kind == "rules.change");
            self.lawful.entry(school, entry.version, (entry.pack, entry.rulebook), begins)?;
            // Work that was decided comes before anything else.
            let decided_on = self.lawful.decided_on(school);
            let Origin::Bundle { bundle, .. } = entry.origin else {
                self.note(&format!("centre {school}: {:?} of {} records", entry.origin, entry.records));
                continue;
            };
            let exchanged = matches!(served, Some(Endpoint::Exchange(_)));
            let judged = decided_on.or(exchanged.then_some(JudgedOn::Now(today)));
            // What a computer hands back was judged when it was accepted first.
            if let Some(judged) = judged.filter(|_| entry.first.is_none()) {
                self.lawful.accepted(school, bundle, judged)?;
            }
        }
        Ok(())
    }

    /// A centre lost its disk: its log is read on from where it stands now.
    pub(super) fn reads_log_anew(&mut self, school: usize) -> Result<(), Trouble> {
        let version = self.centre(school)?.centre().head()?.version;
        let newest = self.entries(school, version)?.pop();
        let backup = self.centre(school)?.backups();
        self.lawful.disk_lost(school, backup, version, newest.map(|entry| (entry.pack, entry.rulebook)));
        Ok(())
    }

    fn entries(&self, school: usize, from: LogVersion) -> Result<Vec<LogEntry>, Trouble> {
        let mut found = Vec::new();
        self.centre(school)?.disk.held()?.scan(&Range::Entries(from), &mut |_, row| {
            if let Row::Entry(row) = row {
                found.extend(LogEntry::from_bytes(&row.entry));
            }
            Ok(Flow::Continue)
        })?;
        Ok(found)
    }

    /// Everybody goes by the rules that are in force, and knows those that are announced.
    pub(super) fn judge_rules(&self) -> Result<(), Trouble> {
        for (number, computer) in self.computers.iter().enumerate().filter(|(_, computer)| !computer.gone) {
            let today = self.centre(computer.school)?.date;
            let names = (computer.rules.pack.hash(), computer.rules.rulebook.hash());
            if self.lawful.in_force(computer.school, today).is_some_and(|in_force| in_force != names) {
                return wrong(format!("computer {number} does not go by the rules in force"));
            }
            let announced = computer.school().first_day_announced()?;
            if announced != self.lawful.announced(computer.school, today) {
                return wrong(format!("computer {number} knows {announced:?} as announced"));
            }
        }
        Ok(())
    }
}

pub(super) fn days_after(date: Date, days: i32) -> Result<Date, Trouble> {
    Date::from_days(date.days_since_epoch() + days).map_err(|_| Trouble::Wrong("a date".to_owned()))
}
