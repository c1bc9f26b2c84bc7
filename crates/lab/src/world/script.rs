//! What happens: people, the line, crashes, and the end of all faults.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use selaras_model::{BundleId, Date, EntityCode, Fields, Npsn, Record, RecordId, RecordKey, Value};
use selaras_storage::Fault;
use selaras_sync::{Carry, Flow, Phase, Purpose, SchoolError, Subject, TypedEdit};

use super::centre::{CentreHost, fields, key_of};
use super::computer::{Computer, told};
use super::landing::{Asked, Told};
use super::oracle::{Oracle, Place};
use super::rules::rules;
use super::trouble::{Trouble, wrong};
use super::{Ended, Plan, one_in, pick};

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
    Request { computer: usize, number: u64, body: Vec<u8> },
    Answer { computer: usize, number: u64, body: Vec<u8> },
    Piece { computer: usize, number: u64, bundle: BundleId, asked: Asked, arrived: usize, cut: bool },
    Told { computer: usize, number: u64, bundle: BundleId, told: Told },
    Patience { computer: usize, number: u64 },
    Restart(usize),
    CentreRestarts(usize),
}

pub(super) struct Script {
    pub(super) rng: ChaCha8Rng,
    pub(super) now: u64,
    order: u64,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    pub(super) centres: Vec<CentreHost>,
    pub(super) computers: Vec<Computer>,
    oracle: Oracle,
    student: EntityCode,
    tokens: u64,
    requests: u64,
    crashes: u64,
    happened: u64,
    trace: blake3::Hasher,
    story: Vec<String>,
    pub(super) calm: bool,
}

