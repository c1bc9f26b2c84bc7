//! Who may approve, asked of the school's records and of the accounts.

use ed25519_dalek::VerifyingKey;
use selaras_policy::{entitlement, heads, local_entitlement};
use selaras_sync::Refusal;
use selaras_sync::evidence::HeadKey;

use super::{Account, Entitlement, KeyId, Open, RecordId};
use crate::failure::{Failure, Reason};
use crate::output::Output;
use crate::secret::Secret;

/// The centre's words for a key that never becomes good again.
const KEY_IS_OVER: [&str; 2] = ["approval.key-revoked", "approval.key-unknown"];

impl Open {
    /// Whether an account may approve, or everything that it lacks.
    pub(crate) fn entitlement(&self, account: &Account) -> Result<Entitlement, Failure> {
        let school = self.school();
        let judged_on = school.position()?.judged_on;
        Ok(local_entitlement(&school.view(), &self.rules.pack, &account.facts(), judged_on)?)
    }

    /// What the centre will judge of a person: the records alone.
    pub(crate) fn person_entitlement(&self, ptk: RecordId) -> Result<Entitlement, Failure> {
        let school = self.school();
        let judged_on = school.position()?.judged_on;
        Ok(entitlement(&school.view(), &self.rules.pack, ptk, judged_on)?)
    }

    /// The same for a person without an account: the account's conditions are unmet as well.
    pub(crate) fn candidate_entitlement(&self, ptk: RecordId) -> Result<Entitlement, Failure> {
        let school = self.school();
        let judged_on = school.position()?.judged_on;
        let facts = selaras_policy::AccountFacts::without_account(ptk);
        Ok(local_entitlement(&school.view(), &self.rules.pack, &facts, judged_on)?)
    }

    /// People that the records name as heads, by any condition.
    pub(crate) fn heads(&self) -> Result<Vec<RecordId>, Failure> {
        let school = self.school();
        let judged_on = school.position()?.judged_on;
        Ok(heads(&school.view(), &self.rules.pack, judged_on)?)
    }

    /// Fails with everything that closes the gate for an account: findings and conditions together, since a person who
    /// mends one and then meets the next has been told half of it.
    pub(crate) fn check_gate(&self, account: &Account, out: &dyn Output) -> Result<(), Failure> {
        let words = crate::catalogue::Words(out.lang());
        let (invalid, _) = self.finding_counts()?;
        let unmet: Vec<Reason> = match self.entitlement(account)? {
            Entitlement::May(_) => Vec::new(),
            Entitlement::MayNot(unmet) => unmet.iter().map(|unmet| super::unmet_reason(unmet, out.lang())).collect(),
        };
        let code = match (invalid, unmet.is_empty()) {
            (0, true) => return Ok(()),
            (0, false) => "gate.not-entitled",
            (_, true) => "gate.invalid",
            (_, false) => "gate.closed",
        };
        let mut reasons = unmet;
        for finding in self.invalid_findings(MAX_NAMED)? {
            let line = self.finding_line(&finding, out.lang())?;
            reasons.push(Reason { place: line.title, message: line.message, remedy: line.remedy, who: line.who });
        }
        let left = usize::try_from(invalid).unwrap_or(usize::MAX).saturating_sub(MAX_NAMED);
        if left > 0 {
            let message = words.fill("gate.more", &[("count", &left)]);
            reasons.push(Reason { place: String::new(), message, remedy: String::new(), who: String::new() });
        }
        Err(Failure::new(code).arg("name", &account.name).arg("invalid", invalid).because(reasons))
    }

    /// Fails with every condition that an account does not meet, whatever the records' findings are.
    pub(crate) fn check_entitled(&self, account: &Account, out: &dyn Output) -> Result<(), Failure> {
        match self.entitlement(account)? {
            Entitlement::May(_) => Ok(()),
            Entitlement::MayNot(unmet) => {
                let reasons = unmet.iter().map(|unmet| super::unmet_reason(unmet, out.lang()));
                Err(Failure::new("gate.not-entitled").arg("name", &account.name).because(reasons))
            }
        }
    }

    /// The centre has said that a key is no longer good: whoever's it is has to activate another.
    pub(crate) fn key_refused(&mut self, refusal: &Refusal) -> Result<(), Failure> {
        if !KEY_IS_OVER.contains(&refusal.code.as_str()) {
            return Ok(());
        }
        let Some(refused) = refusal.args.get("key") else { return Ok(()) };
        for mut account in Account::all(self.store())? {
            let Some(key) = account.key.as_mut().filter(|key| key.id.to_string() == *refused) else { continue };
            key.revoked = true;
            self.commit(&account.batch()?)?;
        }
        Ok(())
    }

    /// Fails where an account may not type edits: it is disabled, or has no role. A name without an account is a note
    /// of who typed, no more.
    pub(crate) fn check_author(&self, name: &str) -> Result<(), Failure> {
        match Account::load(self.store(), name)? {
            Some(account) if account.disabled => Err(Failure::new("account.disabled").arg("name", name)),
            Some(account) if account.roles.is_empty() => Err(Failure::new("account.no-role").arg("name", name)),
            _ => Ok(()),
        }
    }

    /// Whether a person is the homeroom teacher of a class of this semester.
    pub(crate) fn has_class(&self, ptk: RecordId) -> Result<bool, Failure> {
        let semester = self.rules.pack.semester().to_owned();
        let mut found = false;
        self.each(self.entity("rombongan_belajar")?.code, &mut |class| {
            found |= !class.deleted
                && class.reference("ptk_id") == Some(ptk)
                && class.code("semester_id").is_none_or(|of| of == semester);
        })?;
        Ok(found)
    }

    /// Has the centre enrol a head's key.
    pub(crate) fn enrol(
        &mut self,
        kode: &Secret,
        ptk: RecordId,
        public: VerifyingKey,
        out: &mut dyn Output,
    ) -> Result<(KeyId, HeadKey), Failure> {
        let enrolled =
            self.with_token(out, |link, token, out| link.enrol_head(token, kode, ptk, public, out.lang()))?;
        let (id, key) = enrolled;
        let centre = VerifyingKey::from_bytes(&self.installation.centre_key);
        let centre = centre.map_err(|_| Failure::new("evidence.head-key"))?;
        key.verify(self.installation.npsn, ptk, id, &centre).map_err(|_| Failure::new("evidence.head-key"))?;
        Ok((id, key))
    }
}

/// Invalid findings that a closed gate names one by one; `validate` names all.
pub(super) const MAX_NAMED: usize = 20;
