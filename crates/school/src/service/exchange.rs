//! One exchange with the centre: requests and answers until this side is at the head of the school's log.

use std::time::Instant;

use ed25519_dalek::SigningKey;
use selaras_sync::exchange::Exchange;
use selaras_sync::{Key, Purpose, ReadStore, Row};
use selaras_transport::TokenAnswer;
use zeroize::Zeroizing;

use super::{DEVICE_ROW, Open, REGISTRATION_ROW, TOKEN_ROW};
use crate::command::report::ExchangeReport;
use crate::failure::Failure;
use crate::link::{CallError, Link, Shown};
use crate::output::Output;

/// What an exchange is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Fetch only.
    Pull,
    /// Send what was approved, and fetch.
    Sync,
}

impl Open {
    /// Exchanges until there is no more to fetch.
    pub(crate) fn exchange(&mut self, direction: Direction, out: &mut dyn Output) -> Result<ExchangeReport, Failure> {
        let began = Instant::now();
        let before = self.traffic()?;
        let sealed = self.school().sealed()?.map_or(0, |sealed| sealed.records);
        let (pack, rulebook) = (self.rules.pack.hash(), self.rules.rulebook.hash());
        let announced = self.announced_line()?;
        let purpose = match direction {
            Direction::Pull => Purpose::Pull,
            Direction::Sync => Purpose::Sync,
        };
        let told = self.follow_exchange(Exchange::new(purpose), out)?;
        let after = self.traffic()?;
        if let Some(refusal) = told.refusal {
            // What came is durable; a refusal of what was sent is told only now.
            let refusal = self.refusal(&refusal, out.lang());
            return Err(self.with_new_findings(refusal, out)?);
        }
        let mut report = ExchangeReport {
            records_in: told.records_in,
            entries: told.entries,
            equal: told.equal,
            receipt: told.receipt.as_deref().map(super::lines::receipt_line),
            requests: after.requests - before.requests,
            bytes_up: after.acknowledged - before.acknowledged,
            bytes_down: after.received - before.received,
            rules_changed: pack != self.rules.pack.hash() || rulebook != self.rules.rulebook.hash(),
            rulebook: self.rules.rulebook.version().to_owned(),
            conflicts: self.conflict_count()?,
            invalid: self.finding_counts()?.0,
            pending: self.school().pending()?.records,
            ..ExchangeReport::default()
        };
        report.records_out = if report.receipt.is_some() { sealed } else { 0 };
        report.new_invalid = if report.rules_changed { self.new_invalid()? } else { 0 };
        report.announced = self.announced_line()?.filter(|now| announced.as_ref() != Some(now));
        report.millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(report)
    }

    fn traffic(&mut self) -> Result<selaras_transport::Traffic, Failure> {
        Ok(self.connected()?.traffic())
    }

    pub(super) fn connected(&mut self) -> Result<&Link, Failure> {
        if self.link.is_none() {
            let installation = &self.installation;
            let ca = installation.centre_ca.as_deref();
            let link = Link::connect(&installation.centre_url, installation.npsn, ca, self.patience, &self.turns)?;
            self.link = Some(link);
        }
        self.link.as_ref().ok_or_else(|| Failure::new("internal.error").arg("place", "link"))
    }

    /// Makes a call with the present token, and once more with a new one when the centre says that it has expired:
    /// only the centre's clock judges tokens.
    pub(crate) fn with_token<T>(
        &mut self,
        out: &mut dyn Output,
        call: impl Fn(&Link, &str, &mut dyn Output) -> Result<T, CallError>,
    ) -> Result<T, Failure> {
        let known = self.known_token()?;
        if let Some(token) = known {
            match call(self.connected()?, &token, out) {
                Ok(answer) => return Ok(answer),
                Err(CallError::Failed(failure)) if is_forgotten(&failure) => {}
                Err(CallError::Failed(failure)) => return Err(failure),
                Err(CallError::Session) => {}
            }
        }
        let token = self.new_token(out)?;
        match call(self.connected()?, &token, out) {
            Ok(answer) => Ok(answer),
            Err(CallError::Failed(failure)) => Err(failure),
            Err(CallError::Session) => Err(Failure::new("centre.session")),
        }
    }

