//! Registration: the school's secret code against a device, and the limits on guessing it.

use std::net::IpAddr;
use std::time::Duration;

use data_encoding::HEXLOWER;
use selaras_model::{DeviceId, Npsn};
use selaras_sync::{Batch, Centre, DeviceCertificate, KodeRow, NewDevice, Registered, Store as _};
use selaras_transport::{Problem, RegisterAnswer, RegisterRequest};

use super::rows::{self, REGISTRATION, RegistrationRow};
use super::{Desk, refused, stored};
use crate::access::{Guesses, HashedKode, Kode};
use crate::catalogue::problem;
use crate::host::Host;

/// The number of a school's first kode.
const FIRST_KODE: u32 = 1;

impl Desk {
    /// Replaces the code; the old one ends at once, registered devices stay.
    pub(crate) fn rotate(&self) -> Result<Kode, Problem> {
        let promised = self.kode()?.map_or(0, |row| row.number);
        // Also later than any that schools may hand back of a life that is over: of two the later one holds, and by counting
        // on from the backup a stolen one would be later than the one that replaces it.
        let made = u32::try_from(self.now).unwrap_or_default();
        let number = promised.max(self.known.number).saturating_add(1).max(made);
        let (shown, row) = new_kode(&self.host, self.known.name.clone(), number)?;
        let kode = self.host.kodes.of(self.npsn, number, &shown);
        let mut step = self.centre().promise_kode(kode).map_err(|error| refused(&error))?;
        rows::put(&mut step.batch, REGISTRATION, &row).map_err(|error| stored(&error))?;
        self.drive(step)?;
        Ok(shown)
    }

    /// A computer's registration as this centre signs it, as it travels.
    pub(super) fn certificate(&self, device: DeviceId) -> Result<Option<String>, Problem> {
        let certificate = self.centre().certificate(device).map_err(|error| stored(&error))?;
        Ok(certificate.map(|bytes| HEXLOWER.encode(&bytes)))
    }

    /// The kode as the school's log has it.
    fn kode(&self) -> Result<Option<KodeRow>, Problem> {
        self.centre().kode().map_err(|error| stored(&error))
    }

    /// Registers a device. Asked again with the same key it gives the same answer, because an answer may get lost.
    pub(crate) fn register(&self, request: &RegisterRequest, from: IpAddr) -> Result<RegisterAnswer, Problem> {
        self.check_kode(&request.kode_registrasi, from)?;
        let RegisterRequest { device_key, replica, replaces, app_version, .. } = request;
        let asked = NewDevice { public: *device_key, replica: *replica, app_version, replaces: *replaces };
        let Registered { device, step } = self.centre().register(&asked).map_err(|error| refused(&error))?;
        self.drive(step)?;
        tracing::info!(npsn = %self.npsn, %device, "a device was registered");
        Ok(RegisterAnswer {
            certificate: self.certificate(device)?,
            device,
            centre_key: self.host.keys.signing.verifying_key().to_bytes(),
            centre_name: self.host.config.name.clone(),
            school_name: self.known.name.clone(),
            today: self.today,
        })
    }

    /// Checks the school's code, and counts a wrong one against the school and the address that it came from.
    pub(crate) fn check_kode(&self, typed: &str, from: IpAddr) -> Result<(), Problem> {
        let known = &self.known;
        let waits = [known.guesses.wait(self.now), self.host.addresses.wait(from, self.now)];
        if let Some(wait) = waits.into_iter().flatten().max() {
            // Not even compared: else the delay would cost an attacker nothing but patience with one answer.
            let wait = Duration::from_secs(wait.unsigned_abs());
            return Err(problem("registration.too-many").after(wait));
        }
        if !self.centre().kode_is_confirmed().map_err(|error| stored(&error))? {
            return Err(problem("registration.kode-unconfirmed"));
        }
        let (kode, promised) = (Kode::typed(typed), self.kode()?);
        let fits = kode.as_ref().is_some_and(|kode| self.fits(kode, promised.as_ref()));
        let mut guesses = if fits { Guesses::default() } else { known.guesses };
        if fits {
            self.host.addresses.right(from);
        } else {
            guesses.wrong(self.now);
            self.host.addresses.wrong(from, self.now);
            tracing::warn!(npsn = %self.npsn, "a wrong kode registrasi");
        }
        if guesses != known.guesses {
            let mut batch = Batch::default();
            let row = RegistrationRow { guesses, ..known.clone() };
            rows::put(&mut batch, REGISTRATION, &row).map_err(|error| stored(&error))?;
            self.commit(&batch)?;
        }
        let right = kode.filter(|_| fits).ok_or_else(|| problem("registration.wrong-code"))?;
        if promised.is_none() {
            // An earlier version made it: only now that it is shown can its proof be made.
            let kode = self.host.kodes.of(self.npsn, known.number, &right);
            self.drive(self.centre().promise_kode(kode).map_err(|error| refused(&error))?)?;
        }
        Ok(())
    }

