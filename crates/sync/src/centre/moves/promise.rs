//! The offer of a person as a state of the old school's log: to one school at a time.
//!
//! A second offer is refused, and the first is not withdrawn by it: a school may have accepted offline what it was offered,
//! and would learn only later that somebody else was faster. Who wants the second takes the first back, in so many words.

use selaras_model::{Date, Npsn, Record, RecordId};

use super::note::{DEPARTURES, MoveRow, MoveState};
use super::{Acting, Centre, LeavingPerson, Moved, Mover};
use crate::error::CentreError;
use crate::step::TypedEdit;

/// What the old school's log says to an offer.
#[derive(Debug)]
pub enum Promise {
    /// The person is offered to the school that was asked for, and to no other.
    Made {
        /// What goes with the person.
        leaving: Box<LeavingPerson>,
        /// The day of the move: of an offer that was made before, its own.
        on: Date,
        /// What says so in the log; to be carried to its end before the offer is made at the new school.
        acting: Option<Box<Acting>>,
    },
    /// An offer to another school is open in this log; whether it stands there too is to be asked of that one.
    Elsewhere {
        /// The school.
        to: Npsn,
        /// The day.
        on: Date,
    },
}

impl MoveRow {
    pub(super) fn is_of(&self, other: Npsn, on: Date) -> bool {
        self.other == other && self.on == on
    }

    /// Whether the person is promised to the other school, and has not left for it.
    fn is_open(&self) -> bool {
        matches!(self.state, MoveState::Offered | MoveState::Taken)
    }
}

fn under_way(person: RecordId, to: Npsn) -> CentreError {
    CentreError::refused("move.under-way").with("id", person).with("npsn", to)
}

impl Centre<'_> {
    /// Promises a person of this school to another one.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `move.not-here` for who is not one of the school, `record.unknown`; `move.under-way` for who
    /// was accepted somewhere; `center.healing` while it is not known what was promised before.
    pub fn promise_move(&self, who: Mover, person: RecordId, to: Npsn, on: Date) -> Result<Promise, CentreError> {
        self.knows_all()?;
        let leaving = self.leaving(who, person)?;
        let live = self.live(self.key_of(who.places().person, person)?)?.is_some();
        if !live || leaving.membership.is_none() {
            return Err(CentreError::refused("move.not-here").with("id", person).with("npsn", self.npsn));
        }
        let moved = Moved { who, person, from: self.npsn, to, on };
        let leaving = Box::new(leaving);
        let made = |acting: Option<Acting>, on| Promise::Made { leaving, on, acting: acting.map(Box::new) };
        Ok(match self.move_row(DEPARTURES, who, person)? {
            Some(row) if row.state == MoveState::Taken => return Err(under_way(person, row.other)),
            Some(row) if row.state == MoveState::Offered && row.other == to => made(None, row.on),
            Some(row) if row.state == MoveState::Offered => Promise::Elsewhere { to: row.other, on: row.on },
            _ => made(Some(Acting::noting(moved.note(MoveState::Offered, to).kind())), on),
        })
    }

    /// Whether an offer of the person is open at this school.
    ///
    /// # Errors
    /// `center.healing` while that is not known.
    pub fn offer_stands(&self, who: Mover, person: RecordId, from: Npsn, on: Date) -> Result<bool, CentreError> {
        self.knows_all()?;
        Ok(self.offer_of(&Moved { who, person, from, to: self.npsn, on })?.is_some())
    }

    /// Gives the school to which the person is offered, and the day; none where no offer is open. Whether that school has
    /// accepted, and means it still, is to be asked of it.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn promised(&self, who: Mover, person: RecordId) -> Result<Option<(Npsn, Date)>, CentreError> {
        let row = self.move_row(DEPARTURES, who, person)?;
        Ok(row.filter(MoveRow::is_open).map(|row| (row.other, row.on)))
    }

    /// Takes the offer of a person away from this school, which has not accepted it; none where it is gone.
    ///
    /// # Errors
    /// `move.under-way` for an offer that was accepted, or by which the person has come.
    pub fn take_back_offer(
        &self,
        by: &str,
        (who, person): (Mover, RecordId),
        from: Npsn,
        on: Date,
    ) -> Result<Option<Acting>, CentreError> {
        self.knows_all()?;
        let moved = Moved { who, person, from, to: self.npsn, on };
        if self.has_come(&moved)? {
            return Err(under_way(person, self.npsn));
        }
        let Some(offer) = self.offer_of(&moved)? else { return Ok(None) };
        if offer.code("keputusan") == Some(super::ACCEPTED) {
            return Err(under_way(person, self.npsn));
        }
        let gone = TypedEdit { key: offer.key(), fields: selaras_model::Fields::new(), deleted: Some(true) };
        self.acting(by, vec![gone]).map(Some)
    }

    /// Ends an offer in the old school's log that was declined, taken back, or never reached the new school, also one that was
    /// accepted first; none where the log says something else by now. That the person has not come there is to be known.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn end_offer(&self, who: Mover, person: RecordId, to: Npsn, on: Date) -> Result<Option<Acting>, CentreError> {
        let moved = Moved { who, person, from: self.npsn, to, on };
        let row = self.move_row(DEPARTURES, who, person)?;
        let open = row.is_some_and(|row| row.is_open() && row.is_of(to, on));
        Ok(open.then(|| Acting::noting(moved.note(MoveState::Ended, to).kind())))
    }

    /// The live offer of a move at the new school.
    pub(super) fn offer_of(&self, moved: &Moved) -> Result<Option<Record>, CentreError> {
        let places = moved.who.places();
        let person = selaras_model::Value::text(moved.person.to_string());
        let offers = self.with_value(places.offer, places.id, &person)?;
        let from = moved.from.to_string();
        let of = |offer: &Record| {
            offer.text("npsn_asal") == Some(from.as_str()) && offer.date("tanggal_mutasi") == Some(moved.on)
        };
        Ok(offers.into_iter().find(of))
    }

    /// Refuses while a restored log waits for what its computers hold: what it says of moves may be out of date.
    pub(super) fn knows_all(&self) -> Result<(), CentreError> {
        match self.healing()? {
            Some(_) => Err(CentreError::refused("center.healing")),
            None => Ok(()),
        }
    }
}
