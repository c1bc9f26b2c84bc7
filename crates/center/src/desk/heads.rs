//! Heads: their keys, and the assignments on which their right to approve rests, as the engine decides.

use std::net::IpAddr;

use selaras_model::KeyId;
use selaras_sync::{AssignmentIds, Enrolment, HeadAssignment, HeadKeyRow, RevokedKeys};
use selaras_transport::{HeadAnswer, HeadRequest, Problem};

use super::acts::{By, new_id};
use super::{Desk, refused, stored};
use crate::messages::{Acted, HeadAssign, HeadEnd, HeadKeyLine, HeadKeys, HeadRevoke};

impl Desk {
    /// Enrols a head's key: the code is right, and the PTK is entitled now by the centre's own records.
    pub(crate) fn enrol(&self, request: &HeadRequest, from: IpAddr) -> Result<HeadAnswer, Problem> {
        self.check_kode(&request.kode_registrasi, from)?;
        let enrolment = self.centre().enrol(request.ptk, request.public_key).map_err(|error| refused(&error))?;
        let Enrolment { key, head_key, step } = enrolment;
        if let Some(step) = step {
            self.drive(step)?;
            tracing::info!(npsn = %self.npsn, %key, "a head's key was enrolled");
        }
        Ok(HeadAnswer { key_id: key, enrolled_at: head_key.enrolled_at, certificate: head_key.certificate })
    }

    /// Assigns a head.
    pub(crate) fn assign(&self, by: &By, asked: &HeadAssign) -> Result<Acted, Problem> {
        let HeadAssign { ptk, plt, sk, from } = asked;
        let assignment = HeadAssignment { ptk: *ptk, plt: *plt, sk: sk.clone(), from: *from };
        let ids = AssignmentIds { registration: new_id()?, duty: new_id()? };
        let acting = self.centre().assign_head(&by.name, &assignment, ids).map_err(|error| refused(&error))?;
        self.carry_by(by, acting)
    }

    /// Ends a head's assignments after a last day; keys that stand on them end at once.
    pub(crate) fn end(&self, by: &By, asked: &HeadEnd) -> Result<Acted, Problem> {
        let acting = self.centre().end_head(&by.name, asked.ptk, asked.until).map_err(|error| refused(&error))?;
        self.carry_by(by, acting)
    }

    /// Ends the keys of those who are no longer entitled by records of their own.
    pub(crate) fn sweep_keys(&self) -> Result<Vec<KeyId>, Problem> {
        let mut all = Vec::new();
        while let Some(ended) = self.centre().sweep_keys().map_err(|error| refused(&error))? {
            all.extend(self.end_keys(ended)?);
        }
        Ok(all)
    }

    /// Ends the keys of a PTK, whatever the records say.
    pub(crate) fn revoke(&self, by: &By, asked: &HeadRevoke) -> Result<Acted, Problem> {
        let mut revoked = Vec::new();
        // Some end at a time.
        loop {
            match self.centre().revoke(&by.name, asked.ptk) {
                Ok(ended) => revoked.extend(self.end_keys(ended)?),
                Err(error) if error.code() == "head.no-key" && !revoked.is_empty() => break,
                Err(error) => return Err(refused(&error)),
            }
        }
        Ok(Acted { version: self.version()?, revoked, ..Acted::default() })
    }

    /// Every key that was ever enrolled, with its end and why.
    pub(crate) fn keys(&self) -> Result<HeadKeys, Problem> {
        let keys = self.centre().head_keys().map_err(|error| stored(&error))?;
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

    fn end_keys(&self, ended: RevokedKeys) -> Result<Vec<KeyId>, Problem> {
        self.drive(ended.step)?;
        tracing::info!(npsn = %self.npsn, keys = ended.keys.len(), "keys of heads were revoked");
        Ok(ended.keys)
    }
}
