//! Moves of students and PTK at one school's desk: what the engine decides, carried to its end.

use selaras_model::{Date, Npsn, RecordId};
use selaras_sync::{Acting, CarriedMove, LateEdits, LatePage, LeavingPerson, MoveOffer, Mover, Promise};
use selaras_transport::Problem;

use super::acts::{By, new_id};
use super::{Desk, refused, stored};
use crate::catalogue::problem;
use crate::messages::{Acted, MoveAsked};

/// Moves that are carried out at one contact, while the school waits; the next contact goes on.
const MAX_AT_ONCE: usize = 10;

/// A person who is promised to another school.
pub(crate) struct Promised {
    leaving: LeavingPerson,
    from: Npsn,
    /// The school's name.
    school: String,
    /// The day: of an offer that was made before, its own.
    on: Date,
}

/// What the old school's log says to an offer.
pub(crate) enum Answer {
    Promised(Promised),
    /// The person is promised to this school already.
    Elsewhere(Npsn, Date),
}

/// What a school's log has to be done about moves.
#[derive(Default)]
pub(crate) struct Due {
    pub(crate) moves: Vec<CarriedMove>,
    pub(crate) late: Option<LatePage>,
}

impl Desk {
    /// Promises a person of this school to another one, in this school's log.
    pub(crate) fn promise_move(&self, asked: &MoveAsked) -> Result<Answer, Problem> {
        let MoveAsked { who, id, to, on } = *asked;
        match self.centre().promise_move(who, id, to, on).map_err(|error| refused(&error))? {
            Promise::Elsewhere { to, on } => Ok(Answer::Elsewhere(to, on)),
            Promise::Made { leaving, on, acting } => {
                self.carry_any(acting.map(|acting| *acting))?;
                let school = self.known.name.clone();
                Ok(Answer::Promised(Promised { leaving: *leaving, from: self.npsn, school, on }))
            }
        }
    }

    /// Fails for a person who is one of this school already.
    pub(crate) fn may_come(&self, who: Mover, person: RecordId) -> Result<(), Problem> {
        if self.centre().is_here(who, person).map_err(|error| refused(&error))? {
            return Err(problem("move.elsewhere").with("id", person).with("npsn", self.npsn));
        }
        Ok(())
    }

    /// Whether an offer is open at this school.
    pub(crate) fn offer_stands(&self, who: Mover, person: RecordId, from: Npsn, on: Date) -> Result<bool, Problem> {
        self.centre().offer_stands(who, person, from, on).map_err(|error| refused(&error))
    }

    /// Ends an offer in this school's log that does not stand at the new school.
    pub(crate) fn end_offer(&self, who: Mover, person: RecordId, to: Npsn, on: Date) -> Result<Acted, Problem> {
        self.carry_any(self.centre().end_offer(who, person, to, on).map_err(|error| refused(&error))?)
    }

    /// The school to which a person of this one is offered, and the day.
    pub(crate) fn promised(&self, who: Mover, person: RecordId) -> Result<(Npsn, Date), Problem> {
        let promised = self.centre().promised(who, person).map_err(|error| refused(&error))?;
        promised.ok_or_else(|| problem("move.not-offered").with("id", person).with("npsn", self.npsn))
    }

    /// Takes an offer away that this school has not accepted.
    pub(crate) fn take_back_offer(
        &self,
        by: &By,
        person: (Mover, RecordId),
        from: Npsn,
        on: Date,
    ) -> Result<Acted, Problem> {
        self.carry_any(self.centre().take_back_offer(&by.name, person, from, on).map_err(|error| refused(&error))?)
    }

    /// Offers a person to this school; nothing is done where that was done before.
    pub(crate) fn offer_move(&self, by: &By, asked: &MoveAsked, promised: Promised) -> Result<Acted, Problem> {
        let Promised { leaving, from, school, on } = promised;
        let offer = MoveOffer { who: asked.who, person: asked.id, on, from, school };
        let acting = self.centre().offer_move(&by.name, &offer, &leaving, new_id()?);
        self.carry_any(acting.map_err(|error| refused(&error))?)
    }

    /// What this school's log has to be done about moves.
    pub(crate) fn due_moves(&self) -> Result<Due, Problem> {
        let mut moves = self.centre().due_moves().map_err(|error| refused(&error))?;
        if moves.len() > MAX_AT_ONCE {
            moves.truncate(MAX_AT_ONCE);
            if let Some(last) = moves.last() {
                // Before they are tried: none that fails keeps the others from their turn, however it fails.
                self.drive(self.centre().moves_tried(last).map_err(|error| refused(&error))?)?;
            }
        }
        let late = self.centre().late_edits().map_err(|error| refused(&error))?;
        Ok(Due { moves, late })
    }

    /// Does the next stage of a move, which is this school's.
    pub(crate) fn move_stage(&self, by: &str, carried: &mut CarriedMove) -> Result<(), Problem> {
        self.carry_any(self.centre().move_stage(by, carried).map_err(|error| refused(&error))?).map(drop)
    }

    /// Takes on what another school wrote about somebody who had left it.
    pub(crate) fn take_late(&self, late: &LateEdits) -> Result<(), Problem> {
        self.carry_any(self.centre().take_late(late).map_err(|error| refused(&error))?).map(drop)
    }

    /// Notes that what was late has gone on.
    pub(crate) fn late_done(&self, page: &LatePage) -> Result<(), Problem> {
        self.drive(self.centre().late_done(page).map_err(|error| stored(&error))?)
    }

    fn carry_any(&self, acting: Option<Acting>) -> Result<Acted, Problem> {
        match acting {
            Some(acting) => self.carry(acting),
            None => Ok(Acted { version: self.version()?, ..Acted::default() }),
        }
    }
}