    /// The present token, for measurements of the line.
    #[cfg(feature = "demo")]
    pub(crate) fn token_text(&self) -> Result<String, Failure> {
        let token = self.known_token()?.ok_or_else(|| Failure::new("centre.session"))?;
        Ok(token.to_string())
    }

    pub(super) fn known_token(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        match self.store.get(&Key::Local(TOKEN_ROW.to_owned()))? {
            Some(Row::Bytes(bytes)) => Ok(String::from_utf8(bytes).ok().map(Zeroizing::new)),
            _ => Ok(None),
        }
    }

    /// A token outlives the process: the next command of the same evening needs no request for one.
    pub(super) fn new_token(&mut self, out: &mut dyn Output) -> Result<Zeroizing<String>, Failure> {
        let device = self.installation.device;
        let key = self.device_key()?;
        let held = self.registration()?;
        let first = if held.is_some() { Shown::No } else { Shown::Lacking };
        let link = self.connected()?;
        let asked = match (link.token((device, &key), first, out), &held) {
            // A restored centre that lost this computer, or its school, takes it back by what it signed.
            (Err(failure), Some(held)) if is_forgotten(&failure) => link.token((device, &key), Shown::This(held), out),
            (asked, _) => asked,
        };
        let TokenAnswer { token, registration, .. } = asked?;
        let mut batch = selaras_sync::Batch::default();
        batch.put(Key::Local(TOKEN_ROW.to_owned()), Row::Bytes(token.clone().into_bytes()));
        if let Some(registration) = registration.filter(|text| text.len() <= MAX_REGISTRATION) {
            batch.put(Key::Local(REGISTRATION_ROW.to_owned()), Row::Bytes(registration.into_bytes()));
        }
        self.commit(&batch)?;
        Ok(Zeroizing::new(token))
    }

    /// This computer's registration as the centre signed it, in hexadecimal; none where an earlier version registered it.
    fn registration(&self) -> Result<Option<String>, Failure> {
        match self.store.get(&Key::Local(REGISTRATION_ROW.to_owned()))? {
            Some(Row::Bytes(bytes)) => Ok(String::from_utf8(bytes).ok()),
            _ => Ok(None),
        }
    }

    /// Whether the centre says that this computer was taken away from its school; false where it cannot be asked.
    ///
    /// # Errors
    /// As the store gives them.
    pub(crate) fn is_removed(&mut self, out: &mut dyn Output) -> Result<bool, Failure> {
        match self.new_token(out) {
            Ok(_) => Ok(false),
            Err(failure) if failure.code == "session.device-removed" => Ok(true),
            Err(failure) if failure.code.starts_with("store.") => Err(failure),
            Err(_) => Ok(false),
        }
    }

    pub(crate) fn device_key(&self) -> Result<SigningKey, Failure> {
        let damaged = || Failure::new("store.damaged").arg("reason", "device row");
        let Some(Row::Bytes(bytes)) = self.store.get(&Key::Local(DEVICE_ROW.to_owned()))? else {
            return Err(damaged());
        };
        let seed: [u8; 32] = Zeroizing::new(bytes).as_slice().try_into().map_err(|_| damaged())?;
        Ok(SigningKey::from_bytes(&Zeroizing::new(seed)))
    }
}

/// The longest registration that is kept, in hexadecimal digits.
pub(super) const MAX_REGISTRATION: usize = 512;

/// Whether the centre does not know this computer, or its school.
fn is_forgotten(failure: &Failure) -> bool {
    matches!(failure.code.as_str(), "session.unknown-device" | "school.unknown")
}
