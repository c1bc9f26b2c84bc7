//! Moves of students and PTK: offered to the new school, carried out when it has accepted.
//!
//! An offer is a record of the new school's log. Its answer is an ordinary edit: it is typed offline, judged, and
//! approved by the head. Values are copied, documents never: each school's log has its own entries, and a merge over
//! two schools would let one school's operator edit another's records.

mod carry;
mod table;

use selaras_model::{Date, FieldName, Fields, Npsn, Record, RecordId, RecordKey, Value};

use super::{Acting, Centre};
use crate::error::CentreError;
use crate::step::TypedEdit;

pub use carry::{CarriedMove, MoveStage};
pub use table::Mover;
use table::{ACCEPTED, Arrival, DECLINED, MOVED, Places};

/// An offer of a person to a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveOffer {
    /// Who moves.
    pub who: Mover,
    /// The person.
    pub person: RecordId,
    /// The day of the move.
    pub on: Date,
    /// The number of the former school.
    pub from: Npsn,
    /// The former school's name.
    pub school: String,
}

/// An offer that its school has answered and that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredMove {
    /// Who moves.
    pub who: Mover,
    offer: RecordKey,
    /// The person.
    pub person: RecordId,
    /// The number of the former school.
    pub from: Npsn,
    /// The former school's name.
    school: String,
    on: Date,
    /// Whether the school takes the person.
    pub accepted: bool,
}

/// What of a person goes to another school.
#[derive(Clone, PartialEq, Eq)]
pub struct LeavingPerson {
    person: Fields,
    histories: Vec<Record>,
    /// The membership that is open.
    membership: Option<Record>,
}

impl std::fmt::Debug for LeavingPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LeavingPerson").field("histories", &self.histories.len()).finish_non_exhaustive()
    }
}

