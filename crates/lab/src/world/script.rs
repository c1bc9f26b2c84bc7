//! What happens: people, the line, crashes, and the end of all faults.

mod backups;
mod blobs;
mod busy;
mod clock;
mod crashes;
mod damage;
mod dinas;
mod end;
mod healing;
mod imports;
mod large;
mod line;
mod modules;
mod moves;
mod newcomers;
mod people;
mod releases;
mod scheduled;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use selaras_model::{BundleId, EntityCode, EntryHash, Npsn, Record, RecordId, RecordKey, Value};
use selaras_sync::exchange::Endpoint;
use selaras_sync::{Flow, LeavingPerson, Offer};

use super::centre::{CentreHost, key_of};
use super::computer::Computer;
use super::fetching::Snapshots;
use super::images::{Image, Way};
use super::landing::{Asked, Told};
use super::lawful::Lawful;
use super::oracle::Oracle;
use super::rules::{Change, rules};
use super::trouble::Trouble;
use super::{Bug, Dimension, Ended, Flaw, Mixture, Plan, one_in};
use imports::Imports;

/// The schools; the third is there where students move.
const NPSNS: [&str; 3] = ["99999999", "99999998", "99999997"];
/// Things that people do before the faults stop.
const ACTIONS: u32 = 60;
/// Records of a school that people make; a world stays small.
const MAX_RECORDS: usize = 40;
/// Virtual milliseconds after which a computer no longer waits for an answer.
const PATIENCE: u64 = 400;
/// Rounds in which everything has to come to rest once the faults have stopped.
const MAX_ROUNDS: usize = 40;
/// Fields that the school types into.
const OURS: [&str; 3] = ["nama", "alamat", "catatan"];

#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    Act(usize),
    CentreActs(usize),
    Request {
        computer: usize,
        number: u64,
        endpoint: Endpoint,
        body: Vec<u8>,
    },
    Answer {
        computer: usize,
        number: u64,
        endpoint: Endpoint,
        body: Vec<u8>,
        /// Whether it was not cut on its way.
        whole: bool,
    },
    /// A range of a snapshot is asked for.
    Fetch {
        computer: usize,
        number: u64,
        offer: Offer,
        from: usize,
    },
    Range {
        computer: usize,
        number: u64,
        offer: Offer,
        from: usize,
        bytes: Vec<u8>,
    },
    Piece {
        computer: usize,
        number: u64,
        bundle: BundleId,
        asked: Asked,
        arrived: usize,
        cut: bool,
    },
    Told {
        computer: usize,
        number: u64,
        bundle: BundleId,
        told: Told,
    },
    Patience {
        computer: usize,
        number: u64,
    },
    Restart(usize),
    CentreRestarts(usize),
    /// The centre takes a backup.
    BacksUp(usize),
    /// The centre loses its disk, and goes on from its last backup, or from the one so many before it.
    LosesDisk(usize, usize),
    /// A computer of the school registers, by its number.
    Joins(usize, u8),
    /// A computer is gone for good, and another takes its place.
    Replaced(usize),
    /// A student is offered to a school.
    Offers(usize, usize),
    /// Somebody answers the offers of a school.
    AnswersOffers(usize),
    /// Somebody types about a student who may be moving.
    TypesOfMover(usize),
    /// A record is gone from a computer's disk.
    LosesRecord(usize),
    /// A record is gone from a centre's disk.
    CentreLosesRecord(usize),
    /// A file is altered or lost on a computer's disk.
    HarmsFile(usize),
    /// A file is altered or lost on a centre's disk.
    HarmsCentresFile(usize),
    /// An operator puts a centre's files back as they were.
    PutsBack(usize),
    /// Somebody imports what is large in records and in bytes.
    ImportsMuch(usize),
    /// The centre could not answer.
    Refused {
        computer: usize,
        number: u64,
        code: String,
    },
    Copied(usize),
    Imaged(usize),
    ComesBack(usize, Way),
    /// Rules are published, to begin in so many days.
    Publishes(Change, i32),
    DayBegins,
    /// The centre's clock is set, so many days wrong.
    ClockSet(i32),
    /// An operator confirms what the clock of a school's centre shows.
    ClockConfirmed(usize),
    /// Somebody at a computer and the Dinas write into one field.
    Quarrel(usize),
    Types(usize),
    /// The window of an approval has come.
    Sends(usize),
}

