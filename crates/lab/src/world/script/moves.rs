//! Students who move: the Dinas offers them, schools accept or decline, and the centre carries it out over two logs.

use rand::RngExt as _;
use selaras_model::{EntityCode, Fields, Record, RecordId, Value};
use selaras_sync::{Flow, MoveOffer, Mover, Purpose, TypedEdit};

use super::{ACTIONS, Event, Script};
use crate::world::bug::Bug;
use crate::world::centre::{CentreHost, fields, key_of, today};
use crate::world::rules::rules;
use crate::world::trouble::{Trouble, wrong};
use crate::world::{Dimension, Mixture, one_in, pick};

const PERSON: &str = "peserta_didik";
const MEMBERSHIP: &str = "registrasi_peserta_didik";
const OFFER: &str = "mutasi_peserta_didik";
/// Students at the first school who may move.
const STUDENTS: usize = 2;
/// Things that people do about a move at each computer.
const ACTIONS_OF_MOVE: u32 = 8;

/// Whether students move in such a world.
pub(super) fn are_in(mixture: Mixture) -> bool {
    mixture.has(Dimension::Moves) || mixture.has(Dimension::RivalOffers)
}

/// Takes the students in who may move.
pub(super) fn found(centre: &mut CentreHost) -> Result<(), Trouble> {
    let mut edits = Vec::new();
    for student in 0..STUDENTS {
        let typed = |entity: &str, id: RecordId, fields: Fields| {
            let key = key_of(&rules(), entity, *id.as_bytes())?;
            Ok::<_, Trouble>(TypedEdit { key, fields, deleted: None })
        };
        edits.push(typed(PERSON, person(student), fields([("nama", Value::text("Contoh"))]))?);
        let here = fields([("peserta_didik_id", Value::Ref(person(student)))]);
        edits.push(typed(MEMBERSHIP, RecordId::from_bytes([0xb0 | byte(student); 16]), here)?);
    }
    centre.act(edits)
}

fn byte(student: usize) -> u8 {
    u8::try_from(student).unwrap_or_default()
}

fn person(student: usize) -> RecordId {
    RecordId::from_bytes([0xa0 | byte(student); 16])
}

fn entity(name: &str) -> Result<EntityCode, Trouble> {
    Ok(key_of(&rules(), name, [0; 16])?.entity)
}

fn live(centre: &CentreHost, name: &str) -> Result<Vec<Record>, Trouble> {
    let mut found = Vec::new();
    centre.centre().list(entity(name)?, None, &mut |record| {
        found.push(record.clone());
        Flow::Continue
    })?;
    Ok(found)
}

/// The memberships of somebody who is at a school.
fn open_memberships(centre: &CentreHost, person: RecordId) -> Result<Vec<Record>, Trouble> {
    let mut hers = live(centre, MEMBERSHIP)?;
    hers.retain(|row| row.get("peserta_didik_id") == &Value::Ref(person) && row.date("tanggal_keluar").is_none());
    Ok(hers)
}

impl Script {
    /// Decides who is offered to which schools, and when people there look at it.
    pub(super) fn plan_moves(&mut self) {
        if !are_in(self.mixture) {
            return;
        }
        let end = u64::from(ACTIONS) * 40;
        for student in 0..STUDENTS {
            let (to, at) = (self.rng.random_range(1..3), self.rng.random_range(0..end / 2));
            self.schedule(at, Event::Offers(student, to));
            if self.has(Dimension::RivalOffers) && student == 0 {
                let at = at + self.rng.random_range(0..end / 8);
                self.schedule(at, Event::Offers(student, 3 - to));
            }
        }
        let schools: Vec<usize> = self.computers.iter().map(|computer| computer.school).collect();
        for (number, school) in schools.into_iter().enumerate() {
            for _ in 0..ACTIONS_OF_MOVE {
                let at = self.rng.random_range(0..end + end / 4);
                let event = if school == 0 { Event::TypesOfMover(number) } else { Event::AnswersOffers(number) };
                self.schedule(at, event);
            }
        }
    }

    /// The entities whose records are judged one by one.
    pub(super) fn judged(&self) -> Result<Vec<EntityCode>, Trouble> {
        let mut judged = vec![self.student];
        if are_in(self.mixture) {
            for name in [PERSON, MEMBERSHIP, OFFER] {
                judged.push(entity(name)?);
            }
        }
        if self.has(Dimension::Modules) {
            judged.push(self.staff);
        }
        Ok(judged)
    }

    /// The Dinas offers a student of the first school to another one.
    pub(super) fn offers(&mut self, student: usize, to: usize) -> Result<(), Trouble> {
        if self.centre(0)?.down || self.centre(to)?.down {
            let at = self.now + self.rng.random_range(20..200);
            self.schedule(at, Event::Offers(student, to));
            return Ok(());
        }
        let (who, person, from) = (Mover::PesertaDidik, person(student), self.centre(0)?.npsn);
        self.note(&format!("student {student} is offered to school {to}"));
        let leaving = match self.centre(0)?.centre().offered(who, person) {
            Ok(leaving) => leaving,
            Err(error) => return self.centre_bears(0, Err(error.into())),
        };
        let offer = MoveOffer { who, person, on: today(), from, school: "Sekolah".to_owned() };
        let id = RecordId::from_bytes(self.rng.random());
        let done = self.centre_mut(to)?.offers(&offer, &leaving, id);
        self.centre_bears(to, done)
    }

