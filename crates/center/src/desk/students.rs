//! Students added centrally.

use selaras_transport::Problem;

use super::Desk;
use super::acts::{By, pairs};
use crate::messages::{Acted, StudentAdd};

impl Desk {
    /// Adds a student with a registration at this school.
    pub(crate) fn add_student(&self, by: &By, asked: &StudentAdd) -> Result<Acted, Problem> {
        let student = self.typed("peserta_didik", None, pairs(&asked.fields))?;
        let mut edits = vec![student];
        if !asked.registrasi.is_empty() {
            let id = edits.first().map(|edit| edit.key.id.to_string()).unwrap_or_default();
            let fields = pairs(&asked.registrasi).chain([("peserta_didik_id", id.as_str())]);
            edits.push(self.typed("registrasi_peserta_didik", None, fields)?);
        }
        self.act(by, edits)
    }
}
