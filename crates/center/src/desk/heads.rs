//! Heads: their keys, and the assignments on which their right to approve rests.

use std::net::IpAddr;

use selaras_model::{Date, KeyId, Lang, Npsn, Record, RecordId, Value};
use selaras_policy::{Entitlement, Unmet, entitlement};
use selaras_sync::evidence::certify;
use selaras_sync::{Batch, TypedEdit};
use selaras_transport::{HeadAnswer, HeadRequest, Problem, Reason, Text};

use super::registration::sound_key;
use super::rows::{self, HeadKeyRow};
use super::{Desk, stored};
use crate::catalogue::problem;
use crate::messages::{Acted, HeadAssign, HeadEnd, HeadKeyLine, HeadKeys, HeadRevoke};

const ASSIGNMENT: &str = "tugas_tambahan";
const REGISTERED: &str = "ptk_terdaftar";
const DEFINITIVE: &str = "2";
const PLT: &str = "33";

impl Desk {
    /// Enrols a head's key: the code is right, and the PTK is entitled now by the centre's own records.
    pub(crate) fn enrol(&self, request: &HeadRequest, from: IpAddr) -> Result<HeadAnswer, Problem> {
        self.check_kode(&request.kode_registrasi, from)?;
        sound_key(&request.public_key)?;
        if self.live(&self.key_of("ptk", request.ptk)?)?.is_none() {
            return Err(problem("head.unknown-ptk").with("npsn", self.npsn));
        }
        let verdict = self.entitled(request.ptk)?;
        if let Entitlement::MayNot(unmet) = verdict {
            return Err(problem("head.not-entitled").because(unmet.iter().map(reason).collect()));
        }
        let key_id = key_id(self.npsn, request.ptk, &request.public_key);
        let name = rows::key(key_id);
        let before: Option<HeadKeyRow> = rows::read(&self.store, &name).map_err(|error| stored(&error))?;
        if before.as_ref().is_some_and(|row| row.revoked_at.is_some()) {
            // The same key again would bring approvals of the ended assignment back to life.
            return Err(problem("head.key-revoked"));
        }
        let enrolled_at = before.as_ref().map_or(self.now, |row| row.enrolled_at);
        if before.is_none() {
            let row = HeadKeyRow {
                ptk: request.ptk,
                public: request.public_key,
                enrolled_at,
                revoked_at: None,
                revoked_because: Vec::new(),
                revoked_by: None,
            };
            let mut batch = Batch::default();
            rows::put(&mut batch, &name, &row).map_err(|error| stored(&error))?;
            self.commit(&batch)?;
            tracing::info!(npsn = %self.npsn, key = %key_id, "a head's key was enrolled");
        }
        let signing = &self.host.keys.signing;
        let enrolled = certify(self.npsn, request.ptk, key_id, request.public_key, enrolled_at, signing);
        Ok(HeadAnswer { key_id, enrolled_at, certificate: enrolled.certificate })
    }

