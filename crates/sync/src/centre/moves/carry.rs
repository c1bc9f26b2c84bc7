//! How an answered move is carried out over two schools.
//!
//! In at the new school first, then out at the old one, then the offer goes: entries of two logs, with no transaction
//! over both. Each stage does nothing where it was done before, and the offer is there until all are; what is cut off is
//! begun anew from the offer, at the new school's next contact.

use selaras_model::{Npsn, RecordId};

use super::{Acting, AnsweredMove, Centre, LeavingPerson};
use crate::error::CentreError;

/// An answered move that is being carried out.
#[derive(Debug, Clone)]
pub struct CarriedMove {
    answered: AnsweredMove,
    /// The school that answered.
    to: Npsn,
    next: Next,
}

#[derive(Debug, Clone)]
enum Next {
    LookUp,
    Arrive(LeavingPerson),
    Leave,
    Close,
    Nothing,
}

/// What is done next of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MoveStage {
    /// At the old school: what goes along is looked up.
    LookUp,
    /// At the new school: the person comes in.
    Arrive,
    /// At the old school: the person goes out.
    Leave,
    /// At the new school: the offer goes.
    Close,
    /// Nothing: it is carried out.
    Done,
}

impl AnsweredMove {
    /// Begins to carry it out; `to` is the school that answered. Of a person who was declined only the offer goes.
    #[must_use]
    pub fn carry_out(self, to: Npsn) -> CarriedMove {
        let next = if self.accepted { Next::LookUp } else { Next::Close };
        CarriedMove { answered: self, to, next }
    }
}

impl CarriedMove {
    /// Gives what is carried out.
    #[must_use]
    pub fn answered(&self) -> &AnsweredMove {
        &self.answered
    }

    /// Gives what is done next.
    #[must_use]
    pub fn stage(&self) -> MoveStage {
        match self.next {
            Next::LookUp => MoveStage::LookUp,
            Next::Arrive(_) => MoveStage::Arrive,
            Next::Leave => MoveStage::Leave,
            Next::Close => MoveStage::Close,
            Next::Nothing => MoveStage::Done,
        }
    }

    /// Gives the school at which it is done; none when all is done.
    #[must_use]
    pub fn school(&self) -> Option<Npsn> {
        match self.next {
            Next::LookUp | Next::Leave => Some(self.answered.from),
            Next::Arrive(_) | Next::Close => Some(self.to),
            Next::Nothing => None,
        }
    }
}

impl Centre<'_> {
    /// Does the next stage of a move, at the school that [`CarriedMove::school`] names; `id` is of the record that an
    /// arrival makes. The act, where there is one, is to be carried to its end before the next stage; who cannot lets go of
    /// the move, which is found again in the log of the school that answered.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `record.unknown` where the old school never had the person; as [`Centre::acting`].
    pub fn move_stage(&self, by: &str, carried: &mut CarriedMove, id: RecordId) -> Result<Option<Acting>, CentreError> {
        if carried.school().is_some_and(|school| school != self.npsn) {
            let person = carried.answered.person;
            return Err(CentreError::refused("move.not-here").with("id", person).with("npsn", self.npsn));
        }
        let answered = &carried.answered;
        let (acting, next) = match &carried.next {
            Next::LookUp => (None, Next::Arrive(self.leaving(answered.who, answered.person)?)),
            Next::Arrive(leaving) => (self.arrive(by, answered, leaving, id)?, Next::Leave),
            Next::Leave => (self.leave(by, answered)?, Next::Close),
            Next::Close => (self.close_move(by, answered)?, Next::Nothing),
            Next::Nothing => (None, Next::Nothing),
        };
        carried.next = next;
        Ok(acting)
    }
}
