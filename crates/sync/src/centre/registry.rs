//! The computers of a school: registered, replaced, taken away. Each is a promise in the school's log.

use ed25519_dalek::VerifyingKey;
use selaras_model::{DeviceId, Npsn, ReplicaId};

use super::Centre;
use super::promise::Promise;
use super::rows::{self, DeviceEnd, DeviceRow};
use super::visits;
use crate::error::CentreError;
use crate::step::Step;
use crate::store::{Key, ReplicaRow, Row, StoreError};
use crate::work::Work;

/// Computers of a school that are not removed; more are a mistake or an attack.
pub const MAX_DEVICES: usize = 50;
/// Rows of a school's computers, removed ones among them: who has the kode may replace one after another. Of those that ended
/// first their end alone is kept then.
const MAX_DEVICE_ROWS: usize = 1_000;
/// Rows of which one registration keeps the end alone.
const MAX_FORGOTTEN: usize = 20;
/// The longest reason of an end, in bytes.
const MAX_REASON: usize = 32;
/// The longest version text that is kept.
const MAX_VERSION: usize = 40;

/// A computer that asks to be registered.
#[derive(Debug, Clone, Copy)]
pub struct NewDevice<'a> {
    /// Its Ed25519 public key.
    pub public: [u8; 32],
    /// The name of its installation.
    pub replica: ReplicaId,
    /// The version of its application.
    pub app_version: &'a str,
    /// What it was registered as before, and is no more.
    pub replaces: Option<DeviceId>,
}

/// Whether a computer that is taken away has to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Here,
    MayBeLost,
}

/// A computer that registers.
#[derive(Debug)]
pub struct Registered {
    /// Its name from now on.
    pub device: DeviceId,
    /// To be committed before the answer.
    pub step: Step,
}

