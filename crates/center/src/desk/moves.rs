//! Moves of students and PTK: offered to the new school, carried out when it has accepted.
//!
//! An offer is a record of the new school's log. Its answer is an ordinary edit: it is typed offline, judged, and
//! approved by the head. Values are copied, documents never: each school's log has its own entries, and a merge over
//! two schools would let one school's operator edit another's records.

use selaras_model::{Date, FieldName, Fields, Npsn, Record, RecordId, RecordKey, Value};
use selaras_sync::TypedEdit;
use selaras_transport::Problem;
use serde::{Deserialize, Serialize};

use super::acts::new_id;
use super::{Desk, refused};
use crate::catalogue::problem;
use crate::messages::{Acted, MoveAsked};

/// Who moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mover {
    /// A student.
    PesertaDidik,
    /// A teacher or staff.
    Ptk,
}

/// Where a mover's records are.
struct Places {
    person: &'static str,
    offer: &'static str,
    /// Field of the offer that names the person.
    id: &'static str,
    /// The national number, in the person's record and in the offer.
    number: &'static str,
    /// Records that make the person one of the school, by the field `reference`.
    membership: &'static str,
    reference: &'static str,
    /// When a membership ended.
    left: &'static str,
    /// What else goes along with the person.
    histories: &'static [&'static str],
}

const STUDENTS: Places = Places {
    person: "peserta_didik",
    offer: "mutasi_peserta_didik",
    id: "id_peserta_didik",
    number: "nisn",
    membership: "registrasi_peserta_didik",
    reference: "peserta_didik_id",
    left: "tanggal_keluar",
    histories: &[],
};
const STAFF: Places = Places {
    person: "ptk",
    offer: "mutasi_ptk",
    id: "id_ptk",
    number: "nuptk",
    membership: "ptk_terdaftar",
    reference: "ptk_id",
    left: "tgl_ptk_keluar",
    histories: &["rwy_pend_formal", "rwy_kepangkatan", "rwy_sertifikasi"],
};

/// jenis_pendaftaran: transfer from another school.
const TRANSFER: &str = "2";
/// jenis_keluar: moved to another school.
const MOVED: &str = "2";
/// keputusan_mutasi.
const ACCEPTED: &str = "1";
const DECLINED: &str = "2";

impl Mover {
    const ALL: [Self; 2] = [Self::PesertaDidik, Self::Ptk];

    fn places(self) -> &'static Places {
        match self {
            Self::PesertaDidik => &STUDENTS,
            Self::Ptk => &STAFF,
        }
    }
}

/// An offer that its school has answered and that was not carried out.
#[derive(Debug)]
pub(crate) struct Answered {
    /// Who moves.
    pub(crate) who: Mover,
    offer: RecordKey,
    /// The person.
    pub(crate) person: RecordId,
    /// The number of the former school.
    pub(crate) from: Npsn,
    /// The former school's name.
    school: String,
    on: Date,
    /// Whether the school takes the person.
    pub(crate) accepted: bool,
}

/// What of a person goes to another school.
pub(crate) struct Leaving {
    who: Mover,
    person: Fields,
    histories: Vec<Record>,
    /// The membership that is open.
    membership: Option<Record>,
    school: String,
}

impl Desk {
    /// What goes with a person of this school who is to be offered to another.
    pub(crate) fn offered(&self, who: Mover, person: RecordId) -> Result<Leaving, Problem> {
        let leaving = self.leaving(who, person)?;
        let live = self.live(&self.key_of(who.places().person, person)?)?.is_some();
        if live && leaving.membership.is_some() {
            return Ok(leaving);
        }
        Err(problem("move.not-here").with("id", person).with("npsn", self.npsn))
    }

    /// What goes with a person, who may have left by now: a move that was cut off is ended.
    pub(crate) fn leaving(&self, who: Mover, person: RecordId) -> Result<Leaving, Problem> {
        let places = who.places();
        let record = self.centre().record(self.key_of(places.person, person)?).map_err(|error| refused(&error))?;
        let missing = || problem("record.unknown").with("entity", places.person).with("id", person);
        let mut histories = Vec::new();
        for entity in places.histories {
            histories.extend(self.referring(entity, places.reference, person)?);
        }
        let membership = self.open_memberships(places, person)?.pop();
        let school = self.known.name.clone();
        Ok(Leaving { who, person: record.ok_or_else(missing)?.fields, histories, membership, school })
    }

    /// Offers a person to this school; nothing is done where that was done before.
    pub(crate) fn offer_move(
        &self,
        by: &str,
        asked: &MoveAsked,
        from: Npsn,
        leaving: &Leaving,
    ) -> Result<Acted, Problem> {
        let places = asked.who.places();
        if !self.open_memberships(places, asked.id)?.is_empty() {
            return Err(problem("move.elsewhere").with("id", asked.id).with("npsn", self.npsn));
        }
        let id = asked.id.to_string();
        let same = Value::text(&id);
        let offers = self.with_value(places.offer, places.id, &same)?;
        if !offers.is_empty() {
            return Ok(Acted { version: self.version()?, ..Acted::default() });
        }
        let (from, on) = (from.to_string(), asked.on.to_string());
        let known = [
            (places.id, id.as_str()),
            ("npsn_asal", from.as_str()),
            ("sekolah_asal", leaving.school.as_str()),
            ("tanggal_mutasi", on.as_str()),
        ];
        let mut offer = self.typed(places.offer, None, known)?;
        offer.fields.extend(of_names(&leaving.person, ["nama", places.number]));
        self.act(by, vec![offer])
    }

