//! How a move is carried out over two schools.
//!
//! The old school's log says first that the person is taken, so that no third school gets her; then in at the new school,
//! out at the old one, and the offer goes: entries of two logs, with no transaction over both. Each stage does nothing where
//! it was done before. What is cut off is begun anew from the offer, which is there until all are; after a lost disk, from
//! what either log says of the move.

use selaras_model::{Npsn, RecordId};

use super::note::{ARRIVALS, DEPARTURES, MoveRow, MoveState};
use super::{ACCEPTED, Acting, AnsweredMove, Centre, LeavingPerson, Moved, Mover};
use crate::error::CentreError;
use crate::local;
use crate::step::Step;
use crate::store::Batch;

/// Which move was tried last.
const TURN: &str = "move/turn";

/// A move that is being carried out.
#[derive(Debug, Clone)]
pub struct CarriedMove {
    moved: Moved,
    accepted: bool,
    /// The former school's name, where an offer says it.
    school: Option<String>,
    next: Next,
    /// It is carried out because of what this school's log says, and not because of an offer: the log then says that both
    /// agree.
    by_note_of: Option<Npsn>,
}

#[derive(Debug, Clone)]
enum Next {
    LookUp,
    Arrive(LeavingPerson),
    Leave,
    End,
    Close,
    Agree,
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// Or the person is there already.
    Accepts,
    Declines,
    Unanswered,
    /// There is no such offer.
    Gone,
}

/// What is done next of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MoveStage {
    /// At the old school: the person is taken from all others, and what goes along is looked up.
    LookUp,
    /// At the new school: the person comes in.
    Arrive,
    /// At the old school: the person goes out.
    Leave,
    /// At the old school: the offer is over.
    End,
    /// At the new school: the offer goes.
    Close,
    /// At the school whose log asked for it: both logs agree.
    Agree,
    /// Nothing: it is carried out.
    Done,
}

impl AnsweredMove {
    /// Begins to carry it out; `to` is the school that answered. Of a person who was declined only the offer goes, with what
    /// was begun while she was accepted.
    #[must_use]
    pub fn carry_out(self, to: Npsn) -> CarriedMove {
        let next = if self.accepted { Next::LookUp } else { Next::End };
        CarriedMove {
            moved: self.moved(to),
            accepted: self.accepted,
            school: Some(self.school),
            next,
            by_note_of: None,
        }
    }
}

impl CarriedMove {
    /// Gives who moves, and from where.
    #[must_use]
    pub fn of(&self) -> (Mover, RecordId, Npsn) {
        (self.moved.who, self.moved.person, self.moved.from)
    }

    /// Whether the person goes: the new school accepted, and the old one's log allows it.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.accepted
    }

    /// Gives what is done next.
    #[must_use]
    pub fn stage(&self) -> MoveStage {
        match self.next {
            Next::LookUp => MoveStage::LookUp,
            Next::Arrive(_) => MoveStage::Arrive,
            Next::Leave => MoveStage::Leave,
            Next::End => MoveStage::End,
            Next::Close => MoveStage::Close,
            Next::Agree => MoveStage::Agree,
            Next::Nothing => MoveStage::Done,
        }
    }

    /// Gives the school at which it is done; none when all is done.
    #[must_use]
    pub fn school(&self) -> Option<Npsn> {
        match self.next {
            Next::LookUp | Next::Leave | Next::End => Some(self.moved.from),
            Next::Arrive(_) | Next::Close => Some(self.moved.to),
            Next::Agree => self.by_note_of,
            Next::Nothing => None,
        }
    }
}