impl Centre<'_> {
    /// Registers a computer; who registers has shown the school's code. Asked again with the same key it gives the same
    /// answer, because an answer may get lost, and its row stays what it is: an installation that has another name by then
    /// is bound when it speaks.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `registration.bad-key`; `registration.device-removed` for the key of a computer that was
    /// removed or replaced; `registration.replica-taken` where the installation is another device's;
    /// `registration.too-many-devices`.
    pub fn register(&self, asked: &NewDevice<'_>) -> Result<Registered, CentreError> {
        let row = self.new_row(asked)?;
        let device = device_id(self.npsn, &asked.public);
        let mut promises: Vec<Promise> = row.map(|row| Promise::of_device(device, row)).into_iter().collect();
        let because = DeviceEnd::REPLACED.to_owned();
        let end = DeviceEnd { at: self.now, because, by: None, replaced_by: Some(device) };
        if let Some((old, row)) = self.replaced(asked)? {
            promises.push(Promise::of_device(old, DeviceRow { ended: Some(end), ..row }));
        } else if let Some(old) = asked.replaces.filter(|old| *old != device)
            && self.is_unknown(old)?
        {
            // This centre may have lost its registration; it is not to come back by what it was given then.
            promises.push(Promise::Gone(old, end));
        }
        let mut work = Work::new(self.store, self.rules);
        self.promise_in(&mut work, &promises)?;
        self.forget_ended(&mut work)?;
        Ok(Registered { device, step: Step::of(work.finish()) })
    }

    /// Makes room among the rows: of those that ended first the end alone is kept.
    fn forget_ended(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let devices = rows::devices(&work.read())?;
        let over = devices.len().saturating_sub(MAX_DEVICE_ROWS).min(MAX_FORGOTTEN);
        if over == 0 {
            return Ok(());
        }
        let mut ended: Vec<(i64, DeviceId, DeviceEnd)> =
            devices.into_iter().filter_map(|(id, row)| row.ended.map(|end| (end.at, id, end))).collect();
        ended.sort_by_key(|(at, id, _)| (*at, *id));
        for (_, device, end) in ended.into_iter().take(over) {
            rows::forget_device(work, device, &end)?;
            visits::forget(work, device);
        }
        Ok(())
    }

    fn is_unknown(&self, device: DeviceId) -> Result<bool, StoreError> {
        Ok(self.device(device)?.is_none() && self.gone(device)?.is_none())
    }

    /// Gives the end of a computer of which nothing else is known, or any more.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn gone(&self, device: DeviceId) -> Result<Option<DeviceEnd>, StoreError> {
        rows::gone(self.store, device)
    }

    /// The row of a computer that may be registered; none where it has one.
    pub(super) fn new_row(&self, asked: &NewDevice<'_>) -> Result<Option<DeviceRow>, CentreError> {
        sound_key(&asked.public)?;
        let device = device_id(self.npsn, &asked.public);
        let devices = self.devices()?;
        let known = devices.iter().find(|(id, _)| *id == device);
        if known.is_some_and(|(_, row)| !row.is_live()) || self.gone(device)?.is_some() {
            return Err(CentreError::refused("registration.device-removed"));
        }
        if self.is_anothers(asked.replica, device, &devices)? {
            return Err(CentreError::refused("registration.replica-taken"));
        }
        if known.is_some() {
            return Ok(None);
        }
        let live = devices.iter().filter(|(_, row)| row.is_live()).count();
        let stays = live.saturating_sub(usize::from(self.replaced(asked)?.is_some()));
        if stays >= MAX_DEVICES {
            return Err(CentreError::refused("registration.too-many-devices").with("limit", MAX_DEVICES));
        }
        Ok(Some(DeviceRow {
            public: asked.public,
            replica: asked.replica,
            app_version: asked.app_version.chars().filter(|sign| !sign.is_control()).take(MAX_VERSION).collect(),
            registered_at: self.now,
            ended: None,
        }))
    }

    /// The computer whose place this one takes, where that is another one and still there.
    fn replaced(&self, asked: &NewDevice<'_>) -> Result<Option<(DeviceId, DeviceRow)>, StoreError> {
        let old = asked.replaces.filter(|old| *old != device_id(self.npsn, &asked.public));
        let Some(old) = old else { return Ok(None) };
        Ok(self.device(old)?.filter(DeviceRow::is_live).map(|row| (old, row)))
    }

    /// Takes a computer away from the school: it begins no session, none that it has goes on, and no restored log waits
    /// for it. `because` is a code such as `stolen`, `by` the account that says so.
    ///
    /// # Errors
    /// [`CentreError::Refused`]: `device.unknown`, `device.removed` for one that was removed or replaced before,
    /// `device.reason`.
    pub fn remove_device(&self, by: &str, device: DeviceId, because: &str) -> Result<Step, CentreError> {
        self.take_away(by, device, because, Known::Here)
    }

    /// The same for one whose registration a lost disk may have taken: it does not come back by what it was given then.
    ///
    /// # Errors
    /// As [`Centre::remove_device`], but for `device.unknown`.
    pub fn remove_lost_device(&self, by: &str, device: DeviceId, because: &str) -> Result<Step, CentreError> {
        self.take_away(by, device, because, Known::MayBeLost)
    }

    fn take_away(&self, by: &str, device: DeviceId, because: &str, known: Known) -> Result<Step, CentreError> {
        let fits = |sign: u8| sign.is_ascii_lowercase() || sign == b'-';
        if because.is_empty() || because.len() > MAX_REASON || !because.bytes().all(fits) {
            return Err(CentreError::refused("device.reason"));
        }
        let row = self.device(device)?;
        if row.as_ref().is_some_and(|row| !row.is_live()) || self.gone(device)?.is_some() {
            return Err(CentreError::refused("device.removed").with("device", device));
        }
        let (because, by) = (because.to_owned(), Some(by.to_owned()));
        let end = DeviceEnd { at: self.now, because, by, replaced_by: None };
        match row {
            Some(row) => self.promise(&[Promise::of_device(device, DeviceRow { ended: Some(end), ..row })]),
            None if known == Known::MayBeLost => self.promise(&[Promise::Gone(device, end)]),
            None => Err(CentreError::refused("device.unknown").with("device", device)),
        }
    }

    /// Whether an installation's name belongs to another device: by its registration, or by what it did here.
    pub(super) fn is_anothers(
        &self,
        replica: ReplicaId,
        device: DeviceId,
        devices: &[(DeviceId, DeviceRow)],
    ) -> Result<bool, StoreError> {
        let seen = match self.store.get(&Key::Replica(replica))? {
            Some(Row::Replica(ReplicaRow { device, .. })) => device,
            _ => None,
        };
        let registered = || devices.iter().any(|(id, row)| *id != device && row.replica == replica);
        Ok(seen.map_or_else(registered, |bound| bound != device))
    }

    /// Gives a registered computer.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn device(&self, device: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        rows::registered_device(self.store, device)
    }

    /// Gives all registered computers.
    ///
    /// # Errors
    /// As the store gives them.
    pub fn devices(&self) -> Result<Vec<(DeviceId, DeviceRow)>, StoreError> {
        rows::devices(self.store)
    }
}

/// A device's name follows from school and key, so that registering twice is registering once.
pub(super) fn device_id(npsn: Npsn, public: &[u8; 32]) -> DeviceId {
    let mut hasher = blake3::Hasher::new_derive_key("selaras 1 device id");
    hasher.update(npsn.as_bytes()).update(public);
    let mut id = [0; 8];
    hasher.finalize_xof().fill(&mut id);
    DeviceId::from_bytes(id)
}

/// Refuses what is no key, and keys of small order, by which anybody could sign.
pub(super) fn sound_key(public: &[u8; 32]) -> Result<(), CentreError> {
    let bad = || CentreError::refused("registration.bad-key");
    let key = VerifyingKey::from_bytes(public).map_err(|_| bad())?;
    if key.is_weak() { Err(bad()) } else { Ok(()) }
}
