//! The assignments on which a head's right to approve rests.

use selaras_model::{Date, Record, RecordId, Value};

use super::{Acting, Centre};
use crate::error::CentreError;
use crate::step::TypedEdit;

const ASSIGNMENT: &str = "tugas_tambahan";
const REGISTERED: &str = "ptk_terdaftar";
const DEFINITIVE: &str = "2";
const PLT: &str = "33";

/// An assignment as the Dinas decrees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadAssignment {
    /// Who becomes head.
    pub ptk: RecordId,
    /// Whether in place of a head (Plt) only.
    pub plt: bool,
    /// The decree's number.
    pub sk: String,
    /// The first day.
    pub from: Date,
}

/// The ids of what an assignment may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssignmentIds {
    /// The registration of this school year, where there is none.
    pub registration: RecordId,
    /// The additional duty.
    pub duty: RecordId,
}

impl Centre<'_> {
    /// Assigns a head: the registration of this year says so, and an additional duty is made.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `head.unknown-ptk`, `head.already-assigned`.
    pub fn assign_head(&self, by: &str, asked: &HeadAssignment, ids: AssignmentIds) -> Result<Acting, CentreError> {
        if self.live(self.key_of("ptk", asked.ptk)?)?.is_none() {
            return Err(CentreError::refused("head.unknown-ptk").with("npsn", self.npsn));
        }
        let duty = if asked.plt { PLT } else { DEFINITIVE };
        let active = self.assignments(asked.ptk, asked.from)?;
        if active.iter().any(|row| row.code("jabatan_ptk_id") == Some(duty)) {
            return Err(CentreError::refused("head.already-assigned"));
        }
        let mut edits = Vec::new();
        if !asked.plt {
            edits.push(self.registered_as_head(asked, ids.registration)?);
        }
        let from = asked.from.to_string();
        let hours = if asked.plt { "0" } else { "24" };
        let ptk_id = asked.ptk.to_string();
        let duty_fields = [
            ("ptk_id", ptk_id.as_str()),
            ("jabatan_ptk_id", duty),
            ("jumlah_jam", hours),
            ("nomor_sk", asked.sk.as_str()),
            ("tmt_tambahan", from.as_str()),
        ];
        edits.push(self.typed(ASSIGNMENT, ids.duty, duty_fields)?);
        self.acting(by, edits)
    }

    /// Ends a head's assignments after a last day; keys that stand on them end at once.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `head.not-assigned`.
    pub fn end_head(&self, by: &str, ptk: RecordId, until: Date) -> Result<Acting, CentreError> {
        let active = self.assignments(ptk, until)?;
        if active.is_empty() {
            return Err(CentreError::refused("head.not-assigned"));
        }
        let until = until.to_string();
        let ends = |row: &Record| self.typed(ASSIGNMENT, row.id, [("tst_tambahan", until.as_str())]);
        let edits = active.iter().map(ends).collect::<Result<Vec<_>, _>>()?;
        self.acting(by, edits)
    }

    /// Duties as head or Plt that are active on a day or begin later.
    fn assignments(&self, ptk: RecordId, day: Date) -> Result<Vec<Record>, CentreError> {
        let rows = self.referring(ASSIGNMENT, "ptk_id", ptk)?;
        let head = |row: &Record| matches!(row.code("jabatan_ptk_id"), Some(DEFINITIVE | PLT));
        let open = |row: &Record| row.date("tst_tambahan").is_none_or(|end| end >= day);
        Ok(rows.into_iter().filter(|row| head(row) && open(row)).collect())
    }

    /// The PTK's registration of this school year with the head's kind, made where there is none.
    fn registered_as_head(&self, asked: &HeadAssignment, new: RecordId) -> Result<TypedEdit, CentreError> {
        let pack = &self.rules.pack;
        let rows = self.referring(REGISTERED, "ptk_id", asked.ptk)?;
        let this_year = |row: &&Record| match row.get("tahun_ajaran_id") {
            Value::Null => true,
            Value::Code(year) | Value::Text(year) => year == pack.school_year(),
            Value::Int(year) => year.to_string() == pack.school_year(),
            _ => false,
        };
        let as_head = [("jenis_ptk_id", "20"), ("ptk_induk", "1")];
        if let Some(row) = rows.iter().find(this_year) {
            return self.typed(REGISTERED, row.id, as_head);
        }
        let (ptk, from) = (asked.ptk.to_string(), asked.from.to_string());
        let year = pack
            .entity_named(REGISTERED)
            .and_then(|entity| entity.field("tahun_ajaran_id"))
            .map(|_| ("tahun_ajaran_id", pack.school_year()));
        let made = [
            ("ptk_id", ptk.as_str()),
            ("nomor_surat_tugas", asked.sk.as_str()),
            ("tanggal_surat_tugas", from.as_str()),
            ("tmt_tugas", from.as_str()),
        ];
        self.typed(REGISTERED, new, as_head.into_iter().chain(made).chain(year))
    }
}
