//! Sessions: a device proves its key and gets a short-lived token; every later request is judged by it.

use data_encoding::HEXLOWER;
use selaras_model::{DeviceId, Npsn};
use selaras_sync::{DeviceCertificate, DeviceEnd, DeviceRow, registered_device};
use selaras_transport::{Problem, TokenAnswer, TokenRequest, verify_proof};

use super::{Desk, refused, stored};
use crate::access::Bearer;
use crate::catalogue::problem;
use crate::host::Host;

impl Desk {
    /// Gives a token to a device that proves its key.
    pub(crate) fn token(&self, request: &TokenRequest) -> Result<TokenAnswer, Problem> {
        let known = self.centre().device(request.device).map_err(|error| stored(&error))?;
        if known.is_none()
            && let Some(end) = self.centre().gone(request.device).map_err(|error| stored(&error))?
        {
            return Err(removed(&end));
        }
        let shown = if known.is_none() { shown(&self.host, self.npsn, request) } else { None };
        let public = match &shown {
            Some(certificate) => certificate.public,
            None => admitted(known)?.public,
        };
        verify_proof(&public, self.npsn, request).map_err(|_| problem("session.bad-proof"))?;
        if !self.host.nonces.take(request.device, request.nonce) {
            return Err(problem("session.repeated-nonce"));
        }
        if let Some(certificate) = shown {
            self.drive(self.centre().readmit(&certificate).map_err(|error| refused(&error))?)?;
            tracing::warn!(npsn = %self.npsn, device = %request.device, "a device came back that the backup did not know");
        }
        let skew = request.at.saturating_sub(self.now);
        if skew.unsigned_abs() > 600 {
            // Shown to operators; schools' clocks are often wrong, and nothing depends on them.
            tracing::info!(npsn = %self.npsn, device = %request.device, skew, "a device's clock is wrong");
        }
        let seconds = self.host.config.token_seconds;
        let bearer = Bearer { npsn: self.npsn, device: request.device };
        let token = self.host.tokens.mint(bearer, self.now.saturating_add(i64::from(seconds)));
        let registration = if request.lacks_registration { self.certificate(request.device)? } else { None };
        Ok(TokenAnswer { token, expires_in: u64::from(seconds), registration })
    }

    /// A registered device that was not removed.
    ///
    /// # Errors
    /// As [`admitted`].
    pub(crate) fn device(&self, device: DeviceId) -> Result<DeviceRow, Problem> {
        admitted(self.centre().device(device).map_err(|error| stored(&error))?)
    }
}

/// The registration that a device shows, where this centre signed it for this school and this device.
pub(crate) fn shown(host: &Host, npsn: Npsn, request: &TokenRequest) -> Option<DeviceCertificate> {
    let bytes = HEXLOWER.decode(request.registration.as_ref()?.as_bytes()).ok()?;
    let certificate = DeviceCertificate::read(&bytes, &host.keys.signing.verifying_key())?;
    (certificate.npsn == npsn && certificate.device == request.device).then_some(certificate)
}

/// The registration of a school that this centre does not know, where the device that shows it has its key.
pub(crate) fn shown_of_unknown(host: &Host, npsn: Npsn, request: &TokenRequest) -> Option<DeviceCertificate> {
    shown(host, npsn, request).filter(|shown| verify_proof(&shown.public, npsn, request).is_ok())
}

/// The device that a token names, for requests that need no desk: read beside the school's lock.
///
/// # Errors
/// As [`admitted`].
pub(crate) fn admit(host: &Host, bearer: Bearer) -> Result<(), Problem> {
    let row = registered_device(&host.changelog.school(bearer.npsn), bearer.device);
    admitted(row.map_err(|error| stored(&error))?).map(drop)
}

/// `session.unknown-device` where there is none, `session.device-removed` for one that was removed or replaced.
fn admitted(row: Option<DeviceRow>) -> Result<DeviceRow, Problem> {
    let row = row.ok_or_else(|| problem("session.unknown-device"))?;
    match &row.ended {
        None => Ok(row),
        Some(end) => Err(removed(end)),
    }
}

fn removed(end: &DeviceEnd) -> Problem {
    problem("session.device-removed").with("reason", &end.because)
}
