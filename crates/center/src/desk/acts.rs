//! The centre's own edits: each act is one entry of the school's log, whatever its size.

use selaras_model::{RecordId, RecordKey, RecordLine, Value, line_from_json};
use selaras_sync::exchange::mend_centre;
use selaras_sync::{Acting, TypedEdit};
use selaras_transport::Problem;

use super::host::AtDesk;
use super::{Desk, refused};
use crate::access::random;
use crate::catalogue::problem;
use crate::messages::{Acted, IdentityEdit, RecordEdit, TextFields};

/// Who acts; and why, where the rulebook speaks against it.
#[derive(Debug, Clone)]
pub(crate) struct By {
    /// The account's name.
    pub(crate) name: String,
    /// Without one an act is refused that would leave what nobody at the school may mend.
    pub(crate) reason: Option<String>,
}

impl By {
    /// The act as this person may have it done.
    pub(super) fn decides(&self, acting: Acting) -> Acting {
        if self.reason.is_some() { acting.with_reason() } else { acting }
    }
}

impl Desk {
    /// Makes the centre's edits one entry of the log.
    pub(crate) fn act(&self, by: &By, edits: Vec<TypedEdit>) -> Result<Acted, Problem> {
        self.carry_by(by, self.centre().acting(&by.name, edits).map_err(|error| refused(&error))?)
    }

    /// Carries an act to its end that somebody has decided.
    pub(super) fn carry_by(&self, by: &By, acting: Acting) -> Result<Acted, Problem> {
        let acted = self.carry(by.decides(acting))?;
        Ok(Acted { reason: by.reason.clone(), ..acted })
    }

    /// Carries an act to its end.
    pub(super) fn carry(&self, mut acting: Acting) -> Result<Acted, Problem> {
        let mut mended = false;
        loop {
            match self.centre().act_step(&mut acting) {
                Ok(Some(step)) => self.drive(step)?,
                Ok(None) => break,
                Err(error) if error.code() == "center.damaged" && !mended => {
                    mend_centre(&mut AtDesk::new(self))?;
                    mended = true;
                }
                Err(error) => return Err(refused(&error)),
            }
        }
        let (records, revoked) = (acting.records(), acting.revoked().to_vec());
        self.host.metrics.records.inc_by(records as u64);
        if !revoked.is_empty() {
            tracing::info!(npsn = %self.npsn, keys = revoked.len(), "keys of heads were revoked");
        }
        let version = self.version()?;
        self.promise_rows()?;
        tracing::info!(npsn = %self.npsn, version, records, "the centre acted");
        Ok(Acted { version, records, created: acting.created().to_vec(), revoked, reason: None })
    }

    /// Takes record lines as they were exported; a bad line refuses all.
    pub(crate) fn import(&self, by: &By, lines: &[u8]) -> Result<Acted, Problem> {
        let mut edits = Vec::new();
        for (number, line) in lines.split(|byte| *byte == b'\n').enumerate() {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let bad = |what: String| problem("record.bad-line").with("line", number + 1).with("problem", what);
            let json = serde_json::from_slice(line).map_err(|_| bad("JSON".to_owned()))?;
            let read = line_from_json(self.pack(), &json).map_err(|error| bad(error.to_string()))?;
            let RecordLine { record, deleted } = read;
            edits.push(TypedEdit { key: record.key(), fields: record.fields, deleted });
        }
        self.act(by, edits)
    }

    /// Changes or makes one record.
    pub(crate) fn edit(&self, by: &By, asked: &RecordEdit) -> Result<Acted, Problem> {
        let mut edit = self.typed(&asked.entity, asked.id, pairs(&asked.fields))?;
        edit.deleted = asked.deleted;
        if edit.fields.is_empty() && edit.deleted.is_none() {
            return Err(problem("record.nothing"));
        }
        self.act(by, vec![edit])
    }

    /// Sets a record's verification mark, with corrections where there are any.
    pub(crate) fn verify(&self, by: &By, asked: &IdentityEdit) -> Result<Acted, Problem> {
        let key = self.key_of(&asked.entity, asked.id)?;
        if self.centre().live(key).map_err(|error| refused(&error))?.is_none() {
            return Err(problem("record.unknown").with("entity", &asked.entity).with("id", asked.id));
        }
        let mark = self.pack().entity(key.entity).and_then(|entity| entity.verified.clone());
        let mark = mark.ok_or_else(|| problem("record.no-verification").with("entity", &asked.entity))?;
        let mut edit = self.typed(&asked.entity, Some(asked.id), pairs(&asked.fields))?;
        edit.fields.insert(mark, Value::Bool(true));
        self.act(by, vec![edit])
    }

    /// An edit from fields as a person writes them; a new id where none is given.
    pub(crate) fn typed<'f>(
        &self,
        entity: &str,
        id: Option<RecordId>,
        fields: impl IntoIterator<Item = (&'f str, &'f str)>,
    ) -> Result<TypedEdit, Problem> {
        let id = match id {
            Some(id) => id,
            None => new_id()?,
        };
        self.centre().typed(entity, id, fields).map_err(|error| refused(&error))
    }

    /// The key of a record by its entity's name.
    pub(crate) fn key_of(&self, entity: &str, id: RecordId) -> Result<RecordKey, Problem> {
        self.centre().key_of(entity, id).map_err(|error| refused(&error))
    }
}

pub(super) fn pairs(fields: &TextFields) -> impl Iterator<Item = (&str, &str)> {
    fields.iter().map(|(name, text)| (name.as_str(), text.as_str()))
}

/// A random UUID (version 4).
pub(super) fn new_id() -> Result<RecordId, Problem> {
    let mut bytes = random::<16>().ok_or_else(|| problem("center.failed"))?;
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    Ok(RecordId::from_bytes(bytes))
}
