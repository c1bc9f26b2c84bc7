//! One exchange of a school: the engine's answer, with everything committed before it is given.

use selaras_model::{BundleId, DeviceId, KeyId};
use selaras_sync::{Batch, EnrolledKey, Offer, StoreError, Verdict};
use selaras_transport::Problem;

use super::rows::{self, HeadKeyRow, SEEN, SeenRow};
use super::{Desk, refused, stored};
use crate::api::About;

/// Seconds within which another visit of the same device is not written down: every commit is a sync of the disk.
const SEEN_EVERY: i64 = 60;

impl Desk {
    /// Takes a request and gives the answer's body; and what became of a bundle that it decided about.
    pub(crate) fn exchange(
        &self,
        device: DeviceId,
        agent: &str,
        body: &[u8],
    ) -> Result<(Vec<u8>, Option<About>), Problem> {
        self.device(device)?;
        let enrolled = |key: KeyId| self.enrolled(key);
        let landed = |bundle: BundleId| self.landed(bundle);
        let mut received = self.centre().receive(device, body, &landed, &enrolled).map_err(|error| refused(&error))?;
        if let Some(step) = received.step.take() {
            self.drive(step)?;
        }
        let verdict = self.centre().verdict(&received).map_err(|error| refused(&error))?;
        if verdict.is_some() {
            // What was refused for the signer's sake ends the key; and a school's own edits may end one.
            self.sweep_keys()?;
        }
        match &verdict {
            Some(Verdict::Accepted(_)) => _ = self.host.metrics.accepted.inc(),
            Some(Verdict::Refused(_)) => _ = self.host.metrics.refused.inc(),
            None => {}
        }
        let about = verdict.zip(received.decided()).map(|(verdict, bundle)| match verdict {
            Verdict::Accepted(version) => About::done(format!("bundle {bundle} version {version}")),
            Verdict::Refused(code) => About { what: format!("bundle {bundle}"), result: code },
        });
        let offer = if received.takes_snapshot() { self.offer()? } else { None };
        let answer = self.centre().respond(&received, offer.as_ref()).map_err(|error| refused(&error))?;
        if let Some(decided) = received.decided() {
            // What has landed is in the log by now, or refused for good; a file that stays is swept in time.
            let _ = self.host.uploads.files.remove(self.npsn, decided);
        }
        self.seen(device, agent)?;
        Ok((answer, about))
    }

    /// The log as a snapshot, for one who begins, where that is better than pages.
    fn offer(&self) -> Result<Option<Offer>, Problem> {
        let centre = self.centre();
        if !centre.has_long_log().map_err(|error| refused(&error))? {
            return Ok(None);
        }
        self.host.snapshots.offer(self.npsn, &centre).map_err(|error| refused(&error))
    }

    fn landed(&self, bundle: BundleId) -> Result<Option<Vec<u8>>, StoreError> {
        self.host.uploads.files.whole(self.npsn, bundle).map_err(|error| StoreError::Io(Box::new(error)))
    }

    fn enrolled(&self, key: KeyId) -> Result<Option<EnrolledKey>, StoreError> {
        let row: Option<HeadKeyRow> = rows::read(&self.store, &rows::key(key))?;
        Ok(row.map(|row| {
            let HeadKeyRow { ptk, public, enrolled_at, revoked_at, .. } = row;
            EnrolledKey { ptk, public, enrolled_at, revoked: revoked_at.is_some() }
        }))
    }

    fn seen(&self, device: DeviceId, agent: &str) -> Result<(), Problem> {
        let before: Option<SeenRow> = rows::read(&self.store, SEEN).map_err(|error| stored(&error))?;
        let fresh = before.is_some_and(|row| {
            row.device == device && row.agent == agent && (self.now - row.at).unsigned_abs() < SEEN_EVERY.unsigned_abs()
        });
        if fresh {
            return Ok(());
        }
        let mut batch = Batch::default();
        let row = SeenRow { at: self.now, device, agent: agent.to_owned() };
        rows::put(&mut batch, SEEN, &row).map_err(|error| stored(&error))?;
        self.commit(&batch)
    }
}
