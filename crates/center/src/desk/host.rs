//! The desk in an exchange: what the engine's order of a conversation asks of this centre.

use selaras_model::BundleId;
use selaras_sync::exchange::{CentreHost, Host};
use selaras_sync::{
    Batch, Blobs, Centre, CentreError, Effect, Key, Offer, PromisedRelease, Release, ReleaseStage, ReturnedRelease,
    StateName, Step, StoreError, Verdict,
};
use selaras_transport::Problem;

use super::{Desk, refused, stored};
use crate::api::About;

/// A desk that is carrying something out, and what the audit log is told of it.
pub(super) struct AtDesk<'d> {
    desk: &'d Desk,
    pub(super) about: Option<About>,
    /// The bundle whose fate was decided.
    pub(super) decided: Option<BundleId>,
}

impl<'d> AtDesk<'d> {
    pub(super) fn new(desk: &'d Desk) -> Self {
        Self { desk, about: None, decided: None }
    }
}

impl Host for AtDesk<'_> {
    type Error = Problem;

    fn commit(&mut self, batch: &Batch) -> Result<(), Problem> {
        self.desk.commit(batch)?;
        if batch.pending(&Key::State(StateName::Position)).is_none() {
            return Ok(());
        }
        let head = self.desk.centre().head().map_err(|error| refused(&error))?;
        // A position moves without an entry too: what a backup covers says nothing of what was signed last.
        if batch.pending(&Key::Entry(head.version)).is_some() {
            self.desk.host.signed.note(self.desk.npsn, head);
        }
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> Result<(), Problem> {
        if let Effect::RemoveBlob(name) = effect {
            // A blob that stays is room that is wasted, not a fault.
            let _ = self.desk.blobs.remove(&name);
        }
        Ok(())
    }

    fn resume(&mut self) -> Result<Option<Step>, Problem> {
        self.desk.centre().resume().map_err(|error| refused(&error))
    }
}

impl CentreHost for AtDesk<'_> {
    fn centre(&self) -> Centre<'_> {
        self.desk.centre()
    }

    fn landed(&self, bundle: BundleId) -> Result<Option<Vec<u8>>, StoreError> {
        let Desk { host, npsn, .. } = self.desk;
        let failed = |error| StoreError::Io(Box::new(error));
        let Some(frozen) = host.uploads.files.whole(*npsn, bundle).map_err(failed)? else { return Ok(None) };
        if blake3::hash(&frozen).as_bytes() == bundle.as_bytes() {
            return Ok(Some(frozen));
        }
        // There is nothing to go on from in a file that was damaged since it landed: it is brought again.
        host.uploads.files.remove(*npsn, bundle).map_err(failed)?;
        Ok(None)
    }

    fn decided(&mut self, bundle: BundleId, verdict: &Verdict) -> Result<(), Problem> {
        // What was refused for the signer's sake ends the key; and a school's own edits may end one.
        self.desk.sweep_keys()?;
        self.desk.promise_rows()?;
        let metrics = &self.desk.host.metrics;
        self.about = Some(match verdict {
            Verdict::Accepted(version) => {
                metrics.accepted.inc();
                About::done(format!("bundle {bundle} version {version}"))
            }
            Verdict::Refused(code) => {
                metrics.refused.inc();
                About { what: format!("bundle {bundle}"), result: code.clone() }
            }
        });
        self.decided = Some(bundle);
        Ok(())
    }

    fn snapshot(&mut self) -> Result<Option<Offer>, Problem> {
        let centre = self.desk.centre();
        if !centre.has_long_log().map_err(|error| refused(&error))? {
            return Ok(None);
        }
        self.desk.host.snapshots.offer(self.desk.npsn, &centre).map_err(|error| refused(&error))
    }

    fn lacks_release(&self, promised: &PromisedRelease) -> bool {
        self.desk.host.releases.lacks(promised, self.desk.day)
    }

    fn take_release(&mut self, returned: ReturnedRelease) -> Result<(), Problem> {
        let Desk { host, npsn, day, now, .. } = self.desk;
        let PromisedRelease { release, stage } = returned.promised;
        if !host.releases.lacks(&returned.promised, *day) {
            return Ok(());
        }
        let taken = host.releases.take_back(returned, *day, *now, &host.keys).map_err(|error| stored(&error))?;
        if !taken {
            return Ok(());
        }
        if stage == ReleaseStage::Begun {
            host.dates.had_begun(release.from).map_err(|error| stored(&error))?;
        }
        tracing::warn!(%npsn, from = %release.from, ?stage, "a release came back that the backup did not know");
        let said = match stage {
            ReleaseStage::Announced => "announced",
            ReleaseStage::Withdrawn => "withdrawn",
            ReleaseStage::Begun => "begun",
        };
        let Release { from, pack, rulebook } = release;
        self.about = Some(About::done(format!("release from {from} pack {pack} rulebook {rulebook} {said}")));
        Ok(())
    }

    fn mends(&mut self) {
        tracing::warn!(npsn = %self.desk.npsn, "records were not what the log says, and were made anew");
    }

    fn failed(error: CentreError) -> Problem {
        refused(&error)
    }
}