    /// The offers that this school has answered, by its log.
    pub(crate) fn answered_moves(&self) -> Result<Vec<Answered>, Problem> {
        let mut found = Vec::new();
        for who in Mover::ALL {
            // A pack of the centre's own need not have moves.
            if self.pack().entity_named(who.places().offer).is_none() {
                continue;
            }
            for (keputusan, accepted) in [(ACCEPTED, true), (DECLINED, false)] {
                let code = Value::Code(keputusan.into());
                let offers = self.with_value(who.places().offer, "keputusan", &code)?;
                found.extend(offers.iter().filter_map(|offer| Answered::read(who, offer, accepted)));
            }
        }
        Ok(found)
    }

    /// Takes a person in from another school; nothing is done where that was done before.
    pub(crate) fn arrive(&self, by: &str, answered: &Answered, leaving: &Leaving) -> Result<(), Problem> {
        let places = answered.who.places();
        if !self.open_memberships(places, answered.person)?.is_empty() {
            return Ok(());
        }
        let key = self.key_of(places.person, answered.person)?;
        let mut edits = vec![TypedEdit { key, fields: leaving.person.clone(), deleted: Some(false) }];
        edits.extend(leaving.histories.iter().map(|record| TypedEdit {
            key: record.key(),
            fields: record.fields.clone(),
            deleted: Some(false),
        }));
        edits.push(self.membership(answered, leaving)?);
        self.act(by, edits).map(drop)
    }

    /// Ends a person's memberships of this school.
    pub(crate) fn leave(&self, by: &str, answered: &Answered) -> Result<(), Problem> {
        let places = answered.who.places();
        let on = answered.on.to_string();
        let fields = [("jenis_keluar_id", MOVED), (places.left, on.as_str())];
        let open = self.open_memberships(places, answered.person)?;
        let edits = open.iter().map(|row| self.typed(places.membership, Some(row.id), fields));
        let edits = edits.collect::<Result<Vec<_>, _>>()?;
        if edits.is_empty() { Ok(()) } else { self.act(by, edits).map(drop) }
    }

    /// Takes an offer away that was carried out.
    pub(crate) fn close_move(&self, by: &str, answered: &Answered) -> Result<(), Problem> {
        if self.live(&answered.offer)?.is_none() {
            return Ok(());
        }
        let gone = TypedEdit { key: answered.offer, fields: Fields::new(), deleted: Some(true) };
        self.act(by, vec![gone]).map(drop)
    }

    /// The record that makes an arriving person one of this school.
    fn membership(&self, answered: &Answered, leaving: &Leaving) -> Result<TypedEdit, Problem> {
        let places = answered.who.places();
        let (person, on) = (answered.person.to_string(), answered.on.to_string());
        let mut edit = match leaving.who {
            Mover::PesertaDidik => {
                let fields = [
                    (places.reference, person.as_str()),
                    ("jenis_pendaftaran_id", TRANSFER),
                    ("tanggal_masuk_sekolah", on.as_str()),
                    ("sekolah_asal", answered.school.as_str()),
                ];
                self.typed(places.membership, Some(new_id()?), fields)?
            }
            Mover::Ptk => {
                let fields = [
                    (places.reference, person.as_str()),
                    ("tahun_ajaran_id", self.pack().school_year()),
                    ("tmt_tugas", on.as_str()),
                    ("ptk_induk", "true"),
                ];
                self.typed(places.membership, Some(new_id()?), fields)?
            }
        };
        if let (Mover::Ptk, Some(before)) = (leaving.who, &leaving.membership) {
            // Being the head does not move along: that takes the Dinas' decree.
            let kind = of_names(&before.fields, ["jenis_ptk_id"]).filter(|(name, value)| {
                let field = self.pack().field(before.entity, name);
                field.is_some_and(|field| !field.centre_only_values.contains(value))
            });
            edit.fields.extend(kind);
        }
        Ok(edit)
    }

    /// Memberships that have not ended; a PTK has one for each school year, of which this one's counts.
    fn open_memberships(&self, places: &Places, person: RecordId) -> Result<Vec<Record>, Problem> {
        let rows = self.referring(places.membership, places.reference, person)?;
        let year = self.pack().school_year();
        let counts =
            |row: &Record| row.date(places.left).is_none() && row.code("tahun_ajaran_id").is_none_or(|of| of == year);
        Ok(rows.into_iter().filter(counts).collect())
    }
}

fn of_names<const N: usize>(fields: &Fields, names: [&str; N]) -> impl Iterator<Item = (FieldName, Value)> {
    let named = fields.iter().filter(move |(name, _)| names.contains(&name.as_str()));
    named.map(|(name, value)| (name.clone(), value.clone()))
}

impl Answered {
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
