//! Registration: the school's secret code against a device, and the limits on guessing it.

use std::net::IpAddr;
use std::time::Duration;

use selaras_model::Npsn;
use selaras_sync::{Batch, Centre, NewDevice, Registered, Store as _};
use selaras_transport::{Problem, RegisterAnswer, RegisterRequest};

use super::rows::{self, REGISTRATION, RegistrationRow};
use super::{Desk, refused, stored};
use crate::access::{Guesses, HashedKode, Kode};
use crate::catalogue::problem;
use crate::host::Host;

impl Desk {
    /// Replaces the code; the old one ends at once, registered devices stay.
    pub(crate) fn rotate(&self) -> Result<Kode, Problem> {
        let mut batch = Batch::default();
        let kode = new_kode(&self.host, &mut batch, self.known.name.clone())?;
        self.commit(&batch)?;
        Ok(kode)
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
        let fits = Kode::typed(typed).is_some_and(|kode| known.kode.fits(&kode));
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
        if fits { Ok(()) } else { Err(problem("registration.wrong-code")) }
    }
}

/// Makes a school known and gives its code, which is shown once; the caller holds the school's lock.
pub(crate) fn found(host: &Host, npsn: Npsn, name: String) -> Result<Kode, Problem> {
    let store = host.changelog.school(npsn);
    let known: Option<RegistrationRow> = rows::read(&store, REGISTRATION).map_err(|error| stored(&error))?;
    if known.is_some() {
        return Err(problem("school.exists").with("npsn", npsn));
    }
    let mut batch = Centre::found(host.epoch, &host.in_force()?.now.rules).map_err(|error| stored(&error))?;
    let kode = new_kode(host, &mut batch, name)?;
    store.commit(&batch).map_err(|error| stored(&error))?;
    host.metrics.schools.inc();
    tracing::info!(%npsn, "a school was added");
    Ok(kode)
}

fn new_kode(host: &Host, batch: &mut Batch, name: String) -> Result<Kode, Problem> {
    let failed = || problem("center.failed");
    let shown = Kode::new().ok_or_else(failed)?;
    let kode = HashedKode::of(&shown, host.config.kode).ok_or_else(failed)?;
    let row = RegistrationRow { name, kode, guesses: Guesses::default() };
    rows::put(batch, REGISTRATION, &row).map_err(|error| stored(&error))?;
    Ok(shown)
}