    /// Somebody at the new school looks whether there are offers, and answers one.
    pub(super) fn answers_offers(&mut self, number: usize) -> Result<(), Trouble> {
        if self.computer(number)?.down {
            return Ok(());
        }
        self.tempt(number);
        let done = self.answers_offer(number);
        self.bear(number, done)
    }

    fn answers_offer(&mut self, number: usize) -> Result<(), Trouble> {
        self.computer_mut(number)?.drive(None)?;
        let mut open = self.listed(number, entity(OFFER)?)?;
        open.retain(|offer| offer.code("keputusan").is_none());
        let Some(offer) = pick(&mut self.rng, &open) else {
            let approves = one_in(&mut self.rng, 2);
            return if approves { self.approves(number) } else { self.begins(number, Purpose::Pull) };
        };
        let takes = !one_in(&mut self.rng, 3);
        let school = self.computer(number)?.school;
        let about = offer.text("id_peserta_didik");
        let student = (0..STUDENTS).find(|student| about == Some(&person(*student).to_string()));
        if let Some(student) = student.filter(|_| takes) {
            self.takers.insert((student, school));
        }
        self.note(&format!("computer {number} answers an offer of student {student:?}: {takes}"));
        let answer = fields([("keputusan", Value::Code(if takes { "1" } else { "2" }.to_owned()))]);
        let edit = TypedEdit { key: offer.key(), fields: answer, deleted: None };
        let step = self.computer(number)?.school().edit(&[edit], "operator")?;
        self.computer_mut(number)?.drive(Some(step))?;
        self.approves(number)
    }

    /// Somebody at the old school types about a student, whether or not she is about to leave.
    pub(super) fn types_of_mover(&mut self, number: usize) -> Result<(), Trouble> {
        if self.computer(number)?.down {
            return Ok(());
        }
        self.tempt(number);
        let done = self.types_about(number);
        self.bear(number, done)
    }

    fn types_about(&mut self, number: usize) -> Result<(), Trouble> {
        let people = self.listed(number, entity(PERSON)?)?;
        let Some(key) = pick(&mut self.rng, &people).map(Record::key) else {
            return self.begins(number, Purpose::Pull);
        };
        let field = if one_in(&mut self.rng, 2) { "alamat" } else { "catatan" };
        let token = self.token(&format!("k{number}"));
        let typed = fields([(field, Value::text(&token))]);
        self.saves(number, key, field, token, typed)?;
        if one_in(&mut self.rng, 2) { self.approves(number) } else { Ok(()) }
    }

    /// Carries out what a school has answered, as far as nothing comes between.
    pub(super) fn carries_out_moves(&mut self, school: usize) -> Result<(), Trouble> {
        if !are_in(self.mixture) {
            return Ok(());
        }
        let centre = self.centre(school)?;
        let npsn = centre.npsn;
        let answered = match centre.centre().answered_moves() {
            Ok(answered) => answered,
            Err(error) => return self.centre_bears(school, Err(error.into())),
        };
        for answered in answered {
            let taken = answered.accepted.then_some(answered.person);
            let mut carried = answered.carry_out(npsn);
            while let Some(at) = self.centres.iter().position(|centre| Some(centre.npsn) == carried.school()) {
                if self.centre(at)?.down || !self.calm && one_in(&mut self.rng, 5) {
                    break;
                }
                if !self.calm && one_in(&mut self.rng, 8) {
                    let (commits, fault) = self.misfortune();
                    self.centre(at)?.disk.fail_after(commits, fault);
                }
                let (stage, id) = (carried.stage(), RecordId::from_bytes(self.rng.random()));
                let done = self.centre_mut(at)?.does_stage(&mut carried, id);
                self.note(&format!("centre {at} does {stage:?}: {}", done.is_ok()));
                if done.is_err() {
                    self.centre_bears(at, done)?;
                    break;
                }
            }
            if let Some(person) = taken {
                let done = self.takes_in_anyway(school, person);
                self.centre_bears(school, done)?;
            }
        }
        Ok(())
    }

    /// The planted bug: a school that has accepted a student has her, whatever the other schools say.
    fn takes_in_anyway(&mut self, school: usize, person: RecordId) -> Result<(), Trouble> {
        let centre = self.centre_mut(school)?;
        if !centre.has_bug(Bug::TakesInAnyway) || centre.down || !open_memberships(centre, person)?.is_empty() {
            return Ok(());
        }
        let key = key_of(&rules(), MEMBERSHIP, [0xc0; 16])?;
        let here = fields([("peserta_didik_id", Value::Ref(person))]);
        centre.act(vec![TypedEdit { key, fields: here, deleted: None }])
    }

    /// Who may move is at one school: at the first, or at one that said it takes her; and what a school has answered is
    /// done.
    pub(super) fn each_at_one_school(&self) -> Result<(), Trouble> {
        if !are_in(self.mixture) {
            return Ok(());
        }
        for student in 0..STUDENTS {
            let mut at = Vec::new();
            for (school, centre) in self.centres.iter().enumerate() {
                at.extend(open_memberships(centre, person(student))?.iter().map(|_| school));
            }
            match at.as_slice() {
                [0] => {}
                [school] if self.takers.contains(&(student, *school)) => {}
                _ => return wrong(format!("student {student} is at the schools {at:?}")),
            }
        }
        for (school, centre) in self.centres.iter().enumerate() {
            if !centre.centre().answered_moves()?.is_empty() {
                return wrong(format!("school {school} has answered an offer, and nothing came of it"));
            }
        }
        Ok(())
    }
}