    /// Whether this is the kode in force: the one that was made here last, or a later one that the school handed back.
    fn fits(&self, kode: &Kode, promised: Option<&KodeRow>) -> bool {
        let known = &self.known;
        match (promised, &known.kode) {
            (Some(row), Some(hashed)) if row.number <= known.number => hashed.fits(kode),
            (Some(row), _) => self.host.kodes.fits(self.npsn, row, kode),
            (None, hashed) => hashed.as_ref().is_some_and(|hashed| hashed.fits(kode)),
        }
    }
}

/// Makes a school known and gives its code, which is shown once; the caller holds the school's lock.
pub(crate) fn found(host: &Host, npsn: Npsn, name: String) -> Result<Kode, Problem> {
    let store = host.changelog.school(npsn);
    let known: Option<RegistrationRow> = rows::read(&store, REGISTRATION).map_err(|error| stored(&error))?;
    if known.is_some() {
        return Err(problem("school.exists").with("npsn", npsn));
    }
    let mut batch = Centre::found(host.epoch, &host.acting()?.in_force.now.rules).map_err(|error| stored(&error))?;
    let (kode, row) = new_kode(host, name, FIRST_KODE)?;
    rows::put(&mut batch, REGISTRATION, &row).map_err(|error| stored(&error))?;
    host.kodes.of(npsn, FIRST_KODE, &kode).found(&mut batch).map_err(|error| stored(&error))?;
    store.commit(&batch).map_err(|error| stored(&error))?;
    host.metrics.schools.inc();
    tracing::info!(%npsn, "a school was added");
    Ok(kode)
}

/// Makes a school known again whose computer shows what this centre signed in an earlier life of its database; the caller
/// holds the school's lock, and has checked the computer's key.
pub(crate) fn found_again(host: &Host, certificate: &DeviceCertificate) -> Result<(), Problem> {
    let npsn = certificate.npsn;
    let store = host.changelog.school(npsn);
    let known: Option<RegistrationRow> = rows::read(&store, REGISTRATION).map_err(|error| stored(&error))?;
    if known.is_some() {
        return Ok(());
    }
    let batch = Centre::found_again(host.epoch, &host.acting()?.in_force.now.rules, certificate.device);
    let mut batch = batch.map_err(|error| stored(&error))?;
    // Its name comes with the entry by which it was made known.
    let row = RegistrationRow { name: String::new(), kode: None, number: 0, guesses: Guesses::default() };
    rows::put(&mut batch, REGISTRATION, &row).map_err(|error| stored(&error))?;
    store.commit(&batch).map_err(|error| stored(&error))?;
    host.metrics.schools.inc();
    tracing::warn!(%npsn, "a school came back that the backup did not know");
    Ok(())
}

fn new_kode(host: &Host, name: String, number: u32) -> Result<(Kode, RegistrationRow), Problem> {
    let failed = || problem("center.failed");
    let shown = Kode::new().ok_or_else(failed)?;
    let kode = HashedKode::of(&shown, host.config.kode).ok_or_else(failed)?;
    Ok((shown, RegistrationRow { name, kode: Some(kode), number, guesses: Guesses::default() }))
}
