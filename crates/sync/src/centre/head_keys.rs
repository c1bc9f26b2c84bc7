//! Heads' keys: enrolled for who is entitled, and ended with the assignment or by hand.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use selaras_model::{KeyId, Npsn, RecordId};
use selaras_policy::{Entitlement, entitlement};

use super::Centre;
use super::promise::Promise;
use super::receive::EnrolledKey;
use super::registry::sound_key;
use super::rows::{HeadKeyRow, head_key, head_keys};
use crate::error::CentreError;
use crate::evidence::{HeadKey, certify};
use crate::step::Step;
use crate::store::StoreError;

/// Keys of a school that are good at a time: its heads have one on each computer on which they approve.
const MAX_HEAD_KEYS: usize = 50;
/// Keys that one commit ends.
const MAX_ENDED: usize = 200;

/// A key that was enrolled, now or before.
#[derive(Debug)]
pub struct Enrolment {
    /// The key's name.
    pub key: KeyId,
    /// The key with the centre's certificate over it.
    pub head_key: HeadKey,
    /// To be committed before the answer; none where the key was enrolled before.
    pub step: Option<Step>,
}

/// Keys that end.
#[derive(Debug)]
pub struct RevokedKeys {
    /// Their names; at least one.
    pub keys: Vec<KeyId>,
    /// What ends them.
    pub step: Step,
}

impl Centre<'_> {
    /// Enrols a head's key: the PTK is entitled now by the centre's own records; who asks has shown the school's code.
    ///
    /// # Errors
    /// [`CentreError::NotEntitled`]; [`CentreError::Refused`]: `registration.bad-key`, `head.unknown-ptk`,
    /// `head.key-revoked`, `head.too-many-keys`.
    pub fn enrol(&self, ptk: RecordId, public: [u8; 32]) -> Result<Enrolment, CentreError> {
        sound_key(&public)?;
        if self.live(self.key_of("ptk", ptk)?)?.is_none() {
            return Err(CentreError::refused("head.unknown-ptk").with("npsn", self.npsn));
        }
        if let Entitlement::MayNot(unmet) = self.entitled(ptk)? {
            return Err(CentreError::NotEntitled(unmet));
        }
        let key = key_id(self.npsn, ptk, &public);
        let before = head_key(self.store, key)?;
        if before.as_ref().is_some_and(|row| row.revoked_at.is_some()) {
            // The same key again would bring approvals of the ended assignment back to life.
            return Err(CentreError::refused("head.key-revoked"));
        }
        let enrolled_at = before.as_ref().map_or(self.now, |row| row.enrolled_at);
        let mut step = None;
        if before.is_none() {
            if self.head_keys()?.iter().filter(|(_, row)| row.revoked_at.is_none()).count() >= MAX_HEAD_KEYS {
                return Err(CentreError::refused("head.too-many-keys").with("limit", MAX_HEAD_KEYS));
            }
            let row = HeadKeyRow {
                ptk,
                public,
                enrolled_at,
                revoked_at: None,
                revoked_because: Vec::new(),
                revoked_by: None,
            };
            step = Some(self.promise(&[Promise::of_key(key, row)])?);
        }
        let head_key = certify(self.npsn, ptk, key, public, enrolled_at, &self.keys.signing);
        Ok(Enrolment { key, head_key, step })
    }

    /// Gives a head's key as it was enrolled, for [`Centre::receive`].
    ///
    /// # Errors
    /// As the store gives them.
    pub fn enrolled(&self, key: KeyId) -> Result<Option<EnrolledKey>, StoreError> {
        Ok(head_key(self.store, key)?.map(|row| {
            let HeadKeyRow { ptk, public, enrolled_at, revoked_at, .. } = row;
            EnrolledKey { ptk, public, enrolled_at, revoked: revoked_at.is_some() }
        }))
    }

    /// Gives every key that was ever enrolled, with its end and why.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn head_keys(&self) -> Result<Vec<(KeyId, HeadKeyRow)>, StoreError> {
        head_keys(self.store)
    }

    /// Ends the keys of those who are no longer entitled by records of their own, some at a time; none where all stand.
    /// Called before and after every act of the centre ([`Centre::act_step`]) and after every verdict: a key that ended by the calendar
    /// alone must not come back to life with the next assignment. Two heads at once end nobody's key; they approve
    /// nothing while it lasts.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn sweep_keys(&self) -> Result<Option<RevokedKeys>, CentreError> {
        let mut judged: BTreeMap<RecordId, Option<Vec<String>>> = BTreeMap::new();
        let mut ended = Vec::new();
        for (id, row) in head_keys(self.store)? {
            if row.revoked_at.is_some() {
                continue;
            }
            let unmet = match judged.entry(row.ptk) {
                Entry::Occupied(judged) => judged.into_mut(),
                Entry::Vacant(place) => place.insert(self.unmet(row.ptk)?),
            };
            if let Some(unmet) = unmet {
                ended.push((id, row, unmet.clone()));
            }
        }
        self.revoke_keys(ended, None)
    }

    /// What ends a person's keys; none where the person is entitled by records of its own.
    fn unmet(&self, ptk: RecordId) -> Result<Option<Vec<String>>, CentreError> {
        let judged = self.entitled(ptk)?;
        if judged.stands_on_its_own() {
            return Ok(None);
        }
        let unmet = if let Entitlement::MayNot(unmet) = judged { unmet } else { Vec::new() };
        Ok(Some(unmet.iter().map(|unmet| unmet.condition.to_string()).collect()))
    }

    /// Ends the keys of a PTK, whatever the records say, some at a time; `by` is the account that says so.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `head.no-key` where none is good.
    pub fn revoke(&self, by: &str, ptk: RecordId) -> Result<RevokedKeys, CentreError> {
        let keys = head_keys(self.store)?;
        let theirs = keys.into_iter().filter(|(_, row)| row.ptk == ptk && row.revoked_at.is_none());
        let by_hand = || vec![HeadKeyRow::BY_HAND.to_owned()];
        let ended = theirs.map(|(id, row)| (id, row, by_hand())).collect();
        self.revoke_keys(ended, Some(by))?.ok_or_else(|| CentreError::refused("head.no-key"))
    }

    fn revoke_keys(
        &self,
        ended: Vec<(KeyId, HeadKeyRow, Vec<String>)>,
        by: Option<&str>,
    ) -> Result<Option<RevokedKeys>, CentreError> {
        let (mut promises, mut keys) = (Vec::new(), Vec::new());
        for (id, row, revoked_because) in ended.into_iter().take(MAX_ENDED) {
            let row =
                HeadKeyRow { revoked_at: Some(self.now), revoked_because, revoked_by: by.map(str::to_owned), ..row };
            promises.push(Promise::of_key(id, row));
            keys.push(id);
        }
        if keys.is_empty() {
            return Ok(None);
        }
        Ok(Some(RevokedKeys { keys, step: self.promise(&promises)? }))
    }

    pub(super) fn entitled(&self, ptk: RecordId) -> Result<Entitlement, CentreError> {
        Ok(entitlement(&self.view(), &self.rules.pack, ptk, self.today)?)
    }
}

/// A key's name follows from school, PTK and key, so that enrolling twice is enrolling once.
pub(super) fn key_id(npsn: Npsn, ptk: RecordId, public: &[u8; 32]) -> KeyId {
    let mut hasher = blake3::Hasher::new_derive_key("selaras 1 head key id");
    hasher.update(npsn.as_bytes()).update(ptk.as_bytes()).update(public);
    let mut id = [0; 8];
    hasher.finalize_xof().fill(&mut id);
    KeyId::from_bytes(id)
}
