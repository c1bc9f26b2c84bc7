//! The centre's side of a request: taken in, carried to its end, and answered under the same lock.

use selaras_model::{BundleId, DeviceId, KeyId};

use super::drive::{Host, carry_out};
use super::need::Endpoint;
use crate::centre::{Centre, DAMAGED, EnrolledKey, Repairing, Verdict};
use crate::error::CentreError;
use crate::release::{PromisedRelease, ReturnedRelease};
use crate::school::Offer;
use crate::store::StoreError;

/// The centre in an exchange: the owner of one school's rows, alone on them.
pub trait CentreHost: Host {
    /// The engine on the school's rows.
    fn centre(&self) -> Centre<'_>;

    /// Gives the bytes of a bundle that landed before; none where they have not, or not all of them.
    ///
    /// # Errors
    /// As the disk gives them.
    fn landed(&self, bundle: BundleId) -> Result<Option<Vec<u8>>, StoreError>;

    /// Gives a head's key as it was enrolled: as the centre's own rows say.
    ///
    /// # Errors
    /// As the store gives them.
    fn enrolled(&self, key: KeyId) -> Result<Option<EnrolledKey>, StoreError> {
        self.centre().enrolled(key)
    }

    /// Hears what this request decided about a bundle, before the answer is made.
    ///
    /// # Errors
    /// As the host gives them; the verdict stays.
    fn decided(&mut self, bundle: BundleId, verdict: &Verdict) -> Result<(), Self::Error>;

    /// Gives the log as a file, for a side that has nothing yet, where that is better than pages.
    ///
    /// # Errors
    /// As the host gives them.
    fn snapshot(&mut self) -> Result<Option<Offer>, Self::Error>;

    /// Whether this centre lacks a release that a school's log promises, or does not know that it was withdrawn or has
    /// begun. A host that keeps no releases lacks none.
    fn lacks_release(&self, _: &PromisedRelease) -> bool {
        false
    }

    /// Takes a release back that this centre lacks; what it says of it is proven.
    ///
    /// # Errors
    /// As the host gives them.
    fn take_release(&mut self, _: ReturnedRelease) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Hears that the centre's own records were not what its log says, and are made anew.
    fn mends(&mut self) {}

    /// What the engine says, in the host's terms.
    fn failed(error: CentreError) -> Self::Error;
}

/// Answers a request of a device whose session is good.
///
/// # Errors
/// As the engine and the host give them: a request that cannot be answered. The refusal of a bundle is an answer.
pub fn answer<H: CentreHost>(
    host: &mut H,
    device: DeviceId,
    endpoint: Endpoint,
    body: &[u8],
) -> Result<Vec<u8>, H::Error> {
    carry_out(host, None)?;
    let answer = match endpoint {
        Endpoint::Exchange(_) => exchange(host, device, body)?,
        Endpoint::Heal => heal(host, device, body)?,
        Endpoint::Repair => return repair(host, body),
    };
    if let Some(step) = host.centre().visited(device).map_err(H::failed)? {
        carry_out(host, Some(step))?;
    }
    Ok(answer)
}

fn exchange<H: CentreHost>(host: &mut H, device: DeviceId, body: &[u8]) -> Result<Vec<u8>, H::Error> {
    let receives = |host: &H| {
        let landed = |bundle| host.landed(bundle);
        let enrolled = |key| host.enrolled(key);
        host.centre().receive(device, body, &landed, &enrolled)
    };
    let received = match receives(host) {
        Err(error) if error.code() == DAMAGED => {
            mend_centre(host)?;
            receives(host)
        }
        received => received,
    };
    let mut received = received.map_err(H::failed)?;
    if let Some(step) = received.step.take() {
        carry_out(host, Some(step))?;
    }
    let verdict = host.centre().verdict(&received).map_err(H::failed)?;
    if let Some((bundle, verdict)) = received.decided().zip(verdict) {
        host.decided(bundle, &verdict)?;
    }
    let offer = if received.takes_snapshot() { host.snapshot()? } else { None };
    host.centre().respond(&received, offer.as_ref()).map_err(H::failed)
}

fn heal<H: CentreHost>(host: &mut H, device: DeviceId, body: &[u8]) -> Result<Vec<u8>, H::Error> {
    let mut handing = host.centre().heal(device, body).map_err(H::failed)?;
    if let Some(step) = host.centre().note_standing(device, handing.ancestor()).map_err(H::failed)? {
        carry_out(host, Some(step))?;
    }
    if let Some(returned) = handing.take_returned() {
        host.take_release(returned)?;
    }
    handing.wants(|promised| host.lacks_release(promised));
    loop {
        let step = match host.centre().heal_step(&mut handing) {
            Err(error) if error.code() == DAMAGED => {
                mend_centre(host)?;
                host.centre().heal_step(&mut handing)
            }
            step => step,
        };
        match step.map_err(H::failed)? {
            Some(step) => carry_out(host, Some(step))?,
            None => break,
        }
    }
    host.centre().heal_answer(&handing).map_err(H::failed)
}

/// Holds the centre's records to its log, after it found that they are not what it signed.
///
/// # Errors
/// As the engine and the host give them; `repair.log` where the log itself is damaged.
pub fn mend_centre<H: CentreHost>(host: &mut H) -> Result<(), H::Error> {
    let repairing = host.centre().mend().map_err(H::failed)?;
    carry_repair(host, repairing).map(drop)
}

fn repair<H: CentreHost>(host: &mut H, body: &[u8]) -> Result<Vec<u8>, H::Error> {
    let repairing = host.centre().repair(body).map_err(H::failed)?;
    let repairing = carry_repair(host, repairing)?;
    host.centre().repair_answer(&repairing).map_err(H::failed)
}

fn carry_repair<H: CentreHost>(host: &mut H, mut repairing: Repairing) -> Result<Repairing, H::Error> {
    while let Some(step) = host.centre().repair_step(&mut repairing).map_err(H::failed)? {
        host.mends();
        carry_out(host, Some(step))?;
    }
    Ok(repairing)
}
