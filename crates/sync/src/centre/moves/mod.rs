//! Moves of students and PTK: offered to the new school, carried out when it has accepted.
//!
//! The move itself is a state of the old school's log (`note.rs`), so that nobody is offered to two schools; the offer is a
//! record of the new school's. Its answer is an ordinary edit: it is typed offline, judged, and approved by the head. Values
//! are copied, documents never: each school's log has its own entries, and a merge over two schools would let one school's
//! operator edit another's records.

mod carry;
mod late;
mod note;
mod promise;
mod table;

use selaras_model::{Date, FieldName, Fields, Npsn, Record, RecordId, Value};

use super::{Acting, Centre};
use crate::error::CentreError;
use crate::step::TypedEdit;
use crate::store::Flow;

pub use carry::{CarriedMove, MoveStage};
pub use late::{LateEdits, LatePage};
pub(super) use note::note;
use note::{ARRIVALS, DEPARTURES, MoveNote, MoveState};
pub use promise::Promise;
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
    /// The person.
    pub person: RecordId,
    /// The number of the former school.
    pub from: Npsn,
    /// The former school's name, as the offer says.
    school: String,
    on: Date,
    /// Whether the school takes the person.
    pub accepted: bool,
}

/// A person's move from one school to another on a day, by which both logs know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::centre) struct Moved {
    who: Mover,
    person: RecordId,
    from: Npsn,
    to: Npsn,
    on: Date,
}

impl Moved {
    /// What a log says of it; `other` is the school whose log it is not.
    fn note(&self, state: MoveState, other: Npsn) -> MoveNote {
        MoveNote { state, who: self.who, person: self.person, other, on: self.on }
    }

    /// The membership that the arrival makes: the same however often it is carried out, in whatever life of the database.
    fn membership(&self) -> RecordId {
        let mut hasher = blake3::Hasher::new_derive_key("selaras 1 membership of a move");
        hasher.update(self.from.as_bytes()).update(self.to.as_bytes()).update(self.person.as_bytes());
        hasher.update(&self.on.days_since_epoch().to_be_bytes());
        let mut id = [0; 16];
        hasher.finalize_xof().fill(&mut id);
        // As a random UUID, which is what other software expects here.
        let [.., version, _, variant, _, _, _, _, _, _, _] = &mut id;
        *version = (*version & 0x0f) | 0x40;
        *variant = (*variant & 0x3f) | 0x80;
        RecordId::from_bytes(id)
    }
}

/// What of a person goes to another school.
#[derive(Clone, PartialEq, Eq)]
pub struct LeavingPerson {
    person: Fields,
    histories: Vec<Record>,
    /// The membership that is open.
    membership: Option<Record>,
    /// The former school's name.
    school: String,
}

impl std::fmt::Debug for LeavingPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LeavingPerson").field("histories", &self.histories.len()).finish_non_exhaustive()
    }
}