pub(super) struct Script {
    pub(super) rng: ChaCha8Rng,
    pub(super) now: u64,
    order: u64,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    pub(super) centres: Vec<CentreHost>,
    pub(super) computers: Vec<Computer>,
    pub(super) oracle: Oracle,
    pub(super) lawful: Lawful,
    /// Disks as they were, by computer.
    pub(super) images: BTreeMap<usize, Image>,
    /// What is known of snapshots.
    pub(super) snapshots: Snapshots,
    /// What was imported, by computer.
    imported: BTreeMap<usize, Imports>,
    /// What the Dinas did: the school, the entry of its log, the value.
    acts: Vec<(usize, EntryHash, String)>,
    restored: u64,
    handed_back: u64,
    student: EntityCode,
    staff: EntityCode,
    pub(super) tokens: u64,
    requests: u64,
    crashes: u64,
    happened: u64,
    trace: blake3::Hasher,
    story: Vec<String>,
    pub(super) calm: bool,
    /// Days since the beginning, and by how many the centre's clock is wrong.
    day: i32,
    clock: i32,
    mixture: Mixture,
    /// Whether kinds of trouble may meet in this world.
    pub(super) meet: bool,
    /// The bugs that are planted in new computers.
    sick: (Option<Bug>, Option<Flaw>),
    /// What goes along with who was promised last, for a planted bug.
    leaving: Option<LeavingPerson>,
    /// Schools that said they take a student, whether or not it was saved.
    takers: BTreeSet<(usize, usize)>,
    /// Computers that ever asked to be registered.
    registering: BTreeSet<(usize, u8)>,
}

impl Script {
    pub(super) fn new(rng: ChaCha8Rng, plan: &Plan, mixture: Mixture) -> Result<Self, Trouble> {
        let mut centres = Vec::new();
        let mut computers = Vec::new();
        let moves = moves::are_in(mixture);
        for (school, npsn) in NPSNS.into_iter().enumerate().take(if moves { 3 } else { 2 }) {
            let npsn: Npsn = npsn.parse().map_err(|_| Trouble::Wrong("NPSN".to_owned()))?;
            let mut centre = CentreHost::new(npsn, plan.bug, plan.flaw)?;
            for _ in 0..computers_of(school) {
                let number = u8::try_from(computers.len() + 1).unwrap_or(u8::MAX);
                computers.push(Computer::new(school, number, &mut centre, (plan.bug, plan.flaw))?);
            }
            if school == 0 && moves {
                moves::found(&mut centre)?;
            }
            centres.push(centre);
        }
        let student = key_of(&rules(), "siswa", [0; 16])?.entity;
        let staff = key_of(&rules(), "ptk", [0; 16])?.entity;
        let mut script = Self {
            rng,
            now: 0,
            order: 0,
            events: BinaryHeap::new(),
            centres,
            computers,
            oracle: Oracle::default(),
            lawful: Lawful::default(),
            snapshots: Snapshots::default(),
            imported: BTreeMap::new(),
            acts: Vec::new(),
            restored: 0,
            handed_back: 0,
            images: BTreeMap::new(),
            student,
            staff,
            tokens: 0,
            requests: 0,
            crashes: 0,
            happened: 0,
            trace: blake3::Hasher::new(),
            story: Vec::new(),
            calm: plan.calm,
            day: 0,
            clock: 0,
            mixture,
            meet: plan.mixed || plan.only.is_some(),
            sick: (plan.bug, plan.flaw),
            leaving: None,
            takers: BTreeSet::new(),
            registering: BTreeSet::new(),
        };
        for action in 0..u64::from(ACTIONS) {
            let at = action * 40 + script.rng.random_range(0..40);
            let event = if one_in(&mut script.rng, 5) {
                Event::CentreActs(script.rng.random_range(0..2))
            } else {
                Event::Act(script.rng.random_range(0..3))
            };
            script.schedule(at, event);
        }
        if script.has(Dimension::Losses) {
            script.plan_losses();
        }
        script.plan_backups();
        script.plan_newcomers();
        script.plan_moves();
        script.plan_damages();
        if script.has(Dimension::Images) {
            script.plan_images(u64::from(ACTIONS) * 40);
        }
        if script.has(Dimension::Rules) {
            script.plan_releases();
        }
        if script.has(Dimension::Clock) {
            script.plan_clock();
        }
        if script.has(Dimension::Blobs) {
            script.plan_harms();
        }
        Ok(script)
    }

    /// Whether this world has such trouble.
    pub(super) fn has(&self, dimension: Dimension) -> bool {
        self.mixture.has(dimension)
    }

    pub(super) fn schedule(&mut self, at: u64, event: Event) {
        self.order += 1;
        self.events.push(Reverse((at, self.order, event)));
    }

    pub(super) fn note(&mut self, what: &str) {
        self.trace.update(&self.now.to_be_bytes()).update(what.as_bytes()).update(b"\n");
        self.story.push(format!("{} {what}", self.now));
    }

    /// What happened, for who looks for the cause of a failure.
    pub(super) fn story(&self) -> Vec<String> {
        self.story.clone()
    }

    pub(super) fn play(&mut self) -> Result<Ended, Trouble> {
        if self.has(Dimension::Busy) {
            self.busy_year()?;
        }
        while let Some(Reverse((at, _, event))) = self.events.pop() {
            self.now = at;
            self.happened += 1;
            self.happens(event)?;
            self.hears_of_lost_imports()?;
            self.snapshots_are_taken_to_their_end()?;
        }
        self.come_to_rest()?;
        self.hears_of_lost_imports()?;
        self.judge()?;
        self.damages_and_repairs()?;
        self.judge()?;
        let (accepted, refused) = self.oracle.fate_counts();
        let (events, crashes) = (self.happened, self.crashes);
        let (restored, handed_back) = (self.restored, self.handed_back);
        Ok(Ended {
            mixture: self.mixture,
            trace: *self.trace.finalize().as_bytes(),
            events,
            accepted,
            refused,
            crashes,
            restored,
            handed_back,
        })
    }

