//! Students added and moved centrally.

use selaras_model::{Fields, RecordId};
use selaras_sync::TypedEdit;
use selaras_transport::Problem;

use super::Desk;
use super::acts::{new_id, pairs};
use crate::catalogue::problem;
use crate::messages::{Acted, StudentAdd, StudentMove};

const STUDENT: &str = "peserta_didik";
const REGISTRATION: &str = "registrasi_peserta_didik";
/// jenis_pendaftaran: transfer from another school.
const TRANSFER: &str = "2";
/// jenis_keluar: moved to another school.
const MOVED: &str = "1";

impl Desk {
    /// Adds a student with a registration at this school.
    pub(crate) fn add_student(&self, by: &str, asked: &StudentAdd) -> Result<Acted, Problem> {
        let student = self.typed(STUDENT, None, pairs(&asked.fields))?;
        let mut edits = vec![student];
        if !asked.registrasi.is_empty() {
            let id = edits.first().map(|edit| edit.key.id.to_string()).unwrap_or_default();
            let fields = pairs(&asked.registrasi).chain([("peserta_didik_id", id.as_str())]);
            edits.push(self.typed(REGISTRATION, None, fields)?);
        }
        self.act(by, edits)
    }

    /// What of a student goes to another school.
    ///
    /// Values are copied, documents never: each school's log has its own entry, and a merge over two schools would
    /// let one school's operator edit another's records.
    pub(crate) fn leaving(&self, student: RecordId) -> Result<Fields, Problem> {
        let key = self.key_of(STUDENT, student)?;
        let record = self.live(&key)?;
        let missing = || problem("record.unknown").with("entity", STUDENT).with("id", student);
        Ok(record.ok_or_else(missing)?.fields)
    }

    /// Takes a student in from another school; nothing is done where that was done before.
    pub(crate) fn arrive(&self, by: &str, asked: &StudentMove, fields: Fields, from: &str) -> Result<Acted, Problem> {
        let key = self.key_of(STUDENT, asked.student)?;
        let here = self.referring(REGISTRATION, "peserta_didik_id", asked.student)?;
        let staying = here.iter().any(|row| row.date("tanggal_keluar").is_none());
        if self.live(&key)?.is_some() && staying {
            return Ok(Acted { version: self.version()?, ..Acted::default() });
        }
        let (student, on) = (asked.student.to_string(), asked.on.to_string());
        let entered = [
            ("peserta_didik_id", student.as_str()),
            ("jenis_pendaftaran_id", TRANSFER),
            ("tanggal_masuk_sekolah", on.as_str()),
            ("sekolah_asal", from),
        ];
        let registration = self.typed(REGISTRATION, Some(new_id()?), entered)?;
        self.act(by, vec![TypedEdit { key, fields, deleted: Some(false) }, registration])
    }

    /// Ends a student's registrations here.
    pub(crate) fn leave(&self, by: &str, asked: &StudentMove) -> Result<Acted, Problem> {
        let rows = self.referring(REGISTRATION, "peserta_didik_id", asked.student)?;
        let on = asked.on.to_string();
        let open = rows.iter().filter(|row| row.date("tanggal_keluar").is_none());
        let edits = open
            .map(|row| {
                let fields = [("jenis_keluar_id", MOVED), ("tanggal_keluar", on.as_str())];
                self.typed(REGISTRATION, Some(row.id), fields)
            })
            .collect::<Result<Vec<_>, _>>()?;
        if edits.is_empty() {
            return Ok(Acted { version: self.version()?, ..Acted::default() });
        }
        self.act(by, edits)
    }

    /// The school's name, as another school's records quote it.
    pub(crate) fn name(&self) -> String {
        self.known.name.clone()
    }
}