impl Centre<'_> {
    /// Gives what goes with a person of this school who is to be offered to another.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `move.not-here` for who is not one of the school, `record.unknown`.
    pub fn offered(&self, who: Mover, person: RecordId) -> Result<LeavingPerson, CentreError> {
        let leaving = self.leaving(who, person)?;
        let live = self.live(self.key_of(who.places().person, person)?)?.is_some();
        if live && leaving.membership.is_some() {
            return Ok(leaving);
        }
        Err(CentreError::refused("move.not-here").with("id", person).with("npsn", self.npsn))
    }

    /// Gives what goes with a person, who may have left by now: a move that was cut off is ended.
    fn leaving(&self, who: Mover, person: RecordId) -> Result<LeavingPerson, CentreError> {
        let places = who.places();
        let record = self.record(self.key_of(places.person, person)?)?;
        let missing = || CentreError::refused("record.unknown").with("entity", places.person).with("id", person);
        let mut histories = Vec::new();
        for entity in places.histories {
            histories.extend(self.referring(entity, places.reference, person)?);
        }
        let membership = self.open_memberships(places, person)?.pop();
        Ok(LeavingPerson { person: record.ok_or_else(missing)?.fields, histories, membership })
    }

    /// Offers a person to this school as the record `id`; none where that was done before.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `move.elsewhere` for who is one of this school already.
    pub fn offer_move(
        &self,
        by: &str,
        asked: &MoveOffer,
        leaving: &LeavingPerson,
        id: RecordId,
    ) -> Result<Option<Acting>, CentreError> {
        let places = asked.who.places();
        if !self.open_memberships(places, asked.person)?.is_empty() {
            return Err(CentreError::refused("move.elsewhere").with("id", asked.person).with("npsn", self.npsn));
        }
        let person = asked.person.to_string();
        let same = Value::text(&person);
        if !self.with_value(places.offer, places.id, &same)?.is_empty() {
            return Ok(None);
        }
        let (from, on) = (asked.from.to_string(), asked.on.to_string());
        let known = [
            (places.id, person.as_str()),
            ("npsn_asal", from.as_str()),
            ("sekolah_asal", asked.school.as_str()),
            ("tanggal_mutasi", on.as_str()),
        ];
        let mut offer = self.typed(places.offer, id, known)?;
        offer.fields.extend(of_names(&leaving.person, &["nama", places.number]));
        self.acting(by, vec![offer]).map(Some)
    }

    /// Gives the offers that this school has answered, by its log.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn answered_moves(&self) -> Result<Vec<AnsweredMove>, CentreError> {
        let mut found = Vec::new();
        for who in Mover::ALL {
            // A pack of the centre's own need not have moves.
            if self.rules.pack.entity_named(who.places().offer).is_none() {
                continue;
            }
            for (keputusan, accepted) in [(ACCEPTED, true), (DECLINED, false)] {
                let code = Value::Code(keputusan.into());
                let offers = self.with_value(who.places().offer, "keputusan", &code)?;
                found.extend(offers.iter().filter_map(|offer| AnsweredMove::read(who, offer, accepted)));
            }
        }
        Ok(found)
    }

    /// Takes a person in from another school; `id` is of the membership. None where that was done before.
    fn arrive(
        &self,
        by: &str,
        answered: &AnsweredMove,
        leaving: &LeavingPerson,
        id: RecordId,
    ) -> Result<Option<Acting>, CentreError> {
        let places = answered.who.places();
        if !self.open_memberships(places, answered.person)?.is_empty() {
            return Ok(None);
        }
        let key = self.key_of(places.person, answered.person)?;
        let mut edits = vec![TypedEdit { key, fields: leaving.person.clone(), deleted: Some(false) }];
        edits.extend(leaving.histories.iter().map(|record| TypedEdit {
            key: record.key(),
            fields: record.fields.clone(),
            deleted: Some(false),
        }));
        edits.push(self.membership(answered, leaving, id)?);
        self.acting(by, edits).map(Some)
    }

    /// Ends a person's memberships of this school; none where they have ended.
    fn leave(&self, by: &str, answered: &AnsweredMove) -> Result<Option<Acting>, CentreError> {
        let places = answered.who.places();
        let on = answered.on.to_string();
        let fields = [("jenis_keluar_id", MOVED), (places.left, on.as_str())];
        let open = self.open_memberships(places, answered.person)?;
        let edits = open.iter().map(|row| self.typed(places.membership, row.id, fields));
        let edits = edits.collect::<Result<Vec<_>, _>>()?;
        if edits.is_empty() { Ok(None) } else { self.acting(by, edits).map(Some) }
    }

    /// Takes an offer away that was carried out; none where it is gone.
    fn close_move(&self, by: &str, answered: &AnsweredMove) -> Result<Option<Acting>, CentreError> {
        if self.live(answered.offer)?.is_none() {
            return Ok(None);
        }
        let gone = TypedEdit { key: answered.offer, fields: Fields::new(), deleted: Some(true) };
        self.acting(by, vec![gone]).map(Some)
    }

    /// The record that makes an arriving person one of this school.
    fn membership(
        &self,
        answered: &AnsweredMove,
        leaving: &LeavingPerson,
        id: RecordId,
    ) -> Result<TypedEdit, CentreError> {
        let places = answered.who.places();
        let pack = &self.rules.pack;
        let (person, on) = (answered.person.to_string(), answered.on.to_string());
        let fields = places.arrival.iter().map(|(name, filled)| {
            let text = match filled {
                Arrival::Person => person.as_str(),
                Arrival::Day => on.as_str(),
                Arrival::FormerSchool => answered.school.as_str(),
                Arrival::SchoolYear => pack.school_year(),
                Arrival::Fixed(text) => *text,
            };
            (*name, text)
        });
        let mut edit = self.typed(places.membership, id, fields)?;
        if let Some(before) = &leaving.membership {
            // Being the head does not move along: that takes the Dinas' decree.
            let kept = of_names(&before.fields, places.taken_over).filter(|(name, value)| {
                let field = pack.field(before.entity, name);
                field.is_some_and(|field| !field.centre_only_values.contains(value))
            });
            edit.fields.extend(kept);
        }
        Ok(edit)
    }

    /// Memberships that have not ended; a PTK has one for each school year, of which this one's counts.
    fn open_memberships(&self, places: &Places, person: RecordId) -> Result<Vec<Record>, CentreError> {
        let rows = self.referring(places.membership, places.reference, person)?;
        let year = self.rules.pack.school_year();
        let counts =
            |row: &Record| row.date(places.left).is_none() && row.code("tahun_ajaran_id").is_none_or(|of| of == year);
        Ok(rows.into_iter().filter(counts).collect())
    }
}

fn of_names(fields: &Fields, names: &[&str]) -> impl Iterator<Item = (FieldName, Value)> {
    let named = fields.iter().filter(move |(name, _)| names.contains(&name.as_str()));
    named.map(|(name, value)| (name.clone(), value.clone()))
}

impl AnsweredMove {
    fn read(who: Mover, offer: &Record, accepted: bool) -> Option<Self> {
        Some(Self {
            who,
            offer: offer.key(),
            person: offer.text(who.places().id)?.parse().ok()?,
            from: offer.text("npsn_asal")?.parse().ok()?,
            school: offer.text("sekolah_asal").unwrap_or_default().to_owned(),
            on: offer.date("tanggal_mutasi")?,
            accepted,
        })
    }
}