impl Centre<'_> {
    /// Gives the moves that have to be carried out because of what this school's log says: offers that the school has
    /// answered, and moves of which a lost disk may have taken a half. Those behind the last one [tried](Self::moves_tried)
    /// come first.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn due_moves(&self) -> Result<Vec<CarriedMove>, CentreError> {
        if self.healing()?.is_some() {
            return Ok(Vec::new());
        }
        let answered = self.answered_moves()?;
        let mut due: Vec<_> = answered.into_iter().map(|answered| answered.carry_out(self.npsn)).collect();
        let turn = |carried: &CarriedMove| (carried.moved.who, carried.moved.person);
        let epoch = self.position_epoch()?;
        let halved = |row: &MoveRow| row.agreed != epoch && row.state >= MoveState::Taken;
        for who in Mover::ALL {
            for (person, row) in self.move_rows(DEPARTURES, who)? {
                if halved(&row) && !self.is_back(who, person, &row)? {
                    let moved = Moved { who, person, from: self.npsn, to: row.other, on: row.on };
                    due.push(self.by_note(moved, Next::LookUp));
                }
            }
            for (person, row) in self.move_rows(ARRIVALS, who)? {
                let departure = self.move_row(DEPARTURES, who, person)?;
                let went_on = departure.is_some_and(|out| out.state == MoveState::Left && out.version > row.version);
                if halved(&row) && !went_on {
                    let moved = Moved { who, person, from: row.other, to: self.npsn, on: row.on };
                    due.push(self.by_note(moved, Next::Leave));
                }
            }
        }
        due.sort_by_key(turn);
        if let Some(last) = local::read(self.store, TURN)? {
            let tried = due.partition_point(|carried| turn(carried) <= last);
            due.rotate_left(tried);
        }
        Ok(due)
    }

    /// Remembers the last of the moves that are tried now: where not all are, the next ones have their turn before it.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn moves_tried(&self, last: &CarriedMove) -> Result<Step, CentreError> {
        let mut batch = Batch::default();
        local::put(&mut batch, TURN, &(last.moved.who, last.moved.person))?;
        Ok(Step::of(batch))
    }

    fn by_note(&self, moved: Moved, next: Next) -> CarriedMove {
        CarriedMove { moved, accepted: true, school: None, next, by_note_of: Some(self.npsn) }
    }

    /// Does the next stage of a move, at the school that [`CarriedMove::school`] names. The act, where there is one, is to be
    /// carried to its end before the next stage; who cannot lets go of the move, which is found again in the log of the school
    /// that asked for it.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `record.unknown` where the old school never had the person; `center.healing`; as
    /// [`Centre::acting`].
    pub fn move_stage(&self, by: &str, carried: &mut CarriedMove) -> Result<Option<Acting>, CentreError> {
        if carried.school().is_some_and(|school| school != self.npsn) {
            let person = carried.moved.person;
            return Err(CentreError::refused("move.not-here").with("id", person).with("npsn", self.npsn));
        }
        self.knows_all()?;
        let moved = &carried.moved;
        let last = if carried.by_note_of.is_some() { Next::Agree } else { Next::Nothing };
        let (acting, next) = match &carried.next {
            Next::LookUp => match self.take_from_all_others(moved)? {
                Some(acting) => {
                    let mut leaving = self.leaving(moved.who, moved.person)?;
                    if let Some(school) = &carried.school {
                        leaving.school.clone_from(school);
                    }
                    (acting, Next::Arrive(leaving))
                }
                None => {
                    carried.accepted = false;
                    (None, Next::Close)
                }
            },
            Next::Arrive(leaving) => match self.answer_to(moved)? {
                Answer::Accepts => (self.arrive(moved, leaving)?, Next::Leave),
                // The disk may have taken the offer and its answer, which the old school's log knows of.
                Answer::Unanswered | Answer::Gone if carried.by_note_of.is_some() => {
                    (self.arrive(moved, leaving)?, Next::Leave)
                }
                answer => {
                    carried.accepted = false;
                    (None, if answer == Answer::Unanswered { Next::Nothing } else { Next::End })
                }
            },
            Next::Leave if carried.by_note_of == Some(moved.to) && self.came_back(moved)? => (None, Next::Close),
            Next::Leave => (self.leave(moved)?, Next::Close),
            Next::End => (self.end_offer(moved.who, moved.person, moved.to, moved.on)?, Next::Close),
            Next::Close => (self.close_move(by, moved)?, last),
            Next::Agree => {
                let way = if carried.by_note_of == Some(moved.to) { ARRIVALS } else { DEPARTURES };
                (self.agree(way, moved.who, moved.person)?.map(Acting::of_step), Next::Nothing)
            }
            Next::Nothing => (None, Next::Nothing),
        };
        carried.next = next;
        Ok(acting)
    }

    /// What the new school says now to the offer of a move; it may have decided otherwise since the move was begun.
    fn answer_to(&self, moved: &Moved) -> Result<Answer, CentreError> {
        if self.has_come(moved)? {
            return Ok(Answer::Accepts);
        }
        Ok(match self.offer_of(moved)?.as_ref().map(|offer| offer.code("keputusan")) {
            None => Answer::Gone,
            Some(None) => Answer::Unanswered,
            Some(Some(ACCEPTED)) => Answer::Accepts,
            Some(Some(_)) => Answer::Declines,
        })
    }

    /// Says in the old school's log that the person is the new one's; none where she is promised to another, or has gone
    /// there, or the offer was taken back.
    fn take_from_all_others(&self, moved: &Moved) -> Result<Option<Option<Acting>>, CentreError> {
        let row = self.move_row(DEPARTURES, moved.who, moved.person)?;
        let is_here = || Ok::<_, CentreError>(!self.open_memberships(moved.who.places(), moved.person)?.is_empty());
        let (free, taken) = match row {
            // An offer of before there were such states, or one whose state was lost with a disk.
            None => (true, false),
            Some(row) if row.state == MoveState::Offered => (row.other == moved.to, false),
            Some(row) if row.is_of(moved.to, moved.on) => (row.state >= MoveState::Taken, true),
            Some(row) if row.state == MoveState::Taken => (false, false),
            // Of another offer, which is over: who is here, and not promised to anybody, may go.
            Some(_) => (is_here()?, false),
        };
        let kind = || moved.note(MoveState::Taken, moved.to).kind();
        Ok(free.then(|| (!taken).then(|| Acting::noting(kind()))))
    }

    /// Whether a person who had left is one of this school again.
    pub(super) fn is_back(&self, who: Mover, person: RecordId, departure: &MoveRow) -> Result<bool, CentreError> {
        Ok(departure.state == MoveState::Left && self.is_here(who, person)?)
    }

    /// Whether the old school's log says that the person came there after this move.
    fn came_back(&self, moved: &Moved) -> Result<bool, CentreError> {
        let arrival = self.move_row(ARRIVALS, moved.who, moved.person)?;
        Ok(arrival.is_some_and(|row| row.on > moved.on || row.is_of(moved.to, moved.on)))
    }
}