impl Centre<'_> {
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
        let school = self.school_name()?;
        Ok(LeavingPerson { person: record.ok_or_else(missing)?.fields, histories, membership, school })
    }

    /// The school's name, as its own record says.
    fn school_name(&self) -> Result<String, CentreError> {
        let mut name = String::new();
        if let Some(entity) = self.rules.pack.entity_named("sekolah") {
            self.list(entity.code, None, &mut |school| {
                name = school.text("nama").unwrap_or_default().to_owned();
                Flow::Stop
            })?;
        }
        Ok(name)
    }

    /// Whether a person is one of this school.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn is_here(&self, who: Mover, person: RecordId) -> Result<bool, CentreError> {
        Ok(!self.open_memberships(who.places(), person)?.is_empty())
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
            for keputusan in [ACCEPTED, DECLINED] {
                let code = Value::Code(keputusan.into());
                let offers = self.with_value(who.places().offer, "keputusan", &code)?;
                for mut answered in offers.iter().filter_map(|offer| AnsweredMove::read(who, offer)) {
                    // Who is here already was accepted before it was declined: what was begun is ended.
                    answered.accepted = keputusan == ACCEPTED || self.has_come(&answered.moved(self.npsn))?;
                    found.push(answered);
                }
            }
        }
        Ok(found)
    }

    /// Whether this school's log says that the person has come by this move. What became of her here afterwards is another
    /// matter, unless she left and comes again.
    fn has_come(&self, moved: &Moved) -> Result<bool, CentreError> {
        let arrival = self.move_row(ARRIVALS, moved.who, moved.person)?;
        let departure = self.move_row(DEPARTURES, moved.who, moved.person)?;
        let came = arrival.filter(|row| row.is_of(moved.from, moved.on));
        Ok(came.is_some_and(|row| departure.is_none_or(|out| out.version < row.version)))
    }

    /// Takes a person in from another school; none where that was done before.
    fn arrive(&self, moved: &Moved, leaving: &LeavingPerson) -> Result<Option<Acting>, CentreError> {
        if self.has_come(moved)? || self.is_here(moved.who, moved.person)? {
            return Ok(None);
        }
        let key = self.key_of(moved.who.places().person, moved.person)?;
        let mut edits = vec![TypedEdit { key, fields: leaving.person.clone(), deleted: Some(false) }];
        edits.extend(leaving.histories.iter().map(|record| TypedEdit {
            key: record.key(),
            fields: record.fields.clone(),
            deleted: Some(false),
        }));
        edits.push(self.membership(moved, leaving)?);
        // It carries out what two schools and the Dinas have decided; what is missing is named at the new school.
        Ok(Some(self.acting(&moved.note(MoveState::Arrived, moved.from).kind(), edits)?.with_reason()))
    }

    /// Ends a person's memberships of this school, and says so in its log; none where both was done.
    fn leave(&self, moved: &Moved) -> Result<Option<Acting>, CentreError> {
        let places = moved.who.places();
        let on = moved.on.to_string();
        let fields = [("jenis_keluar_id", MOVED), (places.left, on.as_str())];
        let open = self.open_memberships(places, moved.person)?;
        let edits = open.iter().map(|row| self.typed(places.membership, row.id, fields));
        let edits = edits.collect::<Result<Vec<_>, _>>()?;
        let kind = moved.note(MoveState::Left, moved.to).kind();
        if !edits.is_empty() {
            return Ok(Some(self.acting(&kind, edits)?.with_reason()));
        }
        let row = self.move_row(DEPARTURES, moved.who, moved.person)?;
        let says_so = row.is_some_and(|row| row.state == MoveState::Left && row.is_of(moved.to, moved.on));
        Ok((!says_so).then(|| Acting::noting(kind)))
    }

    /// Takes an offer away that is over; none where it is gone.
    fn close_move(&self, by: &str, moved: &Moved) -> Result<Option<Acting>, CentreError> {
        let Some(offer) = self.offer_of(moved)? else { return Ok(None) };
        let gone = TypedEdit { key: offer.key(), fields: Fields::new(), deleted: Some(true) };
        self.acting(by, vec![gone]).map(Some)
    }

    /// The record that makes an arriving person one of this school.
    fn membership(&self, moved: &Moved, leaving: &LeavingPerson) -> Result<TypedEdit, CentreError> {
        let places = moved.who.places();
        let pack = &self.rules.pack;
        let (person, on) = (moved.person.to_string(), moved.on.to_string());
        let fields = places.arrival.iter().map(|(name, filled)| {
            let text = match filled {
                Arrival::Person => person.as_str(),
                Arrival::Day => on.as_str(),
                Arrival::FormerSchool => leaving.school.as_str(),
                Arrival::SchoolYear => pack.school_year(),
                Arrival::Fixed(text) => *text,
            };
            (*name, text)
        });
        let mut edit = self.typed(places.membership, moved.membership(), fields)?;
        if self.record(edit.key)?.is_some() {
            // The same move once more: what ended then is open again.
            edit.fields.extend(
                self.typed(places.membership, edit.key.id, [("jenis_keluar_id", ""), (places.left, "")])?.fields,
            );
            edit.deleted = Some(false);
        }
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
    /// The move, where `to` is the school that answered.
    fn moved(&self, to: Npsn) -> Moved {
        let Self { who, person, from, on, .. } = *self;
        Moved { who, person, from, to, on }
    }

    fn read(who: Mover, offer: &Record) -> Option<Self> {
        Some(Self {
            who,
            person: offer.text(who.places().id)?.parse().ok()?,
            from: offer.text("npsn_asal")?.parse().ok()?,
            school: offer.text("sekolah_asal").unwrap_or_default().to_owned(),
            on: offer.date("tanggal_mutasi")?,
            accepted: false,
        })
    }
}