    /// Assigns a head: the registration of this year says so, and an additional duty is made.
    pub(crate) fn assign(&self, by: &str, asked: &HeadAssign) -> Result<Acted, Problem> {
        let ptk = self.key_of("ptk", asked.ptk)?;
        if self.live(&ptk)?.is_none() {
            return Err(problem("head.unknown-ptk").with("npsn", self.npsn));
        }
        let duty = if asked.plt { PLT } else { DEFINITIVE };
        let active = self.assignments(asked.ptk, asked.from)?;
        if active.iter().any(|row| row.code("jabatan_ptk_id") == Some(duty)) {
            return Err(problem("head.already-assigned"));
        }
        let mut edits = Vec::new();
        if !asked.plt {
            edits.push(self.registered_as_head(asked)?);
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
        edits.push(self.typed(ASSIGNMENT, None, duty_fields)?);
        self.act(by, edits)
    }

    /// Ends a head's assignments after a last day; keys that stand on them end at once.
    pub(crate) fn end(&self, by: &str, asked: &HeadEnd) -> Result<Acted, Problem> {
        let active = self.assignments(asked.ptk, asked.until)?;
        if active.is_empty() {
            return Err(problem("head.not-assigned"));
        }
        let until = asked.until.to_string();
        let edits = active
            .iter()
            .map(|row| self.typed(ASSIGNMENT, Some(row.id), [("tst_tambahan", until.as_str())]))
            .collect::<Result<Vec<_>, _>>()?;
        self.act(by, edits)
    }

    /// Ends the keys of those who are no longer entitled by records of their own. Called before and after every act of
    /// the centre and after every verdict: a key that ended by the calendar alone must not come back to life with the
    /// next assignment. Two heads at once end nobody's key; they approve nothing while it lasts.
    pub(crate) fn sweep_keys(&self) -> Result<Vec<KeyId>, Problem> {
        let mut ended = Vec::new();
        for (id, row) in rows::keys(&self.store).map_err(|error| stored(&error))? {
            if row.revoked_at.is_some() {
                continue;
            }
            let judged = self.entitled(row.ptk)?;
            if judged.stands_on_its_own() {
                continue;
            }
            let unmet = if let Entitlement::MayNot(unmet) = judged { unmet } else { Vec::new() };
            ended.push((id, row, unmet.iter().map(|unmet| unmet.condition.to_string()).collect()));
        }
        self.revoke_keys(ended, None)
    }

    /// Ends the keys of a PTK, whatever the records say.
    pub(crate) fn revoke(&self, by: &str, asked: &HeadRevoke) -> Result<Acted, Problem> {
        let keys = rows::keys(&self.store).map_err(|error| stored(&error))?;
        let mine = keys.into_iter().filter(|(_, row)| row.ptk == asked.ptk && row.revoked_at.is_none());
        let by_hand = || vec![HeadKeyRow::BY_HAND.to_owned()];
        let revoked = self.revoke_keys(mine.map(|(id, row)| (id, row, by_hand())).collect(), Some(by))?;
        if revoked.is_empty() {
            return Err(problem("head.no-key"));
        }
        Ok(Acted { version: self.version()?, revoked, ..Acted::default() })
    }

    /// Every key that was ever enrolled, with its end and why.
    pub(crate) fn keys(&self) -> Result<HeadKeys, Problem> {
        let keys = rows::keys(&self.store).map_err(|error| stored(&error))?;
        let line = |(key, row): (KeyId, HeadKeyRow)| HeadKeyLine {
            key,
            ptk: row.ptk,
            enrolled_at: row.enrolled_at,
            revoked_at: row.revoked_at,
            revoked_because: row.revoked_because,
            revoked_by: row.revoked_by,
        };
        Ok(HeadKeys { keys: keys.into_iter().map(line).collect() })
    }

    fn revoke_keys(
        &self,
        ended: Vec<(KeyId, HeadKeyRow, Vec<String>)>,
        by: Option<&str>,
    ) -> Result<Vec<KeyId>, Problem> {
        let mut batch = Batch::default();
        let mut names = Vec::with_capacity(ended.len());
        for (id, row, revoked_because) in ended {
            let row =
                HeadKeyRow { revoked_at: Some(self.now), revoked_because, revoked_by: by.map(str::to_owned), ..row };
            rows::put(&mut batch, &rows::key(id), &row).map_err(|error| stored(&error))?;
            names.push(id);
        }
        if !names.is_empty() {
            self.commit(&batch)?;
            tracing::info!(npsn = %self.npsn, keys = names.len(), "keys of heads were revoked");
        }
        Ok(names)
    }

    fn entitled(&self, ptk: RecordId) -> Result<Entitlement, Problem> {
        let view = self.centre().view();
        entitlement(&view, self.pack(), ptk, self.today).map_err(|error| {
            tracing::error!(%error, "entitlement could not be judged");
            problem("center.store")
        })
    }

    /// Duties as head or Plt that are active on a day or begin later.
    fn assignments(&self, ptk: RecordId, day: Date) -> Result<Vec<Record>, Problem> {
        let rows = self.referring(ASSIGNMENT, "ptk_id", ptk)?;
        let head = |row: &Record| matches!(row.code("jabatan_ptk_id"), Some(DEFINITIVE | PLT));
        let open = |row: &Record| row.date("tst_tambahan").is_none_or(|end| end >= day);
        Ok(rows.into_iter().filter(|row| head(row) && open(row)).collect())
    }

    /// The PTK's registration of this school year with the head's kind, made where there is none.
    fn registered_as_head(&self, asked: &HeadAssign) -> Result<TypedEdit, Problem> {
        let pack = self.pack();
        let rows = self.referring(REGISTERED, "ptk_id", asked.ptk)?;
        let this_year = |row: &&Record| match row.get("tahun_ajaran_id") {
            Value::Null => true,
            Value::Code(year) | Value::Text(year) => year == pack.school_year(),
            Value::Int(year) => year.to_string() == pack.school_year(),
            _ => false,
        };
        let as_head = [("jenis_ptk_id", "20"), ("ptk_induk", "1")];
        if let Some(row) = rows.iter().find(this_year) {
            return self.typed(REGISTERED, Some(row.id), as_head);
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
        self.typed(REGISTERED, None, as_head.into_iter().chain(made).chain(year))
    }
}

/// A key's name follows from school, PTK and key, so that enrolling twice is enrolling once.
fn key_id(npsn: Npsn, ptk: RecordId, public: &[u8; 32]) -> KeyId {
    let mut hasher = blake3::Hasher::new_derive_key("selaras 1 head key id");
    hasher.update(npsn.as_bytes()).update(ptk.as_bytes()).update(public);
    let mut id = [0; 8];
    hasher.finalize_xof().fill(&mut id);
    KeyId::from_bytes(id)
}

fn reason(unmet: &Unmet) -> Reason {
    let (id, en) = (unmet.render(Lang::Id), unmet.render(Lang::En));
    Reason {
        code: format!("condition.{}", unmet.condition),
        who: format!("{:?}", unmet.who).to_ascii_lowercase(),
        message: Text { id: id.message, en: en.message },
        remedy: Text { id: id.remedy, en: en.remedy },
    }
}