    fn happens(&mut self, event: Event) -> Result<(), Trouble> {
        match event {
            Event::Act(computer) => self.act(computer),
            Event::CentreActs(school) => self.centre_acts(school),
            Event::Request { computer, number, endpoint, body } => self.serve(computer, number, endpoint, &body),
            Event::Answer { computer, number, endpoint, body, whole } => {
                self.answered(computer, number, endpoint, (&body, whole))
            }
            Event::Fetch { computer, number, offer, from } => self.gives_range(computer, number, offer, from),
            Event::Range { computer, number, offer, from, bytes } => {
                self.takes_range(computer, number, offer, (from, &bytes))
            }
            Event::Piece { computer, number, bundle, asked, arrived, cut } => {
                self.lands((computer, number), bundle, &asked, (arrived, cut))
            }
            Event::Told { computer, number, bundle, told } => self.told_of_upload(computer, number, bundle, &told),
            Event::Patience { computer, number } => {
                if let Some(computer) = self.computers.get_mut(computer) {
                    computer.waits_no_longer(number);
                }
                Ok(())
            }
            Event::Restart(computer) => self.restart(computer),
            Event::BacksUp(school) => self.backs_up(school),
            Event::LosesDisk(school, before) => self.loses_disk(school, before),
            Event::Joins(school, number) => self.joins(school, number),
            Event::Replaced(computer) => self.replaced(computer),
            Event::Offers(student, school) => self.offers(student, school),
            Event::AnswersOffers(computer) => self.answers_offers(computer),
            Event::TypesOfMover(computer) => self.types_of_mover(computer),
            Event::Refused { computer, number, code } => self.refused(computer, number, code),
            Event::LosesRecord(computer) => self.loses_record(computer),
            Event::CentreLosesRecord(school) => self.centre_loses_record(school),
            Event::HarmsFile(computer) => self.harms_file(computer),
            Event::HarmsCentresFile(school) => self.harms_centres_file(school),
            Event::PutsBack(school) => self.puts_back(school),
            Event::ImportsMuch(computer) => self.imports_much(computer),
            Event::Copied(computer) => self.copied(computer),
            Event::Imaged(computer) => self.imaged(computer),
            Event::ComesBack(computer, way) => self.comes_back(computer, way),
            Event::Publishes(change, days) => self.publishes(change, days),
            Event::ClockSet(days) => self.sets_clock(days),
            Event::ClockConfirmed(school) => self.confirms_clock(school),
            Event::DayBegins => self.day_begins(),
            Event::Types(computer) => self.types_on(computer),
            Event::Sends(computer) => self.sends_now(computer),
            Event::Quarrel(computer) => self.quarrel(computer),
            Event::CentreRestarts(school) => {
                let kept = self.rng.random_range(0..=100);
                let Some(centre) = self.centres.get_mut(school) else { return Ok(()) };
                centre.disk.restart()?;
                centre.landings.lose(|offset| offset * kept / 100);
                centre.down = false;
                Ok(())
            }
        }
    }

    pub(super) fn computer(&self, number: usize) -> Result<&Computer, Trouble> {
        self.computers.get(number).ok_or_else(|| Trouble::Wrong("no such computer".to_owned()))
    }

    pub(super) fn computer_mut(&mut self, number: usize) -> Result<&mut Computer, Trouble> {
        self.computers.get_mut(number).ok_or_else(|| Trouble::Wrong("no such computer".to_owned()))
    }

    pub(super) fn centre(&self, school: usize) -> Result<&CentreHost, Trouble> {
        self.centres.get(school).ok_or_else(|| Trouble::Wrong("no such school".to_owned()))
    }

    pub(super) fn centre_mut(&mut self, school: usize) -> Result<&mut CentreHost, Trouble> {
        self.centres.get_mut(school).ok_or_else(|| Trouble::Wrong("no such school".to_owned()))
    }

    fn token(&mut self, who: &str) -> String {
        self.tokens += 1;
        format!("{who}-{}", self.tokens)
    }

    fn students(&self, number: usize) -> Result<Vec<Record>, Trouble> {
        self.listed(number, self.student)
    }

    /// The records of an entity as they are shown at a computer.
    fn listed(&self, number: usize, entity: EntityCode) -> Result<Vec<Record>, Trouble> {
        let mut records = Vec::new();
        self.computer(number)?.school().list(entity, None, &mut |record| {
            records.push(record.clone());
            Flow::Continue
        })?;
        Ok(records)
    }

    fn new_key(&mut self) -> RecordKey {
        RecordKey { entity: self.student, id: RecordId::from_bytes(self.rng.random()) }
    }
}

/// Two computers at the first school, one at each of the others.
fn computers_of(school: usize) -> usize {
    if school == 0 { 2 } else { 1 }
}

fn text(value: &Value) -> Option<String> {
    if let Value::Text(text) = value { Some(text.clone()) } else { None }
}