impl Script {
    pub(super) fn new(rng: ChaCha8Rng, plan: &Plan) -> Result<Self, Trouble> {
        let mut centres = Vec::new();
        let mut computers = Vec::new();
        for (school, npsn) in ["99999999", "99999998"].into_iter().enumerate() {
            let npsn: Npsn = npsn.parse().map_err(|_| Trouble::Wrong("NPSN".to_owned()))?;
            let centre = CentreHost::new(npsn, plan.bug)?;
            // Two computers at the first school, one at the second.
            for _ in 0..2 - school {
                let number = u8::try_from(computers.len() + 1).unwrap_or(u8::MAX);
                computers.push(Computer::new(school, number, npsn, &centre, plan.bug)?);
            }
            centres.push(centre);
        }
        let student = key_of(&rules(), "siswa", [0; 16])?.entity;
        let mut script = Self {
            rng,
            now: 0,
            order: 0,
            events: BinaryHeap::new(),
            centres,
            computers,
            oracle: Oracle::default(),
            student,
            tokens: 0,
            requests: 0,
            crashes: 0,
            happened: 0,
            trace: blake3::Hasher::new(),
            story: Vec::new(),
            calm: plan.calm,
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
        Ok(script)
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
        while let Some(Reverse((at, _, event))) = self.events.pop() {
            self.now = at;
            self.happened += 1;
            self.happens(event)?;
        }
        self.come_to_rest()?;
        self.judge()?;
        let (accepted, refused) = self.oracle.fate_counts();
        let (events, crashes) = (self.happened, self.crashes);
        Ok(Ended { trace: *self.trace.finalize().as_bytes(), events, accepted, refused, crashes })
    }

    fn happens(&mut self, event: Event) -> Result<(), Trouble> {
        match event {
            Event::Act(computer) => self.act(computer),
            Event::CentreActs(school) => self.centre_acts(school),
            Event::Request { computer, number, body } => self.serve(computer, number, &body),
            Event::Answer { computer, number, body } => self.answered(computer, number, &body),
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

    // ---- crashes

    /// Lets a commit to come fail, now and then.
    fn tempt(&mut self, computer: usize) {
        if self.calm || !one_in(&mut self.rng, 6) {
            return;
        }
        let (commits, fault) = self.misfortune();
        if let Some(computer) = self.computers.get(computer) {
            computer.fail_after(commits, fault);
        }
    }

    fn misfortune(&mut self) -> (u64, Fault) {
        let commits = self.rng.random_range(0..6);
        let fault = match self.rng.random_range(0..5) {
            0 => Fault::Refused,
            1 | 2 => Fault::CrashBefore,
            _ => Fault::CrashAfter,
        };
        (commits, fault)
    }

    /// Takes what a computer did: a crash is survived, a full disk is told, a refusal is an answer.
    pub(super) fn bear(&mut self, computer: usize, done: Result<(), Trouble>) -> Result<(), Trouble> {
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
            Err(Trouble::Died) => {
                self.note(&format!("computer {computer} dies"));
                self.crashes += 1;
                if let Some(computer) = self.computers.get_mut(computer) {
                    computer.down = true;
                    computer.waiting = None;
                    computer.upload = None;
                }
                let at = self.now + self.rng.random_range(1..200);
                self.schedule(at, Event::Restart(computer));
                Ok(())
            }
            Err(wrong) => Err(wrong),
        }
    }

    fn restart(&mut self, number: usize) -> Result<(), Trouble> {
        let Some(computer) = self.computers.get_mut(number) else { return Ok(()) };
        computer.disk.restart()?;
        computer.down = false;
        let done = self.computers.get(number).map_or(Ok(()), Computer::settle);
        self.bear(number, done)
    }

    // ---- people

    fn act(&mut self, number: usize) -> Result<(), Trouble> {
        if self.computers.get(number).is_none_or(|computer| computer.down) {
            return Ok(());
        }
        self.tempt(number);
        let what = self.rng.random_range(0..100);
        self.note(&format!("computer {number} does {what}"));
        let done = match what {
            0..40 => self.types(number),
            40..44 => self.imports(number),
            44..48 => self.deletes(number),
            48..54 => self.decides(number),
            54..58 => self.withdraws(number),
            58..80 => self.approves(number),
            80..90 => self.begins(number, Purpose::Sync),
            _ => self.begins(number, Purpose::Pull),
        };
        self.bear(number, done)
    }

    pub(super) fn computer(&self, number: usize) -> Result<&Computer, Trouble> {
        self.computers.get(number).ok_or_else(|| Trouble::Wrong("no such computer".to_owned()))
    }

    fn centre(&self, school: usize) -> Result<&CentreHost, Trouble> {
        self.centres.get(school).ok_or_else(|| Trouble::Wrong("no such school".to_owned()))
    }

    fn centre_mut(&mut self, school: usize) -> Result<&mut CentreHost, Trouble> {
        self.centres.get_mut(school).ok_or_else(|| Trouble::Wrong("no such school".to_owned()))
    }

    fn token(&mut self, who: &str) -> String {
        self.tokens += 1;
        format!("{who}-{}", self.tokens)
    }

    fn students(&self, number: usize) -> Result<Vec<Record>, Trouble> {
        let mut records = Vec::new();
        self.computer(number)?.school().list(self.student, None, &mut |record| {
            records.push(record.clone());
            Flow::Continue
        })?;
        Ok(records)
    }

    fn new_key(&mut self) -> RecordKey {
        RecordKey { entity: self.student, id: RecordId::from_bytes(self.rng.random()) }
    }

    fn types(&mut self, number: usize) -> Result<(), Trouble> {
        let students = self.students(number)?;
        let fresh = students.len() < MAX_RECORDS && (students.is_empty() || one_in(&mut self.rng, 4));
        let key = match pick(&mut self.rng, &students) {
            Some(student) if !fresh => student.key(),
            _ => self.new_key(),
        };
        let field = if fresh { "nama" } else { *pick(&mut self.rng, &OURS).unwrap_or(&"nama") };
        let token = self.token(&format!("k{number}"));
        let mut typed = fields([(field, Value::text(&token))]);
        // Now and then a mistake that closes the gate until it is mended.
        if one_in(&mut self.rng, 12) {
            typed.extend(fields([("umur", Value::Int(-1))]));
        }
        self.saves(number, key, field, token, typed)
    }

    /// Types one value, and tells the oracle only what was acknowledged.
    fn saves(
        &mut self,
        number: usize,
        key: RecordKey,
        field: &'static str,
        token: String,
        typed: Fields,
    ) -> Result<(), Trouble> {
        let computer = self.computer(number)?;
        computer.drive(None)?;
        let school = computer.school;
        let over = self.on_screen(number, key, field)?;
        let edit = TypedEdit { key, fields: typed, deleted: None };
        let step = self.computer(number)?.school().edit(&[edit], "operator")?;
        let saved = self.computer(number)?.drive(Some(step));
        self.tell((school, key, field), token, over, saved)
    }

    /// Tells the oracle what was acknowledged. Of an edit during which the process died nobody knows whether it was
    /// saved: it may have written over what was there.
    fn tell(
        &mut self,
        place: Place,
        token: String,
        over: Vec<String>,
        saved: Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        match &saved {
            Ok(()) => self.oracle.typed(place, token, over),
            Err(Trouble::Died) => self.oracle.perhaps(over),
            Err(_) => {}
        }
        saved
    }

    /// What somebody who types into a field writes over: its value, and both sides of a conflict that is shown; not the
    /// other side of one that his own draft is about to make, for that one stays.
    fn on_screen(&self, number: usize, key: RecordKey, field: &str) -> Result<Vec<String>, Trouble> {
        let school = self.computer(number)?.school();
        let seen = school.record(key)?.and_then(|record| record.text(field).map(str::to_owned));
        let mut over: Vec<String> = seen.into_iter().collect();
        for conflict in school.conflicts()?.into_iter().filter(|conflict| conflict.key == key && !conflict.pending) {
            if matches!(&conflict.subject, Subject::Field(name) if name.as_str() == field) {
                let sides = std::iter::once(&conflict.winner).chain(&conflict.others);
                over.extend(sides.filter_map(|side| text(&side.value)));
            }
        }
        Ok(over)
    }

    fn imports(&mut self, number: usize) -> Result<(), Trouble> {
        let room = MAX_RECORDS.saturating_sub(self.students(number)?.len());
        let count = self.rng.random_range(1..=36).min(room);
        let mut edits = Vec::new();
        let mut tokens = Vec::new();
        for _ in 0..count {
            let (key, token) = (self.new_key(), self.token(&format!("i{number}")));
            edits.push(TypedEdit { key, fields: fields([("nama", Value::text(&token))]), deleted: None });
            tokens.push((key, token));
        }
        let computer = self.computer(number)?;
        computer.drive(None)?;
        let (school, step) = (computer.school, computer.school().import(edits, "operator")?);
        // Decided by its first commit.
        computer.disk.carry_out(&step)?;
        for (key, token) in tokens {
            self.oracle.typed((school, key, "nama"), token, []);
        }
        self.computer(number)?.drive(None)
    }

    fn deletes(&mut self, number: usize) -> Result<(), Trouble> {
        let students = self.students(number)?;
        let Some(key) = pick(&mut self.rng, &students).map(Record::key) else { return Ok(()) };
        let computer = self.computer(number)?;
        computer.drive(None)?;
        let step =
            computer.school().edit(&[TypedEdit { key, fields: Fields::new(), deleted: Some(true) }], "operator")?;
        let school = computer.school;
        self.oracle.deleted.insert((school, key));
        self.computer(number)?.drive(Some(step))
    }

    fn decides(&mut self, number: usize) -> Result<(), Trouble> {
        let computer = self.computer(number)?;
        computer.drive(None)?;
        let (school, conflicts) = (computer.school, computer.school().conflicts()?);
        let Some(conflict) = pick(&mut self.rng, &conflicts).cloned() else { return Ok(()) };
        let keep_other = one_in(&mut self.rng, 2);
        let chosen = conflict.others.first().filter(|_| keep_other).unwrap_or(&conflict.winner);
        let value = chosen.value.clone();
        let seen = self.computer(number)?.school().record(conflict.key)?;
        let on_screen = match &conflict.subject {
            Subject::Field(field) => seen.and_then(|record| record.text(field).map(str::to_owned)),
            Subject::EditedWhileDeleted => None,
        };
        let step =
            self.computer(number)?.school().resolve(conflict.key, &conflict.subject, value.clone(), "operator")?;
        let saved = self.computer(number)?.drive(Some(step));
        let Subject::Field(field) = &conflict.subject else {
            self.oracle.deleted.insert((school, conflict.key));
            return saved;
        };
        let known = OURS.iter().find(|ours| **ours == field.as_str());
        if let (Some(field), Some(token)) = (known, text(&value)) {
            let sides = std::iter::once(&conflict.winner).chain(&conflict.others);
            let over: Vec<String> = sides.filter_map(|side| text(&side.value)).collect();
            let unsettled = conflict.pending || self.computer(number)?.school().sealed()?.is_some();
            if unsettled && on_screen.as_ref() != Some(&token) {
                // Who gives up his own draft for what the records hold types nothing: the draft is gone. Neither does
                // who gives up what is sealed, should the centre refuse the bundle.
                self.oracle.perhaps(over.into_iter().filter(|over| *over != token));
                return saved;
            }
            return self.tell((school, conflict.key, field), token, over, saved);
        }
        saved
    }

    fn withdraws(&mut self, number: usize) -> Result<(), Trouble> {
        let computer = self.computer(number)?;
        computer.drive(None)?;
        let step = computer.school().withdraw()?;
        computer.drive(Some(step))
    }

    fn approves(&mut self, number: usize) -> Result<(), Trouble> {
        let computer = self.computer(number)?;
        match computer.approve(self.centre(computer.school)?)? {
            Ok(()) => self.begins(number, Purpose::Sync),
            Err(SchoolError::Gate(gate)) => self.mends(number, gate.invalid.first().map(|finding| finding.record)),
            Err(SchoolError::Refused(refusal)) if refusal.code == "seal.pull-first" => {
                self.begins(number, Purpose::Pull)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn mends(&mut self, number: usize, record: Option<RecordKey>) -> Result<(), Trouble> {
        let Some(key) = record else { return Ok(()) };
        let edit = TypedEdit { key, fields: fields([("umur", Value::Int(10))]), deleted: None };
        let step = self.computer(number)?.school().edit(&[edit], "operator")?;
        self.computer(number)?.drive(Some(step))
    }

    fn centre_acts(&mut self, school: usize) -> Result<(), Trouble> {
        if self.centre(school)?.down {
            return Ok(());
        }
        let what = self.rng.random_range(0..10);
        self.note(&format!("centre {school} acts {what}"));
        let done = self.centre_act(school, what);
        self.centre_bears(school, done)
    }

    fn centre_act(&mut self, school: usize, what: u32) -> Result<(), Trouble> {
        let mut students = Vec::new();
        self.centre(school)?.drive(None)?;
        self.centre(school)?.centre().list(self.student, None, &mut |record| {
            students.push(record.clone());
            Flow::Continue
        })?;
        let token = self.token(&format!("p{school}"));
        let (key, field) = match pick(&mut self.rng, &students) {
            Some(student) if what < 8 => (student.key(), if what < 4 { "alamat" } else { "kode_pusat" }),
            _ if what == 8 => {
                let ended = one_in(&mut self.rng, 2);
                let until = Date::new(2026, 9, 1).ok().filter(|_| ended);
                return self.centre(school)?.assign(until);
            }
            _ => (self.new_key(), "nama"),
        };
        // What people have to decide is left to them.
        if self.centre(school)?.is_contested(key)? {
            return Ok(());
        }
        let before = self.centre(school)?.centre().record(key)?;
        let over = before.and_then(|record| record.text(field).map(str::to_owned));
        let edit = TypedEdit { key, fields: fields([(field, Value::text(&token))]), deleted: None };
        let saved = self.centre(school)?.act(vec![edit]);
        self.tell((school, key, field), token, over.into_iter().collect(), saved)
    }

    fn centre_bears(&mut self, school: usize, done: Result<(), Trouble>) -> Result<(), Trouble> {
        match done {
            Ok(()) | Err(Trouble::Full) => Ok(()),
            Err(Trouble::No(code)) => {
                self.note(&format!("centre {school}: {code}"));
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

    // ---- the line

    fn begins(&mut self, number: usize, purpose: Purpose) -> Result<(), Trouble> {
        if self.computer(number)?.waiting.is_some() {
            return Ok(());
        }
        let sealed = self.computer(number)?.school().sealed()?;
        let sealed = sealed.filter(|sealed| purpose == Purpose::Sync && !matches!(sealed.phase, Phase::Received(_)));
        let carry = self.carry_of(sealed.as_ref());
        match sealed.filter(|_| carry == Carry::Landed) {
            // What was named before has perhaps taken effect: that is asked first.
            Some(sealed) if sealed.phase == Phase::Approved || one_in(&mut self.rng, 2) => {
                self.uploads(number, &sealed)
            }
            _ => self.asks(number, purpose, carry),
        }
    }

    /// Sends the request of an exchange.
    pub(super) fn asks(&mut self, number: usize, purpose: Purpose, carry: Carry) -> Result<(), Trouble> {
        let body = self.computer(number)?.request(purpose, carry)?;
        let sealed = self.computer(number)?.school().sealed()?;
        if let Some(sealed) = sealed.filter(|sealed| sealed.phase != Phase::Approved) {
            self.oracle.offered(number, sealed.bundle);
        }
        let request = self.awaits(number, purpose);
        self.carry(&body, |body| Event::Request { computer: number, number: request, body });
        Ok(())
    }

    /// Numbers what a computer now waits for.
    pub(super) fn awaits(&mut self, number: usize, purpose: Purpose) -> u64 {
        self.requests += 1;
        let request = self.requests;
        if let Some(computer) = self.computers.get_mut(number) {
            computer.waiting = Some((request, purpose));
        }
        self.schedule(self.now + PATIENCE, Event::Patience { computer: number, number: request });
        request
    }

    /// The line: what is sent comes late, twice, cut, or never.
    fn carry(&mut self, body: &[u8], event: impl Fn(Vec<u8>) -> Event) {
        let copies = match self.rng.random_range(0..10) {
            _ if self.calm => 1,
            0 => 0,
            1 => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let cut = !self.calm && one_in(&mut self.rng, 12);
            let length = if cut { self.rng.random_range(0..=body.len()) } else { body.len() };
            let late = if one_in(&mut self.rng, 8) { 1_000 } else { 100 };
            let at = self.now + self.rng.random_range(1..late);
            self.schedule(at, event(body.get(..length).unwrap_or_default().to_vec()));
        }
    }

    fn serve(&mut self, number: usize, request: u64, body: &[u8]) -> Result<(), Trouble> {
        let computer = self.computer(number)?;
        let (school, device) = (computer.school, computer.device);
        if self.centre(school)?.down {
            return Ok(());
        }
        if !self.calm && one_in(&mut self.rng, 8) {
            let (commits, fault) = self.misfortune();
            self.centre(school)?.disk.fail_after(commits, fault);
        }
        match self.centre_mut(school)?.serve(device, body) {
            Ok(answer) => {
                self.note(&format!("centre {school} answers {request}"));
                self.carry(&answer, |body| Event::Answer { computer: number, number: request, body });
                Ok(())
            }
            Err(trouble) => self.centre_bears(school, Err(trouble)),
        }
    }

    fn answered(&mut self, number: usize, request: u64, body: &[u8]) -> Result<(), Trouble> {
        let waiting = self.computer(number)?.waiting.filter(|(waiting, _)| *waiting == request);
        let (Some((_, purpose)), false) = (waiting, self.computer(number)?.down) else { return Ok(()) };
        self.tempt(number);
        let done = self.takes(number, body, purpose);
        self.bear(number, done)
    }

    fn takes(&mut self, number: usize, body: &[u8], purpose: Purpose) -> Result<(), Trouble> {
        if let Some(computer) = self.computers.get_mut(number) {
            computer.waiting = None;
        }
        self.hears(number, body)?;
        let Some(computer) = self.computers.get_mut(number) else { return Ok(()) };
        let Some(incoming) = computer.absorb(body)? else { return Ok(()) };
        computer.settle()?;
        self.note(&format!("computer {number} took {:?} ({purpose:?})", incoming.summary()));
        if incoming.more() { self.begins(number, Purpose::Pull) } else { Ok(()) }
    }

    /// Notes what an answer says of the sealed bundle, as soon as it is verified: who dies over it is told again.
    fn hears(&mut self, number: usize, body: &[u8]) -> Result<(), Trouble> {
        let computer = self.computer(number)?;
        let sealed = computer.school().sealed()?;
        let (Some(sealed), Ok(incoming)) = (sealed, computer.school().answer(body)) else { return Ok(()) };
        let fate = told(incoming.outcome());
        self.note(&format!("computer {number} hears {fate:?}"));
        fate.map_or(Ok(()), |fate| self.oracle.fate(sealed.bundle, fate))
    }

    // ---- the end

    /// The faults have stopped: everything comes to rest, in a bounded number of rounds.
    fn come_to_rest(&mut self) -> Result<(), Trouble> {
        self.calm = true;
        for centre in &mut self.centres {
            centre.disk.restart()?;
            centre.down = false;
            centre.drive(None)?;
            centre.assign(None)?;
        }
        for computer in &mut self.computers {
            computer.disk.restart()?;
            computer.down = false;
            computer.waiting = None;
            computer.settle()?;
        }
        // Twice around, so that what the last one sent reaches the first.
        for _ in 0..2 {
            for number in 0..self.computers.len() {
                self.finish(number)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, number: usize) -> Result<(), Trouble> {
        for _ in 0..MAX_ROUNDS {
            let body = self.computer(number)?.request(Purpose::Sync, Carry::Inline)?;
            if let Some(sealed) = self.computer(number)?.school().sealed()? {
                self.oracle.offered(number, sealed.bundle);
            }
            let computer = self.computer(number)?;
            let (school, device) = (computer.school, computer.device);
            let answer = self.centre_mut(school)?.serve(device, &body)?;
            self.takes_at_rest(number, &answer)?;
            let computer = self.computer(number)?;
            let head = self.centre(computer.school)?.centre().head()?;
            let at_head = computer.school().position()?.version == head.version;
            if at_head && computer.school().sealed()?.is_none() {
                return Ok(());
            }
        }
        wrong(format!("computer {number} does not come to rest"))
    }

    fn takes_at_rest(&mut self, number: usize, answer: &[u8]) -> Result<(), Trouble> {
        self.hears(number, answer)?;
        let Some(computer) = self.computers.get_mut(number) else { return Ok(()) };
        if computer.absorb(answer)?.is_none() {
            return wrong(format!("computer {number} does not know its own centre's answer"));
        }
        computer.settle()
    }

    fn judge(&self) -> Result<(), Trouble> {
        let mut logged = Vec::new();
        for centre in &self.centres {
            logged.extend(centre.bundles()?);
        }
        self.oracle.bundles(&logged)?;
        let mut found: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for (number, computer) in self.computers.iter().enumerate() {
            let centre = self.centre(computer.school)?;
            self.equal(number, computer, centre)?;
            for record in self.all(computer)? {
                for field in OURS.into_iter().chain(["kode_pusat"]) {
                    let values = found.entry((computer.school, record.key(), field)).or_default();
                    let at_centre = centre.centre().record(record.key())?;
                    values.extend(at_centre.and_then(|record| record.text(field).map(str::to_owned)));
                    let draft = computer.school().draft(record.key())?;
                    values.extend(draft.and_then(|draft| draft.fields.get(field).and_then(text)));
                }
            }
            for conflict in computer.school().conflicts()? {
                let Subject::Field(name) = &conflict.subject else { continue };
                let Some(field) = OURS.into_iter().chain(["kode_pusat"]).find(|field| *field == name.as_str()) else {
                    continue;
                };
                let sides = std::iter::once(&conflict.winner).chain(&conflict.others);
                let values = found.entry((computer.school, conflict.key, field)).or_default();
                values.extend(sides.filter_map(|side| text(&side.value)));
            }
        }
        self.oracle.nothing_lost(&found)
    }

    fn all(&self, computer: &Computer) -> Result<Vec<Record>, Trouble> {
        let mut records = Vec::new();
        computer.school().list(self.student, None, &mut |record| {
            records.push(record.clone());
            Flow::Continue
        })?;
        Ok(records)
    }

    /// Both sides are equal, by their digests and, without them, record by record where nothing waits to be sent.
    fn equal(&self, number: usize, computer: &Computer, centre: &CentreHost) -> Result<(), Trouble> {
        let (ours, theirs) = (computer.school().digests()?, centre.centre().digests()?);
        if ours != theirs || computer.school().position()?.equal != Some(true) {
            return wrong(format!("the digests of computer {number} and its centre differ"));
        }
        let mut theirs = BTreeMap::new();
        centre.centre().list(self.student, None, &mut |record| {
            theirs.insert(record.key(), record.clone());
            Flow::Continue
        })?;
        let mut ours: BTreeMap<RecordKey, Record> =
            self.all(computer)?.into_iter().map(|record| (record.key(), record)).collect();
        for key in ours.keys().chain(theirs.keys()).copied().collect::<BTreeSet<_>>() {
            if computer.school().draft(key)?.is_none() && ours.remove(&key) != theirs.remove(&key) {
                return wrong(format!("computer {number} and its centre differ in record {key}"));
            }
        }
        Ok(())
    }
}

fn text(value: &Value) -> Option<String> {
    if let Value::Text(text) = value { Some(text.clone()) } else { None }
}
