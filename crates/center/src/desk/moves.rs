//! Moves of students and PTK at one school's desk: what the engine decides, carried to its end.

use selaras_model::{Npsn, RecordId};
use selaras_sync::{AnsweredMove, CarriedMove, LeavingPerson, MoveOffer, Mover};
use selaras_transport::Problem;

use super::acts::new_id;
use super::{Desk, refused};
use crate::messages::{Acted, MoveAsked};

/// A person of a school who is to be offered to another.
pub(crate) struct Offered {
    leaving: LeavingPerson,
    from: Npsn,
    /// The school's name.
    school: String,
}

impl Desk {
    /// What goes with a person of this school who is to be offered to another.
    pub(crate) fn offered(&self, who: Mover, person: RecordId) -> Result<Offered, Problem> {
        let leaving = self.centre().offered(who, person).map_err(|error| refused(&error))?;
        Ok(Offered { leaving, from: self.npsn, school: self.known.name.clone() })
    }

    /// Offers a person to this school; nothing is done where that was done before.
    pub(crate) fn offer_move(&self, by: &str, asked: &MoveAsked, offered: Offered) -> Result<Acted, Problem> {
        let Offered { leaving, from, school } = offered;
        let offer = MoveOffer { who: asked.who, person: asked.id, on: asked.on, from, school };
        let acting = self.centre().offer_move(by, &offer, &leaving, new_id()?).map_err(|error| refused(&error))?;
        match acting {
            Some(acting) => self.carry(acting),
            None => Ok(Acted { version: self.version()?, ..Acted::default() }),
        }
    }

    /// The offers that this school has answered, by its log.
    pub(crate) fn answered_moves(&self) -> Result<Vec<AnsweredMove>, Problem> {
        self.centre().answered_moves().map_err(|error| refused(&error))
    }

    /// Does the next stage of a move, which is this school's.
    pub(crate) fn move_stage(&self, by: &str, carried: &mut CarriedMove) -> Result<(), Problem> {
        match self.centre().move_stage(by, carried, new_id()?).map_err(|error| refused(&error))? {
            Some(acting) => self.carry(acting).map(drop),
            None => Ok(()),
        }
    }
}
