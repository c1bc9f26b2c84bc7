//! Students who move: the Dinas offers them, schools accept or decline, and the centre carries it out over two logs.

use rand::RngExt as _;
use selaras_model::{EntityCode, Fields, Record, RecordId, RecordKey, Value};
use selaras_sync::{Flow, MoveOffer, Mover, Promise, Purpose, TypedEdit};

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
    /// Whether students move in this world.
    pub(super) fn moves(&self) -> bool {
        are_in(self.mixture)
    }

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
        let offer = MoveOffer { who, person, on: today(), from, school: "Sekolah".to_owned() };
        let done = self.promises_and_offers(&offer, to);
        self.centre_bears(0, done)
    }

    /// The promise is made in the old school's log, then the offer at the new one; of two only the first.
    fn promises_and_offers(&mut self, offer: &MoveOffer, to: usize) -> Result<(), Trouble> {
        let npsn = self.centre(to)?.npsn;
        let mut promise = self.centre_mut(0)?.promises(offer, npsn)?;
        if let Promise::Elsewhere { to: other, on } = promise {
            let at = self.centres.iter().position(|centre| centre.npsn == other);
            let Some(other_centre) = at.and_then(|at| self.centres.get(at)).filter(|centre| !centre.down) else {
                return Ok(());
            };
            if other_centre.centre().offer_stands(offer.who, offer.person, offer.from, on)? {
                self.note("she is promised to another school");
                return self.offers_anyway(offer, to);
            }
            if let Some(acting) = self.centre(0)?.centre().end_offer(offer.who, offer.person, other, on)? {
                self.centre_mut(0)?.carries(acting)?;
            }
            promise = self.centre_mut(0)?.promises(offer, npsn)?;
        }
        let Promise::Made { leaving, .. } = promise else { return Ok(()) };
        let id = RecordId::from_bytes(self.rng.random());
        let done = self.centre_mut(to)?.offers(offer, &leaving, id);
        self.leaving = Some(*leaving);
        self.centre_bears(to, done)
    }

    /// The planted bug: who is promised to one school is offered to another one as well.
    fn offers_anyway(&mut self, offer: &MoveOffer, to: usize) -> Result<(), Trouble> {
        let Some(leaving) = self.leaving.clone().filter(|_| self.sick.0 == Some(Bug::TakesInAnyway)) else {
            return Ok(());
        };
        let id = RecordId::from_bytes(self.rng.random());
        let done = self.centre_mut(to)?.offers(offer, &leaving, id);
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

    /// Carries out what is due of moves, as far as nothing comes between.
    pub(super) fn carries_out_moves(&mut self, school: usize) -> Result<(), Trouble> {
        if !are_in(self.mixture) {
            return Ok(());
        }
        let due = match self.centre(school)?.centre().due_moves() {
            Ok(due) => due,
            Err(error) => return self.centre_bears(school, Err(error.into())),
        };
        for mut carried in due {
            let taken = carried.accepted().then_some(carried.of().1);
            while let Some(at) = self.centres.iter().position(|centre| Some(centre.npsn) == carried.school()) {
                if !self.may_carry(at)? {
                    break;
                }
                let stage = carried.stage();
                let done = self.centre_mut(at)?.does_stage(&mut carried);
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
        let done = self.carries_late(school);
        self.centre_bears(school, done)
    }

    /// Whether a centre does the next thing, which may go wrong.
    fn may_carry(&mut self, at: usize) -> Result<bool, Trouble> {
        if self.centre(at)?.down || !self.calm && one_in(&mut self.rng, 5) {
            return Ok(false);
        }
        if !self.calm && one_in(&mut self.rng, 8) {
            let (commits, fault) = self.misfortune();
            self.centre(at)?.disk.fail_after(commits, fault);
        }
        Ok(true)
    }

    /// What a school wrote about somebody who had left goes on.
    fn carries_late(&mut self, school: usize) -> Result<(), Trouble> {
        if self.centre(school)?.down {
            return Ok(());
        }
        let Some(mut page) = self.centre(school)?.centre().late_edits()? else { return Ok(()) };
        for late in &std::mem::take(&mut page.edits) {
            if page.waits(late) {
                page.keep_back(late);
                continue;
            }
            let Some(at) = self.centres.iter().position(|centre| centre.npsn == late.to) else { continue };
            if !self.may_carry(at)? {
                return Ok(());
            }
            let done = self.centre_mut(at)?.takes_late(late);
            self.note(&format!("centre {at} takes what came late: {}", done.is_ok()));
            if done.is_err() {
                self.centre_bears(at, done)?;
                page.keep_back(late);
            }
        }
        if self.centre(school)?.down {
            return Ok(());
        }
        let step = self.centre(school)?.centre().late_done(&page)?;
        self.centre_mut(school)?.drive(Some(step))
    }

    /// The rest of that bug: a school that has accepted a student has her, whatever the other schools say.
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
            if !centre.centre().due_moves()?.is_empty() {
                return wrong(format!("school {school} knows of a move, and nothing came of it"));
            }
        }
        self.nothing_late_is_lost()
    }

    /// What the first school says of somebody who left stands at the new one too, perhaps beside another value.
    fn nothing_late_is_lost(&self) -> Result<(), Trouble> {
        let old = self.centre(0)?;
        for student in 0..STUDENTS {
            let key = RecordKey { entity: entity(PERSON)?, id: person(student) };
            for (school, new) in self.centres.iter().enumerate().skip(1) {
                let came = live(new, MEMBERSHIP)?.iter().any(|row| row.get("peserta_didik_id") == &Value::Ref(key.id));
                if !came {
                    continue;
                }
                for field in ["alamat", "catatan"] {
                    // Of an open conflict only what holds went along.
                    let said = old.centre().record(key)?.and_then(|record| record.text(field).map(str::to_owned));
                    let stands = new.values(key, field)?;
                    if said.as_ref().is_some_and(|said| !stands.contains(said)) {
                        return wrong(format!(
                            "{said:?} in {field} of student {student} stays behind, {school} has {stands:?}"
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}
